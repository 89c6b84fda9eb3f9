"""A share of the kills and signals of `python -m torture.survival.kills`: the same code, a few times."""

import signal
import time
from itertools import cycle
from pathlib import Path
from typing import get_args

import pytest

from generator.record import Stage
from torture.survival import light
from torture.survival.harm import Harm
from torture.survival.kills import HELD, SIGNALS, interrupted, kills, light_command
from torture.survival.sitting import Role, Sitting, left_of


@pytest.mark.parametrize("role", get_args(Role))
def test_a_kill_at_any_moment_leaves_nothing_and_costs_nothing(role: Role) -> None:
    assert kills(role, 1, light_command, seed=1) == Harm()


@pytest.mark.parametrize(("stage", "number"), list(zip(HELD, cycle(SIGNALS))))
def test_a_signal_in_any_stage_ends_the_command_and_all_that_it_started(stage: Stage, number: signal.Signals) -> None:
    assert interrupted(stage, number) == Harm()


def test_who_asks_again_and_again_gets_the_same_clean_end(tmp_path: Path) -> None:
    once = tmp_path / "once"
    once.touch()
    sitting = Sitting(light_command(tmp_path), tmp_path, **{light.FAULT: "load=silence", light.ONCE: str(once)})
    while once.exists():
        time.sleep(0.01)

    while sitting.process.poll() is None:
        sitting.process.send_signal(signal.SIGINT)
        time.sleep(0.002)

    assert sitting.status() == 130
    assert sitting.said().splitlines()[-1].startswith("quantpress: interrupted; ")
    assert "Traceback" not in sitting.said()
    assert left_of(tmp_path) == []
