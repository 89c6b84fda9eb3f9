"""Figures of two runs, which share no round: the ratio of their geometric means, and how sure it is.

Launches of different runs can't be paired, so what drifts between rounds stays in. The difference of the means of the
logarithms has the t interval of B. L. Welch (1947, "The Generalization of 'Student's' Problem when Several Different
Population Variances are Involved"), which lets each run spread as it does.
"""

from collections.abc import Mapping, Sequence
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
    estimates = {key: found for key, (value, base) in pairs.items() if (found := contrast(value, base)) is not None}
    return judge(estimates, floor)


def contrast(value: Stat, *bases: Stat) -> Estimate | None:
    """The logarithm of a figure's ratio to the geometric mean of those of `bases`, each of which counts alike; None
    where a figure is not above 0. With one base it is Welch's comparison of two."""
    stats = (value, *bases)
    if any(stat.low <= 0 for stat in stats):
        return None
    launches = min(stat.count for stat in stats)
    if launches < 2:
        return Estimate(log(value.median) - fmean(log(base.median) for base in bases), None, 0)
    mine, *theirs = ([log(figure) for figure in stat.by_round.values()] for stat in stats)
    mean = fmean(mine) - fmean(fmean(logs) for logs in theirs)
    parts = [variance(mine) / len(mine), *(variance(logs) / len(logs) / len(bases) ** 2 for logs in theirs)]
    error = sqrt(sum(parts))
    if launches < LAUNCHES_TO_DECIDE and error >= ROUNDING:
        return Estimate(mean, None, 0)
    freedom = launches - 1 if error < ROUNDING else _freedom(parts, [stat.count for stat in stats])
    return Estimate(mean, error, freedom)


def _freedom(parts: Sequence[float], counts: Sequence[int]) -> int:
    """The degrees of freedom by Welch and Satterthwaite, rounded down, which widens the interval rather than narrows
    it; the formula is never below those of the smallest sample."""
    shares = [part / sum(parts) for part in parts]
    exact = 1 / sum(share**2 / (count - 1) for share, count in zip(shares, counts, strict=True))
    return max(min(counts) - 1, int(exact + 1e-6))  # two of equal spread must not lose one to rounding
