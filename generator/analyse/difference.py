"""Two runs side by side, whatever they are: every quantity of the cells that both have, and what can't be compared."""

from collections.abc import Mapping
from dataclasses import dataclass

from generator.analyse.cell import CellFindings
from generator.analyse.comparable import Obstacle, figures_of, obstacle
from generator.analyse.run import RunFindings
from generator.analyse.settings import Change, changes
from generator.analyse.statistics import Comparison, Stat
from generator.analyse.unpaired import compare_unpaired
from generator.cells import Cell


@dataclass(frozen=True, slots=True)
class Line:
    """A quantity of one cell in both runs; `comparison` is that of the second run to the first, None where there is an
    `obstacle`, and where a figure is not above 0."""

    first: Stat
    second: Stat
    comparison: Comparison | None
    obstacle: Obstacle | None


@dataclass(frozen=True, slots=True)
class Difference:
    """Run `second` against run `first`. `cells` has the quantities of each cell that has figures in both; `only_first`
    and `only_second` are those with figures in one alone. `floor` is the difference in speed, as a share, below which
    nothing is decided."""

    first: RunFindings
    second: RunFindings
    changes: tuple[Change, ...]
    cells: Mapping[Cell, Mapping[str, Line]]
    only_first: tuple[Cell, ...]
    only_second: tuple[Cell, ...]
    floor: float

    @property
    def comparable(self) -> bool:
        """Whether anything of the two could be compared."""
        return any(line.comparison for lines in self.cells.values() for line in lines.values())

    @property
    def obstacles(self) -> tuple[Obstacle, ...]:
        """Why some of their quantities were not, each reason once."""
        found = (line.obstacle for lines in self.cells.values() for line in lines.values())
        return tuple(dict.fromkeys(one for one in found if one))


def difference(first: RunFindings, second: RunFindings) -> Difference:
    """What became of `first` in `second`. All cells of a quantity are judged together, and nothing below the larger of
    the two runs' floors is called a difference."""
    its, mine = _with_figures(first), _with_figures(second)
    both = [cell for cell in its if cell in mine]
    lines: dict[Cell, dict[str, Line]] = {cell: {} for cell in both}
    figures = {cell: (figures_of(its[cell]), figures_of(mine[cell])) for cell in both}
    for quantity in dict.fromkeys(name for before, after in figures.values() for name in before if name in after):
        having = {
            cell: (a[quantity], b[quantity]) for cell, (a, b) in figures.items() if quantity in a and quantity in b
        }
        obstacles = {cell: obstacle((second, mine[cell]), (first, its[cell]), quantity) for cell in having}
        pairs = {cell: (after, before) for cell, (before, after) in having.items() if obstacles[cell] is None}
        found = compare_unpaired(pairs, max(first.floor_of(quantity), second.floor_of(quantity)))
        for cell, (before, after) in having.items():
            lines[cell][quantity] = Line(before, after, found.get(cell), obstacles[cell])
    return Difference(
        first=first,
        second=second,
        changes=changes(second.manifest, first.manifest),
        cells=lines,
        only_first=tuple(cell for cell in its if cell not in mine),
        only_second=tuple(cell for cell in mine if cell not in its),
        floor=max(first.floor, second.floor),
    )


def _with_figures(run: RunFindings) -> dict[Cell, CellFindings]:
    return {one.cell: one for one in run.cells if one.stats}
