"""Runs of one model on one card in one memory budget and mode, over time: every figure followed, and what changed
around those that did."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from generator.analyse.anchor import anchor
from generator.analyse.brief import Brief
from generator.analyse.cell import CellFindings
from generator.analyse.comparable import changes_between, figures_of, work_of
from generator.analyse.findings import Findings
from generator.analyse.run import RunFindings
from generator.analyse.settings import Change, once
from generator.analyse.statistics import LAUNCHES_TO_DECIDE, Comparison
from generator.analyse.trend import Against, Basis, Point, Trend, trends
from generator.cells import Cell
from generator.manifest import MeasuredRun, ReportedRun

FOLLOWED: Final = (
    "output_tokens_per_s",
    "one_user_tokens_per_s",
    "load_time_s",
    "weights_gib",
    "kv_cache_tokens",
    "energy_per_token_j",
    "perplexity",
)

# What a launch of the cell could have noticed, from the second run to the first, by their numbers.
Changed = Callable[[int, int, Cell], tuple[Change, ...]]


@dataclass(frozen=True, slots=True)
class Line:
    """One quantity of one cell: its figures by the number of the run, and what may be said of them."""

    points: Mapping[int, Point]
    trend: Trend


@dataclass(frozen=True, slots=True)
class Shifted:
    """One figure that differs."""

    cell: Cell
    quantity: str
    comparison: Comparison
    basis: Basis


@dataclass(frozen=True, slots=True)
class Shift:
    """What differs in run `at` from runs `base`, by their numbers. `candidates` are what else is recorded to differ
    between it and the last of these: any of it may be the cause, and so may what nobody recorded."""

    at: int
    against: Against
    base: tuple[int, ...]
    figures: tuple[Shifted, ...]
    candidates: tuple[Change, ...]

    @property
    def number(self) -> int:
        """The run's number as people count."""
        return self.at + 1

    @property
    def bases(self) -> tuple[int, ...]:
        """Those of the runs that it is compared with."""
        return tuple(one + 1 for one in self.base)

    @property
    def only_within(self) -> bool:
        """Whether the noise between runs is known of none of its figures."""
        return all(one.basis == "within" for one in self.figures)


@dataclass(frozen=True, slots=True)
class Series:
    """`runs` are from old to new; `lines` by quantity and cell; `changes` are what is recorded to differ in each run
    from the one before it. Twins are left out: what they are for is the noise within their run."""

    anchor: str
    runs: tuple[RunFindings, ...]
    lines: Mapping[str, Mapping[Cell, Line]]
    changes: tuple[tuple[Change, ...], ...]
    shifts: tuple[Shift, ...]

    @property
    def newest(self) -> RunFindings:
        """The run that was made last."""
        return self.runs[-1]

    @property
    def few(self) -> int:
        """How many runs have too few launches of some cell for a verdict."""
        return sum(run.launches_per_cell < LAUNCHES_TO_DECIDE for run in self.runs)


def series_of(findings: Findings, newest: int) -> tuple[Series, ...]:
    """The series that the `newest` runs belong to, as far as these go back; that of the newest run first. Reported
    runs, other people's and those with what can't be true are in none."""
    chosen: dict[str, list[int]] = {}
    for at in range(max(0, len(findings.briefs) - newest), len(findings.briefs)):
        brief = findings.briefs[at]
        if brief.figures and brief.sound and isinstance(brief.manifest, MeasuredRun):
            chosen.setdefault(anchor_of(brief), []).append(at)
    ordered = sorted(chosen.items(), key=lambda one: one[1][-1], reverse=True)
    return tuple(follow(anchor, [findings.runs[at] for at in numbers]) for anchor, numbers in ordered)


def anchor_of(run: Brief | RunFindings) -> str:
    """What names the series of a run, in an address: readable, and another for each series."""
    return anchor("series", _key(run))


def _key(run: Brief | RunFindings) -> tuple[str, ...]:
    """Equal for runs that belong to one series."""
    manifest = run.manifest
    budget: tuple[str, ...] = ()
    if not isinstance(manifest, ReportedRun):
        budget = (
            *([f"{manifest.memory_budget_gib:g} gib"] if manifest.memory_budget_gib else []),
            *([f"{manifest.ranks} cards"] if manifest.ranks > 1 else []),
            *([manifest.experiment] if manifest.experiment else []),
        )
    return manifest.model_name, manifest.hardware.name, *run.modes, *budget


def follow(anchor: str, runs: Sequence[RunFindings]) -> Series:
    """What became of every figure, run by run. A figure is followed through the runs that did the newest one's work."""
    cells = [{one.cell: one for one in run.cells if one.stats and not one.cell.twin} for run in runs]

    @cache
    def changed(at: int, before: int, cell: Cell) -> tuple[Change, ...]:
        return changes_between((runs[at], cells[at][cell]), (runs[before], cells[before][cell]))

    lines: dict[str, dict[Cell, Line]] = {}
    for quantity in FOLLOWED:
        points = {
            cell: dict(_points(cell, quantity, runs, cells, changed))
            for cell in dict.fromkeys(cell for of_run in cells for cell in of_run)
        }
        points = {cell: found for cell, found in points.items() if found}
        of_cells = trends(points)
        if points:
            lines[quantity] = {cell: Line(points[cell], of_cells[cell]) for cell in points}
    between = [
        once(change for cell in cells[at] if cell in cells[at - 1] for change in changed(at, at - 1, cell))
        for at in range(1, len(runs))
    ]
    return Series(anchor, tuple(runs), lines, ((), *between), tuple(_shifts(lines, len(runs) - 1, changed)))


def _points(
    cell: Cell,
    quantity: str,
    runs: Sequence[RunFindings],
    cells: Sequence[Mapping[Cell, CellFindings]],
    changed: Changed,
) -> Iterator[tuple[int, Point]]:
    having = {at: of[cell] for at, of in enumerate(cells) if cell in of}
    figures = {at: found[quantity] for at, one in having.items() if quantity in (found := figures_of(one))}
    works = {at: work_of(runs[at], having[at], quantity) for at in figures}
    before: int | None = None
    for at, stat in figures.items():
        if works[at] is not None and works[at] == works[max(works)]:
            calm = before is not None and not changed(at, before, cell)
            yield at, Point(stat, calm, runs[at].floor_of(quantity))
            before = at


def _shifts(lines: Mapping[str, Mapping[Cell, Line]], newest: int, changed: Changed) -> Iterator[Shift]:
    """Of the older runs what differs from those before them; of the newest run also what does from the first one, and
    from the last one before the last change: of each run that would be told again and again."""
    found: dict[tuple[int, Against, tuple[int, ...]], list[Shifted]] = {}
    for quantity, of_cells in lines.items():
        for cell, line in of_cells.items():
            for step in line.trend.steps:
                if step.is_change and (step.against == "previous" or step.at == newest):
                    shifted = Shifted(cell, quantity, step.comparison, step.basis)
                    found.setdefault((step.at, step.against, step.base), []).append(shifted)
    for (at, against, base), figures in sorted(found.items(), key=lambda one: one[0], reverse=True):
        candidates = once(
            change for cell in dict.fromkeys(one.cell for one in figures) for change in changed(at, base[-1], cell)
        )
        yield Shift(at, against, base, tuple(figures), candidates)
