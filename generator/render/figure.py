"""A chart as Plotly's figure, standing where its picture stands. Colours are the page's: a trace names them, in `meta`,
and how strong they are."""

from collections.abc import Sequence
from html import escape
from math import log10
from typing import Any, Final

import plotly.graph_objects as go

from generator.render.chart import Chart, Mark, Series
from generator.render.geometry import (
    CURVES,
    FOOT,
    Bar,
    Bars,
    Scale,
    across_scale,
    height_px,
    place_bars,
    place_stacks,
    value_scale,
)
from generator.render.labels import GAP_PX, MARK_PX, Place, label_places
from generator.render.looks import Look, look_of

# How high the figure of a tick stands above its line.
TICK_PX: Final = 13


def figure_json(chart: Chart) -> str:
    """What Plotly draws, as JSON."""
    traces, layout = {"bars": _bars, "stack": _stack, "curves": _curves, "points": _curves}[chart.kind](chart)
    figure = go.Figure(data=traces, layout={"height": height_px(chart), "showlegend": False} | layout)
    figure.layout.template = None  # 92% of a small figure; the page has its own
    return str(figure.to_json())


def _bars(chart: Chart) -> tuple[list[Any], dict[str, Any]]:
    scale, places = value_scale(chart), place_bars(chart)
    bars = places.bars
    traces: list[Any] = []
    for series in chart.series:
        own = [bar for bar in bars if bar.series is series]
        looks = [look_of(bar.mark.look, series.drawn) for bar in own]
        traces.append(
            _bar_trace(own, looks)
            | {
                "error_x": _whiskers([bar.mark for bar in own]),
                "customdata": [_sentence(chart, bar) for bar in own],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
        dots = [(launch, bar) for bar in own if len(bar.mark.launches) > 1 for launch in bar.mark.launches]
        if dots:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [launch for launch, _ in dots],
                    "y": [bar.middle_px for _, bar in dots],
                    "customdata": [f"{bar.label}, one launch: {chart.value.text(launch)}" for launch, bar in dots],
                    "hovertemplate": "%{customdata}<extra></extra>",
                    "meta": {"launches": True},
                }
            )
    return traces, _bars_layout(chart, scale, places)


def _stack(chart: Chart) -> tuple[list[Any], dict[str, Any]]:
    places = place_stacks(chart)
    traces = []
    for series in chart.series:
        own = [bar for bar in places.bars if bar.series is series]
        look = look_of(series.marks[0].look, series.drawn)
        traces.append(
            _bar_trace(own, [look])
            | {
                "name": series.name,
                "marker": {"pattern": {"shape": look.pattern, "size": 8, "solidity": 0.2}},
                "customdata": [f"{bar.mark.at}, {series.name}: {chart.value.amount(bar.mark)}" for bar in own],
                "hovertemplate": "%{customdata}<extra></extra>",
            }
        )
    return traces, _bars_layout(chart, value_scale(chart), places) | {"barmode": "stack"}


def _bar_trace(bars: Sequence[Bar], looks: Sequence[Look]) -> dict[str, Any]:
    return {
        "type": "bar",
        "orientation": "h",
        "x": [bar.mark.value for bar in bars],
        "y": [bar.middle_px for bar in bars],
        "width": [bar.height_px for bar in bars],
        "meta": _meta(looks),
    }


def _sentence(chart: Chart, bar: Bar) -> str:
    found = f"{bar.mark.at}, {_plain(bar.label)}" if chart.several else bar.label
    sentence = f"{found}: {chart.value.amount(bar.mark)}"
    interval = chart.value.interval(bar.mark)
    return f"{sentence}<br>95% interval {interval}" if interval else sentence


def _bars_layout(chart: Chart, scale: Scale, places: Bars) -> dict[str, Any]:
    # A label of its own bar on the left, its figure on the right.
    notes = [_note(text, y) | {"font": {"weight": 600}} for text, y in places.headings] + [
        _note(_plain(bar.label), bar.label_px) for bar in places.bars if bar.label
    ]
    if chart.kind == "bars":
        notes += [_note(chart.value.amount(bar.mark), bar.label_px, right=True) for bar in places.bars]
    lines = []
    if chart.reference is not None:
        at = {"x0": chart.reference, "x1": chart.reference, "yref": "paper", "y0": 0, "y1": 1}
        lines.append({"type": "line", "line": {"width": 1, "dash": "dot"}} | at)
    return {
        "margin": {"t": 0, "b": FOOT},
        "xaxis": _axis(scale),
        "yaxis": {"range": [places.height_px, 0], "visible": False, "fixedrange": True},
        "annotations": [*notes, _axis_note(chart.value.label)],
        "shapes": lines,
    }


def _plain(text: str) -> str:
    """A name of a record, in which Plotly is not to find elements."""
    return escape(text, quote=False)


def _note(text: str, y: float, *, right: bool = False) -> dict[str, Any]:
    end = {"x": 1, "xanchor": "right"} if right else {"x": 0, "xanchor": "left"}
    return {"text": text, "xref": "paper", "y": y + 4, "yanchor": "bottom", "showarrow": False, "borderpad": 0} | end


def _axis_note(text: str) -> dict[str, Any]:
    """What is across, beneath the marks of the axis; its colour and size are the page's for axes."""
    across = {"x": 0, "xref": "paper", "xanchor": "left"}
    down = {"y": 0, "yref": "paper", "yanchor": "top", "yshift": -23}
    return {"text": text, "name": "axis", "showarrow": False} | across | down


def _curves(chart: Chart) -> tuple[list[Any], dict[str, Any]]:
    across, value = across_scale(chart), value_scale(chart)
    assert chart.across is not None
    named = chart.kind == "points"
    traces = []
    for series in chart.series:
        look = look_of(series.marks[0].look, series.drawn)
        trace = {
            "type": "scatter",
            "name": series.name,
            "x": [mark.at for mark in series.marks],
            "y": [mark.value for mark in series.marks],
            "error_y": _whiskers(series.marks),
            "mode": "markers" if named else "lines+markers",
            "marker": {"symbol": look.symbol + ("-open" if look.open else "")},
            "line": {"dash": look.dash},
            "customdata": [_of_curve(chart, series, mark) for mark in series.marks],
            "hovertemplate": "%{customdata}<extra></extra>",
            "meta": _meta([look]),
        }
        traces.append(trace)
        dots = [(mark, launch) for mark in series.marks if len(mark.launches) > 1 for launch in mark.launches]
        if dots:
            traces.append(
                {
                    "type": "scatter",
                    "mode": "markers",
                    "x": [mark.at for mark, _ in dots],
                    "y": [launch for _, launch in dots],
                    "hoverinfo": "skip",
                    "meta": _meta([look]) | {"launches": True},
                }
            )
    names = zip(chart.series, label_places(chart), strict=True) if named else ()
    return traces, {
        "margin": {"t": 0, "b": FOOT},
        "xaxis": _axis(across) | {"showgrid": False},
        "yaxis": _upward_axis(value),
        "annotations": [*(_name_note(series, at) for series, at in names), _axis_note(chart.across.label)],
    }


def _name_note(series: Series, at: Place) -> dict[str, Any]:
    """A point's name, where the picture has it, with a line to it where it is far."""
    mark = series.marks[0]
    note = {"text": series.name, "x": mark.at, "y": mark.value, "borderpad": 0, "yanchor": "middle"}
    note["xanchor"] = {"start": "left", "end": "right"}[at.anchor]
    if at.is_far:
        ends = {"standoff": MARK_PX, "startstandoff": GAP_PX}
        return note | ends | {"ax": at.dx_px, "ay": at.dy_px, "arrowhead": 0, "arrowwidth": 1}
    return note | {"showarrow": False, "xshift": at.dx_px, "yshift": -at.dy_px}


def _of_curve(chart: Chart, series: Series, mark: Mark) -> str:
    assert chart.across is not None
    assert isinstance(mark.at, int | float)
    at = chart.across.tick(mark.at)
    sentence = f"{series.name}, {at} {chart.across.unit or 'users'}: {chart.value.amount(mark)}"
    if len(mark.launches) > 1:
        sentence += f"<br>launches: {'; '.join(chart.value.text(launch) for launch in mark.launches)}"
    return sentence


def _axis(scale: Scale) -> dict[str, Any]:
    axis = scale.axis
    kind: dict[str, Any] = {"range": [scale.low, scale.high]}
    if axis.log:
        kind = {"type": "log", "range": [log10(scale.low), log10(scale.high)]}
    ticks = scale.ticks
    return kind | {"tickvals": [value for value, _ in ticks], "ticktext": [text for _, text in ticks]}


def _upward_axis(scale: Scale) -> dict[str, Any]:
    """The axis of curves, its figures inside the plot. Plotly would hide all that touch an edge, on both axes; only one
    that has no room above its line must go."""
    axis = _axis(scale)
    axis["ticktext"] = [text if (1 - scale.share(at)) * CURVES >= TICK_PX else "" for at, text in scale.ticks]
    return axis | {"ticklabelposition": "inside top", "ticklabeloverflow": "allow", "zeroline": True}


def _meta(looks: Sequence[Look]) -> dict[str, Any]:
    return {"colours": [look.colour for look in looks], "strengths": [look.strength for look in looks]}


def _whiskers(marks: Sequence[Mark]) -> dict[str, Any] | None:
    if all(mark.low is None for mark in marks):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [0 if mark.high is None else mark.high - mark.value for mark in marks],
        "arrayminus": [0 if mark.low is None else mark.value - mark.low for mark in marks],
    }
