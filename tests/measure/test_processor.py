"""The processor: what other programs took of it, and from when on that makes a launch invalid."""

import os
import signal
import subprocess
import sys
from time import monotonic, sleep

import pytest

from generator.measure.account import OTHERS_PERCENT, processor_faults
from generator.measure.meters.processor import ProcessorReading, others_percent, read_processor
from generator.record import INVALIDATING

WORK = "from time import monotonic\nend = monotonic() + 60\nwhile monotonic() < end: pass"


@pytest.mark.parametrize(
    ("busy_s", "own_s", "percent"),
    [(20.0, 20.0, 0.0), (20.0, 5.0, 75.0), (15.0, 15.2, 0.0), (10.0, 5.0, 25.0)],
    ids=["all is our own", "most is not", "rounding is nothing", "a quarter of two cores"],
)
def test_what_is_not_our_own_is_of_others(busy_s: float, own_s: float, percent: float) -> None:
    before, after = ProcessorReading(100.0, 1000.0, 7.0), ProcessorReading(110.0, 1000.0 + busy_s, 7.0 + own_s)

    assert others_percent(before, after, cores=2) == pytest.approx(percent)


def test_two_readings_at_once_say_nothing() -> None:
    reading = read_processor()

    assert others_percent(reading, reading, cores=2) == 0.0


def test_a_program_that_computes_beside_us_is_seen() -> None:
    before = read_processor()
    # A shell that ends at once leaves it to nobody: what we start ourselves is our own.
    left = subprocess.run(
        ["sh", "-c", '"$0" -c "$1" >/dev/null 2>&1 & echo $!', sys.executable, WORK],
        check=True,
        capture_output=True,
        text=True,
    )
    sleep(1.5)
    after = read_processor()
    os.kill(int(left.stdout), signal.SIGKILL)

    assert others_percent(before, after, cores=1) > 50


def test_what_we_have_started_is_our_own_while_it_works() -> None:
    before = read_processor()
    with subprocess.Popen([sys.executable, "-c", WORK]) as rank:
        sleep(1.5)
        after = read_processor()
        rank.kill()

    assert after.own_s - before.own_s > 0.5


def test_our_own_work_is_our_own() -> None:
    before = read_processor()
    end = monotonic() + 1.0
    while monotonic() < end:
        pass
    after = read_processor()

    assert after.own_s - before.own_s > 0.3
    assert after.busy_s - before.busy_s >= after.own_s - before.own_s - 0.1


def test_a_busy_processor_makes_a_launch_invalid_and_says_how_busy_it_was() -> None:
    assert processor_faults(OTHERS_PERCENT) == []
    (fault,) = processor_faults(61.4)
    assert fault.kind in INVALIDATING
    assert fault.detail == "other programs took 61% of the processor meanwhile"
