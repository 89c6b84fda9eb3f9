"""The child process: loads one method, measures it once, answers with one JSON line. Started by `launcher.py`.

It reads a `LaunchRequest` from standard input and writes to the file descriptor that its only argument names: a line
{"stage": …} as each stage begins, and at the end {"completed": …} or {"failed": …}. What an engine prints is logged.
"""

import ctypes
import importlib
import json
import os
import random
import signal
import sys
import traceback
from pathlib import Path
from time import perf_counter
from typing import Any, Final, TextIO

from pydantic import ValidationError

from generator.measure.engine import Engine, LaunchRequest, Loaded, UnsupportedError, WrongKernelError
from generator.measure.environment import Gpu, find_gpu
from generator.measure.meters.memory import GIB, MIB, MemoryReading, process_memory_peak_bytes, read_memory
from generator.measure.meters.speed import time_repeat
from generator.measure.meters.utilisation import PeakUtilisation
from generator.methods import method_of
from generator.record import Configuration, FailureReason, Quantities, Sample, Stage

NO_GPU: Final = "there is no GPU in this machine"

# PyTorch's words, and vLLM's two: nothing left for the KV cache, and less free than its budget.
OUT_OF_MEMORY: Final = (
    "out of memory",
    "outofmemory",
    "memory for the cache blocks",
    "less than desired gpu memory",
)


def main() -> None:
    """Measure, answer, and leave without the engine's own clean-up, which can hang after the work is done."""
    _die_with_the_parent()
    with os.fdopen(int(sys.argv[1]), "w", encoding="utf-8") as replies:
        request = LaunchRequest.model_validate_json(sys.stdin.read())
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
    """The protocol: baseline → import → load → warm-up → repeats → readings, with the engine still alive → close."""
    gpu = find_gpu() if request.device == "cuda" else None
    before = read_memory(gpu)

    start = progress.stage("import")
    engine: Engine = importlib.import_module(
        f"generator.measure.engines.{method_of(request.method).engine}"
    ).import_engine(request)
    import_time_s = perf_counter() - start

    start = progress.stage("load")
    loaded = engine.load()
    load_time_s = perf_counter() - start
    refuse_a_fallback(loaded.configuration, request)
    prompts = token_ids(request)

    start = progress.stage("warm-up")
    for _ in range(request.workload.warmup_repeats):
        engine.generate(prompts, request.workload.output_tokens)
    warmup_time_s = perf_counter() - start

    progress.stage("generate")
    with PeakUtilisation(gpu) as utilisation:
        samples = [
            time_repeat(engine, prompts, request.workload.output_tokens) for _ in range(request.workload.repeats)
        ]
    after = read_memory(gpu)
    quantities = assemble(
        request,
        loaded,
        samples,
        before,
        after,
        gpu,
        utilisation.percent,
        (import_time_s, load_time_s, warmup_time_s),
    )
    progress.stage("close")
    engine.close()
    return {
        "configuration": loaded.configuration.model_dump(mode="json"),
        "quantities": quantities.model_dump(mode="json"),
        "samples": [sample.model_dump(mode="json") for sample in samples],
    }


def assemble(
    request: LaunchRequest,
    loaded: Loaded,
    samples: list[Sample],
    before: MemoryReading,
    after: MemoryReading,
    gpu: Gpu | None,
    gpu_utilisation_peak_percent: float | None,
    times_s: tuple[float, float, float],
) -> Quantities:
    """The readings as the record's quantities, with a reason for each that does not exist."""
    values: dict[str, Any] = dict.fromkeys(Quantities.model_fields)
    absent: dict[str, str] = {}
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
    else:
        absent |= {name: NO_GPU for name in values if name.startswith("gpu_memory")}
    if gpu_utilisation_peak_percent is None:
        absent["gpu_utilisation_peak_percent"] = NO_GPU if gpu is None else "generation ended before the first reading"
    if loaded.kv_cache_bytes is None:
        reason = (
            f"{loaded.configuration.framework} allocates the KV cache as tokens arrive, so there is no pool to measure"
        )
        absent |= {"kv_cache_gib": reason, "kv_cache_tokens": reason}
    else:
        values |= {"kv_cache_gib": loaded.kv_cache_bytes / GIB, "kv_cache_tokens": loaded.kv_cache_tokens}
    import_time_s, load_time_s, warmup_time_s = times_s
    rates = sorted(sample.output_tokens_per_s for sample in samples)
    values |= {
        "gpu_utilisation_peak_percent": gpu_utilisation_peak_percent,
        "weights_gib": loaded.weights_bytes / GIB,
        "import_time_s": import_time_s,
        "load_time_s": load_time_s,
        "warmup_time_s": warmup_time_s,
        "output_tokens_per_s": (rates[(len(rates) - 1) // 2] + rates[len(rates) // 2]) / 2,
        "output_tokens_total": sum(sample.output_tokens for sample in samples),
        "system_ram_increase_mib": (after.ram_used_bytes - before.ram_used_bytes) / MIB,
        "system_ram_percent": after.ram_percent,
        "process_memory_peak_mib": process_memory_peak_bytes() / MIB,
        "absent": absent,
    }
    return Quantities(**values)


def refuse_a_fallback(configuration: Configuration, request: LaunchRequest) -> None:
    """A slow fallback is not the method, and its figures would carry the method's name."""
    accepted = method_of(request.method).kernels
    others = {kernel: count for kernel, count in configuration.kernels.items() if kernel not in accepted}
    if others or not configuration.kernels:
        found = ", ".join(f"{count} × {kernel}" for kernel, count in others.items()) or "no linear layers at all"
        raise WrongKernelError(f"expected all linear layers on one of {', '.join(accepted)}; found {found}")


def token_ids(request: LaunchRequest) -> list[list[int]]:
    """The workload's prompts as token ids of the checkpoint's vocabulary."""
    workload = request.workload
    folder = Path(request.checkpoint)
    if workload.prompts:
        from tokenizers import Tokenizer  # only in an environment that has an engine

        tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        return [list(tokenizer.encode(prompt).ids) for prompt in workload.prompts]
    vocabulary = json.loads((folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]
    source = random.Random(workload.seed)  # noqa: S311, the same prompts for every method, not a secret
    return [
        [source.randrange(vocabulary) for _ in range(workload.random_prompt_tokens)]
        for _ in range(workload.random_prompts)
    ]


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
