"""What the device can do at best: how fast it copies and multiplies. A program of its own, run before the launches:
the libraries that it loads would stay in an engine's process, and in its account of the card's memory.

    python -m generator.measure.meters.limits cuda float16
"""

import sys
from time import perf_counter
from typing import Any, Final

import torch

from generator.samples import Limits

# A CPU without the arithmetic of a type is not held to how slowly PyTorch imitates it: engines convert, and so do we.
DTYPES: Final = {"cuda": (), "cpu": ("float32",)}
COPY_BYTES: Final = {"cuda": 2**30, "cpu": 2**27}
MATRIX: Final = {"cuda": 8192, "cpu": 1024}
TRIALS: Final = 10
PATIENCE_S: Final = 1.0


def measure_limits(device: str, dtype: str) -> Limits:
    """The best of a few trials: a limit is what can be reached. A copy counts what is read and what is written. Numbers
    are multiplied as `dtype`, or as another type that the device multiplies faster."""
    matmul_tflop_per_s = max(_matmul_tflop_per_s(device, one) for one in (dtype, *DTYPES[device]))
    return Limits(copy_gb_per_s=_copy_gb_per_s(device), matmul_tflop_per_s=matmul_tflop_per_s)


def _copy_gb_per_s(device: str) -> float:
    source = torch.zeros(COPY_BYTES[device], dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * COPY_BYTES[device] / best_s(lambda: target.copy_(source), device) / 1e9


def _matmul_tflop_per_s(device: str, dtype: str) -> float:
    size = MATRIX[device]
    matrix = torch.randn(size, size, device=device).to(getattr(torch, dtype))
    return 2 * size**3 / best_s(lambda: matrix @ matrix, device) / 1e12


def best_s(work: Any, device: str) -> float:
    """The least time that some work took: of `TRIALS`, or of as many as begin within `PATIENCE_S`."""
    least_s, deadline = float("inf"), perf_counter() + PATIENCE_S
    for trial in range(TRIALS):
        if trial and perf_counter() > deadline:
            break
        _wait(device)
        start = perf_counter()
        work()
        _wait(device)
        least_s = min(least_s, perf_counter() - start)
    return least_s


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    print(measure_limits(sys.argv[1], sys.argv[2]).model_dump_json())
