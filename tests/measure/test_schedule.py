"""The order of launches: complete, balanced, resumable."""

from collections import Counter
from itertools import pairwise

from examples import cell
from hypothesis import given
from hypothesis import strategies as st

from generator.cells import cells_of
from generator.measure.schedule import Slot, plan, remaining
from generator.methods import METHOD_IDS

CELLS = tuple(cell(method) for method in METHOD_IDS)


@given(st.integers(1, 4), st.integers(1, 12))
def test_every_round_has_every_cell_once(count: int, rounds: int) -> None:
    cells = CELLS[:count]

    slots = plan(cells, rounds)

    assert Counter(slots) == Counter(Slot(round_ + 1, one) for round_ in range(rounds) for one in cells)
    assert [slot.round for slot in slots] == sorted(slot.round for slot in slots)


def test_in_four_rounds_each_cell_follows_each_other_one_once() -> None:
    slots = plan(CELLS, 4)

    followers = Counter((one.cell, other.cell) for one, other in pairwise(slots) if one.round == other.round)

    assert set(followers.values()) == {1}
    assert len(followers) == 12


@given(st.integers(1, 6), st.integers(0, 24))
def test_what_is_done_is_not_done_again(rounds: int, done: int) -> None:
    slots = plan(CELLS, rounds)

    assert remaining(slots, slots[:done]) == slots[done:]


@given(st.integers(1, 6), st.integers(1, 6))
def test_more_rounds_keep_the_order_of_those_before(rounds: int, more: int) -> None:
    assert plan(CELLS, rounds + more)[: len(CELLS) * rounds] == plan(CELLS, rounds)


def test_a_run_of_both_modes_with_controls_and_a_twin_has_each_cell_once() -> None:
    cells = cells_of(METHOD_IDS, ("eager", "graphs"), controls=True, twin=True)

    assert [one.id for one in cells] == [
        "fp16-vllm-eager",
        "nf4-transformers-eager",
        "awq-vllm-eager",
        "gptq-vllm-eager",
        "fp16-transformers-eager",
        "nf4-vllm-eager",
        "fp16-vllm-graphs",
        "awq-vllm-graphs",
        "gptq-vllm-graphs",
        "nf4-vllm-graphs",
        "fp16-vllm-graphs-twin",
    ]
