"""Figures as such: what a clock never shows, and what two launches never share."""

from collections import Counter
from collections.abc import Hashable, Iterator, Mapping
from itertools import islice
from math import exp, log
from statistics import fmean, median_high, stdev
from typing import Final

from generator.analyse.physics.contradiction import Contradiction
from generator.record import Completed

# A clock that counts nanoseconds shows a round figure now and then. So many of them in a launch that it does so once in
# a million launches were never on a clock.
NANOSECOND: Final = 1e-9
DECIMALS: Final = 6
ONCE_IN: Final = 1e-6
# Of shorter times a rounded one can't be told.
SHORTEST_S: Final = 1e-3

# Python's clock counts seconds since the machine started in double precision, so the longer it has run, the coarser is
# what it shows: after a day in steps of 2^-36 s. A difference of two readings is in such steps too; a figure that was
# multiplied has all the digits of its own size. Within a launch the steps differ by a few powers of two at most, and
# that only on a machine that has just started. What it counts are whole nanoseconds, as far as its steps show them.
FINER: Final = 5
SHOWS_NANOSECONDS: Final = 35
OFF: Final = 0.2
ENOUGH: Final = 3

# So many equal readings in two launches; one may be chance among the thousands of a run.
SHARED: Final = 3
# Histograms with so many buckets are never equal.
BUCKETS: Final = 12
# Readings in proportion to those of another launch, to so many digits, are those.
DIGITS: Final = 9
COMPARED: Final = 8
# Repeats of the same work, as a share of their mean.
SPREAD: Final = 1e-6


# What clocks said of a launch as a whole, and of its work, by field.
Clocks = tuple[Mapping[str, float], Mapping[str, float]]


def clocks_of(launch: Completed) -> Clocks:
    """Every time in a launch that is one reading of a clock less another."""
    return _of_stages(launch), _of_work(launch)


def of_launch(launch: Completed, clocks: Clocks) -> Iterator[Contradiction]:
    """Figures of one launch that no clock showed."""
    for readings in clocks:
        yield from _typed(readings)
    yield from _too_fine(clocks)
    for number, point in enumerate(launch.points):
        durations_s = [sample.duration_s for sample in point.samples]
        if len(durations_s) >= SHARED and stdev(durations_s) < SPREAD * fmean(durations_s):
            spread = stdev(durations_s) / fmean(durations_s)
            yield Contradiction("no_spread", f"points.{number}.samples", spread, "at least", SPREAD)


def of_run(launches: Mapping[str, Completed], clocks: Mapping[str, Clocks]) -> Iterator[tuple[str, Contradiction]]:
    """Launches that are copies of others, by their files, with the file of the copy."""
    seen: dict[float, str] = {}
    shared: Counter[tuple[str, str]] = Counter()
    for file, launch in launches.items():
        readings = {one for found in clocks[file] for one in found.values() if _is_long(one)}
        if launch.telemetry is not None:
            readings.add(launch.telemetry.power_w_mean)
        for reading in readings:
            other = seen.setdefault(reading, file)
            if other != file:
                shared[file, other] += 1
    alike = {pair for pair, count in shared.items() if count >= SHARED}
    alike |= set(_equal({file: _histogram(launch) for file, launch in launches.items()}))
    alike |= set(_equal({file: _proportions(work) for file, (_, work) in clocks.items()}))
    for file, other in sorted(alike):
        yield file, Contradiction("copied", "points", other, None, None)


def _of_stages(launch: Completed) -> dict[str, float]:
    quantities = launch.quantities
    found = {f"quantities.{name}": getattr(quantities, name) for name in type(quantities).model_fields}
    found = {field: value for field, value in found.items() if field.endswith("_time_s") and value is not None}
    found.pop("quantities.compile_time_s", None)  # the engine's own account
    found |= {f"stages_s.{stage}": time_s for stage, time_s in (launch.stages_s or {}).items()}
    return found | {"duration_s": launch.duration_s}


def _of_work(launch: Completed) -> dict[str, float]:
    found: dict[str, float] = {}
    for number, point in enumerate(launch.points):
        where = f"points.{number}"
        found |= {f"{where}.samples.{at}.duration_s": one.duration_s for at, one in enumerate(point.samples)}
        if point.requests is not None:
            found |= {f"{where}.requests.ttft_s.{at}": one for at, one in enumerate(point.requests.ttft_s)}
            found |= {f"{where}.requests.latency_s.{at}": one for at, one in enumerate(point.requests.latency_s)}
        if point.energy is not None:
            found[f"{where}.energy.window_s"] = point.energy.window_s
    return found


def _typed(readings: Mapping[str, float]) -> Iterator[Contradiction]:
    """Too many readings that end early; equal ones count once, because they are one."""
    by_value = {value: field for field, value in readings.items() if value >= SHORTEST_S}
    short = list(by_value)
    for decimals in range(DECIMALS, -1, -1):
        short = [value for value in short if abs(value - round(value, decimals)) < NANOSECOND]
        if short and _chance_of(len(short), expected=len(by_value) * 2 * NANOSECOND * 10**decimals) < ONCE_IN:
            yield Contradiction("typed", by_value[short[0]], short[0], None, None)
            return


def _chance_of(count: int, expected: float) -> float:
    """The chance of so many or more where so many are expected: Chernoff's bound for Poisson's distribution."""
    return exp(count - expected + count * log(expected / count)) if count > expected else 1.0


def _too_fine(kinds: Clocks) -> Iterator[Contradiction]:
    """The first reading of each kind that is finer than the launch's clock."""
    steps = [{field: _binary_places(value) for field, value in readings.items()} for readings in kinds]
    clock = min((median_high(places.values()) for places in steps if len(places) >= ENOUGH), default=None)
    for readings, places in zip(kinds, steps, strict=True):
        finer = [field for field in readings if clock is not None and _is_finer(readings[field], places[field], clock)]
        for field in finer[:1]:
            yield Contradiction("finer_than_the_clock", field, readings[field], None, None)


def _is_finer(value: float, places: int, clock: int) -> bool:
    nanoseconds = value / NANOSECOND
    off = clock >= SHOWS_NANOSECONDS and abs(nanoseconds - round(nanoseconds)) > OFF
    return off or places > clock + FINER


def _binary_places(value: float) -> int:
    return value.as_integer_ratio()[1].bit_length() - 1


def _is_long(reading: float) -> bool:
    """Whether it has the digits of a clock, so that a second one like it is no chance."""
    return reading >= SHORTEST_S and abs(reading - round(reading, DECIMALS)) >= NANOSECOND


def _equal(signatures: Mapping[str, Hashable | None]) -> Iterator[tuple[str, str]]:
    """Pairs of files with the same signature, the later one first."""
    first: dict[Hashable, str] = {}
    for file, signature in signatures.items():
        if signature is not None and first.setdefault(signature, file) != file:
            yield file, first[signature]


def _histogram(launch: Completed) -> Hashable | None:
    """The gaps of its loop with the most buckets; None where those are few."""
    found = [point.gaps.counts for point in launch.points if point.gaps]
    most = max(found, key=len, default={})
    return tuple(sorted(most.items())) if len(most) >= BUCKETS else None


def _proportions(work: Mapping[str, float]) -> Hashable | None:
    """How the first readings of its work stand to one another; None where there are few."""
    readings = [*islice(filter(_is_long, work.values()), COMPARED)]
    if len(readings) < COMPARED:
        return None
    return tuple(f"{reading / readings[0]:.{DIGITS}g}" for reading in readings)
