"""What was measured: the record of a launch, frozen and valid by construction.

These classes, with those of `manifest` and `samples`, are the file format under `measurements/`; the published JSON
Schema is made from them. A number's unit is in its name. A quantity that does not exist is null, and `absent` says why;
it is never 0.

History of the format: 1 (2026-11): first.
"""

from typing import Annotated, Final, Literal, Self, get_args

from pydantic import Discriminator, Field, TypeAdapter, model_validator

from generator.cells import Cell
from generator.frozen import (
    Count,
    Frozen,
    Gib,
    Mib,
    MibChange,
    NonNegative,
    Percent,
    PerSecond,
    PositiveCount,
    PositiveGib,
    PositiveMib,
    PositiveSeconds,
    SchemaVersion,
    Seconds,
    Several,
    Slug,
    Timestamp,
    Whole,
    WithReasons,
)
from generator.methods import MethodId
from generator.readable import Label, Name, Text
from generator.samples import Limits, Point, Quality, TaskScore, Telemetry

SCHEMA_VERSION: Final = 1

Stage = Literal["prepare", "import", "wait", "load", "warm-up", "generate", "tasks", "close"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

FailureReason = Literal[
    "out_of_memory",
    "missing_package",
    "checkpoint_unavailable",
    "unsupported",
    "wrong_kernel",
    "time_out",
    "crashed",
    "no_room",
    "gpu_lost",
    "engine_error",
]

# What casts doubt on a launch. The first four make its figures invalid. With the others the engine's account of its
# memory does not add up, or its predictions or its tasks could not be had, and its speed is as good as ever.
FaultKind = Literal[
    "foreign_process",
    "busy_processor",
    "throttled",
    "clock_jump",
    "memory_unexplained",
    "quality_unmeasured",
    "tasks_unmeasured",
]
INVALIDATING: Final[tuple[FaultKind, ...]] = ("foreign_process", "busy_processor", "throttled", "clock_jump")

# As far as floats tell whole numbers apart: beyond, readers of JSON disagree.
_EXACT: Final = Field(gt=-(2**53), lt=2**53)
Scalar = bool | Annotated[int, _EXACT] | Annotated[float, _EXACT] | Text | None


class Shape(Frozen):
    """The dimensions of a Llama-like model, from its config.json: what bytes and FLOPs per token follow from.
    `positions` is the longest context that it is made for, in tokens; null in records that are older than the field."""

    hidden: Count
    intermediate: Count
    layers: Count
    heads: Count
    kv_heads: Count
    head: Count
    vocabulary: Count
    tied_embeddings: bool
    positions: Count | None = None


class Configuration(Frozen):
    """How a cell really ran. `kernels` counts the linear layers by the implementation that they got."""

    engine_version: Name
    framework: Name
    model_source: Label
    model_revision: Name | None
    weight_bits: Annotated[Literal[4, 8, 16], Whole]
    weight_format: Name
    dtype: Name
    kernels: dict[Name, Count]
    attention_backend: Name | None
    kv_cache_bytes_per_token: Count | None
    shape: Shape | None
    arguments: dict[Name, Scalar]

    @property
    def ranks(self) -> int:
        """How many cards share each layer: tensor parallelism."""
        found = self.arguments.get("tensor_parallel_size")
        return found if isinstance(found, int) and found > 0 else 1


class Quantities(WithReasons):
    """What was read off one launch; each null has its reason in `absent`, and only nulls have one. Where several cards
    share the layers, memory and utilisation are those of the first, of which each other holds as much; power and energy
    are of all.

    gpu_memory_used_mib        rise of the device's used memory (NVML) from before the launch to after the generation
    gpu_memory_used_percent    the same, as a share of the card (of the memory budget, where one was set)
    gpu_memory_occupied_percent  share of the card that is not free then, other programs included
    gpu_memory_free_mib        what is left of the card, or of the budget
    gpu_memory_baseline_mib    used before the launch, by other programs
    gpu_utilisation_peak_percent  highest reading of the share of time with a kernel running, while generating
    weights_gib                bytes of all weight tensors that the engine holds, scales and zero points included
    kv_cache_gib, kv_cache_tokens  the engine's pre-allocated KV cache
    activation_peak_gib        vLLM: its own profile of the largest step; Transformers: what PyTorch's allocator holds
                               beyond the weights, the KV cache of the batch included
    cuda_graphs_gib            what capturing the graphs took
    non_torch_gib              CUDA context, libraries' workspaces: what no allocator of PyTorch knows of
    import_time_s              importing the engine
    load_time_s                from there to ready; of it weights_load_time_s, compile_time_s, graph_capture_time_s
    first_token_time_s         from ready to the first token of the first, cold request
    warmup_time_s              the whole warm-up, that request included
    output_tokens_per_s        median over the repeats of the first workload; all its prompts run at once
    output_tokens_total        of all repeats of it, warm-up excluded
    system_ram_increase_mib    rise of the RAM that the measuring process alone holds, from before the load to after the
                               generation; of reported figures, the whole machine's
    system_ram_percent         the whole machine's, then; the worker that imports ahead is in it
    process_memory_peak_mib    highest resident memory of the measuring process
    """

    gpu_memory_used_mib: Mib | None
    gpu_memory_used_percent: Annotated[NonNegative, Field(le=200)] | None
    gpu_memory_occupied_percent: Percent | None
    gpu_memory_free_mib: MibChange | None
    gpu_memory_baseline_mib: Mib | None
    gpu_utilisation_peak_percent: Percent | None
    weights_gib: PositiveGib | None
    kv_cache_gib: PositiveGib | None
    kv_cache_tokens: Count | None
    activation_peak_gib: Gib | None
    cuda_graphs_gib: Gib | None
    non_torch_gib: Gib | None
    import_time_s: PositiveSeconds | None
    load_time_s: PositiveSeconds | None
    weights_load_time_s: PositiveSeconds | None
    compile_time_s: Seconds | None
    graph_capture_time_s: Seconds | None
    first_token_time_s: PositiveSeconds | None
    warmup_time_s: Seconds | None
    output_tokens_per_s: PerSecond | None
    output_tokens_total: Count | None
    system_ram_increase_mib: MibChange | None
    system_ram_percent: Percent | None
    process_memory_peak_mib: PositiveMib | None
    absent: dict[Name, Text]


class Fault(Frozen):
    """Something that casts doubt on a launch that ended well. Some make its figures invalid; all are shown."""

    kind: FaultKind
    detail: Text


class Unserved(Frozen):
    """A point of a launch that could not be measured, though the launch was: a prompt too long, a load too large."""

    workload: Slug
    concurrency: PositiveCount
    reason: FailureReason
    message: Text


class _Launch(Frozen):
    schema_version: SchemaVersion
    cell: Cell
    round: Annotated[int, Field(ge=1, le=1000)]

    @property
    def method(self) -> MethodId:
        """The cell's method."""
        return self.cell.method


class _Made(_Launch):
    """A launch of ours. `card` tells the card that it ran on from others of its kind (of several, the first), or in a
    cluster without cards the node: it is anonymous. It is null where a machine without a card measured by itself, and
    in records that are older than the field."""

    card: Annotated[str, Field(pattern=r"^[0-9a-f]{8}$")] | None = None


class Completed(_Made):
    """A launch that measured its cell, with every raw sample.

    `compiled` says whether its engine compiled anew (a cold start), or found what it needs in its cache; it is null
    where the engine compiles nothing. `stages_s` is how long the harness waited in each stage, within `duration_s`:
    next to nothing for an import that was done while the launch before still measured.
    """

    status: Literal["completed"]
    started_at: Timestamp
    duration_s: PositiveSeconds
    stages_s: dict[Stage, Seconds] | None
    configuration: Configuration
    compiled: bool | None
    quantities: Quantities
    points: Annotated[Several[Point], Field(min_length=1)]
    unserved: Several[Unserved]
    quality: Quality | None
    tasks: Several[TaskScore]
    limits: Limits | None
    telemetry: Telemetry | None
    faults: Several[Fault]

    @model_validator(mode="after")
    def _derived_figures_follow_from_the_samples(self) -> Self:
        if len({(point.workload, point.concurrency) for point in self.points}) < len(self.points):
            raise ValueError("field points: expected one for each workload at each concurrency")
        headline = self.points[0]
        stated = self.quantities.output_tokens_per_s
        if stated is None or abs(stated - headline.output_tokens_per_s) > 1e-6 * headline.output_tokens_per_s:
            expected = f"expected the samples' median, {headline.output_tokens_per_s:.6g}"
            raise ValueError(f"field quantities.output_tokens_per_s: {expected}")
        total = sum(sample.output_tokens for sample in headline.samples)
        if self.quantities.output_tokens_total != total:
            raise ValueError(f"field quantities.output_tokens_total: expected the samples' sum, {total}")
        return self

    @property
    def valid(self) -> bool:
        """Whether its figures may be used."""
        return not any(fault.kind in INVALIDATING for fault in self.faults)


class Failed(_Made):
    """A launch that did not measure its cell: a result too, with its reason and what mends it."""

    status: Literal["failed"]
    started_at: Timestamp
    duration_s: Seconds
    stage: Stage
    reason: FailureReason
    message: Text
    mend: Text

    @property
    def valid(self) -> bool:
        """Whether it has figures that may be used: none."""
        return False


class Reported(_Launch):
    """A method's figures as somebody else published them."""

    status: Literal["reported"]
    configuration: Configuration
    quantities: Quantities


Launch = Annotated[Completed | Failed | Reported, Discriminator("status")]

LAUNCH: Final[TypeAdapter[Completed | Failed | Reported]] = TypeAdapter(Launch)
