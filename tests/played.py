"""A GPU that is played where pynvml would be, so that all of ours that asks it is the real thing.

In a process that a test starts, `PLAYED_CARD` says how it answers, as JSON with the fields of `Played`.
"""

import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pynvml

GIB = 2**30
ANSWERS: dict[str, Any] = {
    "nvmlInit": None,
    "nvmlDeviceGetHandleByIndex": "card",
    "nvmlDeviceGetMemoryInfo": SimpleNamespace(total=24 * GIB, used=GIB),
    "nvmlDeviceGetUtilizationRates": SimpleNamespace(gpu=80),
    "nvmlDeviceGetPowerUsage": 300_000,
    "nvmlDeviceGetEnforcedPowerLimit": 450_000,
    "nvmlDeviceGetTotalEnergyConsumption": 10_000,
    "nvmlDeviceGetTemperature": 60,
    "nvmlDeviceGetClockInfo": 1980,
    "nvmlDeviceGetCurrentClocksEventReasons": 0,
    "nvmlDeviceGetComputeRunningProcesses": (),
    "nvmlDeviceGetGraphicsRunningProcesses": (),
    "nvmlDeviceGetName": "Example GPU",
    "nvmlDeviceGetUUID": "GPU-0",
    "nvmlDeviceGetCudaComputeCapability": (9, 0),
    "nvmlSystemGetDriverVersion": "550.54.14",
    "nvmlSystemGetCudaDriverVersion_v2": 12040,
}


@dataclass
class Played:
    """`answers` differ from the usual ones, those `in_workers` there alone; `errors` are NVML's codes. A worker loses
    the card, for all processes, with its call number `lost_from`, once the file `lost_after` is there; that of `lost`
    is the mark."""

    answers: dict[str, Any] = field(default_factory=dict)
    in_workers: dict[str, Any] = field(default_factory=dict)
    errors: dict[str, int] = field(default_factory=dict)
    lost_from: int | None = None
    lost_after: str = "/"
    lost: str = ""
    calls: list[str] = field(default_factory=list)

    def answer(self, name: str) -> Any:
        self.calls.append(name)
        if self.lost_from is not None and len(self.calls) > self.lost_from and Path(self.lost_after).exists():
            Path(self.lost).touch()
        if self.lost and Path(self.lost).exists():
            raise pynvml.NVMLError(pynvml.NVML_ERROR_GPU_IS_LOST)
        if name in self.errors:
            raise pynvml.NVMLError(self.errors[name])
        if name == "nvmlDeviceGetTotalEnergyConsumption" and name not in self.answers:
            return ANSWERS[name] + 100 * len(self.calls)
        if name == "nvmlDeviceGetUUID" and name not in self.answers:  # a machine may have several
            return f"GPU-{os.environ.get('CUDA_VISIBLE_DEVICES', '0')}"
        return _as_nvml(self.answers.get(name, ANSWERS[name]))

    def functions(self) -> dict[str, Any]:
        """What stands in pynvml's place, by name."""

        def played(name: str) -> Any:
            return lambda *_, **__: self.answer(name)

        return {name: played(name) for name in ANSWERS}


def _as_nvml(found: Any) -> Any:
    if isinstance(found, dict):
        return SimpleNamespace(**found)
    return [_as_nvml(one) for one in found] if isinstance(found, list) else found


def play(role: str) -> None:
    """Put the card that the environment describes, if it does, into this process."""
    written = os.environ.get("PLAYED_CARD")
    if written:
        card = Played(**json.loads(written))
        if role == "worker":
            card.answers |= card.in_workers
        else:
            card.lost_from = None
        for name, function in card.functions().items():
            setattr(pynvml, name, function)
