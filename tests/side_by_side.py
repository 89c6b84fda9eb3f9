"""Invented runs of several machines and several models."""

from collections.abc import Mapping
from types import MappingProxyType

from examples import completed, hardware, replaced, with_controls
from over_time import on_day

from generator.manifest import MeasuredRun
from generator.measurements import Run
from generator.methods import MethodId
from generator.profiles import Profile
from generator.record import Completed

MODEL = "Example 8B"


def profile_of(run: Run) -> Profile:
    assert isinstance(run.manifest, MeasuredRun)
    return run.manifest.profile


def on_card(
    day: int,
    card: str = "Example GPU",
    times: Mapping[MethodId, float] = MappingProxyType({}),
    model: str = MODEL,
    rounds: int = 3,
    **changes: object,
) -> Run:
    """The run with controls on that day of January, on that card, each method so many times as fast as on another."""
    run = with_controls(rounds)
    launches = tuple(
        completed(
            of=one.cell, round_=one.round, speed=times.get(one.cell.method, 1.0) * one.points[0].output_tokens_per_s
        )
        for one in run.launches
        if isinstance(one, Completed)
    )
    profile = replaced(profile_of(run), model_name=model)
    plan = on_day(day, hardware=hardware(card), profile=profile).manifest
    return Run(replaced(plan, **changes), launches)


def with_other_work(run: Run, number: int) -> Run:
    """The workload of that number has answers of another length."""
    profile = profile_of(run)
    works = list(profile.workloads)
    works[number] = replaced(works[number], output_tokens=17)
    return Run(replaced(run.manifest, profile=replaced(profile, workloads=tuple(works))), run.launches)


def in_both_modes(run: Run, times: Mapping[MethodId, float] = MappingProxyType({})) -> Run:
    """The run with its cells in CUDA graphs as well, each method so many times as fast there."""
    own = run.manifest
    again = on_card(int(own.created_at[8:10]), own.hardware.name, times, own.model_name)
    graphs = tuple(one for one in in_graphs(again).launches if one.cell.mode == "graphs")
    cells = dict.fromkeys((*own.cells, *(one.cell for one in graphs)))
    return Run(replaced(own, cells=tuple(cells)), (*run.launches, *graphs))


def in_graphs(run: Run) -> Run:
    """The same in CUDA graphs, as far as the engines have them."""
    launches = tuple(
        replaced(one, cell=replaced(one.cell, mode="graphs")) if one.cell.engine == "vllm" else one
        for one in run.launches
    )
    return Run(replaced(run.manifest, cells=tuple(dict.fromkeys(one.cell for one in launches))), launches)
