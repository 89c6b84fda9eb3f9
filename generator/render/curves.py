"""Charts of one quantity over another: curves and points."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

import plotly.graph_objects as go

from generator.analyse.cell import CONTEXTS
from generator.analyse.noise import Points
from generator.analyse.run import RunFindings
from generator.render.figure import Chart, axis_title, figure_json, look, origin, rounded, three, whiskers
from generator.render.units import bare, number, unit


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
            meta={"method": look(one)} | origin(run),
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
        figure=figure_json(traces, layout),
        columns=("Method", *(f"Users at {context:,} tokens" for context in CONTEXTS)),
        rows=tuple((one.name, *(number(users) for users in one.users_by_context.values())) for one in shown),
        detectable=run.detectable("kv_cache_tokens"),
    )


@dataclass(frozen=True, slots=True)
class Across:
    """What a curve runs over: a number that each point has, and how it is called."""

    slug: str
    axis: str
    points: Points
    tick: Callable[[int], str]
    unit: str


USERS: Final = Across(
    slug="users",
    axis="Users at once",
    points=lambda one: {point.concurrency: point for point in one.served},
    tick=str,
    unit="users",
)
PROMPT: Final = Across(
    slug="prompt",
    axis="Prompt (tokens)",
    points=lambda one: {point.prompt_tokens: point for point in one.alone},
    tick=lambda tokens: f"{tokens / 1024:.4g}K",
    unit="tokens",
)


def by_users(run: RunFindings, quantity: str, scale: float = 1, axis: str | None = None) -> Chart | None:
    """A quantity over the number of users who are served at once; a line a cell. None where fewer than two numbers of
    users were measured. `scale` and `axis` give it in another unit."""
    return _over(USERS, run, quantity, scale, axis or axis_title(quantity))


def by_prompt(run: RunFindings, quantity: str, scale: float = 1, axis: str | None = None) -> Chart | None:
    """The same of a single user, over the length of the prompt."""
    return _over(PROMPT, run, quantity, scale, axis or axis_title(quantity))


def _over(across: Across, run: RunFindings, quantity: str, scale: float, axis: str) -> Chart | None:
    curves = []
    for one in run.shown:
        points = across.points(one).items()
        stats = {number_: point.stats[quantity].map(scale) for number_, point in points if quantity in point.stats}
        if len(stats) > 1:
            curves.append((one, stats))
    if not curves:
        return None
    traces = [
        go.Scatter(
            name=one.name,
            x=list(stats),
            y=[rounded(stat.median) for stat in stats.values()],
            error_y=whiskers(list(stats.values())),
            mode="lines+markers",
            hovertemplate=f"{one.name}, %{{x:,}} {across.unit}: %{{y:,.4~r}}<extra></extra>",
            meta={"method": look(one)} | origin(run),
        )
        for one, stats in curves
    ]
    values = sorted({value for _, stats in curves for value in stats})
    ticks = {"tickvals": values, "ticktext": [across.tick(value) for value in values]}
    layout = {
        "xaxis": {"title": {"text": across.axis}, "type": "log"} | ticks,
        "yaxis": {"title": {"text": axis}, "rangemode": "tozero"},
    }
    return Chart(
        slug=f"{quantity.replace('_', '-')}-by-{across.slug}",
        figure=figure_json(traces, layout),
        columns=(f"Method and {across.slug}", axis, "Lowest launch", "Highest launch"),
        rows=tuple(
            (f"{one.name}, {number(value)}", *(number(figure, 2) for figure in three(stat)))
            for one, stats in curves
            for value, stat in stats.items()
        ),
        detectable=run.detectable_by_point(quantity, across.points),
    )


def speed_against_memory(run: RunFindings, memory: str = "weights_gib") -> Chart | None:
    """A point a method: memory across, speed up. None when fewer than two methods have both."""
    speed = "output_tokens_per_s"
    shown = [one for one in run.shown if speed in one.stats and memory in one.stats]
    if len(shown) < 2:
        return None
    traces = [
        go.Scatter(
            x=[rounded(one.stats[memory].median)],
            y=[rounded(one.stats[speed].median)],
            error_y=whiskers([one.stats[speed]]),
            mode="markers+text",
            name=one.name,
            text=[one.name],
            # Alternately left and right, so that two that are close keep their names apart.
            textposition="middle right" if index % 2 else "middle left",
            hovertemplate=f"{one.name}: %{{y:.5~r}} {unit(speed)}, %{{x:.4~r}} {unit(memory)}<extra></extra>",
            meta={"method": look(one)} | origin(run),
        )
        for index, one in enumerate(shown)
    ]
    layout = {
        "xaxis": {"title": {"text": axis_title(memory)}, "rangemode": "tozero"},
        "yaxis": {"title": {"text": axis_title(speed)}, "rangemode": "tozero"},
        "showlegend": False,
    }
    return Chart(
        slug="speed-against-memory",
        figure=figure_json(traces, layout),
        columns=("Method", axis_title(memory), axis_title(speed), "Lowest launch", "Highest launch"),
        rows=tuple(
            (
                one.name,
                bare(one.stats[memory].median, memory),
                *(bare(value, speed) for value in three(one.stats[speed])),
            )
            for one in shown
        ),
        detectable=run.detectable(speed),
    )
