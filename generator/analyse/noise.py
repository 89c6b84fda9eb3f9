"""What a run can tell apart: how far equal cells lie from one another, and the smallest difference it would prove."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from generator.analyse.cell import CellFindings, PointFindings
from generator.analyse.statistics import Comparison, Stat, compare, log_ratios, smallest_detectable

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


def detectable(base: CellFindings, cells: Sequence[CellFindings], quantity: str, floor: float) -> float | None:
    """The smallest difference in a quantity from the baseline's, as a share, that these launches would prove in four
    of five cases, even of the noisiest cell; not below `floor`, under which a difference decides nothing. 0 where the
    quantity does not vary, None where there are not two rounds to compare."""
    return _detectable(base.stats.get(quantity), [one.stats.get(quantity) for one in cells], floor)


def detectable_by_point(
    base: CellFindings, cells: Sequence[CellFindings], quantity: str, points: Points, floor: float
) -> float | None:
    """The same for a curve: the largest over all its `points`."""
    of_cells = [points(one) for one in cells]
    found = [
        _detectable(
            point.stats.get(quantity),
            [of_cell[key].stats.get(quantity) for of_cell in of_cells if key in of_cell],
            floor,
        )
        for key, point in points(base).items()
    ]
    return max((difference for difference in found if difference is not None), default=None)


def _detectable(base: Stat | None, others: Sequence[Stat | None], floor: float) -> float | None:
    if base is None or base.low <= 0:
        return None
    pairs = [log_ratios(other, base) for other in others if other and other is not base and other.low > 0]
    usable = [logs for logs in pairs if len(logs) > 1]
    found = max((smallest_detectable(logs, len(usable)) for logs in usable), default=None)
    return max(found, floor) if found else found
