"""What a run can tell apart: how far equal cells lie from one another, and the smallest difference it would prove."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from generator.analyse.cell import CellFindings, PointFindings
from generator.analyse.statistics import Comparison, Stat, compare, log_ratios, smallest_detectable
from generator.cells import Cell

SPEED: Final = "output_tokens_per_s"

# The points of a cell that a curve runs through, by what it runs over.
Points = Callable[[CellFindings], Mapping[int, PointFindings]]


def noise_of(cells: Sequence[CellFindings]) -> Comparison | None:
    """The speed of the baseline's twin against the baseline, which only noise can tell apart; None without one."""
    twin = next((one for one in cells if one.cell.twin and one.stats), None)
    if twin is None:
        return None
    base = next((one for one in cells if one.cell == twin.cell.model_copy(update={"twin": False})), None)
    return compare(twin.stats[SPEED], base.stats[SPEED]) if base and base.stats else None


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest differences from the baseline, as shares, that launches like these would prove in four of five
    cases: `least` of the cell `quietest`, `most` of the cell `noisiest`. 0 where nothing varies."""

    least: float
    quietest: Cell
    most: float
    noisiest: Cell


def detectable(base: CellFindings, cells: Sequence[CellFindings], quantity: str, floor: float) -> Detectable | None:
    """What these launches would prove of a quantity; not below `floor`, under which a difference decides nothing. None
    where there are not two rounds to compare."""
    return _between(_detectable(base.stats.get(quantity), {one.cell: one.stats.get(quantity) for one in cells}, floor))


def detectable_each(
    base: CellFindings, cells: Sequence[CellFindings], quantity: str, floor: float
) -> dict[Cell, float]:
    """The same for each cell by itself."""
    stats = {one.cell: one.stats.get(quantity) for one in cells}
    return {cell: share for share, cell in _detectable(base.stats.get(quantity), stats, floor)}


def detectable_by_point(
    base: CellFindings, cells: Sequence[CellFindings], quantity: str, points: Points, floor: float
) -> Detectable | None:
    """The same for a curve, over all `points` of the cells that have more than one."""
    of_cells = {one.cell: own for one in cells if len(own := points(one)) > 1}
    found = [
        one
        for key, point in points(base).items()
        for one in _detectable(
            point.stats.get(quantity),
            {cell: of_cell[key].stats.get(quantity) for cell, of_cell in of_cells.items() if key in of_cell},
            floor,
        )
    ]
    return _between(found)


def _between(found: Sequence[tuple[float, Cell]]) -> Detectable | None:
    if not found:
        return None
    least, most = min(found, key=_share), max(found, key=_share)
    return Detectable(least[0], least[1], most[0], most[1])


def _share(found: tuple[float, Cell]) -> float:
    return found[0]


def _detectable(base: Stat | None, others: Mapping[Cell, Stat | None], floor: float) -> list[tuple[float, Cell]]:
    if base is None or base.low <= 0:
        return []
    known = {cell: stat for cell, stat in others.items() if stat and stat is not base and stat.low > 0}
    pairs = {cell: log_ratios(stat, base) for cell, stat in known.items()}
    usable = {cell: logs for cell, logs in pairs.items() if len(logs) > 1}
    found = [(smallest_detectable(logs, len(usable)), cell) for cell, logs in usable.items()]
    return [(max(share, floor) if share else share, cell) for share, cell in found]
