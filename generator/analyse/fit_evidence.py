"""What only measuring tells a plan, taken from the runs: each figure with the runs that it is from."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from statistics import median
from typing import Final

from generator.analyse.brief import Brief
from generator.analyse.fit_seen import Seen


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


def evidence_of(briefs: Iterable[Brief]) -> Evidence:
    """The evidence of these runs together, without any in which figures can't be true or that somebody else measured:
    of each figure the median over them, but of the memory that a card has the least, and of what prompts take that of
    the longest."""
    found: dict[tuple[str, str], dict[str, Seen]] = {}
    for brief in briefs:
        for seen in brief.told.seen if brief.sound else ():
            found.setdefault((seen.name, seen.key), {})[brief.run_id] = seen

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


def _together(name: str, of_runs: Mapping[str, Seen]) -> Measured:
    if name == "prompt_factor":
        longest = max(of_runs, key=lambda run_id: of_runs[run_id].tokens)
        return Measured(of_runs[longest].value, 0.0, (longest,))
    runs, points = tuple(sorted(of_runs)), [(seen.layers, seen.value) for seen in of_runs.values()]
    if name in GROWS:
        return Measured(*_line(points), runs)
    reduce: Callable[[Iterable[float]], float] = min if name == "seen_share" else median
    return Measured(reduce(value for _, value in points), 0.0, runs)


def _line(points: list[tuple[int, float]]) -> tuple[float, float]:
    """What is fixed and what each layer adds: between the medians at the fewest and at the most layers; from nothing on
    where there is one number of layers, or where the line would begin or go below that."""
    few, many = min(points)[0], max(points)[0]
    low, high = (median(value for layers, value in points if layers == end) for end in (few, many))
    slope = (high - low) / (many - few) if many > few else -1.0
    fixed = low - slope * few
    return (fixed, slope) if slope >= 0 and fixed >= 0 else (0.0, median(value / layers for layers, value in points))
