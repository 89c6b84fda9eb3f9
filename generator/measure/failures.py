"""Why a launch measured nothing, and what mends it: the one table of reasons."""

from pathlib import Path
from typing import Final

from pydantic import ValidationError

from generator.errors import GpuError, GpuRequiredError, QuantpressError
from generator.measure.engine import NoRoomError, UnsupportedError, WrongKernelError
from generator.record import FailureReason

MENDS: Final[dict[FailureReason, str]] = {
    "out_of_memory": "free the card of other programs, lower max_model_len in the profile, or take a smaller model",
    "missing_package": "install this machine's engine packages with `make setup`",
    "checkpoint_unavailable": "accept the model's licence on its page, log in with `hf auth login`, check the network, "
    "or measure the profile llama-3.1-8b-synthetic, which needs no download",
    "unsupported": "measure this method on other hardware or leave it out with --method",
    "wrong_kernel": "use a checkpoint whose shapes the fast kernel accepts (symmetric 4 bits, groups of 128)",
    "time_out": "look at the log for where it hung, then run again with --retry-failed",
    "crashed": "look at the log; if the system was out of memory, close other programs; run again with --retry-failed",
    "no_room": "give the KV cache more room (a higher gpu_memory_utilization, a larger kv_cache_gib), or ask for less "
    "context or fewer users",
    "gpu_lost": "restart the machine, look at the card's power, slot and heat, then run again with --retry-failed",
    "engine_error": "look at the log for the engine's own words, then run again with --retry-failed",
}

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


def reason_of(error: BaseException) -> FailureReason:
    """What kind of failure an exception of an engine is."""
    if isinstance(error, WrongKernelError):
        return "wrong_kernel"
    if isinstance(error, UnsupportedError):
        return "unsupported"
    if isinstance(error, ImportError):
        return "missing_package"
    text = f"{type(error).__name__}: {error}".lower()
    if isinstance(error, GpuError | GpuRequiredError) or any(sign in text for sign in GPU_LOST):
        return "gpu_lost"
    if isinstance(error, NoRoomError) or NO_ROOM in text:
        return "no_room"
    if isinstance(error, MemoryError) or any(sign in text for sign in OUT_OF_MEMORY):
        return "out_of_memory"
    return "engine_error"


def message_of(error: BaseException) -> str:
    """The exception in one printable line, without the folders of this machine."""
    if isinstance(error, ValidationError):
        error = ValueError(error.errors()[0]["msg"])
    ours = isinstance(error, NoRoomError | UnsupportedError | WrongKernelError | QuantpressError)  # a sentence, which needs no name
    line = " ".join((str(error) if ours else f"{type(error).__name__}: {error}").split())
    printable = "".join(character for character in line if character.isprintable())
    home = str(Path.home())
    return printable.replace(home, "~")[:500]
