"""What goes wrong because of the input or the machine: one clear line each, and an exit status of its own."""

import os
from typing import ClassVar


class QuantpressError(Exception):
    """A fault that the user can mend; the message says what was found, what was expected and what to do.

    Raised wherever it is noticed, printed in one place (`cli.py`, `hook.py`).
    """

    exit_status: ClassVar[int] = 1


class UsageError(QuantpressError):
    """The command or a profile asks for something that does not exist."""

    exit_status = 2


class GpuRequiredError(QuantpressError):
    """A GPU was demanded (or the profile needs one), and none was found."""

    exit_status = 3


class GpuError(QuantpressError):
    """There is a GPU or a driver, and it does not work: it does not answer, or does so no longer."""

    exit_status = 4


class RecordError(QuantpressError):
    """A file under `measurements/` is not what the schema says."""

    exit_status = 5


class UnfitError(QuantpressError):
    """The machine is in no state to measure anything: busy (with another measurement, too), hot, or on its
    battery."""

    exit_status = 7


class StorageError(QuantpressError):
    """A file can't be read or written: no space, no permission."""

    exit_status = 8


class PeerError(QuantpressError):
    """Another benchmark, run for comparison, gave no result."""

    exit_status = 9


class ClusterError(QuantpressError):
    """A Ray cluster can't be joined, has no card of the kind or none that may be used, or lost what launches need."""

    exit_status = 10


class ImportFileError(QuantpressError):
    """A file to be imported is not what a known tool writes, or figures in it can't be true."""

    exit_status = 12


class PlanError(QuantpressError):
    """What is to be planned can't be read, or is no model that a plan can be made for."""

    exit_status = 21


class SweepError(QuantpressError):
    """A file that declares many runs asks for what there is not, for nothing, or for what has no room on its card."""

    exit_status = 24


class NoFitError(QuantpressError):
    """Nothing of what was asked for has room on the card."""

    exit_status = 22


class BuildError(QuantpressError):
    """A site was built without what belongs there, and can't be finished."""

    exit_status = 14


class IncomparableError(QuantpressError):
    """Two runs have nothing that could be compared."""

    exit_status = 23


def in_a_line(error: QuantpressError | OSError) -> QuantpressError:
    """The fault to print: of one that nobody expected of the machine, its path and its reason."""
    if isinstance(error, QuantpressError):
        return error
    where = "" if error.filename is None else f"{os.fsdecode(error.filename)}: "
    return StorageError(
        f"{where}{error.strerror or type(error).__name__}; give permission, make room or name another place, and run "
        "the command again"
    )


# A run that ended with failed launches is saved and complete; only its exit status tells.
SOME_LAUNCHES_FAILED = 6
# Every file is a record, and figures in them can't be true; or the manifest's hash is not that of what it stands for.
IMPOSSIBLE_RESULTS = 20
# What read the output has closed it, as `| head` does; as a shell tells of a program that SIGPIPE ends.
OUTPUT_CLOSED = 141
