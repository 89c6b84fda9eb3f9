"""Which card made which launches of a run, where several of one kind shared them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from generator.record import Completed, Failed


@dataclass(frozen=True, slots=True)
class CardShare:
    """A card by its anonymous id: the rounds that it began, so that they are its own, and what it made of them and of
    others."""

    card: str
    rounds: tuple[int, ...]
    launches: int
    helped: int


def shares_of(launches: Sequence[Completed | Failed]) -> tuple[CardShare, ...]:
    """The cards in the order of their first rounds; none where no more than one made launches."""
    made = sorted(launches, key=lambda launch: launch.started_at)
    owners = _owners(made)
    cards = dict.fromkeys(launch.card for launch in made if launch.card is not None)
    shares = [
        CardShare(
            card,
            tuple(sorted(round_ for round_, owner in owners.items() if owner == card)),
            sum(launch.card == card for launch in made),
            sum(launch.card == card != owners[launch.round] for launch in made),
        )
        for card in cards
    ]
    return tuple(
        sorted(shares, key=lambda share: (share.rounds or (len(owners) + 1,), share.card)) if len(cards) > 1 else ()
    )


def of_own_rounds(made: Sequence[Completed]) -> Iterator[Completed]:
    """Of launches in the order of their starts, those that a card made of the rounds that it began."""
    owners = _owners(made)
    return (launch for launch in made if owners[launch.round] == launch.card)


def _owners(made: Sequence[Completed | Failed]) -> dict[int, str | None]:
    owners: dict[int, str | None] = {}
    for launch in made:
        owners.setdefault(launch.round, launch.card)
    return owners
