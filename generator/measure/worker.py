"""The child process: loads one cell, measures it once, answers with one JSON line. Started by `launcher.py`.

It reads a `LaunchRequest` from standard input, imports the engine, and waits there for a second line that tells it to
go on. To the file descriptor that its only argument names it writes a line {"stage": …} as each stage begins, and at
the end {"completed": …} or {"failed": …}. What an engine prints is logged.
"""

import ctypes
import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TextIO

from pydantic import ValidationError

from generator.measure.engine import Engine, EngineMemory, LaunchRequest, Loaded, UnsupportedError, WrongKernelError
from generator.measure.environment import Gpu, find_gpu
from generator.measure.meters.energy import idle_w
from generator.measure.meters.memory import GIB, MIB, MemoryReading, process_memory_peak_bytes, read_memory
from generator.measure.meters.telemetry import Watch
from generator.measure.points import Vocabulary, measure_points, measure_quality, prompts_of
from generator.methods import method_of
from generator.profiles import Batch
from generator.record import Configuration, FailureReason, Fault, Point, Quality, Quantities, Stage, Telemetry

NO_GPU: Final = "there is no GPU in this machine"

# PyTorch's words, and vLLM's two: nothing left for the KV cache, and less free than its budget.
OUT_OF_MEMORY: Final = (
    "out of memory",
    "outofmemory",
    "memory for the cache blocks",
    "less than desired gpu memory",
)

# Throttled for more than 1% of the readings: the figures are a hot card's. Clocks apart by more than half a second: the
# machine slept, or somebody set the time.
THROTTLED_PERCENT: Final = 1.0
CLOCKS_APART_S: Final = 0.5
# The parts of the memory that the engine knows of, against what the driver says is used.
MEMORY_APART: Final = 0.03


def main() -> None:
    """Measure, answer, and leave without the engine's own clean-up, which can hang after the work is done."""
    _die_with_the_parent()
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as replies:
        request = LaunchRequest.model_validate_json(sys.stdin.readline())
        progress = Progress(replies)
        try:
            answer: dict[str, Any] = {"completed": measure(request, progress)}
        except Exception as error:
            traceback.print_exc()
            answer = {"failed": {"reason": reason_of(error), "message": message_of(error)}}
        progress.send(answer)
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


class Progress:
    """Tells the parent which stage begins, and how long each took."""

    def __init__(self, replies: TextIO) -> None:
        self._replies = replies

    def stage(self, stage: Stage) -> float:
        """Announce a stage; the clock at its start, in seconds."""
        self.send({"stage": stage})
        return perf_counter()

    def send(self, message: dict[str, Any]) -> None:
        """One JSON line."""
        self._replies.write(json.dumps(message) + "\n")
        self._replies.flush()


def measure(request: LaunchRequest, progress: Progress) -> dict[str, Any]:
    """The protocol: import → wait for the device → baseline → load → warm-up → points → readings, with the
    engine still alive → close."""
    start = progress.stage("import")
    engine: Engine = importlib.import_module(f"generator.measure.engines.{request.cell.engine}").import_engine(request)
    times_s = {"import_time_s": perf_counter() - start}
    progress.stage("wait")
    sys.stdin.readline()

    progress.stage("load")
    gpu = find_gpu() if request.device == "cuda" else None
    before, clocks = read_memory(gpu), _clocks()
    others = gpu.process_count() if gpu else 0
    idle = idle_w(gpu) if gpu else None

    start = perf_counter()
    loaded = engine.load()
    times_s["load_time_s"] = perf_counter() - start
    refuse_a_fallback(loaded.configuration, request)

    start = progress.stage("warm-up")
    times_s["first_token_time_s"] = warm_up(engine, request)
    times_s["warmup_time_s"] = perf_counter() - start

    progress.stage("generate")
    if gpu is None:
        points, watch = measure_points(engine, request, None, None), None
    else:
        with Watch(gpu) as watch:
            points = measure_points(engine, request, gpu, idle)
    after, memory = read_memory(gpu), engine.memory()
    telemetry = watch.telemetry() if watch else None
    utilisation = watch.utilisation_peak_percent if watch else None
    quantities = assemble(request, loaded, memory, points, before, after, gpu, utilisation, times_s)
    quality = measure_quality(engine, request)
    faults = [*environment_faults(telemetry, clocks, others, watch), *memory_faults(quantities)]
    progress.stage("close")
    engine.close()
    return as_json(loaded, quantities, points, quality, telemetry, faults)


def as_json(
    loaded: Loaded,
    quantities: Quantities,
    points: list[Point],
    quality: Quality | None,
    telemetry: Telemetry | None,
    faults: list[Fault],
) -> dict[str, Any]:
    """The answer: what `record.Completed` holds beyond what the parent knows."""
    return {
        "configuration": loaded.configuration.model_dump(mode="json"),
        "compiled": loaded.compiled,
        "quantities": quantities.model_dump(mode="json"),
        "points": [point.model_dump(mode="json") for point in points],
        "quality": quality.model_dump(mode="json") if quality else None,
        "telemetry": telemetry.model_dump(mode="json") if telemetry else None,
        "faults": [fault.model_dump(mode="json") for fault in faults],
    }


def warm_up(engine: Engine, request: LaunchRequest) -> float:
    """One token of one prompt, which is the first thing that the engine does, and then the first workload as often as
    it says; the time of the first token, in seconds."""
    headline = request.workloads[0]
    assert isinstance(headline, Batch)
    prompts = prompts_of(headline, Vocabulary(request.checkpoint))
    start = perf_counter()
    engine.generate(prompts[:1], 1)
    first_token_time_s = perf_counter() - start
    for _ in range(headline.warmup_repeats):
        engine.generate(prompts, headline.output_tokens)
    return first_token_time_s


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
        "system_ram_increase_mib": (after.ram_used_bytes - before.ram_used_bytes) / MIB,
        "system_ram_percent": after.ram_percent,
        "process_memory_peak_mib": process_memory_peak_bytes() / MIB,
    }
    if gpu is not None and before.gpu_used_bytes is not None and after.gpu_used_bytes is not None:
        card_bytes = gpu.total_bytes()
        if request.memory_budget_gib is not None:
            card_bytes = min(card_bytes, int(request.memory_budget_gib * GIB))
        used_bytes = max(0, after.gpu_used_bytes - before.gpu_used_bytes)
        values |= {
            "gpu_memory_used_mib": used_bytes / MIB,
            "gpu_memory_used_percent": 100 * used_bytes / card_bytes,
            "gpu_memory_occupied_percent": min(100.0, 100 * after.gpu_used_bytes / card_bytes),
            "gpu_memory_free_mib": (card_bytes - after.gpu_used_bytes) / MIB,
            "gpu_memory_baseline_mib": before.gpu_used_bytes / MIB,
        }
        if memory.allocator_bytes is not None:
            values["non_torch_gib"] = max(0, used_bytes - memory.allocator_bytes) / GIB
        elif memory.non_torch_bytes is not None:
            values["non_torch_gib"] = max(0, memory.non_torch_bytes - before.gpu_used_bytes) / GIB
    absent = {name: _why_absent(name, request, framework) for name, value in values.items() if value is None}
    return Quantities(**values, absent=absent)


def _why_absent(name: str, request: LaunchRequest, framework: str) -> str:
    if request.device == "cpu" and (name.startswith("gpu_") or name in _DEVICE_PARTS):
        return NO_GPU
    if name.startswith("kv_cache"):
        return f"{framework} allocates the KV cache as tokens arrive, so there is no pool to measure"
    if name in {"compile_time_s", "graph_capture_time_s", "cuda_graphs_gib"}:
        return "nothing is compiled or captured in the eager mode"
    if name == "gpu_utilisation_peak_percent":
        return "the work ended before the first reading"
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
    passed = [later - earlier for earlier, later in zip(clocks, _clocks(), strict=True)]
    if max(passed) - min(passed) > CLOCKS_APART_S:
        faults.append(
            Fault(kind="clock_jump", detail=f"the machine's clocks moved {max(passed) - min(passed):.1f} s apart")
        )
    return faults


def memory_faults(quantities: Quantities) -> list[Fault]:
    """Whether the parts that the engine knows of add up to what the driver says is used."""
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
    if abs(used_gib - known_gib) <= MEMORY_APART * used_gib:
        return []
    detail = f"the parts add up to {known_gib:.2f} GiB, the driver counts {used_gib:.2f} GiB"
    return [Fault(kind="memory_unexplained", detail=detail)]


def _clocks() -> tuple[float, float, float]:
    """Three clocks that agree on how long something took, unless the machine slept or its time was set."""
    return time.monotonic(), time.clock_gettime(time.CLOCK_BOOTTIME), time.time()


def refuse_a_fallback(configuration: Configuration, request: LaunchRequest) -> None:
    """A slow fallback is not the method, and its figures would carry the method's name."""
    accepted = method_of(request.cell.method).kernels[request.cell.engine]
    others = {kernel: count for kernel, count in configuration.kernels.items() if kernel not in accepted}
    if others or not configuration.kernels:
        found = ", ".join(f"{count} × {kernel}" for kernel, count in others.items()) or "no linear layers at all"
        raise WrongKernelError(f"expected all linear layers on one of {', '.join(accepted)}; found {found}")


def reason_of(error: BaseException) -> FailureReason:
    """What kind of failure an exception of an engine is."""
    if isinstance(error, WrongKernelError):
        return "wrong_kernel"
    if isinstance(error, UnsupportedError):
        return "unsupported"
    if isinstance(error, ImportError):
        return "missing_package"
    text = f"{type(error).__name__}: {error}".lower()
    if isinstance(error, MemoryError) or any(sign in text for sign in OUT_OF_MEMORY):
        return "out_of_memory"
    return "engine_error"


def message_of(error: BaseException) -> str:
    """The exception in one printable line, without the folders of this machine."""
    if isinstance(error, ValidationError):
        error = ValueError(error.errors()[0]["msg"])
    line = " ".join(f"{type(error).__name__}: {error}".split())
    printable = "".join(character for character in line if character.isprintable())
    home = str(Path.home())
    return printable.replace(home, "~")[:500]


def _die_with_the_parent() -> None:
    """On Linux: a parent that is killed outright must leave no engine that holds the GPU."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)  # 1 is PR_SET_PDEATHSIG, see prctl(2)


if __name__ == "__main__":
    main()
