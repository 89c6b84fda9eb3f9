"""Launches to figures, and figures to what may be said of them. The launch is the sample, never the request.

Cells are compared by the ratio of their figures, paired by round: what drifts between rounds falls out of it. The mean
of its logarithm has a t interval, which at few launches covers what it says it does where a bootstrap does not
(T. Hesterberg, 2015, "What Teachers Should Know About the Bootstrap"); several comparisons share one risk of error by
Holm's rule (S. Holm, 1979, "A Simple Sequentially Rejective Multiple Test Procedure").
"""

from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from math import exp, inf, log, sqrt
from statistics import fmean, median, stdev
from typing import Final, Literal, NamedTuple, Protocol, TypeVar

from mpmath import betainc, findroot

CONFIDENCE: Final = 0.95
POWER: Final = 0.8

# Differences below this decide nothing, however sure they are. A machine whose equal cells lie further apart than that
# has a larger floor of its own.
MATERIAL: Final = 0.02

# With two launches an interval spans orders of magnitude; a single one is a reported run's, and says what it is.
LAUNCHES_TO_DECIDE: Final = 3

# Below this, logarithms spread by nothing but their own rounding.
ROUNDING: Final = 1e-14

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
    def geometric_mean(self) -> float:
        """What ratios are made of; 0 where a figure is not above that: then there is none."""
        return exp(fmean(map(log, self.by_round.values()))) if self.low > 0 else 0.0

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
        if self.count < LAUNCHES_TO_DECIDE or self.low <= 0:
            return None
        logs = [log(value) for value in self.by_round.values()]
        margin = reach(1, len(logs) - 1) * stdev(logs) / sqrt(len(logs))
        return exp(fmean(logs) - margin), exp(fmean(logs) + margin)

    def map(self, factor: float) -> "Stat":
        """The quantity in another unit, or shared out."""
        return Stat({round_: value * factor for round_, value in self.by_round.items()})


class Evidence(Protocol):
    """What a difference is judged by: see `Estimate`, whose names these are."""

    @property
    def mean(self) -> float: ...
    @property
    def p(self) -> float | None: ...
    def ends(self, among: int = 1) -> tuple[float, float] | None: ...


@dataclass(frozen=True, slots=True)
class Estimate:
    """What launches tell of the logarithm of a ratio: its mean, and the standard error of that with its degrees of
    freedom. `error` is None where the launches are too few for one, and `freedom` then 0."""

    mean: float
    error: float | None
    freedom: int

    @property
    def p(self) -> float | None:
        """The chance of a mean this far from 0 between equal cells, by itself; None without an error."""
        if self.error is None:
            return None
        if self.error < ROUNDING:  # figures that do not vary, like the bytes of the weights
            return 1.0 if abs(self.mean) < ROUNDING else 0.0
        return 2 * (1 - t_probability(abs(self.mean) / self.error, self.freedom))

    def ends(self, among: int = 1) -> tuple[float, float] | None:
        """The t interval of the mean at its share of the risk of error, when `among` comparisons share it evenly."""
        if self.error is None:
            return None
        margin = 0.0 if self.error < ROUNDING else reach(among, self.freedom) * self.error
        return self.mean - margin, self.mean + margin


@dataclass(frozen=True, slots=True)
class Comparison:
    """A quantity against that of another cell.

    `ratio` is the geometric mean of the ratios of the rounds that both have, with fewer than two of those that of the
    medians. `low` and `high` are the ends of its 95% t interval, widened for the comparisons that were made with it as
    Holm's rule does, so that it leaves out 1 just where the difference is proven; None where there are not three such
    rounds, unless nothing varied. `verdict` is what may be said of it among the comparisons that it was made with.
    """

    ratio: float
    low: float | None
    high: float | None
    verdict: Verdict

    @property
    def inverted(self) -> "Comparison":
        """The other cell's quantity against this one's."""
        low, high = (None, None) if self.low is None or self.high is None else (1 / self.high, 1 / self.low)
        turned: dict[Verdict, Verdict] = {"higher": "lower", "lower": "higher", "same": "same"}
        return replace(self, ratio=1 / self.ratio, low=low, high=high, verdict=turned[self.verdict])

    @property
    def change_percent(self) -> float:
        """The difference, as a share of the other cell's figure."""
        return 100 * (self.ratio - 1)


def compare_all(values: Mapping[Key, Stat], base: Stat, floor: float = MATERIAL) -> dict[Key, Comparison]:
    """Each value against `base`, as one family: all their verdicts are right together, with 95% confidence.

    A value is the same as the base when their difference is not proven, or below `floor`. With a single launch each
    nothing can be proven; the verdict then rests on the floor alone, and `low` and `high` say that there is no
    interval. Of several launches with fewer than three rounds in common nothing is proven.
    Values that have no ratio to the base (a figure of theirs is not above 0) are left out.
    """
    estimates = {key: paired for key, value in values.items() if (paired := estimate(value, base)) is not None}
    single = {key for key in estimates if values[key].count == base.count == 1}
    return judge(estimates, floor, single)


def compare(value: Stat, base: Stat, floor: float = MATERIAL) -> Comparison | None:
    """One value against `base`, by itself."""
    return compare_all({"": value}, base, floor).get("")


def estimate(value: Stat, base: Stat) -> Estimate | None:
    """The ratio of the two, paired by round; None where a figure is not above 0. Two rounds that differ give no error:
    an interval of two would span orders of magnitude."""
    if value.low <= 0 or base.low <= 0:
        return None
    logs = log_ratios(value, base)
    if len(logs) < 2:
        return Estimate(log(value.median / base.median), None, 0)
    error = stdev(logs) / sqrt(len(logs))
    if len(logs) < LAUNCHES_TO_DECIDE and error >= ROUNDING:
        return Estimate(fmean(logs), None, 0)
    return Estimate(fmean(logs), error, len(logs) - 1)


def log_ratios(value: Stat, base: Stat) -> list[float]:
    """The logarithms of the ratios of the rounds that both have, in their order."""
    rounds = sorted(set(value.by_round) & set(base.by_round))
    return [log(value.by_round[round_] / base.by_round[round_]) for round_ in rounds]


def judge(estimates: Mapping[Key, Evidence], floor: float, single: Collection[Key] = ()) -> dict[Key, Comparison]:
    """What may be said of the estimates as one family, differences below `floor` deciding nothing. Those without an
    error are no differences, but for the `single` ones, of which nothing better can be had."""
    p_values = {key: p for key, one in estimates.items() if (p := one.p) is not None}
    decisions = holm(p_values)
    found = {}
    for key, one in estimates.items():
        proven, among = decisions.get(key, Decision(key in single, 1))
        low, high = (exp(end) for end in ends) if (ends := one.ends(among)) else (None, None)
        verdict: Verdict = "same"
        if proven and abs(one.mean) >= log(1 + floor):
            verdict = "higher" if one.mean > 0 else "lower"
        found[key] = Comparison(exp(one.mean), low, high, verdict)
    return found


class Decision(NamedTuple):
    """Whether a difference is proven, and among how many comparisons the risk was shared when that was decided."""

    proven: bool
    among: int


def holm(p_values: Mapping[Key, float]) -> dict[Key, Decision]:
    """Which differences are proven, with a risk of 5% that any of those is not real."""
    decisions: dict[Key, Decision] = {}
    among = len(p_values)
    for key in sorted(p_values, key=lambda key: p_values[key]):
        proven = p_values[key] <= (1 - CONFIDENCE) / among  # after the first that is not none is: `among` stays
        decisions[key] = Decision(proven, among)
        among -= proven
    return decisions


def reach(among: int, freedom: int) -> float:
    """How many standard errors a t interval extends to either side when `among` comparisons share the risk of error."""
    return t_quantile(1 - (1 - CONFIDENCE) / 2 / among, freedom)


def smallest_detectable(log_ratios: Sequence[float], comparisons: int = 1) -> float:
    """The smallest difference, as a share, that as many rounds as noisy as these would prove in four of five cases,
    as the first of so many `comparisons` under Holm's rule. Infinite with fewer than three rounds."""
    if len(log_ratios) < LAUNCHES_TO_DECIDE:
        return inf
    freedom = len(log_ratios) - 1
    errors = reach(comparisons, freedom) + t_quantile(POWER, freedom)
    return exp(errors * stdev(log_ratios) / sqrt(len(log_ratios))) - 1


def t_probability(t: float, freedom: int) -> float:
    """The chance that Student's t is below `t`."""
    tail = float(betainc(freedom / 2, 0.5, 0, freedom / (freedom + t * t), regularized=True)) / 2
    return 1 - tail if t > 0 else tail


@lru_cache
def t_quantile(probability: float, freedom: int) -> float:
    """Where Student's t is below with that probability, which must be above a half."""
    return float(findroot(lambda t: t_probability(float(t), freedom) - probability, 1.0))
