"""What goes wrong because of the input or the machine: one clear line each, and an exit status of its own."""

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


class RecordError(QuantpressError):
    """A file under `measurements/` is not what the schema says."""

    exit_status = 5


class UnfitError(QuantpressError):
    """The machine is in no state to measure anything: busy, hot, or on its battery."""

    exit_status = 7


class StorageError(QuantpressError):
    """A record can't be written: no space, no permission."""

    exit_status = 8


class PeerError(QuantpressError):
    """Another benchmark, run for comparison, gave no result."""

    exit_status = 9


# A run that ended with failed launches is saved and complete; only its exit status tells.
SOME_LAUNCHES_FAILED = 6
