"""Charts made of bars: a quantity a cell, parts that add up, runs side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

import plotly.graph_objects as go

from generator.analyse.cell import MEMORY_PARTS, CellFindings
from generator.analyse.run import RunFindings
from generator.render.figure import Chart, axis_title, figure_json, look, origin, rounded, three, whiskers
from generator.render.units import bare, label, number, times, unit

# How the second and the third run beside one another are drawn.
PALER: Final = ("another", "reported")


def of(run: RunFindings, quantity: str) -> Chart | None:
    """One bar a cell; the whiskers are the lowest and the highest launch. None when no cell has the quantity."""
    shown = [one for one in run.shown if quantity in one.stats]
    if not shown:
        return None
    stats = [one.stats[quantity] for one in shown]
    trace = go.Bar(
        y=[one.name for one in shown],
        x=[rounded(stat.median) for stat in stats],
        error_x=whiskers(stats),
        orientation="h",
        text=[bare(stat.median, quantity) for stat in stats],
        # At the foot of the bar, where no whisker crosses it.
        textposition="inside",
        insidetextanchor="start",
        hovertemplate="%{y}: %{text} " + unit(quantity) + "<extra></extra>",
        meta={"methods": [look(one) for one in shown]} | origin(run),
    )
    layout = {
        "xaxis": {"title": {"text": axis_title(quantity)}, "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed"},
        "showlegend": False,
    }
    return Chart(
        slug=quantity.replace("_", "-"),
        figure=figure_json([trace], layout),
        columns=("Method", f"Median, {unit(quantity)}", "Lowest launch", "Highest launch", "Launches"),
        rows=tuple(
            (one.name, *(bare(value, quantity) for value in three(stat)), str(stat.count))
            for one, stat in zip(shown, stats, strict=True)
        ),
        detectable=run.detectable(quantity),
    )


def memory_parts(run: RunFindings) -> Chart | None:
    """Stacked bars that add up to the card. None when no cell's device memory is known in parts."""
    known = [(one.name, one.memory_parts) for one in run.shown if one.memory_parts]
    labels = {name: label(name) for name in MEMORY_PARTS} | {
        "unexplained_gib": "Everything else",
        "free_gib": "Free",
    }
    rows = [(name, {part: float(getattr(parts, part)) for part in labels}) for name, parts in known]
    chart = _stacked("memory-parts", rows, labels, "GPU memory (GiB)", "GiB")
    return replace(chart, detectable=run.detectable("gpu_memory_used_mib")) if chart else None


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
    chart = _stacked("load-times", rows, labels, "Time from start to first token (s)", "s")
    return replace(chart, detectable=run.detectable("load_time_s")) if chart else None


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
            x=[rounded(values[part]) for _, values in rows],
            orientation="h",
            hovertemplate="%{y}, " + text + ": %{x:.2f} " + unit_ + "<extra></extra>",
            meta={"part": part.rpartition("_")[0]},
        )
        for part, text in parts.items()
    ]
    layout = {"barmode": "stack", "xaxis": {"title": {"text": axis}}, "yaxis": {"autorange": "reversed"}}
    return Chart(
        slug=slug,
        figure=figure_json(traces, layout),
        columns=("Method", *(f"{text}, {unit_}" for text in parts.values())),
        rows=tuple((name, *(number(values[part], 2) for part in parts)) for name, values in rows),
    )


def side_by_side(runs: Sequence[tuple[str, RunFindings]], quantity: str) -> Chart | None:
    """A quantity of each cell in several runs, one bar for each run; `runs` has names for them. None when no run has
    it."""
    traces, rows = [], []
    for index, (name, run) in enumerate(runs):
        shown = [one for one in run.shown if quantity in one.stats]
        medians = [one.stats[quantity].median for one in shown]
        traces.append(
            go.Bar(
                name=name,
                x=[one.name for one in shown],
                y=[rounded(median) for median in medians],
                hovertemplate="%{x}, " + name + ": %{y:,.0f} " + unit(quantity) + "<extra></extra>",
                meta={"methods": [look(one) for one in shown]} | ({"run": PALER[index - 1]} if index else {}),
            )
        )
        rows += [(f"{one.name}, {name}", bare(median, quantity)) for one, median in zip(shown, medians, strict=True)]
    if not rows:
        return None
    layout = {"barmode": "group", "yaxis": {"title": {"text": axis_title(quantity)}, "rangemode": "tozero"}}
    columns = ("Method and run", f"Median, {unit(quantity)}")
    return Chart(
        slug=f"{quantity.replace('_', '-')}-side-by-side",
        figure=figure_json(traces, layout),
        columns=columns,
        rows=tuple(rows),
        detectable=_worst(run.detectable(quantity) for _, run in runs),
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
        x=[rounded(interval.mean) for _, interval in shown],
        error_x={"type": "data", "array": [rounded(interval.high - interval.mean) for _, interval in shown]},
        orientation="h",
        text=[number(interval.mean, 4) for _, interval in shown],
        textposition="inside",
        insidetextanchor="start",
        hovertemplate="%{y}: %{text} nats a token<extra></extra>",
        meta={"methods": [look(one) for one, _ in shown]} | origin(run),
    )
    layout = {
        "xaxis": {"title": {"text": axis}, "rangemode": "tozero"},
        "yaxis": {"autorange": "reversed"},
        "showlegend": False,
    }
    return Chart(
        slug="kl-divergence",
        figure=figure_json([trace], layout),
        columns=("Method", axis, "Low", "High"),
        rows=tuple(
            (one.name, *(number(value, 4) for value in (interval.mean, interval.low, interval.high)))
            for one, interval in shown
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
                y=[rounded(ratio) for _, ratio in ratios],
                text=[times(ratio) for _, ratio in ratios],
                textposition="outside",
                hovertemplate="%{x}: %{text} of FP16<extra>" + name + "</extra>",
                meta={"methods": [look(one) for one, _ in ratios]}
                | ({"run": "another"} if index else {})
                | origin(run),
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
    return Chart(
        slug="relative-speed",
        figure=figure_json(traces, layout),
        columns=("Method and run", "Speed against FP16"),
        rows=tuple(rows),
        detectable=_worst(run.detectable() for _, run in runs),
    )


def _worst(detectable: Iterable[float | None]) -> float | None:
    return max((one for one in detectable if one is not None), default=None)


def _ratios(run: RunFindings) -> list[tuple[CellFindings, float]]:
    base = run.baseline
    if base is None:
        return []
    found = [(one, run.comparison(one, base, "output_tokens_per_s")) for one in run.measured if one is not base]
    return [(one, comparison.ratio) for one, comparison in found if comparison]
