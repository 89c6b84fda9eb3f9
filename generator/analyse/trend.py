"""One quantity from run to run: which runs differ from those before them by more than noise, of launches and of runs.

Launches of one run spread by chance, and runs of one machine do so by more: another day, another temperature, another
process before. So a difference must be larger than both. What launches tell is Welch's interval (see `unpaired`). What
runs tell is the variance of their means over the stretches in which nothing is known to have changed, as the random
effect of one-way analysis of variance has it (G. W. Snedecor and W. G. Cochran, 1989, "Statistical Methods"): its t
interval covers the difference of one more run from the mean of earlier ones, whatever part of the noise is the
launches'. A run is judged by earlier ones alone, so that no verdict changes when another run is made. All comparisons
of one run share one risk of error by Holm's rule.
"""

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass, field
from math import log, sqrt
from statistics import fmean
from typing import Final, Literal, TypeVar

from generator.analyse.statistics import LAUNCHES_TO_DECIDE, MATERIAL, Comparison, Estimate, Stat, judge
from generator.analyse.unpaired import contrast

# Three runs without a known change leave two degrees of freedom, and the noise between runs is known; if badly.
FREEDOM_TO_KNOW: Final = 2

# What a verdict knows: the noise within runs and between them, or that within them alone.
Basis = Literal["between", "within"]

# What a run is compared with: the runs before it in which nothing is known to have changed, the first run, or the last
# one before the last change.
Against = Literal["previous", "first", "before_change"]

Line = TypeVar("Line", bound=Hashable)


@dataclass(frozen=True, slots=True)
class Point:
    """A figure of one run. `calm` says that nothing is known to have changed since the point before; differences below
    `floor`, as a share, decide nothing in it, nor in later ones."""

    stat: Stat
    calm: bool
    floor: float = MATERIAL


@dataclass(frozen=True, slots=True)
class Step:
    """The figure of run `at` against that of runs `base`, all by their numbers. Without an interval there is no
    verdict: the launches are too few."""

    at: int
    against: Against
    base: tuple[int, ...]
    comparison: Comparison
    basis: Basis

    @property
    def is_change(self) -> bool:
        """Whether the figure differs, by all that is known of its noise."""
        return self.comparison.verdict != "same"


@dataclass(frozen=True, slots=True)
class Spread:
    """How far runs lie apart in which nothing is known to have changed: the standard deviation of the logarithms of
    their geometric means, and its degrees of freedom."""

    deviation: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Trend:
    """The steps of one line, in the order of its runs, and the spread of all its runs; None where three of them without
    a known change are not there."""

    steps: tuple[Step, ...]
    spread: Spread | None


def trends(lines: Mapping[Line, Mapping[int, Point]]) -> dict[Line, Trend]:
    """What may be said of each line, whose points are by the number of their run. All lines are figures of one
    quantity, and those of one run are judged together. Points that have no ratio to others (a figure is not above 0)
    are left out."""
    floor = 0.0
    tracks = {line: _Track() for line in lines}
    found: dict[Line, list[Step]] = {line: [] for line in lines}
    for at in sorted({at for points in lines.values() for at in points}):
        here = {line: points[at] for line, points in lines.items() if at in points and points[at].stat.low > 0}
        floor = max([floor, *(point.floor for point in here.values())])
        claims = {
            (line, against): claim for line, point in here.items() for against, claim in tracks[line].claims(point)
        }
        verdicts = judge({key: claim.evidence for key, claim in claims.items()}, floor)
        for (line, against), comparison in verdicts.items():
            claim = claims[line, against]
            found[line].append(Step(at, against, claim.base, comparison, claim.evidence.basis))
        for line, point in here.items():
            previous = next((one for one in found[line] if (one.at, one.against) == (at, "previous")), None)
            # What nothing explains, of runs whose noise is not known, may be that noise: it must be seen as such later.
            parts = previous is not None and previous.is_change and (previous.basis == "between" or not point.calm)
            tracks[line].add(at, point, parts=parts)
    return {line: Trend(tuple(found[line]), tracks[line].spread) for line in lines}


@dataclass(frozen=True, slots=True)
class _Both:
    """A difference by two kinds of noise, the stronger of which decides; see `statistics.Evidence`."""

    within: Estimate
    between: Estimate | None

    @property
    def basis(self) -> Basis:
        return "within" if self.between is None else "between"

    @property
    def mean(self) -> float:
        return self.within.mean

    @property
    def p(self) -> float | None:
        within, between = self.within.p, self.between.p if self.between else None
        return within if within is None or between is None else max(within, between)

    def ends(self, among: int = 1) -> tuple[float, float] | None:
        ends = self.within.ends(among)
        others = self.between.ends(among) if self.between else None
        return ends if ends is None or others is None else (min(ends[0], others[0]), max(ends[1], others[1]))


@dataclass(frozen=True, slots=True)
class _Claim:
    base: tuple[int, ...]
    evidence: _Both


@dataclass(slots=True)
class _Track:
    """What is known of one line so far. A stretch is of runs between which nothing is known to have changed; it has
    those alone that have launches enough."""

    stats: dict[int, Stat] = field(default_factory=dict)
    stretches: list[dict[int, Stat]] = field(default_factory=list)
    last_before_change: int | None = None

    @property
    def spread(self) -> Spread | None:
        freedom = sum(len(stretch) - 1 for stretch in self.stretches if stretch)
        if freedom < FREEDOM_TO_KNOW:
            return None
        means = ([_mean(stat) for stat in stretch.values()] for stretch in self.stretches if stretch)
        squares = sum((one - fmean(stretch)) ** 2 for stretch in means for one in stretch)
        return Spread(sqrt(squares / freedom), freedom)

    def claims(self, point: Point) -> Iterator[tuple[Against, _Claim]]:
        """What is to be judged of the next point."""
        if not self.stats:
            return
        runs = tuple(self.stats)
        bases: dict[Against, tuple[int, ...]] = {"previous": tuple(self.stretches[-1]) or runs[-1:]}
        if runs[:1] != bases["previous"]:
            bases["first"] = runs[:1]
        if self.last_before_change is not None and (self.last_before_change,) not in bases.values():
            bases["before_change"] = (self.last_before_change,)
        spread = self.spread
        for against, base in bases.items():
            within = contrast(point.stat, *(self.stats[one] for one in base))
            if within is not None:
                between = None
                if spread is not None:
                    error = spread.deviation * sqrt(1 + 1 / len(base))
                    between = Estimate(within.mean, error, spread.freedom)
                yield against, _Claim(base, _Both(within, between))

    def add(self, at: int, point: Point, *, parts: bool) -> None:
        """The point was judged; `parts` says whether it is taken for changed."""
        if parts:
            self.last_before_change = next(reversed(self.stats))
        if parts or not point.calm or not self.stretches:
            self.stretches.append({})
        self.stats[at] = point.stat
        if point.stat.count >= LAUNCHES_TO_DECIDE:
            self.stretches[-1][at] = point.stat


def _mean(stat: Stat) -> float:
    return fmean(log(figure) for figure in stat.by_round.values())
