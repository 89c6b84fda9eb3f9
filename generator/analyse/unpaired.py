"""Figures of two runs, which share no round: the ratio of their geometric means, and how sure it is.

Launches of different runs can't be paired, so what drifts between rounds stays in. The difference of the means of the
logarithms has the t interval of B. L. Welch (1947, "The Generalization of 'Student's' Problem when Several Different
Population Variances are Involved"), which lets each run spread as it does.
"""

from collections.abc import Mapping
from dataclasses import replace
from math import exp, log, sqrt
from statistics import fmean, variance
from typing import Final

from generator.analyse.statistics import (
    CONFIDENCE,
    MATERIAL,
    Comparison,
    Key,
    Stat,
    holm,
    t_probability,
    t_quantile,
    verdict_of,
)

# Below this, figures spread by nothing but the rounding of their logarithms.
ROUNDING: Final = 1e-14


def compare_unpaired(pairs: Mapping[Key, tuple[Stat, Stat]], floor: float = MATERIAL) -> dict[Key, Comparison]:
    """The first figure of each pair against the second, as one family: all their verdicts are right together, with 95%
    confidence for what the launches' spread tells. `rounds` is the number of launches of the one that has fewer.

    Where one has fewer than two launches there is no interval: the ratio is that of the medians, `low` and `high` are
    None, and the verdict is "same" because nothing is proven. Pairs that have no ratio (a figure is not above 0) are
    left out.
    """
    found = {key: compared for key, (value, base) in pairs.items() if (compared := _welch(value, base)) is not None}
    proven = holm({key: comparison.p for key, comparison in found.items() if comparison.low is not None})
    return {
        key: replace(comparison, verdict=verdict_of(comparison, proven=key in proven, floor=floor))
        for key, comparison in found.items()
    }


def _welch(value: Stat, base: Stat) -> Comparison | None:
    if value.low <= 0 or base.low <= 0:
        return None
    launches = min(value.count, base.count)
    if launches < 2:
        return Comparison(value.median / base.median, None, None, launches, 1.0, "same")
    mine, its = ([log(figure) for figure in stat.by_round.values()] for stat in (value, base))
    difference = fmean(mine) - fmean(its)
    parts = variance(mine) / len(mine), variance(its) / len(its)
    error = sqrt(sum(parts))
    if error < ROUNDING:  # figures that do not vary, like the bytes of the weights
        ratio = exp(difference)
        return Comparison(ratio, ratio, ratio, launches, 1.0 if abs(difference) < ROUNDING else 0.0, "same")
    freedom = _freedom(parts, (len(mine), len(its)))
    margin = t_quantile((1 + CONFIDENCE) / 2, freedom) * error
    p = 2 * (1 - t_probability(abs(difference) / error, freedom))
    return Comparison(exp(difference), exp(difference - margin), exp(difference + margin), launches, p, "same")


def _freedom(parts: tuple[float, float], counts: tuple[int, int]) -> int:
    """The degrees of freedom by Welch and Satterthwaite, rounded down, which widens the interval rather than narrows
    it; the formula is never below those of the smaller sample."""
    shares = [part / sum(parts) for part in parts]
    exact = 1 / sum(share**2 / (count - 1) for share, count in zip(shares, counts, strict=True))
    return max(min(counts) - 1, int(exact + 1e-6))  # two of equal spread must not lose one to rounding
