"""Which launch comes next: pure, so that the order can be tested without running anything."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Protocol

from generator.cells import Cell
from generator.methods import EngineId
from generator.record import Completed, Failed

# How finely the smallest KV cache is looked for, as a share of the first guess.
SEARCH_STEP: Final = 1 / 16


@dataclass(frozen=True, slots=True)
class Slot:
    """One launch of a plan; `kv_cache_gib`, where it is given, is that launch's own."""

    round: int
    cell: Cell
    kv_cache_gib: float | None = None


class Plan(Protocol):
    """What is to be launched, one after the other, by what was made of it so far."""

    @property
    def size(self) -> int:
        """How many launches it has, as far as is known before they are made."""

    def following(self, made: Sequence[Completed | Failed]) -> Slot | None:
        """The launch that comes next; None when all is done."""

    def engine_after(self, slot: Slot, made: Sequence[Completed | Failed]) -> EngineId | None:
        """The engine that is likely to be needed after `slot`; None when nothing comes after it."""


class Rounds:
    """Every cell once a round, in a Williams order: over an even number of cells and as many rounds, each cell follows
    each other one equally often, so that neither drift nor what ran before favours one (E. J. Williams, 1949,
    "Experimental designs balanced for the estimation of residual effects of treatments").
    """

    def __init__(self, cells: Sequence[Cell], rounds: int) -> None:
        count = len(cells)
        first = [(step + 1) // 2 if step % 2 else (count - step // 2) % count for step in range(count)]
        self.slots = tuple(
            Slot(round_ + 1, cells[(position + round_) % count]) for round_ in range(rounds) for position in first
        )

    @property
    def size(self) -> int:
        """See `Plan.size`."""
        return len(self.slots)

    def following(self, made: Sequence[Completed | Failed]) -> Slot | None:
        """See `Plan.following`."""
        return next(iter(self._left(made)), None)

    def engine_after(self, slot: Slot, made: Sequence[Completed | Failed]) -> EngineId | None:
        """See `Plan.engine_after`."""
        return next((left.cell.engine for left in self._left(made) if left != slot), None)

    def _left(self, made: Sequence[Completed | Failed]) -> list[Slot]:
        done = {(one.round, one.cell) for one in made}
        return [slot for slot in self.slots if (slot.round, slot.cell) not in done]


class Search:
    """The smallest KV cache with which each cell serves its load: from `guess_gib` a step down as long as all is
    served, or up as long as there is no room, until one that serves and one that does not lie a step apart. A cell that
    fails for any other reason, or has no room in twice the guess, is given up: more cache would not help it.
    """

    def __init__(self, cells: Sequence[Cell], guess_gib: float) -> None:
        self._cells, self._guess_gib = cells, guess_gib

    @property
    def size(self) -> int:
        """See `Plan.size`. A guess that is right takes two launches to prove."""
        return 2 * len(self._cells)

    def following(self, made: Sequence[Completed | Failed]) -> Slot | None:
        """See `Plan.following`."""
        return next((slot for cell in self._cells if (slot := self._try(cell, made))), None)

    def engine_after(self, slot: Slot, made: Sequence[Completed | Failed]) -> EngineId | None:
        """See `Plan.engine_after`. Another try, or the next cell."""
        others = {one.cell for one in made}
        last = slot.cell == self._cells[-1] and slot.cell in others
        return None if last else slot.cell.engine

    def _try(self, cell: Cell, made: Sequence[Completed | Failed]) -> Slot | None:
        tries = sorted((one for one in made if one.cell == cell), key=lambda one: one.round)
        seen: set[int] = set()
        steps = 0
        for one in tries:
            seen.add(steps)
            reasons = {one.reason} if isinstance(one, Failed) else {point.reason for point in one.unserved}
            if reasons - {"no_room"}:
                return None
            steps += 1 if reasons else -1
        if steps in seen or abs(steps * SEARCH_STEP) >= 1:
            return None
        return Slot(len(tries) + 1, cell, self._guess_gib * (1 + steps * SEARCH_STEP))
