"""Quality: predictions against those of the baseline, and against how such figures come about."""

import struct
from collections.abc import Iterator, Mapping
from math import log
from statistics import fmean
from typing import Final

from generator.analyse.physics.contradiction import Contradiction, at_least, at_most, exactly, within
from generator.cells import Cell
from generator.record import Completed
from generator.samples import Quality

# Ruined weights may be worse than guessing; nobody's are so sure of so much that is wrong.
WORSE_THAN_GUESSING: Final = 4.0
# Launches of one cell predict the same text, but for the order in which numbers are summed.
SAME_NATS: Final = 0.02
# Predictions this near to the baseline's agree with it on all but ties, and those that always agree are near.
NEAR_NATS: Final = 1e-5
NEAR_AGREEMENT: Final = 0.98
FAR_NATS: Final = 0.1
# Noise in the weights costs about its divergence. By chance it may gain a little; more than its divergence, never.
GAIN_NATS: Final = 0.02
# A share of positions is a fraction of them, in single precision.
FRACTION: Final = 0.01


def of_run(launches: Mapping[str, Completed]) -> Iterator[tuple[str, Contradiction]]:
    """Every contradiction in the predictions of a run's launches, by their files, with its file."""
    first: dict[Cell, Quality] = {}
    found = {file: launch.quality for file, launch in launches.items() if launch.quality is not None}
    for file, quality in found.items():
        first.setdefault(launches[file].cell, quality)
    bases = {quality.text_sha256: quality for cell, quality in first.items() if cell.is_baseline}
    for file, quality in found.items():
        cell, base = launches[file].cell, bases.get(quality.text_sha256)
        checks = (
            *_of_quality(quality),
            *_of_divergence(quality, is_baseline=cell.is_baseline),
            *_against(quality, first[cell], SAME_NATS),
            *(_of_gain(quality, base) if base is not None else ()),
        )
        yield from ((file, one) for one in checks)


def _of_quality(quality: Quality) -> Iterator[Contradiction]:
    most = WORSE_THAN_GUESSING * log(quality.vocabulary)
    windows = quality.windows
    columns = {"nll_per_token": windows.nll_per_token, "top1_agreement": windows.top1_agreement}
    columns |= {"kl_divergence_per_token": windows.kl_divergence_per_token}
    for number, nats in enumerate(windows.nll_per_token):
        yield from at_most("worse_than_guessing", f"quality.windows.nll_per_token.{number}", nats, most)
    for name, column in columns.items():
        for number, value in enumerate(column or ()):
            if value < most and value != _single(value):
                yield from exactly("single_precision", f"quality.windows.{name}.{number}", value, _single(value))
    positions = quality.window_tokens - 1
    for number, share in enumerate(windows.top1_agreement or ()):
        if abs(share * positions - round(share * positions)) > FRACTION:
            field = f"quality.windows.top1_agreement.{number}"
            yield from exactly("whole_positions", field, share, round(share * positions) / positions)


def _single(value: float) -> float:
    """The nearest number in single precision, in which predictions are computed."""
    (nearest,) = struct.unpack("f", struct.pack("f", value))
    return float(nearest)


def _of_divergence(quality: Quality, *, is_baseline: bool) -> Iterator[Contradiction]:
    divergence, agreement = quality.windows.kl_divergence_per_token, quality.windows.top1_agreement
    if divergence is None or agreement is None:
        return
    apart, agreed = fmean(divergence), fmean(agreement)
    fields = "quality.windows.kl_divergence_per_token", "quality.windows.top1_agreement"
    if is_baseline:
        yield from at_most("baseline_differs_from_itself", fields[0], apart, SAME_NATS)
        yield from at_least("baseline_differs_from_itself", fields[1], agreed, NEAR_AGREEMENT)
    if apart <= NEAR_NATS:
        yield from at_least("agreement_of_divergence", fields[1], agreed, NEAR_AGREEMENT)
    if agreed == 1:
        yield from at_most("agreement_of_divergence", fields[0], apart, FAR_NATS)


def _against(quality: Quality, other: Quality, apart: float) -> Iterator[Contradiction]:
    found, expected = fmean(quality.windows.nll_per_token), fmean(other.windows.nll_per_token)
    if quality.text_sha256 == other.text_sha256:
        field = "quality.windows.nll_per_token"
        yield from within("same_predictions", field, found, expected - apart, expected + apart)


def _of_gain(quality: Quality, base: Quality) -> Iterator[Contradiction]:
    """Nothing predicts a text better than the baseline by more than it differs from it."""
    if quality.windows.kl_divergence_per_token is None:
        return
    least = fmean(base.windows.nll_per_token) - fmean(quality.windows.kl_divergence_per_token) - GAIN_NATS
    found = fmean(quality.windows.nll_per_token)
    yield from at_least("better_than_baseline", "quality.windows.nll_per_token", found, least)
