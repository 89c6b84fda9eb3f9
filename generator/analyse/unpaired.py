"""Figures of two runs, which share no round: the ratio of their geometric means, and how sure it is.

Launches of different runs can't be paired, so what drifts between rounds stays in. The difference of the means of the
logarithms has the t interval of B. L. Welch (1947, "The Generalization of 'Student's' Problem when Several Different
Population Variances are Involved"), which lets each run spread as it does.
"""

from collections.abc import Mapping
from math import log, sqrt
from statistics import fmean, variance

from generator.analyse.statistics import LAUNCHES_TO_DECIDE, MATERIAL, ROUNDING, Comparison, Estimate, Key, Stat, judge


def compare_unpaired(pairs: Mapping[Key, tuple[Stat, Stat]], floor: float = MATERIAL) -> dict[Key, Comparison]:
    """The first figure of each pair against the second, as one family: all their verdicts are right together, with 95%
    confidence for what the launches' spread tells.

    Where one has fewer than three launches that differ there is no interval: `low` and `high` are None, the ratio is
    that of the medians with a single launch, and the verdict is "same" because nothing is proven. Pairs that have no
    ratio (a figure is not above 0) are left out.
    """
    estimates = {key: found for key, (value, base) in pairs.items() if (found := _welch(value, base)) is not None}
    return judge(estimates, floor)


def _welch(value: Stat, base: Stat) -> Estimate | None:
    if value.low <= 0 or base.low <= 0:
        return None
    launches = min(value.count, base.count)
    if launches < 2:
        return Estimate(log(value.median / base.median), None, 0)
    mine, its = ([log(figure) for figure in stat.by_round.values()] for stat in (value, base))
    parts = variance(mine) / len(mine), variance(its) / len(its)
    error = sqrt(sum(parts))
    if launches < LAUNCHES_TO_DECIDE and error >= ROUNDING:
        return Estimate(fmean(mine) - fmean(its), None, 0)
    freedom = launches - 1 if error < ROUNDING else _freedom(parts, (len(mine), len(its)))
    return Estimate(fmean(mine) - fmean(its), error, freedom)


def _freedom(parts: tuple[float, float], counts: tuple[int, int]) -> int:
    """The degrees of freedom by Welch and Satterthwaite, rounded down, which widens the interval rather than narrows
    it; the formula is never below those of the smaller sample."""
    shares = [part / sum(parts) for part in parts]
    exact = 1 / sum(share**2 / (count - 1) for share, count in zip(shares, counts, strict=True))
    return max(min(counts) - 1, int(exact + 1e-6))  # two of equal spread must not lose one to rounding
