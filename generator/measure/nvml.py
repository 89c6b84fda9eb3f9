"""NVML's answers, judged before anybody believes them: what a card does not tell is None, one that is gone an error.

Drivers say "not supported" in three ways: by an error, by None, and by a number that nothing can have (2⁶⁴ − 1).
"""

import os
from collections.abc import Callable
from typing import Any, Final, TypeVar

import pynvml

from generator.errors import GpuError

T = TypeVar("T")

# Of a machine without a card, or without NVIDIA's driver, which is no fault.
NONE_HERE: Final = {
    pynvml.NVML_ERROR_LIBRARY_NOT_FOUND: "NVIDIA's library libnvidia-ml is not installed",
    pynvml.NVML_ERROR_DRIVER_NOT_LOADED: "NVIDIA's driver is not loaded",
    pynvml.NVML_ERROR_NOT_FOUND: "there is no such GPU",
    pynvml.NVML_ERROR_INVALID_ARGUMENT: "there is no such GPU",
}

# Of a card or a driver that is there and does not work; each with its mend.
BROKEN: Final = {
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH: "the NVIDIA driver that is loaded and its library are of different "
    "versions, as after an update; restart the machine",
    pynvml.NVML_ERROR_GPU_IS_LOST: "the GPU is lost: it no longer answers; restart the machine, look at its power, its "
    "slot and its heat",
    pynvml.NVML_ERROR_RESET_REQUIRED: "the GPU must be reset; run `nvidia-smi --gpu-reset`, or restart the machine",
    pynvml.NVML_ERROR_INSUFFICIENT_POWER: "the GPU's power cables are not attached; attach them",
    pynvml.NVML_ERROR_IRQ_ISSUE: "the GPU's interrupts do not arrive; restart the machine",
    pynvml.NVML_ERROR_CORRUPTED_INFOROM: "the GPU's inforom is corrupted; reset the card, or have it exchanged",
    pynvml.NVML_ERROR_NO_PERMISSION: "this user may not ask the GPU; give access to /dev/nvidia*",
}


# Those of them that say, at whatever reading, that there will be no other.
GONE: Final = (
    pynvml.NVML_ERROR_GPU_IS_LOST,
    pynvml.NVML_ERROR_RESET_REQUIRED,
    pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH,
)


class NoGpuError(Exception):
    """There is no GPU for this program, and why."""


def open_card(device: int = 0) -> object:
    """NVML's handle of the GPU that CUDA will call `device`. Raises `NoGpuError` where there is none, and `GpuError`
    where it does not work."""
    named = os.environ.get("CUDA_VISIBLE_DEVICES")
    among = [str(device)] if named is None else named.split(",")[device:]
    if not among:
        raise NoGpuError(f"CUDA_VISIBLE_DEVICES={named} hides it")
    visible = among[0].strip()
    if not (visible.isdecimal() or visible.startswith(("GPU-", "MIG-"))):
        raise NoGpuError(f"CUDA_VISIBLE_DEVICES={visible} hides it")
    try:
        pynvml.nvmlInit()
        if visible.isdecimal():
            return pynvml.nvmlDeviceGetHandleByIndex(int(visible))
        return pynvml.nvmlDeviceGetHandleByUUID(visible)
    except pynvml.NVMLError as error:
        if error.value in NONE_HERE:
            raise NoGpuError(NONE_HERE[error.value]) from None
        raise _broken(error) from None


def told(ask: Callable[[], T]) -> T | None:
    """What NVML answers, None where this card does not tell. Raises `GpuError` where the card is gone."""
    try:
        return ask()
    except pynvml.NVMLError as error:
        if error.value in GONE:
            raise _broken(error) from None
        return None


def number(ask: Callable[[], Any], least: float, most: float) -> float | None:
    """The same of a number, which is believed from `least` to `most`."""
    found = told(ask)
    return found if isinstance(found, int | float) and least <= found <= most else None


def _broken(error: "pynvml.NVMLError") -> GpuError:
    return GpuError(BROKEN.get(error.value, f"NVML: {error}; run `nvidia-smi`, and mend what it says"))
