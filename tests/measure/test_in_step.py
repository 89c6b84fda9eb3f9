"""Tensor parallelism: several ranks make one engine, and with one of them gone there is none."""

import os
import threading
import time
from pathlib import Path
from types import SimpleNamespace

import psutil
import pynvml
import pytest
from launching import measured, request
from played import Played

from generator.errors import GpuRequiredError, UnfitError
from generator.folders import CHECKOUT
from generator.measure import launcher
from generator.measure.environment import demand_cards, refuse_unfit
from generator.measure.launcher import NoAnswer, launch

MODEL = CHECKOUT / "models" / "demo"


def followers() -> list[psutil.Process]:
    found = []
    for process in psutil.Process().children(recursive=True):
        try:
            if "generator.measure.in_step" in process.cmdline():
                found.append(process)
        except psutil.Error:
            continue
    return found


@pytest.mark.engine
def test_two_ranks_hold_half_of_the_weights_each_and_predict_what_one_does(tmp_path: Path) -> None:
    alone, shared = (measured(tmp_path, "fp16", ranks) for ranks in (1, 2))

    assert shared["configuration"]["arguments"]["tensor_parallel_size"] == 2
    assert shared["configuration"]["kernels"] == alone["configuration"]["kernels"]
    for figures, name, ratio in (
        ("quantities", "weights_gib", 0.5),
        ("configuration", "kv_cache_bytes_per_token", 0.5),
    ):
        assert shared[figures][name] == pytest.approx(
            ratio * alone[figures][name], rel=0.05
        )  # norms and tables of positions are in each
    losses = [one["quality"]["windows"]["nll_per_token"] for one in (alone, shared)]
    assert losses[1] == pytest.approx(losses[0], rel=0.01)
    assert [point["workload"] for point in shared["points"]] == ["two", "users"]
    assert not followers()


@pytest.mark.engine
def test_a_rank_that_is_killed_ends_the_launch_and_is_named(tmp_path: Path) -> None:
    killed: list[int] = []

    def kill() -> None:
        deadline = time.monotonic() + 120
        while not killed and time.monotonic() < deadline:
            for process in followers():
                process.kill()
                killed.append(process.pid)
            time.sleep(0.05)

    killer = threading.Thread(target=kill)
    killer.start()
    answer = launch(request(tmp_path, "fp16", 2, repeats=100), tmp_path / "killed.log", lambda _: None)
    killer.join()

    assert killed
    assert isinstance(answer, NoAnswer), answer
    assert answer.reason == "crashed"
    assert "rank 1 of 2 ended, status -9" in answer.message
    assert not followers()


def test_a_program_s_own_processes_are_no_others() -> None:
    from generator.measure.meters.processor import others_percent, read_processor

    before = read_processor()
    assert others_percent(before, before, os.cpu_count() or 1) == 0


def two_cards(monkeypatch: pytest.MonkeyPatch, names: tuple[str, str] = ("Example GPU", "Example GPU")) -> None:
    """Of the first card, each reading is 100; of the second, 1."""
    card = Played()
    for name, function in card.functions().items():
        monkeypatch.setattr(pynvml, name, function)

    def handle(device: int) -> int:
        if device > 1:
            raise pynvml.NVMLError(pynvml.NVML_ERROR_INVALID_ARGUMENT)
        return device

    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetHandleByIndex", handle)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetName", names.__getitem__)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetPowerUsage", lambda device: (100_000, 1_000)[device])
    monkeypatch.setattr(pynvml, "nvmlDeviceGetTotalEnergyConsumption", lambda device: (100_000, 1_000)[device])
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCurrentClocksEventReasons", lambda device: (0x20, 0x40)[device])


def test_power_and_energy_are_of_all_cards_and_memory_of_one(monkeypatch: pytest.MonkeyPatch) -> None:
    two_cards(monkeypatch)
    one, both = demand_cards("this launch", 1), demand_cards("this launch", 2)

    assert (one.power_w(), one.energy_j(), one.clock_event_reasons()) == (100, 100, 0x20)
    assert (both.power_w(), both.energy_j(), both.clock_event_reasons()) == (101, 101, 0x60)
    assert both.total_bytes() == one.total_bytes()


def test_a_program_on_any_of_the_cards_bars_the_measurement(monkeypatch: pytest.MonkeyPatch) -> None:
    two_cards(monkeypatch)
    rival = SimpleNamespace(pid=7)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetCurrentClocksEventReasons", lambda _: 0)
    monkeypatch.setattr(pynvml, "nvmlDeviceGetComputeRunningProcesses", lambda device: [rival] if device else [])

    refuse_unfit(demand_cards("this launch", 1))
    with pytest.raises(UnfitError, match="1 other programs compute on the GPU"):
        refuse_unfit(demand_cards("this launch", 2))


def test_more_cards_than_there_are_is_said_in_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    two_cards(monkeypatch)

    with pytest.raises(GpuRequiredError, match=r"^mine.toml: field x: 3 GPUs are wanted, and there are 2; make it "):
        demand_cards("mine.toml: field x", 3)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with pytest.raises(GpuRequiredError, match="2 GPUs are wanted, and there is 1"):
        demand_cards("mine.toml: field x", 2)


def test_unlike_cards_make_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    two_cards(monkeypatch, ("Example GPU", "Another GPU"))

    with pytest.raises(GpuRequiredError, match="2 GPUs of one kind are wanted, and there are Another GPU, Example GPU"):
        demand_cards("this launch", 2)


def test_a_worker_s_deadline_is_longer_than_a_rank_s_last_words() -> None:
    from generator.measure.in_step import LAST_WORDS_S

    assert min(launcher.DEADLINES_S.values()) > LAST_WORDS_S
