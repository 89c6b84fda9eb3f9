"""Findings: all that a page may say, worked out from the runs. Frozen values; no words, no formatting."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

from generator.analyse.scenarios import SCENARIOS, Candidate, Recommendation, ScenarioId, recommend
from generator.analyse.summary import Comparison, Stat, compare, summarise
from generator.errors import UsageError
from generator.measurements import Run
from generator.methods import BASELINE, METHODS, Method, MethodId
from generator.record import Completed, Configuration, Failed, MeasuredRun, Quantities, Reported, ReportedRun

GIB_IN_MIB: Final = 1024

# What kind of evidence a run is; only a measured one with a GPU, or a reported one, can carry a recommendation.
Kind = Literal["measured", "demo", "reported"]


@dataclass(frozen=True, slots=True)
class MemoryParts:
    """Where the device's memory went, in GiB; they add up to the card, or to the budget that stood in for it.

    `other` is what is neither weights nor pre-allocated KV cache: activations, CUDA context, the allocator's reserve.
    """

    weights_gib: float
    kv_cache_gib: float
    other_gib: float
    free_gib: float


@dataclass(frozen=True)
class MethodFindings:
    """One method in one run. `stats` has the quantities that exist, `absent` the reason for each that does not."""

    method: Method
    completed: tuple[Completed | Reported, ...]
    failed: tuple[Failed, ...]
    stats: dict[str, Stat]
    absent: dict[str, str]

    @property
    def configuration(self) -> Configuration | None:
        """How it ran; None when no launch completed."""
        return self.completed[0].configuration if self.completed else None

    @property
    def memory_parts(self) -> MemoryParts | None:
        """None unless the device's memory and the weights are known."""
        used, weights = self.stats.get("gpu_memory_used_mib"), self.stats.get("weights_gib")
        free = self.stats.get("gpu_memory_free_mib")
        if used is None or weights is None or free is None:
            return None
        kv_cache = self.stats.get("kv_cache_gib")
        kv_cache_gib = kv_cache.median if kv_cache else 0.0
        return MemoryParts(
            weights_gib=weights.median,
            kv_cache_gib=kv_cache_gib,
            other_gib=max(0.0, used.median / GIB_IN_MIB - weights.median - kv_cache_gib),
            free_gib=max(0.0, free.median / GIB_IN_MIB),
        )

    def against(self, base: "MethodFindings", quantity: str) -> Comparison | None:
        """This method's quantity compared with `base`'s; None where either has none."""
        mine, its = self.stats.get(quantity), base.stats.get(quantity)
        return compare(mine, its) if mine and its else None


@dataclass(frozen=True)
class RunFindings:
    """One run."""

    run: Run
    kind: Kind
    methods: tuple[MethodFindings, ...]

    @property
    def manifest(self) -> MeasuredRun | ReportedRun:
        """What was measured, where and how."""
        return self.run.manifest

    @property
    def measured(self) -> tuple[MethodFindings, ...]:
        """The methods that have figures."""
        return tuple(method for method in self.methods if method.stats)

    @property
    def failed(self) -> tuple[Failed, ...]:
        """Every failed launch."""
        return tuple(failure for method in self.methods for failure in method.failed)

    @property
    def launches_per_method(self) -> int:
        """The fewest completed launches that any measured method has."""
        return min((len(method.completed) for method in self.measured), default=0)

    def of(self, method_id: MethodId) -> MethodFindings | None:
        """The method's findings, None where the run has no figures of it."""
        return next((method for method in self.measured if method.method.id == method_id), None)

    def has(self, quantity: str) -> bool:
        """Whether any method has the quantity."""
        return any(quantity in method.stats for method in self.methods)

    def least(self, quantity: str) -> MethodFindings | None:
        """The method with the lowest median of the quantity, None where no method has it."""
        having = [method for method in self.measured if quantity in method.stats]
        return min(having, key=lambda method: method.stats[quantity].median, default=None)

    def recommendation_for(self, scenario: ScenarioId) -> Recommendation | None:
        """The recommendation for a scenario, None from a demo."""
        return next((one for one in self.recommendations if one.scenario.id == scenario), None)

    @property
    def baseline(self) -> MethodFindings | None:
        """FP16's findings."""
        return self.of(BASELINE)

    @property
    def budget_mib(self) -> float | None:
        """The card's memory, or the budget that stood in for it."""
        if isinstance(self.manifest, MeasuredRun) and self.manifest.memory_budget_gib is not None:
            return self.manifest.memory_budget_gib * GIB_IN_MIB
        return self.manifest.hardware.gpu_memory_mib

    @cached_property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """One a scenario; none from a demo, which is too small to advise anybody."""
        if self.kind == "demo":
            return ()
        candidates = [Candidate(method.method, method.stats) for method in self.measured]
        return tuple(recommend(scenario, candidates) for scenario in SCENARIOS)


@dataclass(frozen=True)
class Findings:
    """Every run, oldest first, and the three that pages speak of by name."""

    runs: tuple[RunFindings, ...]
    featured: RunFindings | None
    reported: RunFindings | None
    demo: RunFindings | None


def find(runs: Sequence[Run], featured: str | None = None) -> Findings:
    """What follows from the runs, which are sorted from old to new.

    The featured run is the one named `featured`, or else the newest measured on a GPU with a figure in it, or else the
    newest reported one. Raises `UsageError` when there is no run of that name.
    """
    found = tuple(_run_findings(run) for run in runs)
    usable = [run for run in found if run.measured]
    if featured is not None and featured not in {run.manifest.run_id for run in found}:
        names = ", ".join(run.manifest.run_id for run in found)
        raise UsageError(f"featured_run: there is no run {featured!r} under measurements/; name one of: {names}")
    named = next((run for run in found if run.manifest.run_id == featured), None)
    chosen = named or _newest(usable, "measured") or _newest(usable, "reported")
    return Findings(runs=found, featured=chosen, reported=_newest(usable, "reported"), demo=_newest(usable, "demo"))


def _newest(runs: Sequence[RunFindings], kind: Kind) -> RunFindings | None:
    return next((run for run in reversed(runs) if run.kind == kind), None)


def _run_findings(run: Run) -> RunFindings:
    manifest = run.manifest
    if isinstance(manifest, ReportedRun):
        kind: Kind = "reported"
    else:
        # A figure from a CPU says as little about a card as the demo model does about a large one.
        is_demo = manifest.profile.purpose == "demo" or manifest.hardware.device == "cpu"
        kind = "demo" if is_demo else "measured"
    methods = tuple(_method_findings(run, method) for method in METHODS if method.id in manifest.methods)
    return RunFindings(run, kind, methods)


def _method_findings(run: Run, method: Method) -> MethodFindings:
    launches = [launch for launch in run.launches if launch.method == method.id]
    completed = tuple(launch for launch in launches if not isinstance(launch, Failed))
    failed = tuple(launch for launch in launches if isinstance(launch, Failed))
    stats: dict[str, Stat] = {}
    absent: dict[str, str] = {}
    for name in Quantities.model_fields:
        values = [value for launch in completed if isinstance(value := getattr(launch.quantities, name), int | float)]
        if values:
            stats[name] = summarise(values)
        elif completed and name != "absent":
            absent[name] = completed[0].quantities.absent[name]
    stats |= _derived(run.manifest, stats)
    return MethodFindings(method, completed, failed, stats, absent)


def _derived(manifest: MeasuredRun | ReportedRun, stats: dict[str, Stat]) -> dict[str, Stat]:
    """Quantities that follow from others.

    output_tokens_per_s_per_user: what one of the prompts that run at once gets
    context_capacity_tokens: the tokens of context that are sure to fit: the KV cache. None where the engine
      pre-allocates none, because free memory is only an upper bound on what a long context would take
    """
    derived: dict[str, Stat] = {}
    speed = stats.get("output_tokens_per_s")
    if speed and isinstance(manifest, MeasuredRun):
        users = manifest.profile.workload.concurrency
        derived["output_tokens_per_s_per_user"] = Stat(
            speed.median / users, speed.low / users, speed.high / users, speed.count
        )
    pool = stats.get("kv_cache_tokens")
    if pool:
        derived["context_capacity_tokens"] = pool
    return derived
