"""What vLLM does not say of itself: the steps of its load, and what became of a model's layers."""

from collections import Counter
from collections.abc import Callable
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import torch
from vllm.model_executor.layers.linear import LinearBase
from vllm.v1.worker.gpu_worker import Worker


class LoadSteps:
    """The steps of a load that vLLM logs and doesn't keep, caught as its worker and its runner do them."""

    def __init__(self) -> None:
        self.weights_s: float | None = None
        self.capture_s: float | None = None
        self.graphs_bytes: int | None = None

    @contextmanager
    def timed(self) -> Any:
        """While this lasts, the worker's steps are timed."""
        original = Worker.load_model
        steps = self

        def load_model(worker: Any, *arguments: Any, **options: Any) -> Any:
            start = perf_counter()
            done = original(worker, *arguments, **options)
            steps.weights_s = perf_counter() - start
            worker.model_runner.capture_model = steps._watched(worker.model_runner.capture_model)
            return done

        Worker.load_model = load_model
        try:
            yield
        finally:
            Worker.load_model = original

    def _watched(self, capture_model: Callable[[], int]) -> Callable[[], int]:
        def watched() -> int:
            start = perf_counter()
            self.graphs_bytes = int(capture_model() or 0)
            self.capture_s = perf_counter() - start
            return self.graphs_bytes

        return watched


def kernels(model: torch.nn.Module) -> Counter[str]:
    """How many linear layers run on which kernel. A quantised layer's method object holds the kernel that it chose."""
    kernels: Counter[str] = Counter()
    for module in model.modules():
        if isinstance(module, LinearBase):
            kernel = getattr(module.quant_method, "kernel", None)
            kernels[type(module.quant_method if kernel is None else kernel).__name__] += 1
    return kernels


def packed_away_bytes(model: torch.nn.Module) -> int:
    """The bytes of the weights that a CPU kernel has taken out of their layers and keeps packed, in as many bytes."""
    return sum(
        module.input_size * module.output_size * module.weight.element_size()
        for module in model.modules()
        if isinstance(module, LinearBase) and getattr(module, "weight", None) is not None and not module.weight.numel()
    )


def attention_backend(model: torch.nn.Module) -> str | None:
    for module in model.modules():
        backend = getattr(module, "attn_backend", None)
        if backend is not None:
            return str(backend.get_name())
    return None
