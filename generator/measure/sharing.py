"""Which launch a card makes next, where several make those of one run: pure, as `schedule` is.

A round belongs to the card that began it, so that what differs between cards falls out of the ratios within a round. A
card goes on with its round, then with one whose card is gone, then begins the next that nobody has begun. When all are
begun it helps with the round that lacks most launches, from its end, so that no card waits while launches are left.
"""

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from generator.measure.schedule import Slot
from generator.record import Completed, Failed

OWN: Final = 0
ITS_CARD_IS_GONE: Final = 1
NOT_BEGUN: Final = 2
OF_ANOTHER: Final = 3


class Sharing:
    """The launches of a plan that are left, and whose they are. While the baseline's predictions are awaited, what
    would be compared with them in no other round is left until they are there."""

    def __init__(
        self, slots: Sequence[Slot], made: Sequence[Completed | Failed], *, awaits_predictions: bool = False
    ) -> None:
        done = {(one.round, one.cell) for one in made}
        self._order = {slot: place for place, slot in enumerate(slots)}
        self.left = [slot for slot in slots if (slot.round, slot.cell) not in done]
        self.under_way: set[Slot] = set()
        self.awaits_predictions = awaits_predictions
        self._launched: dict[int, list[str | None]] = {}
        for one in sorted(made, key=lambda launch: launch.started_at):
            self._launched.setdefault(one.round, []).append(one.card)

    def following(self, card: str, cards: Collection[str]) -> Slot | None:
        """The launch that `card` should make next, if `cards` are those that are there; None when there is none that
        may be made now."""
        return next(filter(self._may_go, self._by_preference(card, cards)), None)

    def begin(self, slot: Slot, card: str) -> None:
        """The card makes that launch."""
        self.left.remove(slot)
        self.under_way.add(slot)
        self._launched.setdefault(slot.round, []).append(card)

    def end(self, slot: Slot) -> None:
        """It is made."""
        self.under_way.remove(slot)

    def take_back(self, slot: Slot) -> None:
        """It was lost, and is to be made again."""
        self.end(slot)
        self.left = sorted([*self.left, slot], key=self._order.__getitem__)

    def _by_preference(self, card: str, cards: Collection[str]) -> Iterator[Slot]:
        left: dict[int, list[Slot]] = {}
        for slot in self.left:
            left.setdefault(slot.round, []).append(slot)
        whose = {round_: self._whose(round_, card, cards) for round_ in left}
        most_first = {round_: -len(slots) if whose[round_] == OF_ANOTHER else 0 for round_, slots in left.items()}
        for round_ in sorted(left, key=lambda one: (whose[one], most_first[one], one)):
            yield from reversed(left[round_]) if whose[round_] == OF_ANOTHER else left[round_]

    def _whose(self, round_: int, card: str, cards: Collection[str]) -> int:
        launched = self._launched.get(round_)
        if launched is None:
            return NOT_BEGUN
        owner = next((one for one in launched if one in cards), None)
        return ITS_CARD_IS_GONE if owner is None else OWN if owner == card else OF_ANOTHER

    def _may_go(self, slot: Slot) -> bool:
        if not self.awaits_predictions or slot.cell.is_baseline:
            return True
        comes = any(one.cell.is_baseline for one in (*self.left, *self.under_way))
        return not comes or sum(one.cell == slot.cell for one in self.left) > 1
