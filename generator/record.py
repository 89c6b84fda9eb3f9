"""What was measured: the manifest of a run and the record of a launch, frozen and valid by construction.

These classes are the file format under `measurements/`; the published JSON Schema is made from them. A number's unit is
in its name. A quantity that does not exist is null, and `absent` says why; it is never 0.

History of the format: 1 (2026-11): first.
"""

from statistics import median
from typing import Annotated, Any, Final, Literal, Self, get_args

from pydantic import Discriminator, Field, TypeAdapter, model_validator

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
from generator.methods import EngineId, MethodId
from generator.profiles import Profile

SCHEMA_VERSION: Final = 1

Stage = Literal["prepare", "import", "load", "warm-up", "generate", "close"]
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

Scalar = bool | int | float | Text | None


class Hardware(Frozen):
    """The machine, by an allow-list: nothing in it names a user, a host or a path."""

    device: Literal["cuda", "cpu"]
    gpu_name: Name | None = None
    gpu_memory_mib: Positive | None = None
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
    """The manifest of a run that Quantpress measured: `rounds` launches of each of `methods`."""

    schema_version: Literal[1]
    origin: Literal["measured"]
    run_id: Slug
    created_at: Timestamp
    profile: Profile
    methods: Annotated[tuple[MethodId, ...], Field(min_length=1)]
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
    methods: Annotated[tuple[MethodId, ...], Field(min_length=1)]
    hardware: Hardware
    versions: dict[Name, Name]
    source: Source


class Configuration(Frozen):
    """How a method really ran. `kernels` counts the linear layers by the implementation that they got."""

    engine: EngineId
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
    arguments: dict[Name, Scalar]


class Quantities(Frozen):
    """What was read off one launch; each null has its reason in `absent`, and only nulls have one.

    gpu_memory_used_mib        rise of the device's used memory from before the launch to after the generation
    gpu_memory_used_percent    the same, as a share of the card (of the memory budget, where one was set)
    gpu_memory_occupied_percent  share of the card that is not free then, other programs included
    gpu_memory_free_mib        what is left of the card, or of the budget
    gpu_memory_baseline_mib    used before the launch, by other programs
    gpu_utilisation_peak_percent  highest reading of the share of time with a kernel running, while generating
    weights_gib                bytes of all weight tensors that the engine holds, scales and zero points included
    kv_cache_gib, kv_cache_tokens  the engine's pre-allocated KV cache
    import_time_s, load_time_s  importing the engine; from there to ready (weights, profiling, KV cache)
    output_tokens_per_s        median over the repeats; all prompts of a repeat run at once
    output_tokens_total        of all repeats, warm-up excluded
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
    import_time_s: Positive | None
    load_time_s: Positive | None
    warmup_time_s: NonNegative | None
    output_tokens_per_s: Positive | None
    output_tokens_total: Count | None
    system_ram_increase_mib: float | None
    system_ram_percent: Percent | None
    process_memory_peak_mib: Positive | None
    absent: dict[Name, Text]

    @model_validator(mode="after")
    def _a_reason_for_each_null(self) -> Self:
        nulls = {name for name, value in self if value is None}
        if nulls != set(self.absent):
            odd = ", ".join(sorted(nulls ^ set(self.absent)))
            raise ValueError(f"absent must name exactly the quantities that are null; look at: {odd}")
        return self


class Sample(Frozen):
    """One repeat: the whole batch from its submission to its last token."""

    duration_s: Positive
    prompt_tokens: Count
    output_tokens: Annotated[int, Field(gt=0)]

    @property
    def output_tokens_per_s(self) -> float:
        """Output tokens over the duration."""
        return self.output_tokens / self.duration_s


class _Launch(Frozen):
    schema_version: Literal[1]
    method: MethodId
    round: Annotated[int, Field(ge=1, le=1000)]


class Completed(_Launch):
    """A launch that measured its method, with every raw sample."""

    status: Literal["completed"]
    started_at: Timestamp
    duration_s: Positive
    configuration: Configuration
    quantities: Quantities
    samples: Annotated[tuple[Sample, ...], Field(min_length=1)]

    @model_validator(mode="after")
    def _derived_figures_follow_from_the_samples(self) -> Self:
        rate = median(sample.output_tokens_per_s for sample in self.samples)
        stated = self.quantities.output_tokens_per_s
        if stated is None or abs(stated - rate) > 1e-6 * rate:
            raise ValueError(f"quantities.output_tokens_per_s must be the samples' median, {rate:.6g}")
        total = sum(sample.output_tokens for sample in self.samples)
        if self.quantities.output_tokens_total != total:
            raise ValueError(f"quantities.output_tokens_total must be the samples' sum, {total}")
        return self


class Failed(_Launch):
    """A launch that did not measure its method: a result too, with its reason and what mends it."""

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
