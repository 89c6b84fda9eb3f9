"""Where the names of points stand: inside the plot and clear of one another and of all points, whatever the screen."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import hypot
from typing import Final, Literal

from generator.render.chart import Chart, Mark
from generator.render.geometry import CURVES, Scale, across_scale, value_scale

# What a place is tried with: the narrowest screen, the widest, and between. Heights are the same on all.
WIDTHS_PX: Final = (288, 400, 520, 720, 960, 1250)
# How much room names take, beside points and along the upward axis.
LETTER_PX: Final = 8.0
LINE_PX: Final = 16
MARK_PX: Final = 6
ASIDE_PX: Final = 12
# What a line to a name leaves free before it.
GAP_PX: Final = 3


@dataclass(frozen=True, slots=True)
class Place:
    """Where a name begins or ends, seen from its point: to the right, and down to the middle of its line."""

    anchor: Literal["start", "end"]
    dx_px: float
    dy_px: float

    @property
    def is_far(self) -> bool:
        """Whether a line must lead to the name, because other points are as near to it."""
        return abs(self.dy_px) > LINE_PX

    @property
    def leader_px(self) -> tuple[tuple[float, float], tuple[float, float]]:
        """Both ends of that line, from the edge of the point to just before the name."""
        length_px = hypot(self.dx_px, self.dy_px)
        begin, end = MARK_PX / length_px, 1 - GAP_PX / length_px
        return (begin * self.dx_px, begin * self.dy_px), (end * self.dx_px, end * self.dy_px)


def label_places(chart: Chart) -> list[Place]:
    """A place for the name of each point, the nearest that is free: beside it, else above or below. Names keep clear of
    intervals and launches too, as far as there is room."""
    across, value = across_scale(chart), value_scale(chart)
    marks = [series.marks[0] for series in chart.series]
    points = [(across.share(float(mark.at)), _down_px(value, mark.value)) for mark in marks]
    taken = [[*_ticks(value), *(_symbol(x * width_px, y) for x, y in points)] for width_px in WIDTHS_PX]
    columns = [
        [_column(x * width_px, value, mark) for (x, _), mark in zip(points, marks, strict=True)]
        for width_px in WIDTHS_PX
    ]
    places = []
    for series, (x, y) in zip(chart.series, points, strict=True):
        name_px = LETTER_PX * len(series.name)
        tried = list(_places(x, name_px))
        inside = [place for place in tried if _is_free(place, x, y, name_px, taken)]
        clear = [place for place in inside if _is_free(place, x, y, name_px, columns)]
        place = next(iter([*clear, *inside, *tried]))
        places.append(place)
        for boxes, width_px in zip(taken, WIDTHS_PX, strict=True):
            boxes.append(_box(place, x * width_px, y, name_px))
    return places


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def _places(x: float, name_px: float) -> Iterator[Place]:
    """All places, the nearest first; `x` is the share of the width at which the point is."""
    yield Place("start", ASIDE_PX, 0)
    yield Place("end", -ASIDE_PX, 0)
    # As much to the left as a long name needs on a phone, and no more than the left edge allows.
    inwards_px = -max(0.0, min(x * WIDTHS_PX[0], x * WIDTHS_PX[0] + name_px - WIDTHS_PX[0]))
    for lines in range(1, int(CURVES / LINE_PX)):
        for dy_px in (-lines * LINE_PX, lines * LINE_PX):
            yield Place("start", ASIDE_PX, dy_px)
            yield Place("end", -ASIDE_PX, dy_px)
            yield Place("start", inwards_px, dy_px)


def _box(place: Place, x_px: float, y_px: float, name_px: float) -> _Box:
    left = x_px + place.dx_px - (name_px if place.anchor == "end" else 0)
    middle = y_px + place.dy_px
    return _Box(left, middle - LINE_PX / 2, left + name_px, middle + LINE_PX / 2)


def _is_free(place: Place, x: float, y: float, name_px: float, taken: Sequence[Sequence[_Box]]) -> bool:
    """Whether a name there is inside the plot and meets nothing, in every width."""
    boxes = [_box(place, x * width_px, y, name_px) for width_px in WIDTHS_PX]
    return all(
        box.left >= 0
        and box.right <= width_px
        and box.top >= 0
        and box.bottom <= CURVES
        and not any(box.meets(other) for other in others)
        for box, width_px, others in zip(boxes, WIDTHS_PX, taken, strict=True)
    )


def _symbol(x_px: float, y_px: float) -> _Box:
    return _Box(x_px - MARK_PX, y_px - MARK_PX, x_px + MARK_PX, y_px + MARK_PX)


def _column(x_px: float, value: Scale, mark: Mark) -> _Box:
    """What a mark's interval and launches cover."""
    low, high = mark.reach
    return _Box(x_px - MARK_PX, _down_px(value, high), x_px + MARK_PX, _down_px(value, low))


def _ticks(value: Scale) -> Iterator[_Box]:
    """The figures along the upward axis, which stand inside the plot, on their lines."""
    for figure, text in value.ticks:
        bottom = _down_px(value, figure)
        yield _Box(0, bottom - LINE_PX, LETTER_PX * len(text), bottom)


def _down_px(value: Scale, figure: float) -> float:
    return (1 - value.share(figure)) * CURVES
