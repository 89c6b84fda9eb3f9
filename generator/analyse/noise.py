"""What a run can tell apart: how far equal cells lie from one another, and the smallest difference it would prove."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import exp, log
from typing import Final

from generator.analyse.cell import CellFindings
from generator.analyse.point import PointFindings
from generator.analyse.statistics import (
    LAUNCHES_TO_DECIDE,
    MATERIAL,
    Comparison,
    Stat,
    compare,
    log_ratios,
    smallest_detectable,
)
from generator.cells import Cell

SPEED: Final = "output_tokens_per_s"

# The points of a cell that a curve runs through, by what it runs over.
Points = Callable[[CellFindings], Mapping[int, PointFindings]]


def noise_of(cells: Sequence[CellFindings]) -> Comparison | None:
    """The speed of the baseline's twin against the baseline, which only noise can tell apart; None without one."""
    twins = _twins(cells)
    return compare(twins[0].stats[SPEED], twins[1].stats[SPEED]) if twins else None


def noise_by_users(cells: Sequence[CellFindings]) -> dict[int, Comparison]:
    """The same for each number of users that both have served."""
    twins = _twins(cells)
    if twins is None:
        return {}
    twin, base = ({point.concurrency: point.stats[SPEED] for point in one.served} for one in twins)
    return {users: found for users, speed in twin.items() if users in base and (found := compare(speed, base[users]))}


def floor_of(noise: Comparison | None) -> float:
    """The difference, as a share, below which nothing is decided on a machine where equal cells lie so far apart."""
    if noise is None or noise.low is None:
        return MATERIAL
    return max(MATERIAL, exp(abs(log(noise.ratio))) - 1)


def _twins(cells: Sequence[CellFindings]) -> tuple[CellFindings, CellFindings] | None:
    twin = next((one for one in cells if one.cell.twin and one.stats), None)
    base = next((one for one in cells if twin and one.cell == twin.cell.model_copy(update={"twin": False})), None)
    return (twin, base) if twin and base and base.stats else None


@dataclass(frozen=True, slots=True)
class Detectable:
    """The smallest differences from the baseline, as shares, that launches like these would prove in four of five
    cases: `least` of the cell `quietest`, `most` of the cell `noisiest`."""

    least: float
    quietest: Cell
    most: float
    noisiest: Cell


def detectable(base: CellFindings, cells: Sequence[CellFindings], quantity: str, floor: float) -> Detectable | None:
    """What these launches would prove of a quantity; not below `floor`, under which a difference decides nothing. None
    where there are not two rounds to compare."""
    return _between(detectable_each(base, cells, quantity, floor).items())


def detectable_each(
    base: CellFindings, cells: Sequence[CellFindings], quantity: str, floor: float
) -> dict[Cell, float]:
    """The same for each cell by itself."""
    return _shares(base.stats.get(quantity), {one.cell: one.stats.get(quantity) for one in cells}, floor)


def detectable_by_point(
    base: CellFindings, cells: Sequence[CellFindings], quantity: str, points: Points, floor: Callable[[int], float]
) -> Detectable | None:
    """The same for a curve, over all `points` of the cells that have more than one, each with the floor of its own."""
    of_cells = {one.cell: own for one in cells if len(own := points(one)) > 1}
    return _between(
        found
        for key, point in points(base).items()
        for found in _shares(
            point.stats.get(quantity),
            {cell: of_cell[key].stats.get(quantity) for cell, of_cell in of_cells.items() if key in of_cell},
            floor(key),
        ).items()
    )


def _between(found: Iterable[tuple[Cell, float]]) -> Detectable | None:
    ordered = sorted(found, key=lambda one: one[1])
    if not ordered:
        return None
    (quietest, least), (noisiest, most) = ordered[0], ordered[-1]
    return Detectable(least, quietest, most, noisiest)


def _shares(base: Stat | None, others: Mapping[Cell, Stat | None], floor: float) -> dict[Cell, float]:
    if base is None or base.low <= 0:
        return {}
    known = {cell: stat for cell, stat in others.items() if stat and stat is not base and stat.low > 0}
    pairs = {cell: log_ratios(stat, base) for cell, stat in known.items()}
    usable = {cell: logs for cell, logs in pairs.items() if len(logs) >= LAUNCHES_TO_DECIDE}
    found = {cell: smallest_detectable(logs, len(usable)) for cell, logs in usable.items()}
    return {cell: max(share, floor) for cell, share in found.items()}
