"""What a model, a method and a card come to without measuring: memory, longest context, users, speed of one user.

Three kinds of figures meet here. Exact: weights and KV cache, see `fit_bytes`. By rule: the largest step's activations.
Measured: all else, see `fit_evidence`. site/pages/assets/fit.js does the same
operations in the same order.
"""

from dataclasses import dataclass
from math import ceil, floor
from typing import Final, Literal

from generator.analyse.fit_bytes import (
    WORKSPACE_BYTES,
    copied_bytes,
    kv_bytes_per_token,
    prompt_bytes_per_token,
    read_bytes,
    step_bytes,
    weights_bytes,
)
from generator.analyse.fit_evidence import UNKNOWN, Evidence
from generator.analyse.memory import GIB
from generator.cells import Cell
from generator.methods import method_of
from generator.model import Model

GB: Final = 1e9
BLOCK: Final = 16  # tokens of a block of vLLM's KV cache, of which it keeps one for itself

Obstacle = Literal["positions", "memory"]


@dataclass(frozen=True, slots=True)
class Device:
    """A card: the memory that the engine counts, see `Evidence.seen_share`; the data sheet's bandwidth, if known."""

    memory_gib: float
    bandwidth_gb_per_s: float | None


@dataclass(frozen=True, slots=True)
class Load:
    """What is to be served, `users` at once with `context_tokens` each, and how vLLM is told to: its share of the card,
    and the largest step. `anew` is whether it compiles at this start, as at the first."""

    context_tokens: int
    users: int
    utilisation: float
    sequences: int
    batched_tokens: int
    anew: bool = True


@dataclass(frozen=True, slots=True)
class Needs:
    """What a cell needs whatever the card. `within_gib` counts against `share` of the card, `beside_gib` comes on top;
    each token takes `bytes_per_token`, in blocks of so many tokens, of which `spare_tokens` serve nobody."""

    weights_gib: float
    activations_gib: float
    graphs_gib: float
    context_gib: float
    kept_gib: float
    within_gib: float
    beside_gib: float
    share: float
    bytes_per_token: float
    block_tokens: int
    spare_tokens: int

    def tokens_asked(self, load: Load) -> int:
        """Of the cache, for all users at once."""
        return load.users * self.in_blocks(load.context_tokens) + self.spare_tokens

    def in_blocks(self, tokens: int) -> int:
        """A context as the cache holds it."""
        return ceil(tokens / self.block_tokens) * self.block_tokens

    def tokens_left(self, memory_gib: float) -> int:
        """What the cache has room for on such a card; none where all else leaves nothing."""
        left_gib = min(self.share * memory_gib, memory_gib - self.beside_gib) - self.within_gib
        return max(0, floor(left_gib * GIB / self.bytes_per_token / self.block_tokens)) * self.block_tokens

    def shared_gib(self, load: Load) -> float:
        """What counts against the share, with the cache that the load asks for."""
        return self.within_gib + self.tokens_asked(load) * self.bytes_per_token / GIB

    def card_gib(self, load: Load) -> float:
        """The smallest card, as the engine counts it, that has room for the load."""
        return max(self.shared_gib(load) + self.beside_gib, self.shared_gib(load) / self.share)


@dataclass(frozen=True, slots=True)
class Fit:
    """The answer for one cell. Its first six figures are what the load takes.

    needed_gib, card_gib  the smallest card for it, as the engine counts it and as its driver shows it
    kv_cache_tokens  what the card has room for beside all else
    longest_tokens, users  the longest context of one user; how many users of the load's context there is room for
    read_bytes       what one user's next token must read
    bound_tokens_per_s     no engine is faster on that bandwidth; None where it is not known
    expected_tokens_per_s  None as well where no run says what such a cell takes besides
    """

    cell: Cell
    weights_gib: float
    kv_cache_gib: float
    activations_gib: float
    graphs_gib: float
    context_gib: float
    kept_gib: float
    needed_gib: float
    card_gib: float
    kv_bytes_per_token: int
    kv_cache_tokens: int
    longest_tokens: int
    users: int
    read_bytes: float
    bound_tokens_per_s: float | None
    expected_tokens_per_s: float | None
    obstacle: Obstacle | None

    @property
    def parts_gib(self) -> float:
        """All that the load takes."""
        return float(sum(getattr(self, part) for part in PARTS))


# In the order in which they are shown.
PARTS: Final = ("weights_gib", "kv_cache_gib", "activations_gib", "graphs_gib", "context_gib", "kept_gib")


def fit(model: Model, cell: Cell, device: Device, load: Load, evidence: Evidence) -> Fit:
    """The rule. The method must say how the engine stores it."""
    shape, stored = model.shape, method_of(cell.method).stored[cell.engine]
    needs = needs_of(model, cell, load, evidence)
    asked, left = needs.tokens_asked(load), needs.tokens_left(device.memory_gib)
    usable = max(0, left - needs.spare_tokens)
    positions = shape.positions or usable
    per_token = kv_bytes_per_token(shape)
    grown_gib = load.users * load.context_tokens * (needs.bytes_per_token - per_token) / GIB
    needed_gib = needs.card_gib(load)
    read = read_bytes(model, stored, cell.engine, load.context_tokens)
    return Fit(
        cell=cell,
        weights_gib=needs.weights_gib,
        kv_cache_gib=asked * per_token / GIB,
        activations_gib=needs.activations_gib + grown_gib,
        graphs_gib=needs.graphs_gib,
        context_gib=needs.context_gib,
        kept_gib=needs.kept_gib,
        needed_gib=needed_gib,
        card_gib=needed_gib / (evidence.seen_share.fixed if evidence.seen_share else 1.0),
        kv_bytes_per_token=per_token,
        kv_cache_tokens=left,
        longest_tokens=min(usable, positions),
        users=usable // needs.in_blocks(load.context_tokens),
        read_bytes=read,
        bound_tokens_per_s=device.bandwidth_gb_per_s * GB / read if device.bandwidth_gb_per_s else None,
        expected_tokens_per_s=_expected(cell, shape.layers, device, read, evidence),
        obstacle="positions" if load.context_tokens > positions else "memory" if left < asked else None,
    )


def needs_of(model: Model, cell: Cell, load: Load, evidence: Evidence) -> Needs:
    """Of vLLM, which reserves its cache and room for its largest step within a share of the card; or of an engine that
    reserves nothing: it has the whole card, and its activations grow with the prompt."""
    shape, stored = model.shape, method_of(cell.method).stored[cell.engine]
    weights_gib = weights_bytes(model, stored, cell.engine) / GIB
    per_token = kv_bytes_per_token(shape)
    context_gib = evidence.context_gib.get(cell.engine, UNKNOWN).of(shape.layers)
    if cell.engine != "vllm":
        copied_gib = (copied_bytes(shape, stored) + WORKSPACE_BYTES) / GIB
        grown = prompt_bytes_per_token(shape) * evidence.prompt_factor.get(cell.engine, UNKNOWN).of(shape.layers)
        within_gib = weights_gib + copied_gib
        return Needs(
            weights_gib, copied_gib, 0.0, context_gib, 0.0, within_gib, context_gib, 1.0, per_token + grown, 1, 0
        )
    activations_gib = max(steps_gib(model, cell, load).values())
    graphs_gib = evidence.graphs_gib.get(cell.method, UNKNOWN).of(shape.layers) if cell.mode == "graphs" else 0.0
    kept_gib = evidence.kept_gib.get(cell.mode, UNKNOWN).of(shape.layers)
    counted_gib = evidence.counted_gib.get(cell.engine, UNKNOWN).of(shape.layers)
    return Needs(
        weights_gib=weights_gib,
        activations_gib=activations_gib,
        graphs_gib=graphs_gib,
        context_gib=context_gib,
        kept_gib=kept_gib,
        within_gib=weights_gib + activations_gib + counted_gib,
        beside_gib=context_gib - counted_gib + graphs_gib + kept_gib,
        share=load.utilisation,
        bytes_per_token=per_token,
        block_tokens=BLOCK,
        spare_tokens=BLOCK,
    )


def steps_gib(model: Model, cell: Cell, load: Load) -> dict[str, float]:
    """The parts of vLLM's largest step, see `step_bytes`."""
    stored, sequences = method_of(cell.method).stored[cell.engine], max(load.sequences, load.users)
    parts = step_bytes(model.shape, stored, cell.mode, tokens=load.batched_tokens, sequences=sequences, anew=load.anew)
    return {name: bytes_ / GIB for name, bytes_ in parts.items()}


def without(cell: Cell, evidence: Evidence) -> tuple[str, ...]:
    """The figures of `Evidence` that this cell would need, and that no run has."""
    wanted: dict[str, object] = {
        "bandwidth_share": evidence.bandwidth_share,
        "overhead_s": evidence.overhead_s.get(cell.id),
        "context_gib": evidence.context_gib.get(cell.engine),
    }
    if cell.engine == "vllm":
        wanted |= {"counted_gib": evidence.counted_gib.get(cell.engine), "kept_gib": evidence.kept_gib.get(cell.mode)}
        if cell.mode == "graphs":
            wanted["graphs_gib"] = evidence.graphs_gib.get(cell.method)
    else:
        wanted["prompt_factor"] = evidence.prompt_factor.get(cell.engine)
    return tuple(name for name, found in wanted.items() if found is None)


def _expected(cell: Cell, layers: int, device: Device, read: float, evidence: Evidence) -> float | None:
    share, overhead = evidence.bandwidth_share, evidence.overhead_s.get(cell.id)
    if share is None or overhead is None or device.bandwidth_gb_per_s is None:
        return None
    return 1 / (read / (device.bandwidth_gb_per_s * GB * share.fixed) + overhead.of(layers))
