"""Runs over time as charts and tables: every figure beside the first of its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from generator.analyse.findings import Findings
from generator.analyse.series import Line, Series, series_of
from generator.analyse.statistics import Stat
from generator.cells import Cell
from generator.render import units
from generator.render.chart import Axis, Chart, Drawn, drawn, look_of_cell, marked
from generator.render.chart import Series as Curve

# So many runs, the newest, are followed.
TOLD: Final = 30

# Below this, as a share, a line is as good as level, and has no chart: its figures are in the table.
LEVEL: Final = 0.002


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table of a series: a figure for each run, None where the run has none or did other work."""

    quantity: str
    cell: Cell
    line: Line
    figures: tuple[Stat | None, ...]


def page(findings: Findings) -> dict[str, Any]:
    """For the page of runs over time: the series with more than one run, and those with a single one."""
    found = series_of(findings, TOLD)
    several = tuple(one for one in found if len(one.runs) > 1)
    return {
        "several": several,
        "single": tuple(one for one in found if len(one.runs) == 1),
        "rows": {one.anchor: tuple(_rows(one)) for one in several},
        "charts": {one.anchor: tuple(_charts(one)) for one in several},
        "told": TOLD,
    }


def _rows(series: Series) -> Iterator[Row]:
    for quantity, lines in series.lines.items():
        for cell, line in lines.items():
            stats = {at: point.stat for at, point in line.points.items()}
            yield Row(quantity, cell, line, tuple(stats.get(at) for at in range(len(series.runs))))


def _charts(series: Series) -> Iterator[tuple[str, Chart]]:
    """Each quantity that moved, with its chart: figures in percent of the first of their line, run by run."""
    for quantity, lines in series.lines.items():
        curves = tuple(_curve(cell, line, drawn(series.newest)) for cell, line in lines.items() if _has_curve(line))
        values = [mark.value for curve in curves for mark in curve.marks]
        if not values or max(abs(value - 100) for value in values) < 100 * LEVEL:
            continue
        yield (
            quantity,
            Chart(
                slug=f"{series.anchor}-{quantity.replace('_', '-')}",
                kind="curves",
                subject="Method",
                value=Axis(f"{units.label(quantity)}, the first run’s being 100", "%", 1, from_zero=False),
                across=Axis(
                    "Run, from old to new",
                    "",
                    ticks=tuple((at + 1, str(at + 1)) for at in range(len(series.runs))),
                    from_zero=False,
                ),
                series=curves,
                runs=tuple(run.manifest.run_id for run in series.runs),
            ),
        )


def _has_curve(line: Line) -> bool:
    return len(line.points) > 1 and all(point.stat.low > 0 for point in line.points.values())


def _curve(cell: Cell, line: Line, drawn_as: Drawn) -> Curve:
    first = next(iter(line.points.values())).stat.median
    look = look_of_cell(cell)
    marks = tuple(marked(point.stat.map(100 / first), at + 1, look) for at, point in line.points.items())
    return Curve(cell.name, marks, drawn_as)
