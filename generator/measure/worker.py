"""The child process: loads one cell, measures it once, answers with one JSON line. Started by `launcher.py`.

It imports the engine that its second argument names, and waits for a `LaunchRequest` on standard input. To the file
descriptor that its first argument names it writes a line {"stage": …} as each stage begins, {"alive": …} as each point
does, and at the end {"completed": …} or {"failed": …}. What an engine prints is logged.
"""

import importlib
import json
import os
import sys
import traceback
from collections.abc import Callable
from time import perf_counter
from typing import Any, TextIO, TypeVar

from generator.measure.account import assemble, clocks_now, environment_faults, memory_faults, processor_faults
from generator.measure.engine import Engine, LaunchRequest, Loaded, WrongKernelError
from generator.measure.environment import demand_cards
from generator.measure.failures import message_of, reason_of
from generator.measure.in_step import in_step
from generator.measure.last_words import answer_with_stacks
from generator.measure.meters.energy import idle_w
from generator.measure.meters.memory import read_memory
from generator.measure.meters.processor import others_percent, read_processor
from generator.measure.meters.telemetry import Watch
from generator.measure.points import Vocabulary, measure_points, measure_quality, prompts_of, text_of
from generator.methods import method_of
from generator.profiles import Batch
from generator.record import Configuration, Fault, FaultKind, Quantities, Stage, Unserved
from generator.samples import Point, Quality, TaskScore, Telemetry

T = TypeVar("T")


def main() -> None:
    """Measure, answer, and leave without the engine's own clean-up, which can hang after the work is done."""
    answer_with_stacks()
    descriptor = int(sys.argv[1])
    os.set_inheritable(descriptor, False)  # noqa: FBT003, it takes no name; what the engine starts must not write there
    with os.fdopen(descriptor, "w", encoding="utf-8") as replies:
        progress = Progress(replies)
        try:
            measure(sys.argv[2], progress)
        except Exception as error:
            traceback.print_exc()
            progress.send({"failed": {"reason": reason_of(error), "message": message_of(error)}})
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

    def alive(self, point: str) -> None:
        """Announce a point within a stage."""
        self.send({"alive": point})

    def send(self, message: dict[str, Any]) -> None:
        """One JSON line."""
        self._replies.write(json.dumps(message) + "\n")
        self._replies.flush()


def measure(engine_id: str, progress: Progress) -> None:
    """The protocol: import → wait for what to measure → baseline → load → warm-up → points → readings, quality
    and tasks, with the engine still alive → answer → close, which may hang or fail without harm."""
    start = progress.stage("import")
    module: Any = importlib.import_module(f"generator.measure.engines.{engine_id}")
    times_s = {"import_time_s": perf_counter() - start}
    progress.stage("wait")
    request = LaunchRequest.model_validate_json(sys.stdin.readline())
    engine: Engine = in_step(module.engine_for(request), engine_id, request)
    text = text_of(request)

    progress.stage("load")
    ranks = request.engine.tensor_parallel_size
    gpu = demand_cards("this launch", ranks) if request.device == "cuda" else None
    before, clocks, processor = read_memory(gpu), clocks_now(), read_processor()
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
        (points, unserved), watch = measure_points(engine, request, None, None, progress.alive), None
    else:
        with Watch(gpu) as watch:
            points, unserved = measure_points(engine, request, gpu, idle, progress.alive)
    after, memory = read_memory(gpu), engine.memory()
    telemetry = watch.telemetry() if watch else None
    utilisation = watch.utilisation_peak_percent if watch else None
    quantities = assemble(request, loaded, memory, points, before, after, gpu, utilisation, times_s)
    faults = [*environment_faults(telemetry, clocks, others, watch), *memory_faults(quantities)]
    if gpu is None:
        faults += processor_faults(others_percent(processor, read_processor(), os.cpu_count() or 1))

    def answer(quality: Quality | None, tasks: list[TaskScore], *missing: FaultKind) -> None:
        """What is known by now. The last answer counts; an earlier one does, should the process not get any further."""
        gone = [Fault(kind=kind, detail="the process ended while it was measured") for kind in missing]
        found = as_json(loaded, quantities, points, unserved, quality, tasks, telemetry, [*faults, *gone])
        progress.send({"completed": found})

    if request.quality and request.tasks:
        answer(None, [], "quality_unmeasured", "tasks_unmeasured")
    elif request.quality:
        answer(None, [], "quality_unmeasured")
    quality = unless_it_fails(lambda: measure_quality(engine, request, text), "quality_unmeasured", faults)
    if request.tasks:
        answer(quality, [], "tasks_unmeasured")
    tasks = unless_it_fails(lambda: scores_of_tasks(engine, request, progress), "tasks_unmeasured", faults) or []
    answer(quality, tasks)
    progress.stage("close")
    engine.close()


def unless_it_fails(work: Callable[[], T], kind: FaultKind, faults: list[Fault]) -> T | None:
    """What the work gives, or None and a fault more: what was measured before must not be lost by it."""
    try:
        return work()
    except (Exception, SystemExit) as error:  # tasks of lm_eval end the program when they miss something
        traceback.print_exc()
        faults.append(Fault(kind=kind, detail=message_of(error)))
        return None


def scores_of_tasks(engine: Engine, request: LaunchRequest, progress: Progress) -> list[TaskScore]:
    """How well the engine does the request's tasks, in a stage of their own."""
    if request.tasks is None:
        return []
    progress.stage("tasks")
    from generator.measure.tasks import measure_tasks  # only in an environment that has lm_eval

    return measure_tasks(engine, request, request.tasks)


def as_json(
    loaded: Loaded,
    quantities: Quantities,
    points: list[Point],
    unserved: list[Unserved],
    quality: Quality | None,
    tasks: list[TaskScore],
    telemetry: Telemetry | None,
    faults: list[Fault],
) -> dict[str, Any]:
    """The answer: what `record.Completed` holds beyond what the parent knows."""
    return {
        "configuration": loaded.configuration.model_dump(mode="json"),
        "compiled": loaded.compiled,
        "quantities": quantities.model_dump(mode="json"),
        "points": [point.model_dump(mode="json") for point in points],
        "unserved": [one.model_dump(mode="json") for one in unserved],
        "quality": quality.model_dump(mode="json") if quality else None,
        "tasks": [score.model_dump(mode="json") for score in tasks],
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


def refuse_a_fallback(configuration: Configuration, request: LaunchRequest) -> None:
    """A slow fallback is not the method, and its figures would carry the method's name."""
    accepted = method_of(request.cell.method).kernels[request.cell.engine]
    others = {kernel: count for kernel, count in configuration.kernels.items() if kernel not in accepted}
    if others or not configuration.kernels:
        found = ", ".join(f"{count} × {kernel}" for kernel, count in others.items()) or "no linear layers at all"
        raise WrongKernelError(f"expected all linear layers on one of {', '.join(accepted)}; found {found}")


if __name__ == "__main__":
    main()
