"""Findings: all that a page may say, worked out from the runs. Frozen values; no words, no formatting."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import get_args

from generator.analyse.cell import CellFindings, find_cell
from generator.analyse.run import Kind, RunFindings
from generator.analyse.search import found_by_search
from generator.errors import UsageError
from generator.manifest import MeasuredRun, Paradox, ReportedRun
from generator.measurements import Run


@dataclass(frozen=True)
class Findings:
    """Every run, oldest first, and those that pages speak of by name. `explained` is the featured run, or else the
    newest measured one, whose memory is known in parts; `served` likewise one in which many users were served;
    `paradox` are the three runs of the newest paradox experiment, in its order, or none; `long_context` is the newest
    run with long prompts."""

    runs: tuple[RunFindings, ...]
    featured: RunFindings | None
    explained: RunFindings | None
    served: RunFindings | None
    paradox: tuple[RunFindings, ...]
    long_context: RunFindings | None
    reported: RunFindings | None
    demo: RunFindings | None


def find(runs: Sequence[Run], featured: str | None = None) -> Findings:
    """What follows from the runs, which are sorted from old to new.

    The featured run is the one named `featured`, or else the newest measured on a GPU with a figure in it, or else the
    newest reported one; see `_newest` for what goes first. Raises `UsageError` when there is no run of that name.
    """
    found = tuple(_run_findings(run) for run in runs)
    usable = [run for run in found if run.shown and run.ordinary]
    if featured is not None and featured not in {run.manifest.run_id for run in found}:
        names = ", ".join(run.manifest.run_id for run in found)
        raise UsageError(f"featured_run: there is no run {featured!r} under measurements/; name one of: {names}")
    named = next((run for run in found if run.manifest.run_id == featured), None)
    chosen = named or _newest(usable, "measured") or _newest(usable, "reported")
    long = [run for run in found if run.shown and run.experiment == "long_context"]
    in_parts = [run for run in usable if any(one.memory_parts for one in run.shown)]
    serving = [run for run in usable if any(len(one.served) > 1 for one in run.shown)]
    return Findings(
        runs=found,
        featured=chosen,
        explained=chosen if chosen in in_parts else _newest(in_parts, "measured"),
        served=chosen if chosen in serving else _newest(serving, "measured"),
        paradox=_paradox(found),
        long_context=_newest(long, "measured") or _newest(long, "demo"),
        reported=_newest(usable, "reported"),
        demo=_newest(usable, "demo"),
    )


def _paradox(runs: Sequence[RunFindings]) -> tuple[RunFindings, ...]:
    parts: dict[str, RunFindings] = {}
    for run in runs:
        if run.experiment and run.shown:
            parts[run.experiment] = run
    found = tuple(parts[name] for name in get_args(Paradox) if name in parts)
    alike = {(run.manifest.model_name, run.manifest.hardware) for run in found}
    return found if len(found) == len(get_args(Paradox)) and len(alike) == 1 else ()


def _newest(runs: Sequence[RunFindings], kind: Kind) -> RunFindings | None:
    """The newest that is complete and no part of an experiment, as far as there are such. Of all such runs of its model
    on its machine, the one to compare methods by: with CUDA graphs, as a server runs, and with the most methods."""
    of_kind = [run for run in reversed(runs) if run.kind == kind]
    newest = max(of_kind, key=_standing, default=None)  # `max` gives the first of equals: the newest
    if newest is None:
        return None
    alike = [run for run in of_kind if _standing(run) == _standing(newest) and _subject(run) == _subject(newest)]
    return max(alike, key=lambda run: ("graphs" in run.modes, len(run.measured)))


def _standing(run: RunFindings) -> tuple[bool, bool]:
    return run.complete, run.experiment is None


def _subject(run: RunFindings) -> object:
    manifest = run.manifest
    budget = manifest.memory_budget_gib if isinstance(manifest, MeasuredRun) else None
    return manifest.model_name, manifest.hardware, budget


def _run_findings(run: Run) -> RunFindings:
    manifest = run.manifest
    if isinstance(manifest, ReportedRun):
        kind: Kind = "reported"
    else:
        # A figure from a CPU says as little about a card as the demo model does about a large one.
        is_demo = manifest.profile.purpose == "demo" or manifest.hardware.device == "cpu"
        kind = "demo" if is_demo else "measured"
    return RunFindings(run, kind, tuple(_cells(run)))


def _cells(run: Run) -> Iterable[CellFindings]:
    profile = run.manifest.profile if isinstance(run.manifest, MeasuredRun) else None
    searched = isinstance(run.manifest, MeasuredRun) and run.manifest.experiment == "smallest_budget"
    for cell in run.manifest.cells:
        launches = [launch for launch in run.launches if launch.cell == cell]
        yield find_cell(cell, found_by_search(launches) if searched else launches, profile)
