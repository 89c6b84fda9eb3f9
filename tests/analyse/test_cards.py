"""Whose the rounds of a shared run are, and who helped."""

from examples import cell, completed, replaced

from generator.analyse.cards import shares_of
from generator.measure.schedule import Rounds, Slot
from generator.methods import METHOD_IDS
from generator.record import Completed

SLOTS = Rounds(tuple(cell(method) for method in METHOD_IDS[:4]), 2).slots


def made_by(card: str | None, *slots: Slot, hour: int = 0) -> list[Completed]:
    started_at = f"2026-01-01T{hour:02d}:00:00Z"
    return [replaced(completed(of=one.cell, round_=one.round), card=card, started_at=started_at) for one in slots]


def test_each_card_is_told_with_its_rounds_and_with_what_it_helped() -> None:
    shares = shares_of([*made_by("b", *SLOTS[:4]), *made_by("a", *SLOTS[4:7]), *made_by("b", SLOTS[7], hour=1)])

    assert [(one.card, one.rounds, one.launches, one.helped) for one in shares] == [
        ("b", (1,), 5, 1),
        ("a", (2,), 3, 0),
    ]


def test_a_card_that_began_no_round_is_told_last() -> None:
    shares = shares_of([*made_by("b", *SLOTS[:7]), *made_by("a", SLOTS[7], hour=1)])

    assert [(one.card, one.rounds, one.helped) for one in shares] == [("b", (1, 2), 0), ("a", (), 1)]


def test_a_run_of_one_card_has_no_shares() -> None:
    assert shares_of(made_by("a", *SLOTS)) == ()
    assert shares_of([*made_by(None, *SLOTS[:4]), *made_by("a", *SLOTS[4:])]) == ()
