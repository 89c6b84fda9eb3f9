"""Where the marks of a chart stand: across as shares of the width, which nobody knows beforehand, and downwards in
pixels. The picture in the page and Plotly's figure stand in the same places, so that nothing jumps when one takes the
other's."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from math import ceil, floor, log10
from typing import Final

from generator.render.chart import Axis, Chart, Mark, Series

# Heights in pixels. A bar's label stands above it, so that a phone's whole width is left to the bars.
LABEL: Final = 20
BAR: Final = 14
STACKED: Final = 22
GAP: Final = 14
HEADING: Final = 26
CURVES: Final = 300
# The marks of the axis across, and its title.
FOOT: Final = 46

# Beside curves: room for the marks of the upward axis, which stand inside, and for the last mark's half.
BEFORE: Final = 0.12
BEHIND: Final = 0.04
# Above and below curves that do not stand on 0, as a share of their height.
ROOM: Final = 0.08

_NEXT_TO_NOTHING: Final = 1e-9


@dataclass(frozen=True, slots=True)
class Scale:
    """From figures to shares: `low` is at 0, `high` at 1."""

    axis: Axis
    low: float
    high: float

    def share(self, value: float) -> float:
        """Where a figure is, not beyond the ends."""
        low, high, value = (log10(one) if self.axis.log else one for one in (self.low, self.high, value))
        return min(1.0, max(0.0, (value - low) / (high - low)))

    @property
    def ticks(self) -> tuple[tuple[float, str], ...]:
        """Round figures between the ends, and how they are written."""
        if self.axis.ticks:
            return self.axis.ticks
        values = list(_decades(self.low, self.high) if self.axis.log else ()) or list(_steps(self.low, self.high))
        apart = min((after - before for before, after in pairwise(values)), default=1.0)
        digits = max(0, -floor(log10(min(apart, values[0] or apart))))
        # Plotly hides what would reach beyond its edge, where 0 is, and half of "0.00" would.
        return tuple((value, f"{value:,.{digits}f}" if value else "0") for value in values)


def _steps(low: float, high: float) -> Iterator[float]:
    rough = (high - low) / 5
    power = 10.0 ** floor(log10(rough))
    step = next(power * factor for factor in (1, 2, 5, 10) if power * factor >= rough)
    for index in range(ceil(low / step), floor(high / step) + 1):
        yield min(high, max(low, float(f"{index * step:.12g}")))  # a round figure may lie a rounding beyond an end


def _decades(low: float, high: float) -> Iterator[float]:
    factors = (1, 2, 5) if high / low < 100 else (1,)
    for power in range(floor(log10(low)), ceil(log10(high)) + 1):
        for factor in factors:
            if low <= factor * 10.0**power <= high:
                yield factor * 10.0**power


def value_scale(chart: Chart) -> Scale:
    """The scale of the figures: from 0, or from below the least where it is logarithmic or its axis is not from 0."""
    if chart.kind == "stack":
        tops = [sum(m.value for s in chart.series for m in s.marks if m.at == name) for name in chart.categories]
        return Scale(chart.value, 0.0, _end(max(tops)))
    marks = [mark for series in chart.series for mark in series.marks]
    if not chart.value.from_zero:  # an interval of three launches may be so wide that nothing else would be seen
        figures = [figure for mark in marks for figure in (mark.value, *mark.launches)]
        low, high = min(figures), max(figures)
        room = ROOM * ((high - low) or high)
        return Scale(chart.value, max(0.0, low - room), high + room)
    low, high = _reach(mark.reach for mark in marks)
    if chart.value.log:
        return Scale(chart.value, low / 1.6, high * 1.6)
    high = max(high, chart.reference or 0.0)
    return Scale(chart.value, 0.0, _end(high * (1.02 if chart.kind == "bars" else 1.06)))


def across_scale(chart: Chart) -> Scale:
    """The scale across curves, with room at its ends."""
    assert chart.across is not None
    places = [float(mark.at) for series in chart.series for mark in series.marks]
    low, high = min(places), max(places)
    if not chart.across.from_zero:
        width = ((high - low) or 1.0) / (1 - BEFORE - BEHIND)
        return Scale(chart.across, low - BEFORE * width, high + BEHIND * width)
    if not chart.across.log:
        return Scale(chart.across, 0.0, _end(high / (1 - BEHIND)))
    decade = (log10(high / low) or 1.0) / (1 - BEFORE - BEHIND)
    return Scale(chart.across, low / 10 ** (BEFORE * decade), high * 10 ** (BEHIND * decade))


def _end(greatest: float) -> float:
    """Where an axis from 0 ends: no figure of a record is so small that it can't be told from 0, so an axis of such
    figures alone ends at 1."""
    return greatest if greatest > _NEXT_TO_NOTHING else 1.0


def _reach(ends: Iterable[tuple[float, float]]) -> tuple[float, float]:
    lows, highs = zip(*ends, strict=True)
    return min(lows), max(highs)


@dataclass(frozen=True, slots=True)
class Bar:
    """A bar's place: its label's base line, its middle and its height, all downwards."""

    series: Series
    mark: Mark
    label: str
    label_px: int
    middle_px: float
    height_px: int


@dataclass(frozen=True, slots=True)
class Bars:
    """All bars, the headings of groups with their base lines, and how far down they reach."""

    bars: tuple[Bar, ...]
    headings: tuple[tuple[str, int], ...]
    height_px: int


def place_bars(chart: Chart) -> Bars:
    """Bars one below the other; those of several runs in groups, one for each category."""
    bars: list[Bar] = []
    headings = []
    below = 0
    for category in chart.categories:
        if chart.several:
            headings.append((category, below + HEADING - 8))
            below += HEADING
        for series in chart.series:
            for mark in series.marks:
                if mark.at == category:
                    label = series.name if chart.several else category
                    bars.append(Bar(series, mark, label, below + LABEL - 5, below + LABEL + BAR / 2, BAR))
                    below += LABEL + BAR + (4 if chart.several else GAP)
        below += 8 if chart.several else 0
    return Bars(tuple(bars), tuple(headings), below)


def place_stacks(chart: Chart) -> Bars:
    """One bar a category, of parts that stand one after the other; the label is on its first part alone."""
    bars = []
    for index, category in enumerate(chart.categories):
        below = index * (LABEL + STACKED + GAP)
        label = category
        for series in chart.series:
            for mark in series.marks:
                if mark.at == category and mark.value > 0:
                    middle = below + LABEL + STACKED / 2
                    bars.append(Bar(series, mark, label, below + LABEL - 5, middle, STACKED))
                    label = ""
    return Bars(tuple(bars), (), len(chart.categories) * (LABEL + STACKED + GAP))


def height_px(chart: Chart) -> int:
    """How far down the whole drawing reaches."""
    if chart.kind in {"curves", "points"}:
        return CURVES + FOOT
    return (place_stacks(chart) if chart.kind == "stack" else place_bars(chart)).height_px + FOOT
