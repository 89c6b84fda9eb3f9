"""What two runs may be compared in: the figures of their cells, the work that each comes from, what differs around it.

Figures that come from unlike work have no ratio. Weights, caches and starts come from none.
"""

from collections.abc import Iterator
from typing import Final, Literal

from generator.analyse.cell import OF_A_START, CellFindings
from generator.analyse.point import PointFindings
from generator.analyse.quality import perplexity_of
from generator.analyse.run import RunFindings
from generator.analyse.settings import Change, changes
from generator.analyse.statistics import Stat
from generator.manifest import MeasuredRun, ReportedRun
from generator.profiles import Profile, Workload
from generator.record import Completed

# Of the model and the settings, whatever is asked of them.
_OF_NO_WORK: Final = frozenset(
    {
        *OF_A_START,
        "cold_load_time_s",
        "import_time_s",
        "weights_gib",
        "kv_cache_gib",
        "kv_cache_tokens",
        "kv_cache_bytes_per_token",
        "context_capacity_tokens",
        "smallest_card_gib",
        "cuda_graphs_gib",
        "non_torch_gib",
        "gpu_memory_baseline_mib",
    }
)
_OF_ONE_USER: Final = frozenset({"one_user_tokens_per_s", "per_user_tokens_per_s", "limit_percent"})
_OF_THE_LONGEST_PROMPT: Final = frozenset({"longest_prompt_tokens", "longest_prompt_ttft_s"})

# Of a workload, what says how often and for whom it is done, and not what is done.
_HOW_OFTEN: Final = frozenset(
    {"name", "engines", "modes", "repeats", "at_least_s", "warmup_repeats", "requests", "users", "must_fit"}
)

# Settings that no launch of a cell knows of: what the plan is called, which other cells it has, how many launches.
_OF_THE_PLAN: Final = (
    "profile.name",
    "profile.rounds",
    "profile.twin",
    "profile.controls",
    "profile.modes",
    "profile.default_methods",
)

# Why two figures are not compared: neither more nor less is better, another model or another workload made them, or
# nobody knows what made one of them.
Obstacle = Literal["neutral", "model", "workload", "unknown"]


def figures_of(one: CellFindings) -> dict[str, Stat]:
    """Every quantity of a cell, by launch: besides its `stats`, the bytes that the KV cache takes for a token and the
    perplexity."""
    launches = [launch for launch in one.valid if isinstance(launch, Completed)]
    per_token = {launch.round: launch.configuration.kv_cache_bytes_per_token for launch in launches}
    perplexity = {launch.round: perplexity_of(launch.quality) for launch in launches if launch.quality}
    found = {
        "kv_cache_bytes_per_token": {round_: float(size) for round_, size in per_token.items() if size},
        "perplexity": perplexity,
    }
    return {**one.stats, **{name: Stat(by_round) for name, by_round in found.items() if by_round}}


def work_of(run: RunFindings, one: CellFindings, quantity: str) -> object:
    """What a figure of the cell was made by; equal for two that may be compared. None where nobody knows."""
    asked = asked_of(run, one, quantity)
    return asked if asked is None or quantity in _OF_NO_WORK else (run.manifest.model_name, asked)


def asked_of(run: RunFindings, one: CellFindings, quantity: str) -> object:
    """The same, whatever the model was that did it."""
    if quantity in _OF_NO_WORK:
        return "none"
    if isinstance(run.manifest, ReportedRun):
        return None
    if quantity == "perplexity":
        texts = [launch.quality for launch in one.valid if isinstance(launch, Completed) and launch.quality]
        return {(text.text_sha256, text.window_tokens, len(text.windows.nll_per_token)) for text in texts}
    return _workload(run.manifest.profile, one, quantity)


def asked_in(run: RunFindings, point: PointFindings) -> object:
    """What was asked at one number of users. None where nobody knows."""
    return None if isinstance(run.manifest, ReportedRun) else _named(run.manifest.profile, point.workload)


def headline_of(manifest: MeasuredRun) -> str:
    """What was asked of every cell for the headline figures, whatever the model."""
    return _done(manifest.profile.headline)


def obstacle(
    mine: tuple[RunFindings, CellFindings], its: tuple[RunFindings, CellFindings], quantity: str
) -> Obstacle | None:
    """Why a quantity that both cells have is not compared; None where it is."""
    works = [work_of(run, one, quantity) for run, one in (mine, its)]
    if None in works:
        return "unknown"
    if works[0] != works[1]:
        return "model" if mine[0].manifest.model_name != its[0].manifest.model_name else "workload"
    return "neutral" if quantity in mine[0].neutral | its[0].neutral else None


def changes_between(
    mine: tuple[RunFindings, CellFindings], its: tuple[RunFindings, CellFindings]
) -> tuple[Change, ...]:
    """What differs that a launch of the cell could have noticed, from `its` run to `mine`: of the machine, its
    software, the settings, the work and the code, and what the engine made of them."""
    (run, one), (earlier, other) = mine, its
    recorded = (change for change in changes(run.manifest, earlier.manifest) if _is_noticed(change.name, one))
    return (*recorded, *_in_use(one, other))


def _workload(profile: Profile, one: CellFindings, quantity: str) -> str | None:
    name = profile.headline.name
    if quantity in _OF_ONE_USER and one.alone:
        name = one.alone[0].workload
    if quantity in _OF_THE_LONGEST_PROMPT:
        name = next(point.workload for point in one.points if point.kind == "longest-prompt")
    return _named(profile, name)


def _named(profile: Profile, name: str) -> str | None:
    """What is asked by the profile's workload of that name; None where a record has a point of another."""
    return next((_done(workload) for workload in profile.workloads if workload.name == name), None)


def _done(workload: Workload) -> str:
    return workload.model_dump_json(exclude=set(_HOW_OFTEN))


def _is_noticed(name: str, one: CellFindings) -> bool:
    if name.startswith("profile.checkpoints."):
        return name.split(".")[2] == one.cell.method
    return name not in _OF_THE_PLAN


def _in_use(one: CellFindings, other: CellFindings) -> Iterator[Change]:
    after, before = one.configuration, other.configuration
    if after is None or before is None:
        return
    for name in ("engine_version", "attention_backend", "weight_format", "model_revision", "dtype"):
        if getattr(after, name) != getattr(before, name):
            yield Change(name, getattr(before, name), getattr(after, name))
    if after.kernels.keys() != before.kernels.keys():
        yield Change("kernels", tuple(sorted(before.kernels)), tuple(sorted(after.kernels)))
