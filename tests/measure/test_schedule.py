"""The order of launches: complete, balanced, resumable."""

from collections import Counter
from itertools import pairwise

from examples import FOUR, NO_ROOM, cell, completed, failed, replaced
from hypothesis import given
from hypothesis import strategies as st

from generator.cells import cells_of
from generator.measure.schedule import SEARCH_STEP, Rounds, Search, Slot
from generator.record import Completed, Failed

CELLS = tuple(cell(method) for method in FOUR)


@given(st.integers(1, 4), st.integers(1, 12))
def test_every_round_has_every_cell_once(count: int, rounds: int) -> None:
    cells = CELLS[:count]

    slots = Rounds(cells, rounds).slots

    assert Counter(slots) == Counter(Slot(round_ + 1, one) for round_ in range(rounds) for one in cells)
    assert [slot.round for slot in slots] == sorted(slot.round for slot in slots)


def test_in_four_rounds_each_cell_follows_each_other_one_once() -> None:
    slots = Rounds(CELLS, 4).slots

    followers = Counter((one.cell, other.cell) for one, other in pairwise(slots) if one.round == other.round)

    assert set(followers.values()) == {1}
    assert len(followers) == 12


@given(st.integers(1, 3), st.integers(0, 12))
def test_what_is_done_is_not_done_again(rounds: int, done: int) -> None:
    plan = Rounds(CELLS, rounds)
    made: list[Completed | Failed] = [completed(of=slot.cell, round_=slot.round) for slot in plan.slots[:done]]

    rest = plan.slots[done:]
    assert plan.following(made) == next(iter(rest), None)
    if rest:
        assert plan.engine_after(rest[0], made) == next((slot.cell.engine for slot in rest[1:]), None)


@given(st.integers(1, 6), st.integers(1, 6))
def test_more_rounds_keep_the_order_of_those_before(rounds: int, more: int) -> None:
    assert Rounds(CELLS, rounds + more).slots[: len(CELLS) * rounds] == Rounds(CELLS, rounds).slots


@given(st.floats(0.4, 1.9), st.floats(0.5, 8))
def test_a_search_ends_at_the_smallest_cache_that_serves(needed: float, guess_gib: float) -> None:
    """`needed` is what the load really needs, as a share of the guess."""
    plan = Search(CELLS[:1], guess_gib)
    made: list[Completed | Failed] = []

    served = []
    while slot := plan.following(made):
        assert slot.kv_cache_gib is not None
        assert slot.round == len(made) + 1
        serves = slot.kv_cache_gib >= needed * guess_gib
        served += [slot.kv_cache_gib] if serves else []
        made.append(completed(of=slot.cell, round_=slot.round, unserved=() if serves else (NO_ROOM,)))

    assert needed * guess_gib <= min(served) < (needed + SEARCH_STEP) * guess_gib * (1 + 1e-9)
    assert len(made) <= 2 + abs(needed - 1) / SEARCH_STEP + 1


def test_a_search_takes_a_start_without_room_for_one_that_does_not_serve() -> None:
    refused = failed("fp16").model_copy(update={"reason": "no_room"})

    assert Search(CELLS[:1], 1.0).following([refused]) == Slot(2, CELLS[0], 1 + SEARCH_STEP)


def test_a_search_ends_where_more_cache_would_not_help() -> None:
    broken = completed("fp16", unserved=[replaced(NO_ROOM, reason="engine_error")])
    assert Search(CELLS[:1], 1.0).following([broken]) is None

    made: list[Completed | Failed] = []
    while slot := Search(CELLS[:1], 1.0).following(made):
        made.append(completed("fp16", round_=slot.round, unserved=[NO_ROOM]))
    assert len(made) == 1 / SEARCH_STEP  # twice the guess is tried no more


def test_a_search_goes_from_cell_to_cell_and_gives_up_one_that_fails() -> None:
    plan = Search(CELLS[:2], 1.0)

    assert plan.following([failed("fp16")]) == Slot(1, CELLS[1], 1.0)
    assert plan.following([failed("fp16"), failed("nf4")]) is None


def test_a_run_of_both_modes_with_controls_and_a_twin_has_each_cell_once() -> None:
    cells = cells_of(FOUR, ("eager", "graphs"), controls=True, twin=True)

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
