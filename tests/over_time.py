"""Invented runs of one machine on several days."""

from examples import completed, manifest, replaced, with_controls

from generator.manifest import MeasuredRun
from generator.measurements import Run
from generator.record import Completed


def on_day(day: int, speed: float = 1.0, rounds: int = 3, **changes: object) -> Run:
    """The run with controls on that day of January, its engines so many times as fast as on another."""
    run = with_controls(rounds)
    launches = tuple(
        completed(of=one.cell, round_=one.round, speed=speed * one.points[0].output_tokens_per_s)
        for one in run.launches
        if isinstance(one, Completed)
    )
    name, moment = f"2026-01-{day:02d}-example", f"2026-01-{day:02d}T00:00:00Z"
    return Run(replaced(run.manifest, run_id=name, created_at=moment, **changes), launches)


def with_a_change() -> tuple[Run, ...]:
    """Four runs that lie some tenths of a percent apart, and one a third slower, in another version."""
    speeds = (1.0, 1.002, 0.999, 1.001)
    return (
        *(on_day(day, speed) for day, speed in enumerate(speeds, 1)),
        on_day(5, 0.67, versions={"vllm": "0.0.1"}),
    )


def in_budget(gib: float, day: int) -> Run:
    return on_day(day, memory_budget_gib=gib)


def with_other_work(day: int) -> Run:
    """The headline's answers are of another length."""
    plan = manifest()
    assert isinstance(plan, MeasuredRun)
    first, *others = plan.profile.workloads
    works = (replaced(first, output_tokens=17), *others)
    return on_day(day, profile=replaced(plan.profile, workloads=works))
