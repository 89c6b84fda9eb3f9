"""Which card makes which launch: all launches once, a round on one card, and no card that waits."""

from collections import Counter
from collections.abc import Mapping, Sequence

from examples import cell, completed, manifest, replaced
from hypothesis import given
from hypothesis import strategies as st

from generator.analyse.physics.course import of_run
from generator.measure.schedule import Rounds, Slot
from generator.measure.sharing import Sharing
from generator.methods import METHOD_IDS
from generator.record import Completed

CELLS = tuple(cell(method) for method in METHOD_IDS[:4])
LONG_AGO = "2026-01-01T00:00:00Z"


def made_by(card: str | None, *slots: Slot, started_at: str = LONG_AGO) -> list[Completed]:
    return [replaced(completed(of=one.cell, round_=one.round), card=card, started_at=started_at) for one in slots]


def simulated(sharing: Sharing, durations_s: Mapping[str, int]) -> list[tuple[str, Slot, int, int]]:
    """What each card makes, from when to when, if its launches take so long."""
    busy: dict[str, tuple[int, Slot]] = {}
    done, now_s = [], 0
    while True:
        for card, duration_s in durations_s.items():
            if card not in busy and (slot := sharing.following(card, durations_s)):
                sharing.begin(slot, card)
                busy[card] = (now_s + duration_s, slot)
                done.append((card, slot, now_s, now_s + duration_s))
        if not busy:
            return done
        assert not sharing.left or set(busy) == set(durations_s), "a card waits"
        now_s = min(end for end, _ in busy.values())
        for card in [card for card, (end, _) in busy.items() if end == now_s]:
            sharing.end(busy.pop(card)[1])


SPEEDS = st.lists(st.integers(1, 40), min_size=1, max_size=5).map(
    lambda durations_s: {f"card {number}": duration_s for number, duration_s in enumerate(durations_s)}
)


@given(st.integers(1, 6), SPEEDS)
def test_every_launch_is_made_once_and_no_card_waits_while_launches_are_left(
    rounds: int, durations_s: dict[str, int]
) -> None:
    plan = Rounds(CELLS, rounds)

    done = simulated(Sharing(plan.slots, ()), durations_s)

    assert Counter(slot for _, slot, _, _ in done) == Counter(plan.slots)


@given(st.integers(1, 6), SPEEDS)
def test_no_law_finds_a_shared_run_impossible(rounds: int, durations_s: dict[str, int]) -> None:
    done = simulated(Sharing(Rounds(CELLS, rounds).slots, ()), durations_s)

    launches = [
        replaced(
            completed(of=slot.cell, round_=slot.round),
            card=card,
            started_at=f"2026-01-01T{start_s // 3600:02d}:{start_s // 60 % 60:02d}:{start_s % 60:02d}Z",
            duration_s=float(end_s - start_s),
        )
        for card, slot, start_s, end_s in done
    ]
    assert list(of_run(manifest(cells=CELLS), launches)) == []


def test_a_single_card_goes_in_the_order_of_a_local_measurement() -> None:
    plan = Rounds(CELLS, 3)

    done = simulated(Sharing(plan.slots, ()), {"a": 1})

    assert [slot for _, slot, _, _ in done] == list(plan.slots)


def test_cards_of_equal_speed_make_whole_rounds() -> None:
    done = simulated(Sharing(Rounds(CELLS, 4).slots, ()), {"a": 1, "b": 1})

    assert {(card, slot.round) for card, slot, _, _ in done} == {("a", 1), ("b", 2), ("a", 3), ("b", 4)}


def test_a_card_that_has_no_round_left_helps_where_most_is_left_from_its_end() -> None:
    slots = Rounds(CELLS, 2).slots
    sharing = Sharing(slots, made_by("a", *slots[:3]) + made_by("b", *slots[4:6]))

    assert sharing.following("c", {"a", "b", "c"}) == slots[7]
    assert sharing.following("a", {"a", "b", "c"}) == slots[3]


def test_a_half_done_round_goes_on_at_the_card_that_began_it() -> None:
    slots = Rounds(CELLS, 3).slots
    sharing = Sharing(slots, made_by("b", *slots[:2]))

    assert sharing.following("a", {"a", "b"}) == slots[4]
    assert sharing.following("b", {"a", "b"}) == slots[2]


def test_a_round_whose_card_is_gone_goes_on_before_another_is_begun() -> None:
    slots = Rounds(CELLS, 3).slots
    sharing = Sharing(slots, made_by("gone", *slots[:2]))

    assert sharing.following("a", {"a", "b"}) == slots[2]
    sharing.begin(slots[2], "a")
    assert sharing.following("b", {"a", "b"}) == slots[4]


def test_what_was_lost_is_made_again_in_its_place() -> None:
    slots = Rounds(CELLS, 2).slots
    sharing = Sharing(slots, ())
    for slot in slots[:2]:
        sharing.begin(slot, "a")

    sharing.take_back(slots[1])
    sharing.take_back(slots[0])

    assert sharing.left == list(slots)
    assert sharing.under_way == set()


def waiting(rounds: int, made: Sequence[Completed] = ()) -> Sharing:
    return Sharing(Rounds(CELLS, rounds).slots, made, awaits_predictions=True)


def test_in_a_single_round_the_others_wait_for_the_predictions_of_the_baseline() -> None:
    sharing = waiting(1)
    first = sharing.following("a", {"a", "b"})
    assert first is not None
    assert first.cell.is_baseline
    sharing.begin(first, "a")

    assert sharing.following("b", {"a", "b"}) is None
    sharing.awaits_predictions = False
    assert sharing.following("b", {"a", "b"}) is not None


def test_of_several_rounds_none_waits_as_long_as_a_later_one_can_be_compared() -> None:
    sharing = waiting(2)
    (first, *_) = sharing.left
    sharing.begin(first, "a")

    slot = sharing.following("b", {"a", "b"})

    assert slot is not None
    assert (slot.round, slot.cell.is_baseline) == (2, False)


def test_nobody_waits_for_predictions_that_do_not_come() -> None:
    baseline = next(slot for slot in Rounds(CELLS, 1).slots if slot.cell.is_baseline)

    assert waiting(1, made_by("a", baseline)).following("b", {"b"}) is not None
