"""What one run tells of plans, from that run alone: what only measuring tells, and what a plan of it is held to."""

from collections.abc import Iterator
from dataclasses import dataclass
from statistics import median
from typing import Final

from generator.analyse.cell import CellFindings
from generator.analyse.fit_bytes import (
    WORKSPACE_BYTES,
    copied_bytes,
    kv_bytes_per_token,
    prompt_bytes_per_token,
    read_bytes,
)
from generator.analyse.memory import GIB, GIB_IN_MIB
from generator.analyse.physics.cards import card_of
from generator.analyse.run import RunFindings
from generator.cells import Cell
from generator.manifest import MeasuredRun
from generator.methods import Stored
from generator.model import Model, llama_like
from generator.record import Completed, Shape
from generator.samples import Point
from generator.shapes import with_positions

GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Seen:
    """One figure of `Evidence`, the median over the run's launches: which, for what, in a model of so many layers; and
    in how many `tokens` at once, where it is what those take, of which the most count."""

    name: str
    key: str
    layers: int
    value: float
    tokens: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """The launches of a cell that started alike: `anew` is whether they compiled. What was asked of them, and the
    medians of what was measured; `alone` is how long a token took one user, in seconds, by the context in tokens."""

    cell: Cell
    anew: bool
    shape: Shape
    tokens_at_once: int
    cache_bytes: int | None
    weights_gib: float | None
    kv_cache_tokens: float | None
    gpu_memory_used_mib: float | None
    alone: dict[int, float]


@dataclass(frozen=True, slots=True)
class Told:
    """All that a run tells of plans."""

    seen: tuple[Seen, ...]
    held: tuple[Held, ...]


def told_by(run: RunFindings) -> Told:
    """Nothing of a run that somebody reported, or whose records don't say enough of the model."""
    if not isinstance(run.manifest, MeasuredRun):
        return Told((), ())
    found: dict[tuple[str, str, int], list[Seen]] = {}
    alike: dict[tuple[Cell, bool], list[tuple[Completed, Shape]]] = {}
    for one in run.cells:
        stored = one.method.stored.get(one.cell.engine)
        for launch in one.valid:
            model = model_in(launch) if isinstance(launch, Completed) else None
            if stored is None or model is None or not isinstance(launch, Completed):
                continue
            alike.setdefault((launch.cell, bool(launch.compiled)), []).append((launch, model.shape))
            for seen in _seen_in(run.manifest, one, launch, model, stored):
                found.setdefault((seen.name, seen.key, seen.layers), []).append(seen)
    return Told(
        seen=tuple(_of_run(figures) for _, figures in sorted(found.items())),
        held=tuple(_held(cell, anew, launches) for (cell, anew), launches in alike.items()),
    )


def _of_run(figures: list[Seen]) -> Seen:
    """Of what prompts take, the largest; a plan that is too small there would run out of memory."""
    first, tokens = figures[0], max(one.tokens for one in figures)
    values = [one.value for one in figures]
    return Seen(first.name, first.key, first.layers, max(values) if tokens else median(values), tokens)


def _held(cell: Cell, anew: bool, launches: list[tuple[Completed, Shape]]) -> Held:  # noqa: FBT001, part of a key
    def middle(name: str) -> float | None:
        known = [value for one, _ in launches if (value := getattr(one.quantities, name))]  # 0 has no error as a share
        return median(known) if known else None

    alone: dict[int, list[float]] = {}
    for context_tokens, token_s in (found for one, _ in launches for point in one.points if (found := alone_at(point))):
        alone.setdefault(round(context_tokens), []).append(token_s)
    (first, shape), *_ = launches
    cache_bytes = first.configuration.arguments.get("kv_cache_memory_bytes")
    return Held(
        cell=cell,
        anew=anew,
        shape=shape,
        tokens_at_once=max(tokens_at_once(one) for one, _ in launches),
        cache_bytes=cache_bytes if isinstance(cache_bytes, int) else None,
        weights_gib=middle("weights_gib"),
        kv_cache_tokens=middle("kv_cache_tokens"),
        gpu_memory_used_mib=middle("gpu_memory_used_mib"),
        alone={context_tokens: median(times_s) for context_tokens, times_s in alone.items()},
    )


def model_in(launch: Completed) -> Model | None:
    """The model of a launch; None where the record does not say enough of it."""
    shape = launch.configuration.shape and with_positions(launch.configuration.shape)
    if shape is None or not all(size for name, size in shape if name != "tied_embeddings"):
        return None
    return llama_like(shape)


def _seen_in(
    manifest: MeasuredRun, one: CellFindings, launch: Completed, model: Model, stored: Stored
) -> Iterator[Seen]:
    if manifest.hardware.device == "cuda":
        yield from _of_card(manifest, launch)
        yield from _of_memory(manifest, one, launch, model, stored)
        yield from _of_speed(launch, model, stored)


def _of_card(manifest: MeasuredRun, launch: Completed) -> Iterator[Seen]:
    card = card_of(manifest.hardware)
    if card is not None and launch.limits is not None:
        yield Seen("bandwidth_share", "", 0, launch.limits.copy_gb_per_s / card.bandwidth_gb_per_s)
    told = launch.configuration.arguments.get("gpu_memory_utilization")
    shown_mib, budget_gib = manifest.hardware.gpu_memory_mib, manifest.memory_budget_gib
    if isinstance(told, float) and told > 0 and shown_mib is not None and budget_gib is not None:
        # It was told the share of what it counts that is the wanted share of the budget.
        counted_gib = manifest.profile.engine.gpu_memory_utilization * budget_gib / told
        yield Seen("seen_share", "", 0, counted_gib * GIB_IN_MIB / shown_mib)


def _of_memory(
    manifest: MeasuredRun, one: CellFindings, launch: Completed, model: Model, stored: Stored
) -> Iterator[Seen]:
    quantities, cell, layers = launch.quantities, launch.cell, model.shape.layers
    weights_gib, activations_gib = quantities.weights_gib, quantities.activation_peak_gib
    context_gib, cache_gib = quantities.non_torch_gib, quantities.kv_cache_gib
    if context_gib is not None:
        yield Seen("context_gib", cell.engine, layers, context_gib)
    if quantities.cuda_graphs_gib is not None:
        yield Seen("graphs_gib", cell.method, layers, quantities.cuda_graphs_gib)
    if weights_gib is None or activations_gib is None or context_gib is None:
        return
    if not one.reserves:
        yield _of_prompts(launch, model, stored, activations_gib)
    elif cache_gib is not None:
        budget_gib, used_mib = manifest.memory_budget_gib, quantities.gpu_memory_used_mib
        if budget_gib is not None and manifest.profile.engine.kv_cache_gib is None:
            share_gib = manifest.profile.engine.gpu_memory_utilization * budget_gib
            yield Seen("counted_gib", cell.engine, layers, share_gib - weights_gib - activations_gib - cache_gib)
        if used_mib is not None:
            known_gib = weights_gib + activations_gib + context_gib + cache_gib + (quantities.cuda_graphs_gib or 0)
            yield Seen("kept_gib", cell.mode, layers, max(0.0, used_mib / GIB_IN_MIB - known_gib))


def _of_prompts(launch: Completed, model: Model, stored: Stored, activations_gib: float) -> Seen:
    tokens = tokens_at_once(launch)
    known = copied_bytes(model.shape, stored) + WORKSPACE_BYTES + tokens * kv_bytes_per_token(model.shape)
    factor = max(0.0, activations_gib * GIB - known) / (tokens * prompt_bytes_per_token(model.shape))
    return Seen("prompt_factor", launch.cell.engine, model.shape.layers, factor, tokens)


def tokens_at_once(launch: Completed) -> int:
    """The most tokens, prompts and answers, that were in flight at once."""
    return max(_tokens_of(point) for point in launch.points)


def _tokens_of(point: Point) -> int:
    if point.requests is None:
        return max(sample.prompt_tokens + sample.output_tokens for sample in point.samples)
    longest = max(map(sum, zip(point.requests.prompt_tokens, point.requests.output_tokens, strict=True)))
    return point.concurrency * longest


def _of_speed(launch: Completed, model: Model, stored: Stored) -> Iterator[Seen]:
    if launch.limits is None:
        return
    for point in launch.points:
        if (alone := alone_at(point)) is not None:
            context_tokens, token_s = alone
            read_s = read_bytes(model, stored, launch.cell.engine, context_tokens) / (launch.limits.copy_gb_per_s * GB)
            yield Seen("overhead_s", cell_key(launch), model.shape.layers, max(0.0, token_s - read_s))


def cell_key(launch: Completed) -> str:
    """The id of a launch's cell; a twin is the same."""
    return launch.cell.model_copy(update={"twin": False}).id


def alone_at(point: Point) -> tuple[float, float] | None:
    """Of a point with one user: the context in tokens, half of the answer in it, and the time per output token after
    the first, in seconds, each the median of its requests."""
    if point.concurrency != 1 or point.requests is None or not any(point.requests.tpot_s):
        return None
    columns = zip(point.requests.prompt_tokens, point.requests.output_tokens, strict=True)
    return median(prompt + output / 2 for prompt, output in columns), median(filter(None, point.requests.tpot_s))
