"""How much of the processor other programs took while something was measured. It knows no engine."""

import os
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

import psutil


@dataclass(frozen=True, slots=True)
class ProcessorReading:
    """Seconds: of a clock, of work of all cores since the machine started, and of this process and what it started."""

    clock_s: float
    busy_s: float
    own_s: float


def read_processor() -> ProcessorReading:
    """The processor, now."""
    whole, own = psutil.cpu_times(), os.times()
    busy_s = whole.user + whole.system + whole.nice
    own_s = own.user + own.system + own.children_user + own.children_system
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has just ended
            its = child.cpu_times()
            own_s += its.user + its.system
    return ProcessorReading(monotonic(), busy_s, own_s)


def others_percent(before: ProcessorReading, after: ProcessorReading, cores: int) -> float:
    """What other programs took of all cores between two readings."""
    passed_s = cores * (after.clock_s - before.clock_s)
    others_s = (after.busy_s - before.busy_s) - (after.own_s - before.own_s)
    return 100 * max(0.0, others_s) / passed_s if passed_s > 0 else 0.0
