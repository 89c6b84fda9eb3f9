"""Why a launch measured nothing: which reason an exception is, and its line."""

from typing import Final

from pydantic import ValidationError

from generator.errors import GpuError, GpuRequiredError, QuantpressError
from generator.measure.engine import NoRoomError, UnsupportedError, WrongKernelError
from generator.measure.redaction import redacted
from generator.readable import readable
from generator.record import FailureReason

# vLLM's words for a KV cache that holds less than one request may have.
NO_ROOM: Final = "larger than the available kv cache memory"
# PyTorch's words, and vLLM's two: nothing left for the KV cache, and less free than its budget.
OUT_OF_MEMORY: Final = (
    "out of memory",
    "outofmemory",
    "memory for the cache blocks",
    "less than desired gpu memory",
)


# CUDA's words for a card that was there, and NVML's.
GPU_LOST: Final = ("no cuda-capable device is detected", "gpu is lost", "gpu has fallen off the bus")


# The kinds of failures, by the classes of exceptions and by words in them; the first that fits is meant.
KINDS: Final[tuple[tuple[FailureReason, tuple[type[BaseException], ...], tuple[str, ...]], ...]] = (
    ("wrong_kernel", (WrongKernelError,), ()),
    ("unsupported", (UnsupportedError,), ()),
    ("missing_package", (ImportError,), ()),
    ("gpu_lost", (GpuError, GpuRequiredError), GPU_LOST),
    ("no_room", (NoRoomError,), (NO_ROOM,)),
    ("out_of_memory", (MemoryError,), OUT_OF_MEMORY),
)


def reason_of(error: BaseException) -> FailureReason:
    """What kind of failure an exception of an engine is."""
    text = f"{type(error).__name__}: {error}".lower()
    for reason, classes, words in KINDS:
        if isinstance(error, classes) or any(word in text for word in words):
            return reason
    return "engine_error"


def message_of(error: BaseException) -> str:
    """The exception in one printable line that says nothing of whose machine this is."""
    if isinstance(error, ValidationError):
        error = ValueError(error.errors()[0]["msg"])
    ours = isinstance(
        error, NoRoomError | UnsupportedError | WrongKernelError | QuantpressError
    )  # a sentence, which needs no name
    line = " ".join((str(error) if ours else f"{type(error).__name__}: {error}").split())
    printable = "".join(character for character in line if character.isprintable())
    return readable(redacted(printable))[:500]
