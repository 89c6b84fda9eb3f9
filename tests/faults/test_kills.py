"""A share of the kills and signals of `python -m bench.kills`: the same code, a few times."""

import signal
from itertools import cycle
from typing import get_args

import pytest

from bench.kills import HELD, SIGNALS, interrupted, kills, light_command
from bench.sitting import Role
from bench.survival import Harm
from generator.record import Stage


@pytest.mark.parametrize("role", get_args(Role))
def test_a_kill_at_any_moment_leaves_nothing_and_costs_nothing(role: Role) -> None:
    assert kills(role, 1, light_command, seed=1) == Harm()


@pytest.mark.parametrize(("stage", "number"), list(zip(HELD, cycle(SIGNALS))))
def test_a_signal_in_any_stage_ends_the_command_and_all_that_it_started(stage: Stage, number: signal.Signals) -> None:
    assert interrupted(stage, number) == Harm()
