"""A chart described once: what it shows, in figures. The picture in the page (svg.py), Plotly's figure (figure.py), the
table and the files for download (table.py) all come from this; titles and explanations are words, in the templates."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final, Literal

from generator.analyse.cell import CellFindings
from generator.analyse.noise import Detectable
from generator.analyse.run import RunFindings
from generator.analyse.statistics import Comparison, Stat
from generator.cells import Cell
from generator.render import units

# Six significant digits are more than any of these figures has, and keep the page small and diffable.
DIGITS: Final = 6

# How a run is drawn: what was not measured on a GPU, or comes second beside another run, is fainter.
Drawn = Literal["measured", "another", "reported", "demo"]

Kind = Literal["bars", "stack", "curves", "points"]


@dataclass(frozen=True, slots=True)
class Axis:
    """What figures along an axis are. A logarithmic one names its `ticks`: where, and what is written there. Those of
    one that `is_exact` have all their digits, however unsure. One of curves that is not `from_zero` has the
    reach of their figures alone, for what moves by a few percent: intervals that leave it are cut off."""

    title: str
    unit: str
    digits: int = 0
    log: bool = False
    ticks: tuple[tuple[float, str], ...] = ()
    is_exact: bool = False
    from_zero: bool = True

    @property
    def label(self) -> str:
        return f"{self.title} ({self.unit})" if self.unit else self.title

    def text(self, value: float, spread: float = 0.0) -> str:
        """A figure of this axis, without its unit, and with no digits below its spread."""
        return units.number(value, self.digits, 0.0 if self.is_exact else spread)

    def tick(self, value: float) -> str:
        """A figure as it is written along the axis."""
        return dict(self.ticks).get(value, self.text(value))

    def amount(self, mark: "Mark") -> str:
        """A mark's figure with its unit."""
        return f"{self.text(mark.value, mark.spread)}{'' if self.unit in {'×', '%', ''} else ' '}{self.unit}"

    def interval(self, mark: "Mark") -> str | None:
        """A mark's interval, without its unit; None where it has none."""
        if mark.low is None or mark.high is None:
            return None
        return f"{self.text(mark.low, mark.spread)} to {self.text(mark.high, mark.spread)}"


def axis_of(quantity: str) -> Axis:
    """The axis of a quantity of the records."""
    return Axis(*units.LABELS[quantity])


@dataclass(frozen=True, slots=True)
class Mark:
    """One figure: of what (`at`: a category of bars, a number along a curve), its value, its 95% interval (None where
    there is none, or where nothing varied), and what each launch found. `look` names how it is drawn."""

    at: str | float
    value: float
    look: str
    low: float | None = None
    high: float | None = None
    launches: tuple[float, ...] = ()

    @property
    def spread(self) -> float:
        """Half the width of its interval; 0 where it has none."""
        return 0.0 if self.low is None or self.high is None else (self.high - self.low) / 2

    @property
    def reach(self) -> tuple[float, float]:
        """The least and the greatest number that belongs to it."""
        numbers = [self.value, *self.launches, *(end for end in (self.low, self.high) if end is not None)]
        return min(numbers), max(numbers)


@dataclass(frozen=True, slots=True)
class Series:
    """Marks that belong together: the bars of a run, a part of each stack, a curve. One that `is_apart` looks like the
    curve that it belongs to, and is not in the legend."""

    name: str
    marks: tuple[Mark, ...]
    drawn: Drawn = "measured"
    is_apart: bool = False


@dataclass(frozen=True, slots=True)
class Chart:
    """What is shown. `value` is the axis of the figures: along the bars, or upwards; `across` is the other axis, None
    for bars, whose marks stand at categories. `subject` heads the first column of its table. `reference` is a figure
    that gets a line. `detectable` says what differences the launches behind it would prove; `runs` are the ids of those
    whose records it shows."""

    slug: str
    kind: Kind
    subject: str
    value: Axis
    series: tuple[Series, ...]
    runs: tuple[str, ...]
    across: Axis | None = None
    reference: float | None = None
    detectable: Detectable | None = None

    @property
    def categories(self) -> tuple[str, ...]:
        """What bars stand for, in their order."""
        return tuple(dict.fromkeys(str(mark.at) for series in self.series for mark in series.marks))

    @property
    def several(self) -> bool:
        """Whether each category has a bar of more than one run."""
        return self.kind == "bars" and len(self.series) > 1

    @property
    def has_intervals(self) -> bool:
        """Whether any of its marks has one."""
        return any(mark.low is not None for series in self.series for mark in series.marks)

    @property
    def has_launches(self) -> bool:
        """Whether any of its marks stands for several launches."""
        return any(len(mark.launches) > 1 for series in self.series for mark in series.marks)

    @property
    def has_single_launches(self) -> bool:
        """Whether any of its marks stands for one launch alone, which is where the mark is and has no dot."""
        return any(len(mark.launches) == 1 for series in self.series for mark in series.marks)


def look(one: CellFindings) -> str:
    """See `look_of_cell`."""
    return look_of_cell(one.cell)


def look_of_cell(cell: Cell) -> str:
    """The method's look; with a star where it is not at home, which is drawn fainter."""
    return cell.method if cell.at_home else f"{cell.method}*"


def mark_of(one: CellFindings, stat: Stat, at: str | float | None = None) -> Mark:
    """A cell's figure, with its interval and its launches."""
    return marked(stat, one.name if at is None else at, look(one))


def marked(stat: Stat, at: str | float, look: str) -> Mark:
    """The same, of whatever has that look."""
    interval = stat.interval
    low, high = interval if interval and interval[0] < interval[1] else (None, None)
    return Mark(
        at=at,
        value=rounded(stat.median),
        look=look,
        low=None if low is None else rounded(low),
        high=None if high is None else rounded(high),
        launches=tuple(rounded(stat.by_round[round_]) for round_ in sorted(stat.by_round)),
    )


def of_ratio(comparison: Comparison, at: str, look: str) -> Mark:
    """A ratio with the interval of its comparison, of whatever has that look."""
    low, high = (None if end is None else rounded(end) for end in (comparison.low, comparison.high))
    return Mark(at, rounded(comparison.ratio), look, low, high)


def drawn(run: RunFindings, index: int = 0) -> Drawn:
    """How a run is drawn, as the first chart's or a later one of several."""
    return "another" if run.kind == "measured" and index else run.kind


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def together(found: Sequence[Detectable | None]) -> Detectable | None:
    """What the launches of several runs would prove: the least of all and the most of all."""
    known = [one for one in found if one is not None]
    if not known:
        return None
    least, most = min(known, key=lambda one: one.least), max(known, key=lambda one: one.most)
    return replace(least, most=most.most, noisiest=most.noisiest)
