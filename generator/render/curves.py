"""Charts of one quantity over another: curves and points."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from generator.analyse.cell import CONTEXTS, CellFindings
from generator.analyse.latency import RANKS
from generator.analyse.noise import Points
from generator.analyse.point import PointFindings
from generator.analyse.run import RunFindings
from generator.render import units
from generator.render.chart import Axis, Chart, Mark, Series, axis_of, drawn, look, mark_of, rounded


def users_by_context(run: RunFindings) -> Chart | None:
    """How many users fit at once, by the context that each has; a curve a cell, which ends where not one user fits.
    None where no KV cache is known."""
    series = tuple(
        Series(
            one.name,
            tuple(Mark(context, users, look(one)) for context, users in one.users_by_context.items() if users),
            drawn(run),
        )
        for one in run.shown
        if any(one.users_by_context.values())
    )
    if not series:
        return None
    return Chart(
        slug="users-by-context",
        kind="curves",
        subject="Method",
        value=Axis("Users at once", "", 0, log=True),
        across=Axis("Context of each user", "tokens", log=True, ticks=tuple((n, f"{n // 1024}K") for n in CONTEXTS)),
        series=series,
        runs=(run.manifest.run_id,),
    )


@dataclass(frozen=True, slots=True)
class Across:
    """What a curve runs over: a number that each point has, and how it is called. A cell's point that is `apart` did
    other work, and is on no line with the others."""

    slug: str
    title: str
    unit: str
    points: Points
    apart: Callable[[CellFindings], PointFindings | None]
    tick: Callable[[int], str]

    def of(self, quantity: str) -> "Across":
        """The same of the points alone that have the quantity."""
        return replace(
            self, points=lambda one: {at: point for at, point in self.points(one).items() if quantity in point.stats}
        )


USERS: Final = Across(
    slug="users",
    title="Users at once",
    unit="",
    points=lambda one: {point.concurrency: point for point in one.served},
    apart=lambda one: one.apart,
    tick=str,
)
PROMPT: Final = Across(
    slug="prompt",
    title="Prompt",
    unit="tokens",
    points=lambda one: {point.prompt_tokens: point for point in one.alone},
    apart=lambda _: None,
    tick=lambda tokens: f"{tokens / 1024:.4g}K",
)


def by_users(run: RunFindings, quantity: str, in_ms: bool = False) -> Chart | None:  # noqa: FBT001, FBT002, for templates
    """A quantity over the number of users who are served at once; a curve a cell. None where fewer than two numbers of
    users were measured. `in_ms` gives one of seconds in milliseconds."""
    return _over(USERS.of(quantity), run, quantity, in_ms=in_ms)


def by_prompt(run: RunFindings, quantity: str) -> Chart | None:
    """The same of a single user, over the length of the prompt."""
    return _over(PROMPT.of(quantity), run, quantity, in_ms=False)


def _over(across: Across, run: RunFindings, quantity: str, *, in_ms: bool) -> Chart | None:
    axis = axis_of(quantity)
    if in_ms:
        axis = Axis(axis.title, "ms", 2)
    factor = 1000 if in_ms else 1
    series = [found for one in run.shown for found in _curve(across, run, one, quantity, factor)]
    if not series:
        return None
    values = sorted({int(mark.at) for one in series for mark in one.marks})
    return Chart(
        slug=f"{quantity.replace('_', '-')}-by-{across.slug}",
        kind="curves",
        subject="Method",
        value=axis,
        across=Axis(across.title, across.unit, log=True, ticks=tuple((value, across.tick(value)) for value in values)),
        series=tuple(series),
        runs=(run.manifest.run_id,),
        detectable=run.detectable_by_point(quantity, across.points),
    )


def _curve(across: Across, run: RunFindings, one: CellFindings, quantity: str, factor: float) -> Iterator[Series]:
    """A cell's curve, and before it the point that is apart from it; nothing where there are not two points."""
    points = across.points(one)
    if len(points) < 2:
        return
    apart, line = across.apart(one), []
    for at, point in points.items():
        mark = mark_of(one, point.stats[quantity].map(factor), at)
        if point is apart:
            name = f"{one.name}, prompts of {units.number(point.prompt_tokens)} tokens"
            yield Series(name, (mark,), drawn(run), is_apart=True)
        else:
            line.append(mark)
    yield Series(one.name, tuple(line), drawn(run))


def distribution(run: RunFindings, quantity: Literal["ttft", "latency"], users: int) -> Chart | None:
    """How long requests took with so many users; a curve a cell, over the share of requests. None where no cell had
    enough requests for it."""
    series = []
    for one in run.shown:
        found = one.distribution(quantity, users)
        if found:
            series.append(Series(one.name, tuple(mark_of(one, stat, rank) for rank, stat in found.items()), drawn(run)))
    if not series:
        return None
    title = axis_of(f"{quantity}_p50_s").title.partition(",")[0]
    return Chart(
        slug=f"{quantity}-distribution",
        kind="curves",
        subject="Method",
        value=Axis(title, "s", 3),
        across=Axis("Requests that took no longer", "%", ticks=tuple((rank, str(rank)) for rank in RANKS)),
        series=tuple(series),
        runs=(run.manifest.run_id,),
    )


def quality_against_bits(run: RunFindings) -> Chart | None:
    """A point a cell: bits per weight across, counted by the size of all weights where FP16's are 16, and how far the
    predictions are from FP16's. None where no cell has its quality."""
    base = run.baseline
    if base is None or "weights_gib" not in base.stats:
        return None
    whole = base.stats["weights_gib"].median
    series = []
    for one in run.shown:
        found = run.quality.get(one.cell)
        kl = found.kl_divergence if found else None
        if "weights_gib" not in one.stats or (kl is None and one is not base):
            continue
        bits = rounded(16 * one.stats["weights_gib"].median / whole)
        value = Mark(bits, rounded(kl.mean), look(one), rounded(kl.low), rounded(kl.high)) if kl else None
        series.append(Series(one.name, (value or Mark(bits, 0.0, look(one)),), drawn(run)))
    if len(series) < 2:
        return None
    return Chart(
        slug="quality-against-bits",
        kind="points",
        subject="Method",
        value=Axis("KL divergence from FP16", "nats a token", 4),
        across=Axis("Bits per weight, FP16’s being 16", "", 1),
        series=tuple(series),
        runs=(run.manifest.run_id,),
    )


def speed_against_memory(run: RunFindings, memory: str = "weights_gib") -> Chart | None:
    """A point a method: memory across, speed up; its name says how far its perplexity lies from FP16's, where that is
    known. None when fewer than two methods have both."""
    speed = "output_tokens_per_s"
    series = tuple(
        Series(_with_quality(run, one), (mark_of(one, one.stats[speed], one.stats[memory].median),), drawn(run))
        for one in run.shown
        if speed in one.stats and memory in one.stats
    )
    if len(series) < 2:
        return None
    return Chart(
        slug="speed-against-memory",
        kind="points",
        subject="Method",
        value=axis_of(speed),
        across=axis_of(memory),
        series=series,
        runs=(run.manifest.run_id,),
        detectable=run.detectable(speed),
    )


def _with_quality(run: RunFindings, one: CellFindings) -> str:
    quality = run.quality.get(one.cell)
    rise = quality.perplexity_ratio if quality and not one.cell.is_baseline else None
    if rise is None:
        return one.name
    return f"{one.name} ({units.change(100 * (rise.mean - 1), 100 * units.half_width(rise))})"
