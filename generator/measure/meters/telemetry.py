"""The GPU while something is measured: a thread that asks NVML ten times a second. What can't be read is left out."""

from collections.abc import Callable
from contextlib import suppress
from statistics import fmean, median
from threading import Event, Thread
from typing import Final, Self

from generator.errors import GpuError
from generator.measure.environment import THROTTLING, Gpu
from generator.samples import Telemetry

INTERVAL_S: Final = 0.1


class Watch:
    """Context manager around the measurement of one launch, on one GPU."""

    def __init__(self, gpu: Gpu) -> None:
        self._gpu = gpu
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)
        self._readings: dict[str, list[float]] = {}
        self.processes_max = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    @property
    def utilisation_peak_percent(self) -> float | None:
        """The highest share of a sampling period in which a kernel ran; None when nothing was read."""
        return max(self._readings.get("utilisation", []), default=None)

    def telemetry(self) -> Telemetry | None:
        """What was seen, None unless all of it can be read here."""
        read = self._readings
        if any(name not in read for name in ("power", "temperature", "clock", "throttled")):
            return None
        return Telemetry(
            readings=len(read["power"]),
            power_w_mean=fmean(read["power"]),
            temperature_c_max=max(read["temperature"]),
            sm_clock_mhz_median=median(read["clock"]),
            throttled_percent=100 * fmean(read["throttled"]),
        )

    def _watch(self) -> None:
        with suppress(GpuError):  # a card that is lost: the next reading of the memory says so
            while not self._done.wait(INTERVAL_S):
                self._read("utilisation", self._gpu.utilisation_percent)
                self._read("power", self._gpu.power_w)
                self._read("temperature", self._gpu.temperature_c)
                self._read("clock", self._gpu.sm_clock_mhz)
                self._read("throttled", self._throttled)
                self.processes_max = max(self.processes_max, self._gpu.process_count())

    def _throttled(self) -> float | None:
        reasons = self._gpu.clock_event_reasons()
        return None if reasons is None else float(reasons & THROTTLING != 0)

    def _read(self, name: str, ask: Callable[[], float | None]) -> None:
        reading = ask()
        if reading is not None:
            self._readings.setdefault(name, []).append(reading)
