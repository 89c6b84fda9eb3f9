"""How far off a plan is: what the rule says of a run that it was not told of, beside what was measured there."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from statistics import median
from typing import Final, Literal

from generator.analyse.fit import BLOCK, Device, Load, fit, without
from generator.analyse.fit_evidence import Evidence, alone_at, model_in, seen_in, together, tokens_at_once
from generator.analyse.memory import GIB, GIB_IN_MIB
from generator.analyse.physics.cards import card_of
from generator.analyse.run import RunFindings
from generator.cells import Cell
from generator.manifest import MeasuredRun
from generator.record import Completed

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
    """One cell's figure, planned and measured, the medians over its launches that started alike: `anew` is whether
    they compiled. `context_tokens` is 0 but of a speed."""

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


def check(runs: Sequence[RunFindings], left_out: LeftOut = "run") -> Checked:
    """The rule against every run that evidence is taken from; of one on a CPU, weights and cache alone."""
    sound = [run for run in runs if run.origin == run.kind and not run.contradictions]
    seen = {run.manifest.run_id: tuple(seen_in(run)) for run in sound}
    found: list[Deviation] = []
    for run in sound:
        told = {
            other.manifest.run_id: seen[other.manifest.run_id]
            for other in sound
            if (other is not run if left_out == "run" else other.manifest.hardware.name != run.manifest.hardware.name)
        }
        if isinstance(run.manifest, MeasuredRun):
            found += _of_run(run, run.manifest, together(told))
    return Checked(left_out, tuple(found))


def _of_run(run: RunFindings, manifest: MeasuredRun, evidence: Evidence) -> Iterator[Deviation]:
    found: dict[tuple[Cell, bool, Quantity, int], list[tuple[float, float]]] = {}
    for one in run.cells:
        for launch in one.valid:
            if isinstance(launch, Completed) and launch.cell.engine in one.method.stored:
                for quantity, context_tokens, planned, measured in _of_launch(manifest, launch, evidence):
                    key = (launch.cell, bool(launch.compiled), quantity, context_tokens)
                    found.setdefault(key, []).append((planned, measured))
    for (cell, anew, quantity, context_tokens), pairs in found.items():
        planned, measured = (median(column) for column in zip(*pairs, strict=True))
        yield Deviation(manifest.run_id, cell, anew, quantity, context_tokens, planned, measured)


def _of_launch(
    manifest: MeasuredRun, launch: Completed, evidence: Evidence
) -> Iterator[tuple[Quantity, int, float, float]]:
    """What is compared: the quantity, its context in tokens, planned, measured."""
    model, quantities = model_in(launch), launch.quantities
    if model is None:
        return
    device, load = room_of(manifest, evidence), load_of(manifest, launch, tokens_at_once(launch), 1)
    plan = fit(model, launch.cell, device, load, evidence)
    if quantities.weights_gib is not None:
        yield "weights_gib", 0, plan.weights_gib, quantities.weights_gib
    cache_bytes = launch.configuration.arguments.get("kv_cache_memory_bytes")
    cache_tokens = plan.kv_cache_tokens
    if isinstance(cache_bytes, int):
        cache_tokens = cache_bytes // (BLOCK * plan.kv_bytes_per_token) * BLOCK
    missing = without(launch.cell, evidence)
    if quantities.kv_cache_tokens is not None and (isinstance(cache_bytes, int) or "counted_gib" not in missing):
        yield "kv_cache_tokens", 0, cache_tokens, quantities.kv_cache_tokens
    if quantities.gpu_memory_used_mib is not None and not set(missing) & {*MEMORY}:
        # vLLM takes all that is left for its cache, whatever is asked of it.
        cache_gib = cache_tokens * plan.kv_bytes_per_token / GIB if launch.cell.engine == "vllm" else plan.kv_cache_gib
        used_gib = plan.parts_gib - plan.kv_cache_gib + cache_gib
        yield "gpu_memory_used_mib", 0, used_gib * GIB_IN_MIB, quantities.gpu_memory_used_mib
    for point in launch.points:
        alone = alone_at(point)
        if alone is not None:
            context_tokens, token_s = alone
            speed = fit(model, launch.cell, device, replace(load, context_tokens=round(context_tokens)), evidence)
            if speed.expected_tokens_per_s is not None:
                yield "decode_tokens_per_s", round(context_tokens), speed.expected_tokens_per_s, 1 / token_s


def load_of(manifest: MeasuredRun, launch: Completed, context_tokens: int, users: int) -> Load:
    """A load of so many users, as the launch's engine was told to serve it."""
    engine = manifest.profile.engine
    return Load(
        context_tokens,
        users,
        engine.gpu_memory_utilization,
        engine.max_num_seqs,
        engine.max_num_batched_tokens,
        anew=bool(launch.compiled),
    )


def room_of(manifest: MeasuredRun, evidence: Evidence) -> Device:
    """The card of a run, or its budget; of one that has no data sheet, or is none, no speed can be planned."""
    card = card_of(manifest.hardware)
    shown_gib = (manifest.hardware.gpu_memory_mib or 0) / GIB_IN_MIB
    seen = evidence.seen_share.fixed if evidence.seen_share else 1.0
    return Device(manifest.memory_budget_gib or shown_gib * seen, card.bandwidth_gb_per_s if card else None)
