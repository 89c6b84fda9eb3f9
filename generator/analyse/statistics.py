"""Launches to figures, and figures to what may be said of them. The launch is the sample, never the request.

Cells are compared by the ratio of their figures, paired by round: what drifts between rounds falls out of it. The mean
of its logarithm has a t interval, which at few launches covers what it says it does where a bootstrap does not
(T. Hesterberg, 2015, "What Teachers Should Know About the Bootstrap"); several comparisons share one risk of error by
Holm's rule (S. Holm, 1979, "A Simple Sequentially Rejective Multiple Test Procedure").
"""

from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, inf, log, sqrt
from statistics import fmean, median, stdev
from typing import Final, Literal, TypeVar

from mpmath import betainc, findroot

CONFIDENCE: Final = 0.95
POWER: Final = 0.8

# Differences below this decide nothing, however sure they are. A machine whose equal cells lie further apart than that
# has a larger floor of its own.
MATERIAL: Final = 0.02

Verdict = Literal["higher", "lower", "same"]
Key = TypeVar("Key", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Stat:
    """One quantity of one cell: a figure for each launch, by the launch's round."""

    by_round: Mapping[int, float]

    @property
    def median(self) -> float:
        """The figure that stands for the cell."""
        return median(self.by_round.values())

    @property
    def low(self) -> float:
        """The lowest launch."""
        return min(self.by_round.values())

    @property
    def high(self) -> float:
        """The highest launch."""
        return max(self.by_round.values())

    @property
    def count(self) -> int:
        """How many launches there are."""
        return len(self.by_round)

    @property
    def interval(self) -> tuple[float, float] | None:
        """The 95% t interval of the figure's geometric mean, by itself; None with fewer than three launches, where it
        would span orders of magnitude, and where a figure is not above 0."""
        logs = [log(value) for value in self.by_round.values() if value > 0]
        if len(logs) < 3 or len(logs) < self.count:
            return None
        margin = t_quantile((1 + CONFIDENCE) / 2, len(logs) - 1) * stdev(logs) / sqrt(len(logs))
        return exp(fmean(logs) - margin), exp(fmean(logs) + margin)

    def map(self, factor: float) -> "Stat":
        """The quantity in another unit, or shared out."""
        return Stat({round_: value * factor for round_, value in self.by_round.items()})


@dataclass(frozen=True, slots=True)
class Comparison:
    """A quantity against that of another cell.

    `ratio` is the geometric mean of the ratios of the rounds that both have, `low` and `high` its 95% t interval, None
    where there are not two such rounds. `p` is the chance of a ratio this far from 1 between equal cells, by itself;
    `verdict` is what may be said of it among the comparisons that it was made with.
    """

    ratio: float
    low: float | None
    high: float | None
    rounds: int
    p: float
    verdict: Verdict

    @property
    def change_percent(self) -> float:
        """The difference, as a share of the other cell's figure."""
        return 100 * (self.ratio - 1)


def compare_all(values: Mapping[Key, Stat], base: Stat, floor: float = MATERIAL) -> dict[Key, Comparison]:
    """Each value against `base`, as one family: all their verdicts are right together, with 95% confidence.

    A value is the same as the base when their difference is not proven, or below `floor`. With a single launch each
    nothing can be proven; the verdict then rests on the floor alone, and `low` and `high` say that there is no
    interval.
    Values that have no ratio to the base (a figure of theirs is not above 0) are left out.
    """
    found = {key: _compare(value, base) for key, value in values.items()}
    family = {key: comparison for key, comparison in found.items() if comparison is not None}
    proven = holm({key: comparison.p for key, comparison in family.items()})
    return {
        key: replace(comparison, verdict=verdict_of(comparison, proven=key in proven, floor=floor))
        for key, comparison in family.items()
    }


def compare(value: Stat, base: Stat, floor: float = MATERIAL) -> Comparison | None:
    """One value against `base`, by itself."""
    return compare_all({"": value}, base, floor).get("")


def _compare(value: Stat, base: Stat) -> Comparison | None:
    if any(figure <= 0 for stat in (value, base) for figure in stat.by_round.values()):
        return None
    logs = log_ratios(value, base)
    rounds = len(logs)
    if rounds < 2:
        return Comparison(value.median / base.median, None, None, rounds, 0.0, "same")
    mean = fmean(logs)
    error = stdev(logs) / sqrt(len(logs))
    margin = t_quantile((1 + CONFIDENCE) / 2, len(logs) - 1) * error
    if error == 0:  # figures that do not vary, like the bytes of the weights
        return Comparison(exp(mean), exp(mean), exp(mean), rounds, 1.0 if mean == 0 else 0.0, "same")
    p = 2 * (1 - t_probability(abs(mean) / error, len(logs) - 1))
    return Comparison(exp(mean), exp(mean - margin), exp(mean + margin), rounds, p, "same")


def log_ratios(value: Stat, base: Stat) -> list[float]:
    """The logarithms of the ratios of the rounds that both have, in their order."""
    rounds = sorted(set(value.by_round) & set(base.by_round))
    return [log(value.by_round[round_] / base.by_round[round_]) for round_ in rounds]


def verdict_of(comparison: Comparison, *, proven: bool, floor: float) -> Verdict:
    """What may be said of a comparison that is `proven` among those that it was made with, or is not."""
    if not proven or abs(log(comparison.ratio)) < log(1 + floor):
        return "same"
    return "higher" if comparison.ratio > 1 else "lower"


def holm(p_values: Mapping[Key, float]) -> set[Key]:
    """The keys whose differences are proven, with a risk of 5% that any of them is not real."""
    proven: set[Key] = set()
    for rank, key in enumerate(sorted(p_values, key=lambda key: p_values[key])):
        if p_values[key] > (1 - CONFIDENCE) / (len(p_values) - rank):
            break
        proven.add(key)
    return proven


def smallest_detectable(log_ratios: Sequence[float], comparisons: int = 1) -> float:
    """The smallest difference, as a share, that as many rounds as noisy as these would prove in four of five cases,
    as the first of so many `comparisons` under Holm's rule. Infinite with fewer than two rounds."""
    if len(log_ratios) < 2:
        return inf
    freedom = len(log_ratios) - 1
    reach = t_quantile(1 - (1 - CONFIDENCE) / 2 / comparisons, freedom) + t_quantile(POWER, freedom)
    return exp(reach * stdev(log_ratios) / sqrt(len(log_ratios))) - 1


def t_probability(t: float, freedom: int) -> float:
    """The chance that Student's t is below `t`."""
    tail = float(betainc(freedom / 2, 0.5, 0, freedom / (freedom + t * t), regularized=True)) / 2
    return 1 - tail if t > 0 else tail


@lru_cache
def t_quantile(probability: float, freedom: int) -> float:
    """Where Student's t is below with that probability, which must be above a half."""
    start = 1.0 if probability < 0.9 else 2.0 + 20 * (freedom == 1)
    return float(findroot(lambda t: t_probability(float(t), freedom) - probability, start, tol=1e-18, verify=False))
