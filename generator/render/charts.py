"""Findings to Plotly figures, without colours: the page gives each method its colour, in light and in dark.

A chart knows its data and its axes; its title and its explanation are words, and stand in the templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from generator.analyse.findings import MethodFindings, RunFindings
from generator.analyse.summary import Stat
from generator.render.units import bare, label, number, times, unit

# Six significant digits are more than any of these figures has, and keep the page small and diffable.
DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure as JSON, and the same numbers as a table: `columns`, then rows that begin with what the row is about."""

    slug: str
    figure: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def bars(run: RunFindings, quantity: str) -> Chart | None:
    """One bar a method; the whiskers are the lowest and the highest launch. None when no method has the quantity."""
    shown = [method for method in run.measured if quantity in method.stats]
    if not shown:
        return None
    stats = [method.stats[quantity] for method in shown]
    trace = go.Bar(
        y=[method.method.name for method in shown],
        x=[_rounded(stat.median) for stat in stats],
        error_x=_whiskers(stats),
        orientation="h",
        text=[bare(stat.median, quantity) for stat in stats],
        # At the foot of the bar, where no whisker crosses it.
        textposition="inside",
        insidetextanchor="start",
        hovertemplate="%{y}: %{text} " + unit(quantity) + "<extra></extra>",
        meta={"methods": [method.method.id for method in shown]} | _origin(run),
    )
    layout = {
        "xaxis": {"title": {"text": _axis(quantity)}, "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed"},
        "showlegend": False,
    }
    return Chart(
        slug=quantity.replace("_", "-"),
        figure=_json([trace], layout),
        columns=("Method", f"Median, {unit(quantity)}", "Lowest launch", "Highest launch", "Launches"),
        rows=tuple(
            (
                method.method.name,
                *(bare(value, quantity) for value in (stat.median, stat.low, stat.high)),
                str(stat.count),
            )
            for method, stat in zip(shown, stats, strict=True)
        ),
    )


def memory_parts(run: RunFindings) -> Chart | None:
    """Stacked bars that add up to the card. None when no method's device memory is known in parts."""
    parts = [(method, method.memory_parts) for method in run.measured]
    known = [(method, part) for method, part in parts if part is not None]
    if not known:
        return None
    names = ("weights", "kv_cache", "other", "free")
    labels = ("Weights", "KV cache, pre-allocated", "Activations and other", "Free")
    traces = [
        go.Bar(
            name=text,
            y=[method.method.name for method, _ in known],
            x=[_rounded(getattr(part, f"{name}_gib")) for _, part in known],
            orientation="h",
            hovertemplate="%{y}, " + text.lower() + ": %{x:.2f} GiB<extra></extra>",
            meta={"part": name},
        )
        for name, text in zip(names, labels, strict=True)
    ]
    layout = {
        "barmode": "stack",
        "xaxis": {"title": {"text": "GPU memory (GiB)"}},
        "yaxis": {"autorange": "reversed"},
    }
    return Chart(
        slug="memory-parts",
        figure=_json(traces, layout),
        columns=("Method", *(f"{text}, GiB" for text in labels)),
        rows=tuple(
            (method.method.name, *(number(getattr(part, f"{name}_gib"), 2) for name in names)) for method, part in known
        ),
    )


def speed_against_memory(run: RunFindings, memory: str = "weights_gib") -> Chart | None:
    """A point a method: memory across, speed up. None when fewer than two methods have both."""
    speed = "output_tokens_per_s"
    shown = [method for method in run.measured if speed in method.stats and memory in method.stats]
    if len(shown) < 2:
        return None
    traces = [
        go.Scatter(
            x=[_rounded(method.stats[memory].median)],
            y=[_rounded(method.stats[speed].median)],
            error_y=_whiskers([method.stats[speed]]),
            mode="markers+text",
            name=method.method.name,
            text=[method.method.name],
            # Alternately left and right, so that two methods that are close keep their names apart.
            textposition="middle right" if index % 2 else "middle left",
            hovertemplate=f"{method.method.name}: %{{y:.5~r}} {unit(speed)}, %{{x:.4~r}} {unit(memory)}<extra></extra>",
            meta={"method": method.method.id} | _origin(run),
        )
        for index, method in enumerate(shown)
    ]
    layout = {
        "xaxis": {"title": {"text": _axis(memory)}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": _axis(speed)}, "rangemode": "tozero"},
        "showlegend": False,
    }
    return Chart(
        slug="speed-against-memory",
        figure=_json(traces, layout),
        columns=("Method", _axis(memory), _axis(speed), "Lowest launch", "Highest launch"),
        rows=tuple(
            (
                method.method.name,
                bare(method.stats[memory].median, memory),
                *(bare(value, speed) for value in _three(method.stats[speed])),
            )
            for method in shown
        ),
    )


def relative_speed(runs: Sequence[tuple[str, RunFindings]]) -> Chart | None:
    """Each method's speed as a multiple of FP16's in the same run, the runs side by side. `runs` has names for them."""
    rows: list[tuple[str, ...]] = []
    traces = []
    for name, run in runs:
        ratios = _ratios(run)
        if not ratios:
            continue
        traces.append(
            go.Bar(
                name=name,
                x=[method.method.name for method, _ in ratios],
                y=[_rounded(ratio) for _, ratio in ratios],
                text=[times(ratio) for _, ratio in ratios],
                textposition="outside",
                hovertemplate="%{x}: %{text} of FP16<extra>" + name + "</extra>",
                meta={"methods": [method.method.id for method, _ in ratios]} | _origin(run),
            )
        )
        rows += [(f"{method.method.name}, {name}", times(ratio)) for method, ratio in ratios]
    if not traces:
        return None
    layout = {
        "barmode": "group",
        "yaxis": {"title": {"text": "Speed, as a multiple of FP16"}, "rangemode": "tozero"},
        "shapes": [
            {
                "type": "line",
                "xref": "paper",
                "x0": 0,
                "x1": 1,
                "y0": 1,
                "y1": 1,
                "line": {"width": 1, "dash": "dot"},
            }
        ],
    }
    return Chart("relative-speed", _json(traces, layout), ("Method and run", "Speed against FP16"), tuple(rows))


def _ratios(run: RunFindings) -> list[tuple[MethodFindings, float]]:
    base = run.baseline
    if base is None:
        return []
    found = [(method, method.against(base, "output_tokens_per_s")) for method in run.measured if method is not base]
    return [(method, comparison.ratio) for method, comparison in found if comparison]


def _origin(run: RunFindings) -> dict[str, str]:
    """Runs that are not measured on a GPU are drawn differently."""
    return {} if run.kind == "measured" else {"run": run.kind}


def _whiskers(stats: Sequence[Stat]) -> dict[str, Any] | None:
    if all(stat.low == stat.high for stat in stats):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [_rounded(stat.high - stat.median) for stat in stats],
        "arrayminus": [_rounded(stat.median - stat.low) for stat in stats],
    }


def _axis(quantity: str) -> str:
    return f"{label(quantity)} ({unit(quantity)})"


def _three(stat: Stat) -> tuple[float, float, float]:
    return stat.median, stat.low, stat.high


def _rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def _json(traces: Sequence[Any], layout: dict[str, Any]) -> str:
    figure = go.Figure(data=list(traces), layout=layout)
    figure.layout.template = None  # 92% of a small figure; the page has its own
    return str(figure.to_json())
