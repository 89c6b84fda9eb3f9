"""Where the bytes are: on the device (NVML), in the machine (psutil), in the model's tensors. It knows no engine."""

import resource
from dataclasses import dataclass
from typing import Any, Final, Protocol

import psutil

MIB: Final = 2**20
GIB: Final = 2**30


class Device(Protocol):
    """A GPU as NVML sees it; see `environment.Gpu`."""

    def used_bytes(self) -> int | None:
        """Memory in use on the whole device, None where it does not tell."""

    def total_bytes(self) -> int | None:
        """Memory of the device, None where it does not tell."""


@dataclass(frozen=True, slots=True)
class MemoryReading:
    """One look at the memory; `gpu_used_bytes` is None where no GPU tells it. `process_bytes` is the RAM that this
    process alone holds; `ram_percent` is the whole machine's."""

    gpu_used_bytes: int | None
    process_bytes: int
    ram_percent: float


def read_memory(gpu: Device | None) -> MemoryReading:
    """The memory of the device and of the machine, now."""
    unique: int = psutil.Process().memory_full_info().uss
    return MemoryReading(gpu.used_bytes() if gpu else None, unique, psutil.virtual_memory().percent)


def process_memory_peak_bytes() -> int:
    """The highest resident memory that this process has had (Linux counts it in KiB)."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def weights_bytes(model: Any) -> int:
    """The bytes of all weight tensors of a torch module: parameters and buffers, each storage once, and what
    bitsandbytes keeps beside a 4-bit weight (the scales of its blocks, twice with double quantisation)."""
    storages: dict[int, int] = {}
    tensors = [*model.parameters(), *model.buffers()]
    for parameter in model.parameters():
        # Transformers keeps one state; vLLM a dictionary of them, for the weights that it has merged into one.
        states = [getattr(parameter, "quant_state", None), *getattr(parameter, "bnb_quant_state", {}).values()]
        states += [state.state2 for state in states if state is not None]
        tensors += [tensor for state in states if state is not None for tensor in (state.absmax, state.code)]
    for tensor in tensors:
        storage = tensor.untyped_storage()
        storages[storage.data_ptr()] = storage.nbytes()
    return sum(storages.values())
