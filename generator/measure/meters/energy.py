"""What the card takes: NVML's energy counter over a declared window, with what it takes when it does nothing."""

from dataclasses import dataclass
from time import perf_counter, sleep
from typing import Final, Self

from generator.measure.environment import Gpu
from generator.samples import Energy

# The counter moves about ten times a second: over five seconds that is 2% of the window
# (https://ml.energy/blog/energy/measurement/measuring-gpu-energy-best-practices/).
SHORTEST_WINDOW_S: Final = 5.0
IDLE_S: Final = 1.0


def idle_w(gpu: Gpu) -> float | None:
    """The power of the card while nothing runs on it, over `IDLE_S`; None where the card has no energy counter."""
    start_j, start_s = gpu.energy_j(), perf_counter()
    if start_j is None:
        return None
    sleep(IDLE_S)
    end_j = gpu.energy_j()
    return None if end_j is None else max(0.0, (end_j - start_j) / (perf_counter() - start_s))


@dataclass
class Window:
    """Context manager around what is to be metered; the device must be idle at both edges, as it is between calls.
    `energy` stays None when the counter can't be read at one of them."""

    gpu: Gpu
    idle_w: float
    energy: Energy | None = None

    def __enter__(self) -> Self:
        self._start_s, self._start_j = perf_counter(), self.gpu.energy_j()
        return self

    def __exit__(self, *_: object) -> None:
        end_j, window_s = self.gpu.energy_j(), perf_counter() - self._start_s
        if self._start_j is None or end_j is None:
            return
        energy_j = end_j - self._start_j
        faults = []
        if window_s < SHORTEST_WINDOW_S:
            faults.append(f"the window is shorter than {SHORTEST_WINDOW_S:.0f} s, and the counter's step too coarse")
        if energy_j <= 0:
            faults.append("the counter did not move forward")
        self.energy = Energy(window_s=window_s, energy_j=max(0.0, energy_j), idle_w=self.idle_w, faults=tuple(faults))
