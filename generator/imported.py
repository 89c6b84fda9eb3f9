"""What other tools measured, as it was imported from their files: the records of an imported run.

A figure stands under our name and in our unit, beside the field of the file that it was read from. What the file does
not say is null, and `absent` has the reason. What the person who imported it said instead is named in `stated`.
"""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import Field, TypeAdapter, model_validator

from generator.frozen import (
    Count,
    Frozen,
    NonNegative,
    PerSecond,
    PositiveCount,
    PositiveGib,
    PositiveMib,
    PositiveSeconds,
    SchemaVersion,
    Seconds,
    Several,
    Sha256,
    Slug,
    Timestamp,
    Watts,
    Whole,
    WithReasons,
)
from generator.readable import Label, Name, Text
from generator.samples import TaskScore

SCHEMA_VERSION: Final = 1

# What whoever imports a file may say of it where the file does not.
Stated = Literal["model", "method", "engine", "precision", "card"]


class SourceFile(Frozen):
    """The file as it was read; `name` is without its folder, and `tool` is what wrote it."""

    name: Label
    sha256: Sha256
    size_bytes: PositiveCount
    tool: Name
    tool_version: Name | None


class Subject(WithReasons):
    """What was measured, in the words of the file. `measured_at` is when it began."""

    model: Name | None
    method: Name | None
    engine: Name | None
    engine_version: Name | None
    precision: Name | None
    card: Name | None
    processor: Name | None
    measured_at: Timestamp | None
    absent: dict[Name, Text]


class Figures(WithReasons):
    """The load, and what was found under it. Where a name is that of a launch's quantity, it means the same.

    concurrency                the most requests that were in work at once, as it was asked for
    request_rate_per_s         how often requests were sent, as it was asked for
    duration_s                 how long the requests were measured
    prompt_tokens_mean, output_tokens_mean  of a request; the totals are of all of them
    output_tokens_per_s        all output tokens over the duration; total_tokens_per_s counts prompts as well
    prompt_tokens_per_s        prompts read, while nothing else was done
    decode_tokens_per_s        output tokens after the first of each request
    ttft_*_s                   from sending a request to its first token
    tpot_*_s                   of a request, the mean time of each output token after the first
    itl_*_s                    from one token to the next, each by itself
    latency_*_s                from sending a request to its last token
    gpu_memory_device_peak_mib  the device's, by all programs; gpu_memory_process_peak_mib that of the one measured
    gpu_power_mean_w           the card's, while the requests ran
    energy_total_per_token_j   the card's, idle included; energy_machine_per_token_j counts processor and RAM as well
    """

    concurrency: PositiveCount | None = None
    request_rate_per_s: PerSecond | None = None
    requests_completed: Count | None = None
    requests_failed: Count | None = None
    duration_s: PositiveSeconds | None = None
    prompt_tokens_total: Count | None = None
    output_tokens_total: Count | None = None
    prompt_tokens_mean: NonNegative | None = None
    output_tokens_mean: NonNegative | None = None
    output_tokens_per_s: PerSecond | None = None
    total_tokens_per_s: PerSecond | None = None
    prompt_tokens_per_s: PerSecond | None = None
    decode_tokens_per_s: PerSecond | None = None
    requests_per_s: PerSecond | None = None
    ttft_mean_s: Seconds | None = None
    ttft_p50_s: Seconds | None = None
    ttft_p90_s: Seconds | None = None
    ttft_p95_s: Seconds | None = None
    ttft_p99_s: Seconds | None = None
    tpot_mean_s: Seconds | None = None
    tpot_p50_s: Seconds | None = None
    tpot_p90_s: Seconds | None = None
    tpot_p95_s: Seconds | None = None
    tpot_p99_s: Seconds | None = None
    itl_mean_s: Seconds | None = None
    itl_p50_s: Seconds | None = None
    itl_p90_s: Seconds | None = None
    itl_p95_s: Seconds | None = None
    itl_p99_s: Seconds | None = None
    latency_mean_s: Seconds | None = None
    latency_p50_s: Seconds | None = None
    latency_p90_s: Seconds | None = None
    latency_p95_s: Seconds | None = None
    latency_p99_s: Seconds | None = None
    load_time_s: PositiveSeconds | None = None
    weights_gib: PositiveGib | None = None
    gpu_memory_device_peak_mib: PositiveMib | None = None
    gpu_memory_process_peak_mib: PositiveMib | None = None
    process_memory_peak_mib: PositiveMib | None = None
    gpu_power_mean_w: Watts | None = None
    energy_total_per_token_j: Annotated[NonNegative, Field(le=10**6)] | None = None
    energy_machine_per_token_j: Annotated[NonNegative, Field(le=10**6)] | None = None
    absent: dict[Name, Text]

    @property
    def known(self) -> dict[str, float]:
        """Those that the file has."""
        return {name: value for name, value in self if name != "absent" and value is not None}


class Reading(Frozen):
    """Where a figure stood: `field` of the file, in `unit`. It is `factor` times what stood there, or, if `inverted`,
    `factor` divided by it."""

    field: Text
    unit: Name
    factor: float
    inverted: bool = False


class Imported(Frozen):
    """One measurement of a file: the whole of it, or the part at `place`."""

    schema_version: SchemaVersion
    status: Literal["imported"]
    number: Annotated[int, Whole, Field(ge=1, le=9999)]
    source: SourceFile
    place: Text
    subject: Subject
    stated: Several[Stated]
    figures: Figures
    readings: dict[Name, Reading]
    tasks: Several[TaskScore]
    remarks: Several[Text]

    @model_validator(mode="after")
    def _each_figure_says_where_it_stood(self) -> Self:
        if odd := sorted(set(self.readings) ^ set(self.figures.known)):
            raise ValueError(f"readings must name exactly the figures that are not null; look at: {', '.join(odd)}")
        if unsaid := [name for name in self.stated if getattr(self.subject, name) is None]:
            raise ValueError(f"stated names {unsaid[0]}, which is null in subject")
        if not self.readings and not self.tasks:
            raise ValueError("expected a figure or the score of a task; there is neither")
        return self


class ImportedRun(Frozen):
    """The manifest of what was imported at once."""

    schema_version: SchemaVersion
    origin: Literal["imported"]
    run_id: Slug
    created_at: Timestamp
    sources: Annotated[Several[SourceFile], Field(min_length=1)]
    command: Text


IMPORTED: Final[TypeAdapter[Imported]] = TypeAdapter(Imported)
IMPORTED_RUN: Final[TypeAdapter[ImportedRun]] = TypeAdapter(ImportedRun)
FIGURES: Final = tuple(name for name in Figures.model_fields if name != "absent")
SUBJECT: Final = tuple(name for name in Subject.model_fields if name != "absent")


def with_reasons(values: dict[str, Any], names: tuple[str, ...], why: dict[str, str], otherwise: str) -> dict[str, Any]:
    """The fields of a value with reasons: those of `values`, null for each other of `names`. The reason is that of the
    longest beginning of its name that `why` has, or else `otherwise`."""
    absent = {}
    for name in names:
        if values.get(name) is None:
            fitting = [known for known in why if name.startswith(known)]
            absent[name] = why[max(fitting, key=len)] if fitting else otherwise
    return dict.fromkeys(names) | values | {"absent": absent}
