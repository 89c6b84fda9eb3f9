"""The raw samples of a launch: what each workload gave at each concurrency, and what was read beside it."""

from statistics import median
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from generator.frozen import (
    Celsius,
    Count,
    Frozen,
    Joules,
    Megahertz,
    Nats,
    NonNegative,
    Percent,
    PerSecond,
    PositiveCount,
    PositiveSeconds,
    Several,
    Sha256,
    Slug,
    Watts,
    WithReasons,
)
from generator.readable import Name, Text


class Sample(Frozen):
    """One repeat of a batch, or one whole closed loop: from the first submission to the last token."""

    duration_s: PositiveSeconds
    prompt_tokens: Count
    output_tokens: PositiveCount

    @property
    def output_tokens_per_s(self) -> float:
        """Output tokens over the duration."""
        return self.output_tokens / self.duration_s


class Requests(Frozen):
    """The requests of a closed loop, a column a quantity, in the order in which they were sent.

    ttft_s     from sending to the first token (time to first token)
    latency_s  from sending to the last token (end-to-end latency)
    """

    prompt_tokens: Several[Count]
    output_tokens: Several[PositiveCount]
    ttft_s: Several[PositiveSeconds]
    latency_s: Several[PositiveSeconds]

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


GAP_FLOOR_S: Final = 1e-6


GAP_GROWTH: Final = 1.02


class Gaps(Frozen):
    """Inter-token latencies as a histogram, because there are as many as tokens: `counts[k]` gaps lie between
    `GAP_FLOOR_S * GAP_GROWTH**k` and `GAP_FLOOR_S * GAP_GROWTH**(k + 1)` seconds, so that a percentile is right to 2%.
    """

    counts: dict[Annotated[str, Field(pattern=r"^(0|[1-9][0-9]{0,3})$")], PositiveCount]


class Energy(Frozen):
    """What the card took while a point was measured, by NVML's energy counter. `idle_w` was read just before the model
    was loaded; `faults` say why the figure must not be used."""

    window_s: PositiveSeconds
    energy_j: Joules
    idle_w: Watts
    faults: Several[Text]


class Point(WithReasons):
    """One workload at one concurrency: a sample for each repeat of a batch, a single one for a closed loop.
    `warmup_requests` were answered before, and are in no figure of it; 0 in records that are older than the field."""

    workload: Slug
    concurrency: PositiveCount
    samples: Annotated[Several[Sample], Field(min_length=1)]
    requests: Requests | None
    gaps: Gaps | None
    energy: Energy | None
    warmup_requests: Count = 0
    absent: dict[Name, Text]

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

    nll_per_token: Annotated[Several[Nats], Field(min_length=1)]
    kl_divergence_per_token: Several[Nats] | None
    top1_agreement: Several[Annotated[NonNegative, Field(le=1)]] | None

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
    window_tokens: Annotated[Count, Field(ge=2)]
    vocabulary: Annotated[Count, Field(ge=2)]
    kept_tokens: PositiveCount
    duration_s: PositiveSeconds
    windows: QualityWindows


class TaskScore(WithReasons):
    """What lm-evaluation-harness finds in a task, or a group of tasks, by one metric over so many documents. `filter`
    is its name for how what is judged was taken from the answers; `standard_error` is that of a mean over documents."""

    task: Name
    task_version: Name | None
    metric: Name
    filter: Name | None
    value: float | None
    standard_error: NonNegative | None
    documents: Count
    absent: dict[Name, Text]


class Limits(Frozen):
    """What the device can do at best, measured before the launches of the same sitting."""

    copy_gb_per_s: PerSecond
    matmul_tflop_per_s: PerSecond


class Telemetry(Frozen):
    """The GPU while the points were measured, sampled ten times a second."""

    readings: Count
    power_w_mean: Watts
    temperature_c_max: Celsius
    sm_clock_mhz_median: Megahertz
    throttled_percent: Percent
