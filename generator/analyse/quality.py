"""What quantisation costs in quality, with intervals over the windows of the text that the cells predicted."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import exp, sqrt
from statistics import fmean, stdev

from generator.analyse.statistics import CONFIDENCE, t_quantile
from generator.record import Completed
from generator.samples import Quality


@dataclass(frozen=True, slots=True)
class Interval:
    """A mean over windows, and the 95% t interval of it."""

    mean: float
    low: float
    high: float

    def map(self, factor: float) -> "Interval":
        """The same in another unit."""
        return Interval(self.mean * factor, self.low * factor, self.high * factor)


@dataclass(frozen=True, slots=True)
class QualityFindings:
    """A cell's quality. `perplexity_ratio` is against the baseline, window by window; it and the last two are None
    where the run has no baseline to compare with."""

    quality: Quality
    perplexity: float
    perplexity_ratio: Interval | None
    kl_divergence: Interval | None
    top1_agreement: Interval | None


def perplexity_of(quality: Quality) -> float:
    """How many tokens the engine was as unsure among as among so many equally likely ones, in the mean."""
    return exp(fmean(quality.windows.nll_per_token))


def quality_of(launches: Sequence[Completed], baseline: Sequence[Completed]) -> QualityFindings | None:
    """From the first launch that has it: the same engine predicts the same text the same way each time. A launch that
    could be compared with the baseline goes before one that was made meanwhile, on another card. None where no launch
    has it. Only launches that predicted the same text in the same windows are compared."""
    known = [launch.quality for launch in launches if launch.quality]
    if not known:
        return None
    found = next((one for one in known if one.windows.kl_divergence_per_token), known[0])
    base = next((launch.quality for launch in baseline if launch.quality and _same_text(launch.quality, found)), None)
    nll = found.windows.nll_per_token
    ratio = None
    if base is not None:
        pairs = zip(nll, base.windows.nll_per_token, strict=True)
        difference = interval([mine - its for mine, its in pairs])
        ratio = Interval(exp(difference.mean), exp(difference.low), exp(difference.high))
    kl, agreed = found.windows.kl_divergence_per_token, found.windows.top1_agreement
    return QualityFindings(
        quality=found,
        perplexity=perplexity_of(found),
        perplexity_ratio=ratio,
        kl_divergence=interval(kl) if kl else None,
        top1_agreement=interval(agreed) if agreed else None,
    )


def interval(values: Sequence[float]) -> Interval:
    """The mean of at least two values and its 95% t interval."""
    mean = fmean(values)
    margin = t_quantile((1 + CONFIDENCE) / 2, len(values) - 1) * stdev(values) / sqrt(len(values))
    return Interval(mean, mean - margin, mean + margin)


def _same_text(one: Quality, other: Quality) -> bool:
    return (one.text_sha256, one.window_tokens, len(one.windows.nll_per_token)) == (
        other.text_sha256,
        other.window_tokens,
        len(other.windows.nll_per_token),
    )
