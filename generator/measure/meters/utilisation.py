"""How busy the GPU is while something runs: a thread that asks NVML ten times a second and keeps the highest answer."""

from threading import Event, Thread
from typing import Final, Protocol, Self

INTERVAL_S: Final = 0.1


class Device(Protocol):
    """A GPU as NVML sees it; see `environment.Gpu`."""

    def utilisation_percent(self) -> float:
        """The share of the last sampling period in which a kernel ran."""


class PeakUtilisation:
    """Context manager; afterwards `percent` is the peak, or None where there is no GPU."""

    def __init__(self, gpu: Device | None) -> None:
        self.percent: float | None = None
        self._gpu = gpu
        self._done = Event()
        self._thread = Thread(target=self._watch, daemon=True)

    def __enter__(self) -> Self:
        if self._gpu is not None:
            self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        if self._gpu is not None:
            self._thread.join()

    def _watch(self) -> None:
        assert self._gpu is not None
        while not self._done.wait(INTERVAL_S):
            self.percent = max(self.percent or 0.0, self._gpu.utilisation_percent())
