"""What is read off a GPU, on a card that is played: NVML's answers are given, what follows from them is tested."""

from collections.abc import Callable
from dataclasses import dataclass, field
from time import monotonic, sleep
from typing import Any, TypeVar

import psutil
import pynvml
import pytest
from examples import completed

from generator.errors import UnfitError
from generator.measure import environment
from generator.measure.account import environment_faults, memory_faults
from generator.measure.environment import Gpu, refuse_unfit, wait_for_release
from generator.measure.meters.energy import Window, idle_w
from generator.measure.meters.telemetry import Watch
from generator.record import Quantities
from generator.samples import Telemetry

T = TypeVar("T")

GIB = 2**30
THERMAL = 0x20
POWER_CAP = 0x04


@dataclass
class Card(Gpu):
    """A card whose answers are set; `unreadable` names what it does not tell."""

    used: list[int] = field(default_factory=lambda: [0])
    reasons: int = 0
    processes: int = 0
    power: float = 100.0
    joules: Callable[[], float] = lambda: 0.0
    unreadable: tuple[str, ...] = ()

    def _answer(self, name: str, value: T) -> T | None:
        return None if name in self.unreadable else value

    def used_bytes(self) -> int | None:
        return self._answer("memory", self.used.pop(0) if len(self.used) > 1 else self.used[0])

    def utilisation_percent(self) -> float | None:
        return self._answer("utilisation", 80.0)

    def power_w(self) -> float | None:
        return self._answer("power", self.power)

    def temperature_c(self) -> float | None:
        return self._answer("temperature", 60.0)

    def sm_clock_mhz(self) -> float | None:
        return self._answer("clock", 1980.0)

    def clock_event_reasons(self) -> int | None:
        return self._answer("throttled", self.reasons)

    def process_count(self) -> int:
        return self.processes

    def energy_j(self) -> float | None:
        return self._answer("energy", self.joules())


def watched(card: Card) -> Watch:
    with Watch(card) as watch:
        sleep(0.35)
    return watch


def test_a_watch_sums_up_what_it_saw() -> None:
    watch = watched(Card(power=300.0, processes=1))

    telemetry = watch.telemetry()
    assert telemetry is not None
    assert telemetry.readings >= 2
    assert (telemetry.power_w_mean, telemetry.temperature_c_max, telemetry.sm_clock_mhz_median) == (300.0, 60.0, 1980.0)
    assert telemetry.throttled_percent == 0
    assert watch.utilisation_peak_percent == 80


def test_a_card_that_keeps_within_its_power_limit_is_not_throttled_and_a_hot_one_is() -> None:
    capped, hot = (watched(Card(reasons=reasons)).telemetry() for reasons in (POWER_CAP, THERMAL))

    assert capped is not None
    assert capped.throttled_percent == 0
    assert hot is not None
    assert hot.throttled_percent == 100


@pytest.mark.parametrize("name", ["power", "temperature", "clock", "throttled"])
def test_what_a_card_does_not_tell_leaves_the_telemetry_out_and_the_launch_alone(name: str) -> None:
    watch = watched(Card(unreadable=(name,)))

    assert watch.telemetry() is None
    assert watch.utilisation_peak_percent == 80


def telemetry(throttled_percent: float) -> Telemetry:
    return Telemetry(
        readings=100,
        power_w_mean=300,
        temperature_c_max=60,
        sm_clock_mhz_median=1980,
        throttled_percent=throttled_percent,
    )


def faults(**given: Any) -> list[str]:
    known: dict[str, Any] = {"telemetry": telemetry(0), "others": 0, "watch": None}
    known |= {"clocks": account_clocks()} | given
    return [fault.kind for fault in environment_faults(**known)]


def account_clocks() -> tuple[float, float, float]:
    from generator.measure.account import clocks_now

    return clocks_now()


def test_a_quiet_launch_has_no_fault() -> None:
    assert faults() == []
    assert faults(telemetry=telemetry(0.9)) == []


def test_heat_company_and_a_sleeping_machine_are_faults() -> None:
    monotonic, boottime, wall = account_clocks()
    company = Watch(Card())
    company.processes_max = 2

    assert faults(telemetry=telemetry(5)) == ["throttled"]
    assert faults(others=1) == ["foreign_process"]
    assert faults(watch=company) == ["foreign_process"]
    assert faults(clocks=(monotonic, boottime - 30, wall - 30)) == ["clock_jump"]


def memory(**parts: float) -> Quantities:
    quantities = completed().quantities
    return quantities.model_copy(update={"gpu_memory_used_mib": 20 * 1024.0, "cuda_graphs_gib": 0.25, **parts})


def test_parts_that_add_up_within_three_percent_are_no_fault_and_others_are() -> None:
    parts = {"weights_gib": 15.0, "kv_cache_gib": 4.0, "activation_peak_gib": 0.5, "non_torch_gib": 0.25}

    assert memory_faults(memory(**parts)) == []
    assert memory_faults(memory(**(parts | {"activation_peak_gib": 2.0}))) == []
    (fault,) = memory_faults(memory(**(parts | {"kv_cache_gib": 3.0})))
    assert fault.kind == "memory_unexplained"
    assert "19.00 GiB" in fault.detail
    assert "20.00 GiB" in fault.detail


def test_a_window_subtracts_nothing_and_says_what_was_idle() -> None:
    joules = iter([1000.0, 4000.0])
    with Window(Card(joules=lambda: next(joules)), idle_w=100.0) as window:
        sleep(0.01)

    assert window.energy is not None
    assert (window.energy.energy_j, window.energy.idle_w) == (3000.0, 100.0)
    assert any("shorter than 5 s" in fault for fault in window.energy.faults)


def test_a_counter_that_was_reset_is_a_fault_and_no_negative_energy() -> None:
    joules = iter([4000.0, 10.0])
    with Window(Card(joules=lambda: next(joules)), idle_w=100.0) as window:
        pass

    assert window.energy is not None
    assert window.energy.energy_j == 0
    assert any("did not move forward" in fault for fault in window.energy.faults)


def test_a_card_without_a_counter_has_no_idle_power() -> None:
    assert idle_w(Card(unreadable=("energy",))) is None


@pytest.mark.parametrize(
    ("card", "words"),
    [(Card(processes=2), "2 other programs compute on the GPU"), (Card(reasons=THERMAL), "slows itself down")],
)
def test_a_machine_that_is_not_fit_is_refused_with_the_mend(card: Card, words: str) -> None:
    with pytest.raises(UnfitError, match=words):
        refuse_unfit(card)


def test_a_quiet_card_and_one_that_does_not_tell_are_taken() -> None:
    refuse_unfit(Card(reasons=POWER_CAP))
    refuse_unfit(Card(unreadable=("throttled",)))
    refuse_unfit(None)


def test_a_machine_on_its_battery_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    class Battery:
        power_plugged = False

    monkeypatch.setattr(psutil, "sensors_battery", Battery)

    with pytest.raises(UnfitError, match="plug it in"):
        refuse_unfit(None)


def test_the_next_launch_waits_until_the_memory_of_the_last_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    slow = Card(used=[20 * GIB, 10 * GIB, 0])
    wait_for_release(slow, 0)
    assert slow.used == [0]

    monkeypatch.setattr(environment, "RELEASE_S", 0.1)
    wait_for_release(Card(used=[20 * GIB]), 0)  # never given back: it goes on, and the next launch says what it found


def test_a_card_that_does_not_tell_is_not_waited_for() -> None:
    start = monotonic()

    wait_for_release(Card(used=[20 * GIB], unreadable=("memory",)), 0)

    assert monotonic() - start < 1


def test_a_driver_that_does_not_list_processes_stops_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(_: object) -> None:
        raise pynvml.NVMLError(pynvml.NVML_ERROR_NOT_SUPPORTED)

    monkeypatch.setattr(pynvml, "nvmlDeviceGetComputeRunningProcesses", refuses)

    assert Gpu(None).process_count() == 0
