"""Which launch comes next: pure, so that the order can be tested without running anything."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

from generator.cells import Cell


@dataclass(frozen=True, slots=True)
class Slot:
    """One launch of the plan."""

    round: int
    cell: Cell


def plan(cells: Sequence[Cell], rounds: int) -> tuple[Slot, ...]:
    """Every cell once a round, in a Williams order: over an even number of cells and as many rounds, each cell
    follows each other one equally often, so that neither drift nor what ran before favours one (E. J. Williams, 1949,
    "Experimental designs balanced for the estimation of residual effects of treatments").
    """
    count = len(cells)
    first = [(step + 1) // 2 if step % 2 else (count - step // 2) % count for step in range(count)]
    return tuple(Slot(round_ + 1, cells[(position + round_) % count]) for round_ in range(rounds) for position in first)


def remaining(slots: Sequence[Slot], done: Collection[Slot]) -> tuple[Slot, ...]:
    """What is still to be launched, in the order of the plan."""
    return tuple(slot for slot in slots if slot not in done)
