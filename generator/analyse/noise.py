"""What a run can tell apart: how far equal cells lie from one another, and the smallest difference it would prove."""

from collections.abc import Sequence

from generator.analyse.cell import CellFindings
from generator.analyse.statistics import Comparison, Stat, compare, log_ratios, smallest_detectable

SPEED = "output_tokens_per_s"


def noise_of(cells: Sequence[CellFindings]) -> Comparison | None:
    """The speed of the baseline's twin against the baseline, which only noise can tell apart; None without one."""
    twin = next((one for one in cells if one.cell.twin and one.stats), None)
    if twin is None:
        return None
    base = next((one for one in cells if one.cell == twin.cell.model_copy(update={"twin": False})), None)
    return compare(twin.stats[SPEED], base.stats[SPEED]) if base and base.stats else None


def detectable(base: CellFindings, cells: Sequence[CellFindings], quantity: str) -> float | None:
    """The smallest difference in a quantity from the baseline's, as a share, that these launches would prove in four
    of five cases: that of the noisiest cell. None where there are not two rounds to compare."""
    return _detectable(base.stats.get(quantity), [one.stats.get(quantity) for one in cells])


def detectable_by_users(base: CellFindings, cells: Sequence[CellFindings], quantity: str) -> float | None:
    """The same for the closed loops: the largest over all numbers of users."""
    served = [{point.concurrency: point.stats for point in one.served} for one in cells]
    found = [
        _detectable(point.stats.get(quantity), [of_cell.get(point.concurrency, {}).get(quantity) for of_cell in served])
        for point in base.served
    ]
    return max((difference for difference in found if difference is not None), default=None)


def _detectable(base: Stat | None, others: Sequence[Stat | None]) -> float | None:
    if base is None or base.low <= 0:
        return None
    pairs = [log_ratios(other, base) for other in others if other and other is not base and other.low > 0]
    return max((smallest_detectable(logs) for logs in pairs if len(logs) > 1), default=None)
