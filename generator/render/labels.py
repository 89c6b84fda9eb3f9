"""Where the names of points stand, so that they keep clear of one another on a phone too."""

from dataclasses import dataclass
from typing import Final

from generator.render.chart import Chart
from generator.render.geometry import CURVES, across_scale, value_scale

# How much room names take beside points, on the narrowest screen.
PHONE: Final = 300
LETTER: Final = 6.8
LINE: Final = 16
MARK: Final = 6
ASIDE: Final = 12


def label_sides(chart: Chart) -> list[str]:
    """On which side of each point its name stands, so that on a phone it neither leaves the chart nor covers another
    name or point; inwards where no side is free."""
    across, value = across_scale(chart), value_scale(chart)
    places = [
        (across.share(float(mark.at)) * PHONE, (1 - value.share(mark.value)) * CURVES)
        for mark in (series.marks[0] for series in chart.series)
    ]
    taken = [_Box(x - MARK, y - MARK, x + MARK, y + MARK) for x, y in places]
    sides = []
    for index, (series, (x, y)) in enumerate(zip(chart.series, places, strict=True)):
        boxes = _boxes(x, y, LETTER * len(series.name))
        others = [box for other, box in enumerate(taken) if other != index]
        free = [
            side
            for side, box in boxes.items()
            if box.left >= 0 and box.right <= PHONE and not any(box.meets(other) for other in others)
        ]
        side = free[0] if free else "left" if x > PHONE / 2 else "right"
        taken.append(boxes[side])
        sides.append(side)
    return sides


@dataclass(frozen=True, slots=True)
class _Box:
    left: float
    top: float
    right: float
    bottom: float

    def meets(self, other: "_Box") -> bool:
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom


def _boxes(x: float, y: float, width: float) -> dict[str, _Box]:
    half = LINE / 2
    return {
        "right": _Box(x + ASIDE, y - half, x + ASIDE + width, y + half),
        "left": _Box(x - ASIDE - width, y - half, x - ASIDE, y + half),
        "above left": _Box(x - width, y - half - LINE, x, y - half),
        "below left": _Box(x - width, y + half, x, y + half + LINE),
        "above right": _Box(x, y - half - LINE, x + width, y - half),
        "below right": _Box(x, y + half, x + width, y + half + LINE),
    }
