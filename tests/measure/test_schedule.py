"""The order of launches: complete, balanced, resumable."""

from collections import Counter
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from generator.measure.schedule import Slot, plan, remaining
from generator.methods import METHOD_IDS


@given(st.integers(1, 4), st.integers(1, 12))
def test_every_round_has_every_method_once(count: int, rounds: int) -> None:
    methods = METHOD_IDS[:count]

    slots = plan(methods, rounds)

    assert sorted(slots) == sorted(Slot(round_ + 1, method) for round_ in range(rounds) for method in methods)
    assert [slot.round for slot in slots] == sorted(slot.round for slot in slots)


def test_in_four_rounds_each_method_follows_each_other_one_once() -> None:
    slots = plan(METHOD_IDS, 4)

    followers = Counter((one.method, other.method) for one, other in pairwise(slots) if one.round == other.round)

    assert set(followers.values()) == {1}
    assert len(followers) == 12


@given(st.integers(1, 6), st.integers(0, 24))
def test_what_is_done_is_not_done_again(rounds: int, done: int) -> None:
    slots = plan(METHOD_IDS, rounds)

    assert remaining(slots, slots[:done]) == slots[done:]
