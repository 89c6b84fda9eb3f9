"""Invented runs of the experiments: what the paradox's three parts, and long prompts, would leave behind."""

from typing import get_args

from examples import NO_ROOM, completed, four_methods, loop, manifest, replaced

from generator.manifest import MeasuredRun, Paradox
from generator.measure.context import with_long_prompts
from generator.measure.paradox import with_load
from generator.measurements import Run
from generator.record import Completed


def part_of_the_experiment(number: int) -> Run:
    experiment = get_args(Paradox)[number]
    changes = {"run_id": f"2026-01-0{number + 1}-example", "experiment": experiment}
    changes |= {"profile": with_load(manifest().profile, 8, 4096)}
    return Run(manifest().model_copy(update=changes), four_methods().launches)


def with_engine(run: Run, **engine: object) -> Run:
    """The same with other settings of the engine."""
    assert isinstance(run.manifest, MeasuredRun)
    profile = run.manifest.profile
    changed = replaced(profile, engine=replaced(profile.engine, **engine))
    return Run(replaced(run.manifest, profile=changed), run.launches)


def without_names(run: Run) -> Run:
    """The same with records that don't say what memory beside weights and cache is."""
    launches = [launch for launch in run.launches if isinstance(launch, Completed)]
    missing = ("activation_peak_gib", "non_torch_gib")
    return Run(
        run.manifest,
        tuple(
            replaced(
                launch,
                quantities=replaced(
                    launch.quantities,
                    **dict.fromkeys(missing),
                    absent=launch.quantities.absent | dict.fromkeys(missing, "the cache's size was given"),
                ),
            )
            for launch in launches
        ),
    )


def searched() -> Run:
    """The last part of the experiment: for FP16, one cache that served and one that did not."""
    last = part_of_the_experiment(2)
    served = completed("fp16", round_=1, kv_cache_tokens=32_768)
    refused = completed("fp16", round_=2, kv_cache_tokens=30_720, unserved=[NO_ROOM])
    return Run(last.manifest, (served, refused, *last.launches[1:]))


def with_long_prompts_measured() -> Run:
    profile = with_long_prompts(manifest().profile, [2048, 8192])
    changes = {"run_id": "2026-01-05-example", "experiment": "long_context", "profile": profile}
    launches = []
    for method, room in (("fp16", 43_000), ("awq", 110_000)):
        launch = completed(method)
        points = [loop(1, 100.0, 2, prompt_tokens=tokens, workload=f"prompt-{tokens}") for tokens in (2048, 8192)]
        points.append(loop(1, 50.0, 1, prompt_tokens=room, workload="longest-prompt"))
        unserved = replaced(NO_ROOM, workload="prompt-32768", message="NoRoomError: too long")
        launches.append(replaced(launch, points=(launch.points[0], *points), unserved=(unserved,)))
    return Run(manifest().model_copy(update=changes), tuple(launches))
