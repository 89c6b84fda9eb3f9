"""The figures of a chart as a table, and as files for spreadsheets and programs."""

import csv
import io
import json
from typing import Final

from generator.render.chart import Chart, Mark, Series
from generator.render.sheet import defused

_INTERVAL: Final = "95% interval"
_LAUNCHES: Final = "Each launch"


def columns(chart: Chart) -> tuple[str, ...]:
    """The head of the table."""
    if chart.kind == "stack":
        return (chart.subject, *(f"{series.name}, {chart.value.unit}" for series in chart.series))
    across = (chart.across.label,) if chart.across else ()
    return (chart.subject, *across, chart.value.label, *_extras(chart))


def rows(chart: Chart) -> tuple[tuple[str, ...], ...]:
    """Its rows, each of which begins with what it is about."""
    if chart.kind == "stack":
        return tuple((name, *(chart.value.text(value) for value in _parts(chart, name))) for name in chart.categories)
    return tuple(_row(chart, series, mark) for series in chart.series for mark in series.marks)


def _extras(chart: Chart) -> tuple[str, ...]:
    return ((_INTERVAL,) if chart.has_intervals else ()) + ((_LAUNCHES,) if chart.has_launches else ())


def _row(chart: Chart, series: Series, mark: Mark) -> tuple[str, ...]:
    value = chart.value
    row = [f"{mark.at}, {series.name}" if chart.several else str(mark.at)]
    if chart.across is not None:
        assert isinstance(mark.at, int | float)
        row = [series.name, chart.across.tick(mark.at)]
    row.append(value.text(mark.value, mark.spread))
    if chart.has_intervals:
        row.append(value.interval(mark) or "–")
    if chart.has_launches:
        row.append("; ".join(value.text(launch) for launch in mark.launches) or "–")
    return tuple(row)


def _parts(chart: Chart, category: str) -> list[float]:
    return [next((mark.value for mark in one.marks if mark.at == category), 0.0) for one in chart.series]


def as_csv(chart: Chart) -> str:
    """A row for each mark (RFC 4180)."""
    lines = io.StringIO(newline="")
    writer = csv.writer(lines)
    across = chart.across.label if chart.across else chart.subject
    writer.writerow(["series", across, chart.value.label, "interval_low", "interval_high", "launches"])
    for series in chart.series:
        for mark in series.marks:
            at = defused(mark.at) if isinstance(mark.at, str) else mark.at
            ends = ["" if end is None else end for end in (mark.low, mark.high)]
            launches = " ".join(str(value) for value in mark.launches)
            writer.writerow([defused(series.name), at, mark.value, *ends, launches])
    return lines.getvalue()


def as_json(chart: Chart) -> str:
    """The same with the names of the axes."""
    series = [{"name": one.name, "marks": [_mark(mark) for mark in one.marks]} for one in chart.series]
    axes = {"value": chart.value.label, "across": chart.across.label if chart.across else None}
    return json.dumps({"chart": chart.slug, "runs": chart.runs} | axes | {"series": series}, indent=2) + "\n"


def _mark(mark: Mark) -> dict[str, object]:
    interval = None if mark.low is None else [mark.low, mark.high]
    return {"at": mark.at, "value": mark.value, "interval": interval, "launches": list(mark.launches)}
