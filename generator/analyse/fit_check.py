"""How far off a plan is: what the rule says of a run that it was not told of, beside what was measured there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Literal

from generator.analyse.brief import Brief
from generator.analyse.fit import BLOCK, Device, Load, fit, without
from generator.analyse.fit_evidence import Evidence, evidence_of
from generator.analyse.fit_seen import Held
from generator.analyse.memory import GIB, GIB_IN_MIB
from generator.analyse.physics.cards import card_of
from generator.cells import Cell
from generator.manifest import MeasuredRun, ReportedRun
from generator.model import llama_like
from generator.profiles import EngineSettings

Quantity = Literal["weights_gib", "kv_cache_tokens", "gpu_memory_used_mib", "decode_tokens_per_s"]
QUANTITIES: Final[tuple[Quantity, ...]] = (
    "weights_gib",
    "kv_cache_tokens",
    "gpu_memory_used_mib",
    "decode_tokens_per_s",
)
# What the memory of a card is planned with, see `Evidence`.
MEMORY: Final = ("context_gib", "counted_gib", "kept_gib", "graphs_gib", "prompt_factor")
# What is left out where the rule is judged: the run itself, or every run on its card.
LeftOut = Literal["run", "card"]


@dataclass(frozen=True, slots=True)
class Deviation:
    """One cell's figure, planned and measured, of launches that started alike, see `Held`. `context_tokens` is 0 but
    of a speed."""

    run_id: str
    cell: Cell
    anew: bool
    quantity: Quantity
    context_tokens: int
    planned: float
    measured: float

    @property
    def error(self) -> float:
        """As a share of what was measured; above 0 where the plan promised more."""
        return self.planned / self.measured - 1


@dataclass(frozen=True, slots=True)
class Summary:
    """The errors of one quantity, as shares without their signs: how many, their median, and the cell that is worst."""

    count: int
    median: float
    worst: Deviation


@dataclass(frozen=True)
class Checked:
    """Every deviation, with the run's own evidence left out, or that of all runs on its card."""

    left_out: LeftOut
    deviations: tuple[Deviation, ...]

    def summary(self, quantity: Quantity, mode: str | None = None) -> Summary | None:
        """Of a quantity, in one mode or in both; None where nothing was measured."""
        found = [one for one in self.deviations if one.quantity == quantity and mode in {None, one.cell.mode}]
        if not found:
            return None
        errors = [abs(one.error) for one in found]
        return Summary(len(found), median(errors), max(found, key=lambda one: abs(one.error)))


def check(briefs: Sequence[Brief], left_out: LeftOut = "run") -> Checked:
    """The rule against every run that may be concluded from; of one on a CPU, weights and cache alone."""
    sound = [brief for brief in briefs if brief.sound and isinstance(brief.manifest, MeasuredRun)]
    found: list[Deviation] = []
    for brief in sound:
        others = (
            one
            for one in sound
            if (one is not brief if left_out == "run" else one.manifest.hardware.name != brief.manifest.hardware.name)
        )
        evidence = evidence_of(others)
        for held in brief.told.held:
            for quantity, context_tokens, planned, measured in _of(brief.manifest, held, evidence):
                found.append(Deviation(brief.run_id, held.cell, held.anew, quantity, context_tokens, planned, measured))
    return Checked(left_out, tuple(found))


def _of(
    manifest: MeasuredRun | ReportedRun, held: Held, evidence: Evidence
) -> Iterator[tuple[Quantity, int, float, float]]:
    """What is compared: the quantity, its context in tokens, planned, measured."""
    assert isinstance(manifest, MeasuredRun)
    model, device = llama_like(held.shape), room_of(manifest, evidence)
    load = load_of(manifest.profile.engine, held.tokens_at_once, 1, anew=held.anew)
    plan, missing = fit(model, held.cell, device, load, evidence), without(held.cell, evidence)
    if held.weights_gib is not None:
        yield "weights_gib", 0, plan.weights_gib, held.weights_gib
    cache_tokens = plan.kv_cache_tokens
    if held.cache_bytes is not None:
        cache_tokens = held.cache_bytes // (BLOCK * plan.kv_bytes_per_token) * BLOCK
    if held.kv_cache_tokens is not None and (held.cache_bytes is not None or "counted_gib" not in missing):
        yield "kv_cache_tokens", 0, cache_tokens, held.kv_cache_tokens
    if held.gpu_memory_used_mib is not None and not set(missing) & {*MEMORY}:
        # vLLM takes all that is left for its cache, whatever is asked of it.
        cache_gib = cache_tokens * plan.kv_bytes_per_token / GIB if held.cell.engine == "vllm" else plan.kv_cache_gib
        used_gib = plan.parts_gib - plan.kv_cache_gib + cache_gib
        yield "gpu_memory_used_mib", 0, used_gib * GIB_IN_MIB, held.gpu_memory_used_mib
    for context_tokens, token_s in held.alone.items():
        speed = fit(model, held.cell, device, replace(load, context_tokens=context_tokens), evidence)
        if speed.expected_tokens_per_s is not None:
            yield "decode_tokens_per_s", context_tokens, speed.expected_tokens_per_s, 1 / token_s


def load_of(engine: EngineSettings, context_tokens: int, users: int, *, anew: bool) -> Load:
    """A load of so many users, as the engine is told to serve it."""
    return Load(
        context_tokens,
        users,
        engine.gpu_memory_utilization,
        engine.max_num_seqs,
        engine.max_num_batched_tokens,
        anew=anew,
    )


def room_of(manifest: MeasuredRun, evidence: Evidence) -> Device:
    """The card of a run, or its budget; of one that has no data sheet, or is none, no speed can be planned."""
    card = card_of(manifest.hardware)
    shown_gib = (manifest.hardware.gpu_memory_mib or 0) / GIB_IN_MIB
    seen = evidence.seen_share.fixed if evidence.seen_share else 1.0
    return Device(manifest.memory_budget_gib or shown_gib * seen, card.bandwidth_gb_per_s if card else None)
