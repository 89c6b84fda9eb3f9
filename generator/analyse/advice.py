"""Which cell for a card and a use of one's own: the answer of the rule, and the nearest wishes with another."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from generator.analyse.rule import Excluded, Offer, Ranked, Rule, Wishes, needed_gib, ranked


@dataclass(frozen=True, slots=True)
class Turn:
    """A number of users, or a card in GiB, and the answer that begins there: cells that are tied, or none."""

    at: float
    tied: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Advice:
    """The answer: the best cell and those tied with it, none where no cell qualifies; and the nearest changes of it.

    more_users    the fewest users above those asked for, among those measured, with another answer
    larger_card   the smallest card above the one asked for with another answer
    smaller_card  the smallest card that still has this answer, and the answer just below it
    """

    tied: tuple[str, ...]
    ranking: tuple[Ranked, ...]
    excluded: tuple[Excluded, ...]
    more_users: Turn | None
    larger_card: Turn | None
    smaller_card: Turn | None


def advise(offers: Sequence[Offer], wishes: Wishes, rule: Rule) -> Advice:
    """Apply the rule. The order of the offers does not matter, except for the order of those that are out."""
    ranking, excluded = ranked(offers, wishes, rule)
    tied = _tied(ranking)
    return Advice(
        tied=tied,
        ranking=ranking,
        excluded=excluded,
        more_users=_more_users(offers, wishes, rule, tied),
        larger_card=_larger_card(offers, wishes, rule, tied),
        smaller_card=_smaller_card(offers, wishes, rule, tied),
    )


def _tied(ranking: Sequence[Ranked]) -> tuple[str, ...]:
    return tuple(entry.cell for entry in ranking if entry.tied)


def _with_another(offers: Sequence[Offer], wishes: Wishes, rule: Rule, tied: tuple[str, ...]) -> tuple[str, ...] | None:
    """The answer to other wishes; None where it is the same cells."""
    found = _tied(ranked(offers, wishes, rule)[0])
    return None if set(found) == set(tied) else found


def _more_users(offers: Sequence[Offer], wishes: Wishes, rule: Rule, tied: tuple[str, ...]) -> Turn | None:
    for users in sorted({users for offer in offers for users in offer.speeds if users > wishes.users}):
        found = _with_another(offers, replace(wishes, users=users), rule, tied)
        if found is not None:
            return Turn(users, found)
    return None


def _larger_card(offers: Sequence[Offer], wishes: Wishes, rule: Rule, tied: tuple[str, ...]) -> Turn | None:
    """An answer can only begin at a card that some cell just fits."""
    for card in _fitting(offers, wishes):
        if card > wishes.card_gib:
            found = _with_another(offers, replace(wishes, card_gib=card), rule, tied)
            if found is not None:
                return Turn(card, found)
    return None


def _smaller_card(offers: Sequence[Offer], wishes: Wishes, rule: Rule, tied: tuple[str, ...]) -> Turn | None:
    smallest = None
    for card in reversed(_fitting(offers, wishes) if tied else []):
        if card <= wishes.card_gib:
            found = _with_another(offers, replace(wishes, card_gib=card), rule, tied)
            if found is not None and smallest is not None:
                return Turn(smallest, found)
            smallest = card
    return None if smallest is None else Turn(smallest, ())


def _fitting(offers: Sequence[Offer], wishes: Wishes) -> list[float]:
    """The cards that a cell just fits, from small to large."""
    return sorted(needed for offer in offers if (needed := needed_gib(offer, wishes)) is not None)
