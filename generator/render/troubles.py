"""What can go wrong with a measurement, as facts: exit status, what is printed, which reason is recorded.

The words are in templates/faults.md.j2, by the same names; tests/troubles.py provokes each.
"""

from dataclasses import dataclass
from typing import Final, Literal

from generator.errors import (
    SOME_LAUNCHES_FAILED,
    ClusterError,
    GpuError,
    GpuRequiredError,
    QuantpressError,
    RecordError,
    StorageError,
    SweepError,
    UnfitError,
    UsageError,
)
from generator.mends import MENDS
from generator.record import FailureReason

# When a trouble is noticed.
When = Literal["before", "checkpoint", "launch", "doubt"]

INTERRUPTED: Final = 130


@dataclass(frozen=True, slots=True)
class Trouble:
    """`says` is a part of the line that is printed."""

    name: str
    when: When
    status: int
    says: str
    mend: str | None = None


def _refused(name: str, error: type[QuantpressError], says: str, when: When = "before") -> Trouble:
    return Trouble(name, when, error.exit_status, says)


def _failed(name: str, says: str, reason: FailureReason, when: When = "launch") -> Trouble:
    return Trouble(name, when, SOME_LAUNCHES_FAILED, says, MENDS[reason])


def _without_a_launch(name: str, says: str) -> Trouble:
    return Trouble(name, "checkpoint", SOME_LAUNCHES_FAILED, says)


def _in_doubt(name: str, says: str) -> Trouble:
    return Trouble(name, "doubt", 0, says)


TROUBLES: Final = (
    _refused("wrong_profile", UsageError, "no shipped profile"),
    _refused("no_gpu", GpuRequiredError, "no NVIDIA GPU found"),
    _refused("driver_mismatch", GpuError, "and its library are of different versions"),
    _refused("gpu_lost_before", GpuError, "the GPU is lost"),
    _refused("no_permission", GpuError, "this user may not ask the GPU"),
    _refused("bad_record", RecordError, "not valid JSON"),
    _refused("gpu_busy", UnfitError, "other programs compute on the GPU"),
    _refused("gpu_hot", UnfitError, "the GPU slows itself down"),
    _refused("on_battery", UnfitError, "this machine runs on its battery"),
    _refused("already_measuring", UnfitError, "another quantpress measure is running"),
    _refused("read_only", StorageError, "Read-only file system"),
    _refused("no_cluster", ClusterError, "the cluster can't be joined"),
    _refused("no_room_in_plan", SweepError, "has no room on"),
    _without_a_launch("hub_gated", "is gated"),
    _without_a_launch("hub_refuses", "the hub answered 404"),
    _without_a_launch("hub_unreachable", "check the network"),
    _without_a_launch("download_damaged", "arrived damaged"),
    _without_a_launch("brings_code", "field auto_map names code, which is never run"),
    _without_a_launch("pickled", "other weight formats"),
    _without_a_launch("not_whole", "download or copy it again"),
    _refused("gpu_lost", GpuError, "the GPU is lost", "launch"),
    _refused("stations_lost", ClusterError, "of its launches, whose stations were lost", "launch"),
    _refused("disk_full", StorageError, "No space left on device", "launch"),
    Trouble("interrupted", "launch", INTERRUPTED, "the same command goes on from there"),
    _failed("out_of_memory", "out of memory at load", "out_of_memory"),
    _failed("missing_package", "missing package at load", "missing_package"),
    _failed("unsupported", "unsupported at load", "unsupported"),
    _failed("wrong_kernel", "wrong kernel at load", "wrong_kernel"),
    _failed("no_room", "no room at load", "no_room"),
    _failed("time_out", "time out at load", "time_out"),
    _failed("crashed", "crashed at load: killed by SIGSEGV", "crashed"),
    _failed("engine_error", "engine error at load", "engine_error"),
    _in_doubt("suspended", "clocks moved"),
    _in_doubt("foreign_process", "other processes used the GPU"),
    _in_doubt("throttled", "the card slowed itself down"),
    _in_doubt("busy_processor", "of the processor meanwhile"),
    _in_doubt("another_driver", "is not gone on with, for figures are not mixed: driver version was"),
)
