"""What was measured: the manifest of a run and the record of a launch, frozen and valid by construction.

These classes are the file format under `measurements/`; the published JSON Schema is made from them. A number's unit is
in its name. A quantity that does not exist is null, and `absent` says why; it is never 0.

History of the format: 1 (2026-11): first.
"""

from statistics import median
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import Discriminator, Field, TypeAdapter, model_validator

from generator.cells import Cell
from generator.frozen import (
    Count,
    Frozen,
    Name,
    NonNegative,
    Percent,
    Positive,
    Sha256,
    Slug,
    Text,
    Timestamp,
)
from generator.methods import MethodId
from generator.profiles import Profile

SCHEMA_VERSION: Final = 1

Stage = Literal["prepare", "import", "wait", "load", "warm-up", "generate", "close"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)

FailureReason = Literal[
    "out_of_memory",
    "missing_package",
    "checkpoint_unavailable",
    "unsupported",
    "wrong_kernel",
    "time_out",
    "crashed",
    "engine_error",
]

# What casts doubt on a launch. All but the last make its figures invalid; with that one, the engine's account of its
# memory does not add up, and its speed is as good as ever.
FaultKind = Literal["foreign_process", "throttled", "clock_jump", "memory_unexplained"]
INVALIDATING: Final[tuple[FaultKind, ...]] = ("foreign_process", "throttled", "clock_jump")

Scalar = bool | int | float | Text | None


class Hardware(Frozen):
    """The machine, by an allow-list: nothing in it names a user, a host or a path."""

    device: Literal["cuda", "cpu"]
    gpu_name: Name | None = None
    gpu_memory_mib: Positive | None = None
    gpu_power_limit_w: Positive | None = None
    gpu_compute_capability: Annotated[str, Field(pattern=r"^\d+\.\d+$")] | None = None
    driver_version: Name | None = None
    cuda_version: Name | None = None
    cpu_model: Name | None = None
    cpu_cores: Count | None = None
    ram_gib: Positive | None = None
    os: Name | None = None
    python_version: Name | None = None


class Source(Frozen):
    """Where reported figures were published."""

    author: Name
    title: Name
    url: Annotated[str, Field(max_length=300, pattern=r"^https://[A-Za-z0-9.-]+(/[A-Za-z0-9._~/-]*)?$")]
    note: Text


class MeasuredRun(Frozen):
    """The manifest of a run that Quantpress measured: the profile's `rounds` launches of each of `cells`."""

    schema_version: Literal[1]
    origin: Literal["measured"]
    run_id: Slug
    created_at: Timestamp
    profile: Profile
    cells: Annotated[tuple[Cell, ...], Field(min_length=1)]
    memory_budget_gib: Positive | None
    hardware: Hardware
    versions: dict[Name, Name]
    git_revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}(\+changes)?$")] | None
    environment_sha256: Sha256
    command: Text

    @property
    def model_name(self) -> str:
        """The model, as its profile names it."""
        return self.profile.model_name


class ReportedRun(Frozen):
    """The manifest of figures that somebody else published: one launch a method, no raw samples."""

    schema_version: Literal[1]
    origin: Literal["reported"]
    run_id: Slug
    created_at: Timestamp
    model_name: Name
    cells: Annotated[tuple[Cell, ...], Field(min_length=1)]
    hardware: Hardware
    versions: dict[Name, Name]
    source: Source


class Shape(Frozen):
    """The dimensions of a Llama-like model, from its config.json: what bytes and FLOPs per token follow from."""

    hidden: Count
    intermediate: Count
    layers: Count
    heads: Count
    kv_heads: Count
    head: Count
    vocabulary: Count
    tied_embeddings: bool


class Configuration(Frozen):
    """How a cell really ran. `kernels` counts the linear layers by the implementation that they got."""

    engine_version: Name
    framework: Name
    model_source: Name
    model_revision: Name | None
    weight_bits: Literal[4, 16]
    weight_format: Name
    dtype: Name
    kernels: dict[Name, Count]
    attention_backend: Name | None
    kv_cache_bytes_per_token: Count | None
    shape: Shape | None
    arguments: dict[Name, Scalar]


def _a_reason_for_each_null(value: "Quantities | Point") -> None:
    nulls = {name for name, content in value if content is None}
    if nulls != set(value.absent):
        odd = ", ".join(sorted(nulls ^ set(value.absent)))
        raise ValueError(f"absent must name exactly the quantities that are null; look at: {odd}")


class Quantities(Frozen):
    """What was read off one launch; each null has its reason in `absent`, and only nulls have one.

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
    system_ram_increase_mib, system_ram_percent  the whole machine's, from before the launch to after the generation
    process_memory_peak_mib    highest resident memory of the measuring process
    """

    gpu_memory_used_mib: NonNegative | None
    gpu_memory_used_percent: NonNegative | None
    gpu_memory_occupied_percent: Percent | None
    gpu_memory_free_mib: float | None
    gpu_memory_baseline_mib: NonNegative | None
    gpu_utilisation_peak_percent: Percent | None
    weights_gib: Positive | None
    kv_cache_gib: Positive | None
    kv_cache_tokens: Count | None
    activation_peak_gib: NonNegative | None
    cuda_graphs_gib: NonNegative | None
    non_torch_gib: NonNegative | None
    import_time_s: Positive | None
    load_time_s: Positive | None
    weights_load_time_s: Positive | None
    compile_time_s: NonNegative | None
    graph_capture_time_s: NonNegative | None
    first_token_time_s: Positive | None
    warmup_time_s: NonNegative | None
    output_tokens_per_s: Positive | None
    output_tokens_total: Count | None
    system_ram_increase_mib: float | None
    system_ram_percent: Percent | None
    process_memory_peak_mib: Positive | None
    absent: dict[Name, Text]

    @model_validator(mode="after")
    def _reasons(self) -> Self:
        _a_reason_for_each_null(self)
        return self


class Sample(Frozen):
    """One repeat of a batch, or one whole closed loop: from the first submission to the last token."""

    duration_s: Positive
    prompt_tokens: Count
    output_tokens: Annotated[int, Field(gt=0)]

    @property
    def output_tokens_per_s(self) -> float:
        """Output tokens over the duration."""
        return self.output_tokens / self.duration_s


class Requests(Frozen):
    """The requests of a closed loop, a column a quantity, in the order in which they were sent.

    ttft_s     from sending to the first token (time to first token)
    latency_s  from sending to the last token (end-to-end latency)
    """

    prompt_tokens: tuple[Count, ...]
    output_tokens: tuple[Annotated[int, Field(gt=0)], ...]
    ttft_s: tuple[Positive, ...]
    latency_s: tuple[Positive, ...]

    @model_validator(mode="after")
    def _columns_are_equally_long(self) -> Self:
        columns = (self.prompt_tokens, self.output_tokens, self.ttft_s, self.latency_s)
        if len({len(column) for column in columns}) != 1 or not self.ttft_s:
            raise ValueError("prompt_tokens, output_tokens, ttft_s and latency_s must be equally long, and not empty")
        if any(first > last for first, last in zip(self.ttft_s, self.latency_s, strict=True)):
            raise ValueError("ttft_s can't be longer than latency_s")
        return self

    @property
    def tpot_s(self) -> tuple[float, ...]:
        """Time per output token after the first, for each request that has more than one."""
        columns = zip(self.output_tokens, self.ttft_s, self.latency_s, strict=True)
        return tuple((last - first) / (tokens - 1) for tokens, first, last in columns if tokens > 1)


class Gaps(Frozen):
    """Inter-token latencies as a histogram, because there are as many as tokens: `counts[k]` gaps lie between
    `GAP_FLOOR_S * GAP_GROWTH**k` and `GAP_FLOOR_S * GAP_GROWTH**(k + 1)` seconds, so that a percentile is right to 2%.
    """

    counts: dict[Annotated[str, Field(pattern=r"^\d{1,4}$")], Annotated[int, Field(gt=0)]]


GAP_FLOOR_S: Final = 1e-6
GAP_GROWTH: Final = 1.02


class Energy(Frozen):
    """What the card took while a point was measured, by NVML's energy counter. `idle_w` was read just before the model
    was loaded; `faults` say why the figure must not be used."""

    window_s: Positive
    energy_j: NonNegative
    idle_w: NonNegative
    faults: tuple[Text, ...]


class Point(Frozen):
    """One workload at one concurrency: a sample for each repeat of a batch, a single one for a closed loop."""

    workload: Slug
    concurrency: Annotated[int, Field(ge=1)]
    samples: Annotated[tuple[Sample, ...], Field(min_length=1)]
    requests: Requests | None
    gaps: Gaps | None
    energy: Energy | None
    absent: dict[Name, Text]

    @model_validator(mode="after")
    def _reasons(self) -> Self:
        _a_reason_for_each_null(self)
        return self

    @property
    def output_tokens_per_s(self) -> float:
        """The median over the samples."""
        return median(sample.output_tokens_per_s for sample in self.samples)


class QualityWindows(Frozen):
    """A text, window by window, as an engine predicts it; each column has a figure for each window, the mean over its
    tokens. The last two are against the baseline's predictions, and null where there were none.

    nll_per_token            negative log-likelihood of the text, in nats; perplexity is e to its mean
    kl_divergence_per_token  from the baseline's predictions, in nats
    top1_agreement           share of the positions at which the most likely token is the baseline's
    """

    nll_per_token: Annotated[tuple[NonNegative, ...], Field(min_length=1)]
    kl_divergence_per_token: tuple[NonNegative, ...] | None
    top1_agreement: tuple[Annotated[float, Field(ge=0, le=1)], ...] | None

    @model_validator(mode="after")
    def _columns_are_equally_long(self) -> Self:
        columns = [self.nll_per_token, self.kl_divergence_per_token, self.top1_agreement]
        if len({len(column) for column in columns if column is not None}) != 1:
            raise ValueError("nll_per_token, kl_divergence_per_token and top1_agreement must be equally long")
        return self


class Quality(Frozen):
    """What a text says about a cell. `kept_tokens` is how many of the baseline's most likely tokens stand for its
    prediction at each position; all of the `vocabulary`, where the two are equal."""

    text_sha256: Sha256
    window_tokens: Annotated[int, Field(ge=2)]
    vocabulary: Annotated[int, Field(ge=2)]
    kept_tokens: Annotated[int, Field(ge=1)]
    windows: QualityWindows


class Limits(Frozen):
    """What the device can do at best, measured before the launches of the same sitting."""

    copy_gb_per_s: Positive
    matmul_tflop_per_s: Positive


class Telemetry(Frozen):
    """The GPU while the points were measured, sampled ten times a second."""

    readings: Count
    power_w_mean: NonNegative
    temperature_c_max: NonNegative
    sm_clock_mhz_median: NonNegative
    throttled_percent: Percent


class Fault(Frozen):
    """Something that casts doubt on a launch that ended well. Some make its figures invalid; all are shown."""

    kind: FaultKind
    detail: Text


class _Launch(Frozen):
    schema_version: Literal[1]
    cell: Cell
    round: Annotated[int, Field(ge=1, le=1000)]

    @property
    def method(self) -> MethodId:
        """The cell's method."""
        return self.cell.method


class Completed(_Launch):
    """A launch that measured its cell, with every raw sample.

    `compiled` says whether its engine compiled anew (a cold start), or found what it needs in its cache; it is null
    where the engine compiles nothing.
    """

    status: Literal["completed"]
    started_at: Timestamp
    duration_s: Positive
    configuration: Configuration
    compiled: bool | None
    quantities: Quantities
    points: Annotated[tuple[Point, ...], Field(min_length=1)]
    quality: Quality | None
    limits: Limits | None
    telemetry: Telemetry | None
    faults: tuple[Fault, ...]

    @model_validator(mode="after")
    def _derived_figures_follow_from_the_samples(self) -> Self:
        headline = self.points[0]
        stated = self.quantities.output_tokens_per_s
        if stated is None or abs(stated - headline.output_tokens_per_s) > 1e-6 * headline.output_tokens_per_s:
            raise ValueError(
                f"quantities.output_tokens_per_s must be the samples' median, {headline.output_tokens_per_s:.6g}"
            )
        total = sum(sample.output_tokens for sample in headline.samples)
        if self.quantities.output_tokens_total != total:
            raise ValueError(f"quantities.output_tokens_total must be the samples' sum, {total}")
        return self

    @property
    def valid(self) -> bool:
        """Whether its figures may be used."""
        return not any(fault.kind in INVALIDATING for fault in self.faults)


class Failed(_Launch):
    """A launch that did not measure its cell: a result too, with its reason and what mends it."""

    status: Literal["failed"]
    started_at: Timestamp
    duration_s: NonNegative
    stage: Stage
    reason: FailureReason
    message: Text
    mend: Text


class Reported(_Launch):
    """A method's figures as somebody else published them."""

    status: Literal["reported"]
    configuration: Configuration
    quantities: Quantities


Manifest = Annotated[MeasuredRun | ReportedRun, Discriminator("origin")]
Launch = Annotated[Completed | Failed | Reported, Discriminator("status")]

MANIFEST: Final[TypeAdapter[MeasuredRun | ReportedRun]] = TypeAdapter(Manifest)
LAUNCH: Final[TypeAdapter[Completed | Failed | Reported]] = TypeAdapter(Launch)


def json_schemas() -> dict[str, dict[str, Any]]:
    """The published JSON Schema of each kind of file, by the file's kind."""
    return {"manifest": MANIFEST.json_schema(), "launch": LAUNCH.json_schema()}
