"""What the device can do at best: how fast it copies and multiplies. A program of its own, run before the launches:
the libraries that it loads would stay in an engine's process, and in its account of the card's memory.

    python -m generator.measure.meters.limits cuda float16
"""

import sys
from time import perf_counter
from typing import Any, Final

import torch

from generator.samples import Limits

COPY_BYTES: Final = {"cuda": 2**30, "cpu": 2**27}
MATRIX: Final = {"cuda": 8192, "cpu": 1024}
TRIALS: Final = 10


def measure_limits(device: str, dtype: str) -> Limits:
    """The best of a few trials: a limit is what can be reached. A copy counts what is read and what is written."""
    return Limits(copy_gb_per_s=_copy_gb_per_s(device), matmul_tflop_per_s=_matmul_tflop_per_s(device, dtype))


def _copy_gb_per_s(device: str) -> float:
    source = torch.zeros(COPY_BYTES[device], dtype=torch.uint8, device=device)
    target = torch.empty_like(source)
    return 2 * COPY_BYTES[device] / _best_s(lambda: target.copy_(source), device) / 1e9


def _matmul_tflop_per_s(device: str, dtype: str) -> float:
    size = MATRIX[device]
    matrix = torch.randn(size, size, device=device).to(getattr(torch, dtype))
    return 2 * size**3 / _best_s(lambda: matrix @ matrix, device) / 1e12


def _best_s(work: Any, device: str) -> float:
    best_s = float("inf")
    for _ in range(TRIALS):
        _wait(device)
        start = perf_counter()
        work()
        _wait(device)
        best_s = min(best_s, perf_counter() - start)
    return best_s


def _wait(device: str) -> None:
    if device == "cuda":
        torch.cuda.synchronize()


if __name__ == "__main__":
    print(measure_limits(sys.argv[1], sys.argv[2]).model_dump_json())
