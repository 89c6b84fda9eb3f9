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
    """How many linear layers run on which kernel. A quantised layer's method object, or the scheme that it delegates
    to, holds the kernel that it chose."""
    return Counter(type(_kernel(module)).__name__ for module in model.modules() if isinstance(module, LinearBase))


def _kernel(layer: LinearBase) -> object:
    for holder in (layer.quant_method, getattr(layer, "scheme", None)):
        for name in ("kernel", "fp8_linear"):
            if (kernel := getattr(holder, name, None)) is not None:
                return kernel
    return layer.quant_method


def packed_away_bytes(model: torch.nn.Module) -> int:
    """The bytes of the weights that a CPU kernel has taken out of their layers and keeps packed, in as many bytes."""
    layers = [module for module in model.modules() if isinstance(module, LinearBase)]
    return sum(layer.input_size * layer.output_size * _bytes_packed_away(layer) for layer in layers)


def _bytes_packed_away(layer: LinearBase) -> int:
    """Of each weight of a layer; 0 where the layer has its weights itself."""
    weight = getattr(layer, "weight", None)
    if weight is None:  # oneDNN has them, as the 8-bit integers that they were
        return 1 if hasattr(_kernel(layer), "dnnl_handler") else 0
    return 0 if weight.numel() else weight.element_size()


def attention_backend(model: torch.nn.Module) -> str | None:
    for module in model.modules():
        backend = getattr(module, "attn_backend", None)
        if backend is not None:
            return str(backend.get_name())
    return None
