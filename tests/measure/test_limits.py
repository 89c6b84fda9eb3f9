"""What a device can do at best: measured in little time, and never less than what engines reach."""

import importlib.util
from time import sleep

import pytest

if importlib.util.find_spec("torch") is None:
    pytest.skip("no engine is installed: run `make setup`", allow_module_level=True)

from generator.measure.meters import limits


def test_a_cpu_that_only_imitates_a_type_has_the_limit_of_one_that_it_has(monkeypatch: pytest.MonkeyPatch) -> None:
    def rate(_: str, dtype: str) -> float:
        return {"float16": 0.001, "float32": 0.2}[dtype]

    monkeypatch.setattr(limits, "_matmul_tflop_per_s", rate)

    assert limits.measure_limits("cpu", "float16").matmul_tflop_per_s == 0.2


def test_what_takes_long_is_tried_a_few_times_only_and_at_least_once(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[None] = []

    def slow() -> None:
        tried.append(None)
        sleep(0.02)

    monkeypatch.setattr(limits, "PATIENCE_S", 0.03)
    limits.best_s(slow, "cpu")
    few = len(tried)
    monkeypatch.setattr(limits, "PATIENCE_S", 0.0)
    limits.best_s(slow, "cpu")

    assert 1 <= few <= 2
    assert len(tried) == few + 1
