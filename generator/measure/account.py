"""From the readings of a launch to its quantities and its faults. It measures nothing."""

import time
from typing import Any, Final

from generator.measure.engine import EngineMemory, LaunchRequest, Loaded
from generator.measure.environment import Gpu
from generator.measure.meters.memory import GIB, MIB, MemoryReading, process_memory_peak_bytes
from generator.measure.meters.telemetry import Watch
from generator.record import Fault, Quantities
from generator.samples import Point, Telemetry

NO_GPU: Final = "there is no GPU in this machine"
NOT_TOLD: Final = "the GPU's driver does not tell"

# Throttled for more than 1% of the readings: the figures are a hot card's. Clocks apart by more than half a second: the
# machine slept, or somebody set the time.
THROTTLED_PERCENT: Final = 1.0
CLOCKS_APART_S: Final = 0.5

# Of the processor that an engine without a GPU computes on. A desktop at rest takes a few percent of it.
OTHERS_PERCENT: Final = 25.0

# The parts of the memory that the engine knows of, against what the driver says is used.
MEMORY_APART: Final = 0.03


def assemble(
    request: LaunchRequest,
    loaded: Loaded,
    memory: EngineMemory,
    points: list[Point],
    before: MemoryReading,
    after: MemoryReading,
    gpu: Gpu | None,
    gpu_utilisation_peak_percent: float | None,
    times_s: dict[str, float],
) -> Quantities:
    """The readings as the record's quantities, with a reason for each that does not exist."""
    framework = loaded.configuration.framework
    values: dict[str, Any] = {name: None for name in Quantities.model_fields if name != "absent"}
    values |= times_s | {
        "gpu_utilisation_peak_percent": gpu_utilisation_peak_percent,
        "weights_gib": memory.weights_bytes / GIB,
        "kv_cache_gib": _gib(memory.kv_cache_bytes),
        "kv_cache_tokens": memory.kv_cache_tokens,
        "activation_peak_gib": _gib(memory.activation_peak_bytes),
        "cuda_graphs_gib": _gib(memory.cuda_graphs_bytes),
        "weights_load_time_s": loaded.weights_load_time_s,
        "compile_time_s": loaded.compile_time_s,
        "graph_capture_time_s": loaded.graph_capture_time_s,
        "output_tokens_per_s": points[0].output_tokens_per_s,
        "output_tokens_total": sum(sample.output_tokens for sample in points[0].samples),
        "system_ram_increase_mib": (after.process_bytes - before.process_bytes) / MIB,
        "system_ram_percent": after.ram_percent,
        "process_memory_peak_mib": process_memory_peak_bytes() / MIB,
    }
    if gpu is not None and before.gpu_used_bytes is not None and after.gpu_used_bytes is not None:
        used_bytes = max(0, after.gpu_used_bytes - before.gpu_used_bytes)
        values |= {"gpu_memory_used_mib": used_bytes / MIB, "gpu_memory_baseline_mib": before.gpu_used_bytes / MIB}
        values |= _shares(used_bytes, after.gpu_used_bytes, _card_bytes(gpu, request.memory_budget_gib))
        if memory.allocator_bytes is not None:
            values["non_torch_gib"] = max(0, used_bytes - memory.allocator_bytes) / GIB
        elif memory.non_torch_bytes is not None:
            values["non_torch_gib"] = max(0, memory.non_torch_bytes - before.gpu_used_bytes) / GIB
    absent = {name: _why_absent(name, request, framework) for name, value in values.items() if value is None}
    return Quantities(**values, absent=absent)


def _card_bytes(gpu: Gpu, memory_budget_gib: float | None) -> int | None:
    """The card's memory, or what of it may be used; None where it does not tell."""
    total_bytes = gpu.total_bytes()
    if total_bytes is None or memory_budget_gib is None:
        return total_bytes
    return min(total_bytes, int(memory_budget_gib * GIB))


def _shares(used_bytes: int, occupied_bytes: int, card_bytes: int | None) -> dict[str, float]:
    if card_bytes is None:
        return {}
    return {
        "gpu_memory_used_percent": 100 * used_bytes / card_bytes,
        "gpu_memory_occupied_percent": min(100.0, 100 * occupied_bytes / card_bytes),
        "gpu_memory_free_mib": (card_bytes - occupied_bytes) / MIB,
    }


def _why_absent(name: str, request: LaunchRequest, framework: str) -> str:
    if request.device == "cpu" and (name.startswith("gpu_") or name in _DEVICE_PARTS):
        return NO_GPU
    if name.startswith("kv_cache"):
        return f"{framework} allocates the KV cache as tokens arrive, so there is no pool to measure"
    if name in {"compile_time_s", "graph_capture_time_s", "cuda_graphs_gib"}:
        return "nothing is compiled or captured in the eager mode"
    if name == "gpu_utilisation_peak_percent":
        return f"{NOT_TOLD}, or the work ended before the first reading"
    if name.startswith("gpu_"):
        return NOT_TOLD
    return f"{framework} gives no account of it with these settings"


_DEVICE_PARTS: Final = {"activation_peak_gib", "cuda_graphs_gib", "non_torch_gib"}


def _gib(amount_bytes: int | None) -> float | None:
    return None if amount_bytes is None else amount_bytes / GIB


def environment_faults(
    telemetry: Telemetry | None, clocks: tuple[float, float, float], others: int, watch: Watch | None
) -> list[Fault]:
    """What happened around the engine that its figures must not be judged with."""
    faults = []
    seen = max(others, (watch.processes_max if watch else 0) - 1)
    if seen > 0:
        faults.append(Fault(kind="foreign_process", detail=f"{seen} other processes used the GPU meanwhile"))
    if telemetry and telemetry.throttled_percent > THROTTLED_PERCENT:
        faults.append(
            Fault(
                kind="throttled",
                detail=f"the card slowed itself down in {telemetry.throttled_percent:.0f}% of the readings",
            )
        )
    passed = [later - earlier for earlier, later in zip(clocks, clocks_now(), strict=True)]
    if max(passed) - min(passed) > CLOCKS_APART_S:
        faults.append(
            Fault(kind="clock_jump", detail=f"the machine's clocks moved {max(passed) - min(passed):.1f} s apart")
        )
    return faults


def processor_faults(others_percent: float) -> list[Fault]:
    """Whether other programs took so much of the processor that an engine on it was slower for that."""
    if others_percent <= OTHERS_PERCENT:
        return []
    return [
        Fault(kind="busy_processor", detail=f"other programs took {others_percent:.0f}% of the processor meanwhile")
    ]


def memory_faults(quantities: Quantities) -> list[Fault]:
    """Whether the parts that the engine knows of add up to what the driver says is used. The activations of the largest
    step may be in that or not: an allocator gives them back, and these prompts need not have taken such a step."""
    parts = (
        quantities.weights_gib,
        quantities.kv_cache_gib,
        quantities.activation_peak_gib,
        quantities.cuda_graphs_gib,
        quantities.non_torch_gib,
    )
    used_mib = quantities.gpu_memory_used_mib
    if used_mib is None or quantities.activation_peak_gib is None or quantities.non_torch_gib is None:
        return []
    used_gib, known_gib = used_mib / 1024, sum(part or 0 for part in parts)
    least_gib, apart_gib = known_gib - quantities.activation_peak_gib, MEMORY_APART * used_gib
    if least_gib - apart_gib <= used_gib <= known_gib + apart_gib:
        return []
    detail = f"the parts add up to {known_gib:.2f} GiB, the driver counts {used_gib:.2f} GiB"
    return [Fault(kind="memory_unexplained", detail=detail)]


def clocks_now() -> tuple[float, float, float]:
    """Three clocks that agree on how long something took, unless the machine slept or its time was set."""
    return time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time()
