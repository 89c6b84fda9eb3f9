"""How much stands behind the figures of a run with long prompts, and which launches took more than their budget."""

from generator.analyse.cell import CellFindings
from generator.analyse.latency import settled
from generator.analyse.memory import GIB_IN_MIB
from generator.analyse.run import RunFindings
from generator.manifest import MeasuredRun
from generator.record import Completed


def requests_of(run: RunFindings) -> tuple[int, ...]:
    """How many requests of one user a launch measured a prompt's length with, warm-up left out; the fewest first."""
    return _requests(run, longest=False)


def requests_of_longest(run: RunFindings) -> tuple[int, ...]:
    """The same of the longest prompt that was answered."""
    return _requests(run, longest=True)


def over_budget_mib(run: RunFindings, one: CellFindings) -> float | None:
    """How much more than its memory budget the launch of a cell used that used most; None where none used more."""
    used, manifest = one.stats.get("gpu_memory_used_mib"), run.manifest
    if used is None or not isinstance(manifest, MeasuredRun) or manifest.memory_budget_gib is None:
        return None
    over_mib = used.high - GIB_IN_MIB * manifest.memory_budget_gib
    return over_mib if over_mib > 0 else None


def _requests(run: RunFindings, *, longest: bool) -> tuple[int, ...]:
    kinds = {(point.workload, point.kind) for one in run.shown for point in one.points}
    wanted = {workload for workload, kind in kinds if kind == ("longest-prompt" if longest else "closed-loop")}
    found = {
        len(requests.ttft_s)
        for one in run.shown
        for launch in one.valid
        if isinstance(launch, Completed)
        for point in launch.points
        if point.concurrency == 1 and point.workload in wanted and (requests := settled(point).requests)
    }
    return tuple(sorted(found))
