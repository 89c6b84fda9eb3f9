"""Energy and telemetry: one card, read in two ways, within what it is allowed to take."""

from collections.abc import Iterator, Mapping
from typing import Final

from generator.analyse.physics.contradiction import Contradiction, at_least, at_most, exactly, within
from generator.manifest import Hardware
from generator.profiles import LongestPrompt, Profile
from generator.record import Completed
from generator.samples import Energy, Telemetry

# A window opens and closes around the samples; between a batch and the next hardly anything passes.
AROUND_S: Final = 1.0
AROUND: Final = 0.05

# Over seconds a card keeps to its limit within a few percent; none is allowed more than this.
OVER_LIMIT: Final = 1.15
WIDEST_LIMIT_W: Final = 3_000.0
# A card at work takes more than at rest, if hardly more with a small model; its idle power was read over one second.
UNDER_IDLE: Final = 0.7
# The mean of the readings against that of the counter, where the windows hold nearly all readings.
APART: Final = 0.3
SHORTEST_S: Final = 5.0
# Readings are a tenth of a second apart, and each takes a little.
INTERVAL_S: Final = 0.1
FEWEST_READINGS: Final = 0.1

# From where chips switch themselves off; the highest clock of any GPU, and some.
HOTTEST_C: Final = 120.0
COLDEST_C: Final = 1.0
FASTEST_MHZ: Final = 4_000.0
# As `measure.account` marks it, and `measure.meters.energy`.
THROTTLED_PERCENT: Final = 1.0
SHORTEST_WINDOW_S: Final = 5.0
# The counter counts millijoules.
COUNTS_PER_J: Final = 1000
# It moves about ten times a second, so a short window may hold the energy of a longer one.
COUNTER_S: Final = 0.2
BETWEEN_COUNTS: Final = 1e-3


def of_launch(launch: Completed, hardware: Hardware, profile: Profile) -> Iterator[Contradiction]:
    """Every contradiction in the energy of one launch and in what was read of its card."""
    searches = {workload.name for workload in profile.workloads if isinstance(workload, LongestPrompt)}
    limit_w = min(WIDEST_LIMIT_W, (hardware.gpu_power_limit_w or WIDEST_LIMIT_W) * OVER_LIMIT)
    limit_w *= launch.configuration.ranks
    first_idle_w = next((point.energy.idle_w for point in launch.points if point.energy), 0.0)
    for number, point in enumerate(launch.points):
        if point.energy is None:
            continue
        where, samples_s = f"points.{number}.energy", sum(sample.duration_s for sample in point.samples)
        most_s = samples_s * (1 + AROUND) + AROUND_S
        yield from at_least("metered_window", f"{where}.window_s", point.energy.window_s, samples_s)
        if point.workload not in searches:
            yield from at_most("metered_window", f"{where}.window_s", point.energy.window_s, most_s)
        yield from exactly("idle_read_once", f"{where}.idle_w", point.energy.idle_w, first_idle_w)
        yield from _of_window(where, point.energy, limit_w)
    if launch.telemetry is not None:
        yield from _of_telemetry(launch, launch.telemetry, limit_w)


def of_run(launches: Mapping[str, Completed]) -> Iterator[tuple[str, Contradiction]]:
    """Every contradiction between the launches of one card, by their files: at rest it takes no more than at work, be
    that another launch's."""
    powers_w = [one.telemetry.power_w_mean for one in launches.values() if one.telemetry]
    most_w = min(powers_w, default=WIDEST_LIMIT_W) / UNDER_IDLE
    for file, launch in launches.items():
        for number, point in enumerate(launch.points):
            if point.energy is not None:
                field = f"points.{number}.energy.idle_w"
                found = at_most("idle_below_work", field, point.energy.idle_w, most_w)
                yield from ((file, one) for one in found)


def _of_window(where: str, energy: Energy, limit_w: float) -> Iterator[Contradiction]:
    field, counts = f"{where}.energy_j", energy.energy_j * COUNTS_PER_J
    if abs(counts - round(counts)) > BETWEEN_COUNTS:
        yield from exactly("counter_step", field, energy.energy_j, round(counts) / COUNTS_PER_J)
    yield from at_most("power_limit", field, energy.energy_j, limit_w * (energy.window_s + COUNTER_S))
    if energy.faults:
        return
    yield from at_least("power_idle", field, energy.energy_j, UNDER_IDLE * energy.idle_w * energy.window_s)
    yield from at_least("fault_missing", f"{where}.window_s", energy.window_s, SHORTEST_WINDOW_S)


def _of_telemetry(launch: Completed, telemetry: Telemetry, limit_w: float) -> Iterator[Contradiction]:
    power_w = telemetry.power_w_mean
    yield from at_most("power_limit", "telemetry.power_w_mean", power_w, limit_w)
    yield from within("temperature", "telemetry.temperature_c_max", telemetry.temperature_c_max, COLDEST_C, HOTTEST_C)
    yield from at_most("clock", "telemetry.sm_clock_mhz_median", telemetry.sm_clock_mhz_median, FASTEST_MHZ)
    if not any(fault.kind == "throttled" for fault in launch.faults):
        field = "telemetry.throttled_percent"
        yield from at_most("fault_missing", field, telemetry.throttled_percent, THROTTLED_PERCENT)
    windows = [point.energy for point in launch.points if point.energy]
    metered_s = sum(window.window_s for window in windows)
    if len(windows) < len(launch.points) or launch.unserved or metered_s < SHORTEST_S:
        return
    # A lone user's first request, which warms up, and prompts being drawn are in the readings and in no window.
    watched_s = (launch.stages_s or {}).get("generate", metered_s * (1 + APART) + AROUND_S)
    least, most = FEWEST_READINGS * metered_s / INTERVAL_S, watched_s / INTERVAL_S + 1
    yield from within("readings_in_time", "telemetry.readings", telemetry.readings, least, most)
    counted_w = sum(window.energy_j for window in windows) / metered_s
    if telemetry.readings * INTERVAL_S <= metered_s * (1 + APART):
        least_w, most_w = counted_w * (1 - APART), counted_w * (1 + APART)
        yield from within("power_readings", "telemetry.power_w_mean", power_w, least_w, most_w)
