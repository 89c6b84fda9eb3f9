"""Models and cards beside one another, as charts and tables."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final, TypeVar

from generator.analyse.anchor import anchor
from generator.analyse.column import CROWD
from generator.analyse.findings import Findings
from generator.analyse.machine import Machine, machine_of
from generator.analyse.matrix import HELD, Group, matrix_of
from generator.analyse.noise import Detectable
from generator.analyse.run import RunFindings
from generator.analyse.sides import By
from generator.cells import Cell
from generator.render import units
from generator.render.bars import provable_of
from generator.render.chart import Axis, Chart, Mark, Series, axis_of, drawn, look_of_cell, marked, of_ratio, together

# So many groups of machines, and of models, the newest; so many sides of each.
GROUPS: Final = 3
SIDES: Final = 4
# So many of the runs that are in none of these, the newest, are told with the reason.
LEFT: Final = 20

# The quantity of the chart and of the open table.
HEADLINE: Final = HELD[0]

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Shown:
    """A group with its `anchor` on the page, what its sides have in common (`same`) and what each is called, and its
    charts: each method's speed against FP16's within its own run, and its speed; None where there are no figures."""

    group: Group
    anchor: str
    same: str
    names: tuple[str, ...]
    ratios: Chart | None
    speeds: Chart | None

    @property
    def others(self) -> tuple[str, ...]:
        """The quantities that the headline's table does not have."""
        return tuple(quantity for quantity in self.group.sides[0].figures if quantity != HEADLINE)

    def cells_with(self, quantity: str) -> tuple[Cell, ...]:
        """Those that any side has the quantity of."""
        return tuple(
            cell for cell in self.group.cells if any(cell in one.figures[quantity] for one in self.group.sides)
        )


def page(findings: Findings) -> dict[str, Any]:
    """For the page of models and cards."""
    found = matrix_of(findings, GROUPS, SIDES, LEFT)
    return {
        "groups": {by: tuple(_shown(group) for group in groups) for by, groups in found.groups.items()},
        "left": found.left,
        "more": found.more,
        "headline": HEADLINE,
        "crowd": CROWD,
    }


def name_of(machine: Machine) -> str:
    """What a machine is called beside others: its card, how many of them where several share each layer, and the memory
    that it was held to."""
    several = f"{machine.ranks} × " if machine.ranks > 1 else ""
    budget = f", {units.asked(machine.budget_gib)} GiB" if machine.budget_gib else ""
    return f"{several}{machine.card}{budget}"


def _shown(group: Group) -> Shown:
    same = _own("model" if group.by == "machine" else "machine", group.base)
    named = anchor({"machine": "cards", "model": "models"}[group.by], (same, group.mode), group.work)
    names = tuple(_own(group.by, side.run) for side in group.sides)
    return Shown(
        group=group,
        anchor=named,
        same=same,
        names=names,
        ratios=_ratios(named, group, names),
        speeds=_speeds(named, group, names),
    )


def _own(by: By, run: RunFindings) -> str:
    return name_of(machine_of(run.manifest)) if by == "machine" else run.manifest.model_name


def _ratios(named: str, group: Group, names: tuple[str, ...]) -> Chart | None:
    """Each method's speed as a multiple of FP16's in the same run."""
    held = group.held.get(HEADLINE)
    axis = Axis("Speed, as a multiple of FP16’s", "×", 2, is_exact=True)
    chart = _bars(f"{named}-ratios", group, names, axis, held.against, of_ratio) if held else None
    return replace(chart, reference=1.0, detectable=together(_provable(group, chart))) if chart else None


def _provable(group: Group, chart: Chart) -> list[Detectable | None]:
    """What each run would prove of the methods of the chart, where it is known by the cells of the group."""
    return [
        provable_of(run, [one for one in run.shown if one.name in chart.categories], HEADLINE)
        for run in (side.run for side in group.sides)
        if run.baseline and run.baseline.cell.mode == group.mode
    ]


def _speeds(named: str, group: Group, names: tuple[str, ...]) -> Chart | None:
    figures = [side.figures.get(HEADLINE, {}) for side in group.sides]
    return _bars(f"{named}-speed", group, names, axis_of(HEADLINE), figures, marked)


def _bars(
    slug: str,
    group: Group,
    names: tuple[str, ...],
    axis: Axis,
    found: Sequence[Mapping[Cell, T]],
    mark: Callable[[T, str, str], Mark],
) -> Chart | None:
    """A bar a side, under each method that two sides have; None where there is no such method."""
    cells = [cell for cell in group.cells if sum(cell in of_side for of_side in found) > 1]
    if not cells:
        return None
    series = tuple(
        Series(
            name,
            tuple(mark(of_side[cell], cell.name, look_of_cell(cell)) for cell in cells if cell in of_side),
            drawn(side.run, at),
        )
        for at, (name, side, of_side) in enumerate(zip(names, group.sides, found, strict=True))
        if any(cell in of_side for cell in cells)
    )
    runs = tuple(side.run.manifest.run_id for side in group.sides)
    return Chart(slug, "bars", f"Method and {group.by}", axis, series, runs)
