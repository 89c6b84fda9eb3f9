"""Launches to one figure a quantity: the median, and the lowest and highest that were seen."""

from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal

# Differences below 2% decide nothing: memory figures that are equal for any use differ by more than this, and
# identical launches on a quiet machine differ by up to this.
MATERIAL: Final = 0.02

Verdict = Literal["higher", "lower", "same"]


@dataclass(frozen=True, slots=True)
class Stat:
    """One quantity over the launches of a method: the launch is the sample, so `count` counts launches."""

    median: float
    low: float
    high: float
    count: int


@dataclass(frozen=True, slots=True)
class Comparison:
    """A quantity against that of another method: `ratio` of the medians, and what may be said of it."""

    ratio: float
    verdict: Verdict

    @property
    def change_percent(self) -> float:
        """The difference, as a share of the other method's figure."""
        return 100 * (self.ratio - 1)


def summarise(values: Sequence[float]) -> Stat:
    """At least one value, in any order."""
    return Stat(median(values), min(values), max(values), len(values))


def compare(value: Stat, base: Stat) -> Comparison | None:
    """`value` against `base`; the same when their ranges overlap or the medians differ immaterially. None for a base
    of zero, which has no ratio."""
    if base.median == 0:
        return None
    ratio = value.median / base.median
    apart = value.low > base.high or value.high < base.low
    if not apart or abs(ratio - 1) < MATERIAL:
        return Comparison(ratio, "same")
    return Comparison(ratio, "higher" if ratio > 1 else "lower")
