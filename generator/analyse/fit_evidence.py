"""What only measuring tells a plan, taken from the runs: each figure with the runs that it is from."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
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
from generator.manifest import MeasuredRun
from generator.methods import Stored
from generator.model import Model, llama_like
from generator.record import Completed
from generator.samples import Point
from generator.shapes import with_positions

GB: Final = 1e9


@dataclass(frozen=True, slots=True)
class Measured:
    """A figure from the records: `fixed`, and `per_layer` for each layer of the model; and the runs that it is from."""

    fixed: float = 0.0
    per_layer: float = 0.0
    runs: tuple[str, ...] = ()

    def of(self, layers: int) -> float:
        """The figure for a model of so many layers."""
        return self.fixed + self.per_layer * layers


UNKNOWN: Final = Measured()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What only measuring tells. What no run says is missing, counts as nothing, and `fit.without` tells of it.

    seen_share       of the memory that the driver shows, what the engine counts as the card
    bandwidth_share  of the data sheet's bandwidth, what a copy reaches
    context_gib      by engine: the CUDA context and what libraries take
    counted_gib      by engine: as much of that as counts against the engine's own share of the card
    kept_gib         by mode of vLLM: what its allocators hold besides all that is known, once it has served
    graphs_gib       by method: what capturing CUDA graphs takes
    prompt_factor    by engine that reads a prompt at once: its activations for a token over those of the rule
    overhead_s       by `Cell.id`: what a token takes besides the reading of its bytes
    """

    seen_share: Measured | None = None
    bandwidth_share: Measured | None = None
    context_gib: Mapping[str, Measured] = field(default_factory=dict)
    counted_gib: Mapping[str, Measured] = field(default_factory=dict)
    kept_gib: Mapping[str, Measured] = field(default_factory=dict)
    graphs_gib: Mapping[str, Measured] = field(default_factory=dict)
    prompt_factor: Mapping[str, Measured] = field(default_factory=dict)
    overhead_s: Mapping[str, Measured] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Seen:
    """One figure of `Evidence` as one run has it: which, for what, in a model of so many layers. `weight` is greater
    for what says more."""

    name: str
    key: str
    layers: int
    value: float
    weight: float = 0.0


def model_in(launch: Completed) -> Model | None:
    """The model of a launch; None where the record does not say enough of it."""
    shape = launch.configuration.shape and with_positions(launch.configuration.shape)
    return llama_like(shape) if shape and shape.positions else None


def evidence_of(runs: Iterable[RunFindings]) -> Evidence:
    """The evidence of these runs together."""
    return together({run.manifest.run_id: seen_in(run) for run in runs})


def together(seen: Mapping[str, Iterable[Seen]]) -> Evidence:
    """One evidence of what each run, by its id, has: of each figure the median over them, but of the memory that a card
    has the least, and of what prompts take that of the longest."""
    found: dict[tuple[str, str], dict[str, list[Seen]]] = {}
    for run_id, figures in seen.items():
        for figure in figures:
            found.setdefault((figure.name, figure.key), {}).setdefault(run_id, []).append(figure)

    def single(name: str) -> Measured | None:
        return by_key(name).get("")

    def by_key(name: str) -> dict[str, Measured]:
        return {key: _together(name, of_runs) for (of, key), of_runs in sorted(found.items()) if of == name}

    return Evidence(
        seen_share=single("seen_share"),
        bandwidth_share=single("bandwidth_share"),
        context_gib=by_key("context_gib"),
        counted_gib=by_key("counted_gib"),
        kept_gib=by_key("kept_gib"),
        graphs_gib=by_key("graphs_gib"),
        prompt_factor=by_key("prompt_factor"),
        overhead_s=by_key("overhead_s"),
    )


# Per layer, as far as runs of models with other numbers of layers do not say otherwise.
GROWS: Final = frozenset({"graphs_gib", "overhead_s"})


def _together(name: str, of_runs: Mapping[str, list[Seen]]) -> Measured:
    if name == "prompt_factor":
        longest = max(of_runs, key=lambda run_id: max(seen.weight for seen in of_runs[run_id]))
        return Measured(max(seen.value for seen in of_runs[longest]), 0.0, (longest,))
    medians = [(median(seen.layers for seen in all_), median(seen.value for seen in all_)) for all_ in of_runs.values()]
    runs = tuple(sorted(of_runs))
    if name in GROWS:
        return Measured(*_line(medians), runs)
    reduce: Callable[[Iterable[float]], float] = min if name == "seen_share" else median
    return Measured(reduce(value for _, value in medians), 0.0, runs)


def _line(points: list[tuple[float, float]]) -> tuple[float, float]:
    """What is fixed and what each layer adds: between the medians at the fewest and at the most layers; from nothing on
    where there is one number of layers, or where the line would begin or go below that."""
    few, many = min(points)[0], max(points)[0]
    low, high = (median(value for layers, value in points if layers == end) for end in (few, many))
    slope = (high - low) / (many - few) if many > few else -1.0
    fixed = low - slope * few
    return (fixed, slope) if slope >= 0 and fixed >= 0 else (0.0, median(value / layers for layers, value in points))


def seen_in(run: RunFindings) -> Iterator[Seen]:
    """Every figure that a run has of a card; none where figures in it can't be true, or that somebody else measured."""
    if not isinstance(run.manifest, MeasuredRun) or run.manifest.hardware.device != "cuda":
        return
    if run.contradictions or run.origin != run.kind:
        return
    for one in run.cells:
        stored = one.method.stored.get(one.cell.engine)
        for launch in one.valid:
            if stored is not None and isinstance(launch, Completed) and (model := model_in(launch)):
                yield from _of_card(run.manifest, launch)
                yield from _of_memory(run.manifest, one, launch, model, stored)
                yield from _of_speed(launch, model, stored)


def _of_card(manifest: MeasuredRun, launch: Completed) -> Iterator[Seen]:
    card = card_of(manifest.hardware)
    if card is not None and launch.limits is not None:
        yield Seen("bandwidth_share", "", 0, launch.limits.copy_gb_per_s / card.bandwidth_gb_per_s)
    told = launch.configuration.arguments.get("gpu_memory_utilization")
    shown_mib, budget_gib = manifest.hardware.gpu_memory_mib, manifest.memory_budget_gib
    if isinstance(told, float) and shown_mib is not None and budget_gib is not None:
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
    by_rule = tokens * prompt_bytes_per_token(model.shape)
    return Seen(
        "prompt_factor", launch.cell.engine, model.shape.layers, (activations_gib * GIB - known) / by_rule, tokens
    )


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
    if point.concurrency != 1 or point.requests is None or not point.requests.tpot_s:
        return None
    columns = zip(point.requests.prompt_tokens, point.requests.output_tokens, strict=True)
    return median(prompt + output / 2 for prompt, output in columns), median(point.requests.tpot_s)
