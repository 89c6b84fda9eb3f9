"""A card that is lost at whatever call, that does not tell, or that tells what can't be: never 0, never absurd."""

import io
import json
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import light
import pynvml
import pytest
from examples import cell
from hypothesis import given
from hypothesis import strategies as st
from played import ANSWERS, Played

from generator.errors import GpuError, GpuRequiredError
from generator.manifest import Hardware
from generator.measure import environment, worker
from generator.measure.engine import LaunchRequest
from generator.measure.environment import Gpu, demand_gpu, find_gpu, hardware
from generator.measure.failures import reason_of
from generator.measure.meters import energy, telemetry
from generator.measure.nvml import BROKEN, GONE, NONE_HERE
from generator.profiles import load_profile
from generator.record import Quantities

NOT_SUPPORTED = pynvml.NVML_ERROR_NOT_SUPPORTED
SENTINELS = (None, 2**64 - 1, 2**63 - 1, 2**32 - 1, -1, float("nan"), float("inf"))
READINGS = {
    "total_bytes": "nvmlDeviceGetMemoryInfo",
    "used_bytes": "nvmlDeviceGetMemoryInfo",
    "utilisation_percent": "nvmlDeviceGetUtilizationRates",
    "power_w": "nvmlDeviceGetPowerUsage",
    "power_limit_w": "nvmlDeviceGetEnforcedPowerLimit",
    "energy_j": "nvmlDeviceGetTotalEnergyConsumption",
    "temperature_c": "nvmlDeviceGetTemperature",
    "sm_clock_mhz": "nvmlDeviceGetClockInfo",
    "clock_event_reasons": "nvmlDeviceGetCurrentClocksEventReasons",
}


def with_card(patch: pytest.MonkeyPatch, **how: Any) -> Played:
    card = Played(**how)
    patch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    for name, function in card.functions().items():
        patch.setattr(pynvml, name, function)
    return card


def saying(name: str, value: Any) -> Any:
    """An answer of NVML with this value in it."""
    if name == "nvmlDeviceGetMemoryInfo":
        return {"total": value, "used": value}
    return {"gpu": value} if name == "nvmlDeviceGetUtilizationRates" else value


@pytest.mark.parametrize("value", SENTINELS)
@pytest.mark.parametrize("reading", READINGS)
def test_what_nothing_can_have_is_taken_as_not_told(
    monkeypatch: pytest.MonkeyPatch, reading: str, value: float | None
) -> None:
    name = READINGS[reading]
    with_card(monkeypatch, answers={name: saying(name, value)})
    gpu = find_gpu()

    assert gpu is not None
    found = getattr(gpu, reading)()
    if value == 2**32 - 1 and (reading.endswith("_bytes") or reading == "energy_j"):
        assert found is not None  # 4 GiB less a byte, or some four million joules, are what a card can have
    else:
        assert found is None


@pytest.mark.parametrize("reading", READINGS)
def test_what_a_card_does_not_support_is_not_told(monkeypatch: pytest.MonkeyPatch, reading: str) -> None:
    with_card(monkeypatch, errors={READINGS[reading]: NOT_SUPPORTED})

    assert getattr(Gpu("card"), reading)() is None


@given(value=st.one_of(st.integers(), st.floats(), st.none()), reading=st.sampled_from(sorted(READINGS)))
def test_whatever_a_driver_says_a_reading_is_believable_or_none(value: float | None, reading: str) -> None:
    name = READINGS[reading]
    with pytest.MonkeyPatch.context() as patch:
        with_card(patch, answers={name: saying(name, value)})
        found = getattr(Gpu("card"), reading)()

    most = {"total_bytes": 2**50, "used_bytes": 2**50, "utilisation_percent": 100, "power_w": 1e4}
    assert found is None or 0 <= found <= most.get(reading, 1e12)


def test_a_machine_whose_card_tells_nothing_is_described_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    silent = [name for name in ANSWERS if name not in {"nvmlInit", "nvmlDeviceGetHandleByIndex"}]
    with_card(monkeypatch, errors=dict.fromkeys(silent, NOT_SUPPORTED))

    found = hardware(find_gpu())

    assert isinstance(found, Hardware)
    assert found.device == "cuda"
    assert (found.gpu_name, found.gpu_memory_mib, found.driver_version) == (None, None, None)


@pytest.mark.parametrize("code", NONE_HERE)
def test_a_machine_without_a_card_is_no_fault_and_says_why_where_one_is_demanded(
    monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    with_card(monkeypatch, errors={"nvmlInit": code})

    assert find_gpu() is None
    with pytest.raises(GpuRequiredError, match=NONE_HERE[code]):
        demand_gpu("--require-gpu")


@pytest.mark.parametrize("code", [*BROKEN, pynvml.NVML_ERROR_UNKNOWN, 12345])
def test_a_card_that_does_not_work_is_told_from_none(monkeypatch: pytest.MonkeyPatch, code: int) -> None:
    with_card(monkeypatch, errors={"nvmlInit": code})

    with pytest.raises(GpuError, match=";"):
        find_gpu()


@pytest.mark.parametrize("hidden", ["", "-1", "none", "MIG"])
def test_a_card_that_is_hidden_is_not_asked(monkeypatch: pytest.MonkeyPatch, hidden: str) -> None:
    card = with_card(monkeypatch, errors={"nvmlInit": pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH})
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", hidden)

    assert find_gpu() is None
    assert card.calls == []


def measured(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, **how: Any) -> tuple[Played, dict[str, Any]]:
    """The worker's own work in this process, on the card that is played; and its last answer."""
    card = with_card(monkeypatch, **how)
    monkeypatch.setattr(energy, "IDLE_S", 0.0)
    monkeypatch.setattr(telemetry, "INTERVAL_S", 60.0)  # no readings beside those of the worker
    profile = load_profile(light.profile(tmp_path))[0]
    request = LaunchRequest(
        cell=cell("fp16"),
        checkpoint=str(tmp_path / "model"),
        model_source="light",
        model_revision=None,
        device="cuda",
        memory_budget_gib=None,
        workloads=profile.workloads,
        quality=None,
        tasks=None,
        engine=profile.engine,
    )
    engine: Any = ModuleType("light")
    engine.engine_for = light.LightEngine
    monkeypatch.setitem(sys.modules, "generator.measure.engines.vllm", engine)
    monkeypatch.setattr("sys.stdin", io.StringIO(request.model_dump_json() + "\n"))
    replies = io.StringIO()
    worker.measure("vllm", worker.Progress(replies))
    return card, json.loads(replies.getvalue().splitlines()[-2])["completed"]


CALLS = 13


def test_a_launch_asks_the_card_as_often_as_is_tried_below(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    card, answer = measured(monkeypatch, tmp_path)

    assert len(card.calls) == CALLS
    assert answer["quantities"]["gpu_memory_baseline_mib"] == 1024


@pytest.mark.parametrize("code", GONE)
@pytest.mark.parametrize("call", range(CALLS + 1))
def test_a_card_that_is_lost_at_whatever_call_fails_the_launch_with_that_reason(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, call: int, code: int
) -> None:
    def answer(self: Played, name: str) -> Any:
        asked = len(self.calls)
        found = whole(self, name)
        if asked >= call:
            raise pynvml.NVMLError(code)
        return found

    whole = Played.answer
    monkeypatch.setattr(Played, "answer", answer)
    if call >= CALLS:
        measured(monkeypatch, tmp_path)
        return
    with pytest.raises(GpuError, match=";") as raised:
        measured(monkeypatch, tmp_path)
    assert reason_of(raised.value) == "gpu_lost"


def test_a_card_that_tells_nothing_leaves_nulls_with_their_reason_and_the_launch_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    silent = [name for name in ANSWERS if name not in {"nvmlInit", "nvmlDeviceGetHandleByIndex"}]
    _, answer = measured(monkeypatch, tmp_path, errors=dict.fromkeys(silent, NOT_SUPPORTED))

    found = Quantities.model_validate_json(json.dumps(answer["quantities"]))
    for name in Quantities.model_fields:
        if name.startswith("gpu_"):
            assert getattr(found, name) is None
            assert "driver does not tell" in found.absent[name]
    assert answer["telemetry"] is None
    assert answer["points"][0]["energy"] is None


def test_a_card_whose_size_alone_is_not_told_leaves_the_shares_out(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    _, answer = measured(
        monkeypatch, tmp_path, answers={"nvmlDeviceGetMemoryInfo": {"total": 2**64 - 1, "used": 2**30}}
    )

    assert answer["quantities"]["gpu_memory_baseline_mib"] == 1024
    assert answer["quantities"]["gpu_memory_used_percent"] is None


def test_a_worker_whose_card_has_gone_does_not_measure_the_processor(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    with pytest.raises(GpuRequiredError) as raised:
        measured(monkeypatch, tmp_path, errors={"nvmlInit": pynvml.NVML_ERROR_DRIVER_NOT_LOADED})

    assert reason_of(raised.value) == "gpu_lost"


def test_a_session_is_not_gone_on_with_on_a_card_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    with_card(monkeypatch, errors={"nvmlDeviceGetMemoryInfo": pynvml.NVML_ERROR_GPU_IS_LOST})

    with pytest.raises(GpuError, match="the GPU is lost"):
        environment.refuse_lost(Gpu("card"))
    environment.refuse_lost(None)
