"""No process of ours outlives the one that started it."""

import ctypes
import signal
import sys


def die_with_the_parent() -> None:
    """On Linux: end when the process that started this one is killed outright. See prctl(2), PR_SET_PDEATHSIG."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(1, signal.SIGKILL)
