"""Findings to Plotly figures, without colours: the page gives each method its colour, in light and in dark.

A chart knows its data and its axes; its title and its explanation are words, and stand in the templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from generator.analyse.cell import CONTEXTS, MEMORY_PARTS, CellFindings
from generator.analyse.findings import RunFindings
from generator.analyse.statistics import Stat
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
    """One bar a cell; the whiskers are the lowest and the highest launch. None when no cell has the quantity."""
    shown = [one for one in run.shown if quantity in one.stats]
    if not shown:
        return None
    stats = [one.stats[quantity] for one in shown]
    trace = go.Bar(
        y=[one.name for one in shown],
        x=[_rounded(stat.median) for stat in stats],
        error_x=_whiskers(stats),
        orientation="h",
        text=[bare(stat.median, quantity) for stat in stats],
        # At the foot of the bar, where no whisker crosses it.
        textposition="inside",
        insidetextanchor="start",
        hovertemplate="%{y}: %{text} " + unit(quantity) + "<extra></extra>",
        meta={"methods": [_look(one) for one in shown]} | _origin(run),
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
            (one.name, *(bare(value, quantity) for value in _three(stat)), str(stat.count))
            for one, stat in zip(shown, stats, strict=True)
        ),
    )


def memory_parts(run: RunFindings) -> Chart | None:
    """Stacked bars that add up to the card. None when no cell's device memory is known in parts."""
    known = [(one.name, one.memory_parts) for one in run.shown if one.memory_parts]
    labels = {name: label(name) for name in MEMORY_PARTS} | {
        "unexplained_gib": "Everything else",
        "free_gib": "Free",
    }
    rows = [(name, {part: float(getattr(parts, part)) for part in labels}) for name, parts in known]
    return _stacked("memory-parts", rows, labels, "GPU memory (GiB)", "GiB")


def load_times(run: RunFindings) -> Chart | None:
    """Stacked bars of the steps until the first token. None when no cell has them."""
    steps = ("import_time_s", "weights_load_time_s", "compile_time_s", "graph_capture_time_s", "first_token_time_s")
    labels = {
        "import_time_s": "Import",
        "weights_load_time_s": "Weights",
        "compile_time_s": "Compiling",
        "graph_capture_time_s": "Capturing graphs",
        "rest_s": "Profiling, KV cache and the rest",
        "first_token_time_s": "First token",
    }
    rows = []
    for one in run.shown:
        if "weights_load_time_s" not in one.stats:
            continue
        times_s = {step: one.stats[step].median if step in one.stats else 0.0 for step in steps}
        of_load_s = sum(times_s[step] for step in steps[1:4])
        times_s["rest_s"] = max(0.0, one.stats["load_time_s"].median - of_load_s)
        rows.append((one.name, {step: times_s[step] for step in labels}))
    return _stacked("load-times", rows, labels, "Time from start to first token (s)", "s")


def _stacked(
    slug: str, rows: Sequence[tuple[str, dict[str, float]]], labels: dict[str, str], axis: str, unit_: str
) -> Chart | None:
    """One bar a row, one part a label; parts that no row has are left out."""
    parts = {part: text for part, text in labels.items() if any(values[part] > 0 for _, values in rows)}
    if not parts:
        return None
    traces = [
        go.Bar(
            name=text,
            y=[name for name, _ in rows],
            x=[_rounded(values[part]) for _, values in rows],
            orientation="h",
            hovertemplate="%{y}, " + text + ": %{x:.2f} " + unit_ + "<extra></extra>",
            meta={"part": part.rpartition("_")[0]},
        )
        for part, text in parts.items()
    ]
    layout = {"barmode": "stack", "xaxis": {"title": {"text": axis}}, "yaxis": {"autorange": "reversed"}}
    return Chart(
        slug=slug,
        figure=_json(traces, layout),
        columns=("Method", *(f"{text}, {unit_}" for text in parts.values())),
        rows=tuple((name, *(number(values[part], 2) for part in parts)) for name, values in rows),
    )


def users_by_context(run: RunFindings) -> Chart | None:
    """How many users fit at once, by the context that each has; a line a cell. None where no KV cache is known."""
    shown = [one for one in run.shown if one.users_by_context]
    if not shown:
        return None
    traces = [
        go.Scatter(
            name=one.name,
            x=list(one.users_by_context),
            y=[users or None for users in one.users_by_context.values()],
            mode="lines+markers",
            hovertemplate=f"{one.name}, %{{x:,}} tokens each: %{{y:,}} users<extra></extra>",
            meta={"method": _look(one)} | _origin(run),
        )
        for one in shown
    ]
    ticks = {"tickvals": list(CONTEXTS), "ticktext": [f"{context // 1024}K" for context in CONTEXTS]}
    layout = {
        "xaxis": {"title": {"text": "Context of each user (tokens)"}, "type": "log"} | ticks,
        "yaxis": {"title": {"text": "Users at once"}, "type": "log"},
    }
    return Chart(
        slug="users-by-context",
        figure=_json(traces, layout),
        columns=("Method", *(f"Users at {context:,} tokens" for context in CONTEXTS)),
        rows=tuple((one.name, *(number(users) for users in one.users_by_context.values())) for one in shown),
    )


def by_users(run: RunFindings, quantity: str, scale: float = 1, axis: str | None = None) -> Chart | None:
    """A quantity over the number of users who are served at once; a line a cell. None where fewer than two numbers of
    users were measured. `scale` and `axis` give it in another unit."""
    curves = {}
    for one in run.shown:
        stats = {point.concurrency: point.stats[quantity].map(scale) for point in one.served if quantity in point.stats}
        if len(stats) > 1:
            curves[one.cell] = (one, stats)
    if not curves:
        return None
    text = axis or _axis(quantity)
    traces = [
        go.Scatter(
            name=one.name,
            x=list(stats),
            y=[_rounded(stat.median) for stat in stats.values()],
            error_y=_whiskers(list(stats.values())),
            mode="lines+markers",
            hovertemplate=f"{one.name}, %{{x}} users: %{{y:,.4~r}}<extra></extra>",
            meta={"method": _look(one)} | _origin(run),
        )
        for one, stats in curves.values()
    ]
    users = sorted({number_ for _, stats in curves.values() for number_ in stats})
    layout = {
        "xaxis": {
            "title": {"text": "Users at once"},
            "type": "log",
            "tickvals": users,
            "ticktext": [*map(str, users)],
        },
        "yaxis": {"title": {"text": text}, "rangemode": "tozero"},
    }
    return Chart(
        slug=f"{quantity.replace('_', '-')}-by-users",
        figure=_json(traces, layout),
        columns=("Method and users", text, "Lowest launch", "Highest launch"),
        rows=tuple(
            (f"{one.name}, {count}", *(number(value, 2) for value in _three(stat)))
            for one, stats in curves.values()
            for count, stat in stats.items()
        ),
    )


def divergence(run: RunFindings) -> Chart | None:
    """One bar a cell: how far its predictions lie from the baseline's, with the interval over windows. None where no
    cell has that."""
    shown = [
        (one, found.kl_divergence)
        for one in run.shown
        if not one.cell.is_baseline and (found := run.quality.get(one.cell)) and found.kl_divergence
    ]
    if not shown:
        return None
    axis = "KL divergence from FP16 (nats a token)"
    trace = go.Bar(
        y=[one.name for one, _ in shown],
        x=[_rounded(interval.mean) for _, interval in shown],
        error_x={"type": "data", "array": [_rounded(interval.high - interval.mean) for _, interval in shown]},
        orientation="h",
        text=[number(interval.mean, 4) for _, interval in shown],
        textposition="inside",
        insidetextanchor="start",
        hovertemplate="%{y}: %{text} nats a token<extra></extra>",
        meta={"methods": [_look(one) for one, _ in shown]} | _origin(run),
    )
    layout = {
        "xaxis": {"title": {"text": axis}, "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed"},
        "showlegend": False,
    }
    return Chart(
        slug="kl-divergence",
        figure=_json([trace], layout),
        columns=("Method", axis, "Low", "High"),
        rows=tuple(
            (one.name, *(number(value, 4) for value in (interval.mean, interval.low, interval.high)))
            for one, interval in shown
        ),
    )


def speed_against_memory(run: RunFindings, memory: str = "weights_gib") -> Chart | None:
    """A point a method: memory across, speed up. None when fewer than two methods have both."""
    speed = "output_tokens_per_s"
    shown = [one for one in run.shown if speed in one.stats and memory in one.stats]
    if len(shown) < 2:
        return None
    traces = [
        go.Scatter(
            x=[_rounded(one.stats[memory].median)],
            y=[_rounded(one.stats[speed].median)],
            error_y=_whiskers([one.stats[speed]]),
            mode="markers+text",
            name=one.name,
            text=[one.name],
            # Alternately left and right, so that two that are close keep their names apart.
            textposition="middle right" if index % 2 else "middle left",
            hovertemplate=f"{one.name}: %{{y:.5~r}} {unit(speed)}, %{{x:.4~r}} {unit(memory)}<extra></extra>",
            meta={"method": _look(one)} | _origin(run),
        )
        for index, one in enumerate(shown)
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
                one.name,
                bare(one.stats[memory].median, memory),
                *(bare(value, speed) for value in _three(one.stats[speed])),
            )
            for one in shown
        ),
    )


def relative_speed(runs: Sequence[tuple[str, RunFindings]]) -> Chart | None:
    """Each method's speed as a multiple of FP16's in the same run, the runs side by side. `runs` has names for them."""
    rows: list[tuple[str, ...]] = []
    traces = []
    for index, (name, run) in enumerate(runs):
        ratios = _ratios(run)
        if not ratios:
            continue
        traces.append(
            go.Bar(
                name=name,
                x=[one.name for one, _ in ratios],
                y=[_rounded(ratio) for _, ratio in ratios],
                text=[times(ratio) for _, ratio in ratios],
                textposition="outside",
                hovertemplate="%{x}: %{text} of FP16<extra>" + name + "</extra>",
                meta={"methods": [_look(one) for one, _ in ratios]}
                | ({"run": "another"} if index else {})
                | _origin(run),
            )
        )
        rows += [(f"{one.name}, {name}", times(ratio)) for one, ratio in ratios]
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


def _ratios(run: RunFindings) -> list[tuple[CellFindings, float]]:
    base = run.baseline
    if base is None:
        return []
    found = [(one, run.comparison(one, base, "output_tokens_per_s")) for one in run.measured if one is not base]
    return [(one, comparison.ratio) for one, comparison in found if comparison]


def _look(one: CellFindings) -> str:
    """The method's look; with a star where it is not at home, which is drawn fainter."""
    return one.cell.method if one.cell.at_home else f"{one.cell.method}*"


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
