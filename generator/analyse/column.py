"""One run as a column beside others: its cells in one mode, and each quantity with what was asked for it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from generator.analyse.against import Against, against_fp16
from generator.analyse.cell import CellFindings
from generator.analyse.comparable import asked_in, asked_of, figures_of
from generator.analyse.noise import SPEED
from generator.analyse.run import RunFindings
from generator.analyse.statistics import Comparison, Stat, compare_all
from generator.cells import Cell, Mode

# The speed of the most users that were served in common, whose number goes with it.
CROWD: Final = "crowd_tokens_per_s"


@dataclass(frozen=True)
class Column:
    """`users` is how many `CROWD` is of; None where it is of none."""

    run: RunFindings
    mode: Mode
    users: int | None = None

    @cached_property
    def cells(self) -> dict[Cell, CellFindings]:
        """See `RunFindings.cells_in`."""
        return {one.cell: one for one in self.run.cells_in(self.mode)}

    def asked(self, quantity: str) -> dict[Cell, tuple[object, Stat]]:
        """Each cell's figure, with what was asked for it, whatever the model."""
        if quantity == CROWD:
            return {
                cell: (asked_in(self.run, point), point.stats[SPEED])
                for cell, one in self.cells.items()
                for point in reversed(one.served)
                if point.concurrency == self.users
            }
        return {
            cell: (asked_of(self.run, one, quantity), self._figures[cell][quantity])
            for cell, one in self.cells.items()
            if quantity in self._figures[cell]
        }

    def floor(self, quantity: str) -> float:
        """The difference, as a share, below which the run decides nothing."""
        return self.run.floor_with(self.users) if quantity == CROWD else self.run.floor_of(quantity)

    def against(self, quantity: str) -> dict[Cell, Comparison]:
        """Each cell against FP16 in the same mode: as the run's own page has it, which knows no `CROWD`."""
        if quantity == CROWD:
            speeds = {cell: stat for cell, (_, stat) in self.asked(CROWD).items()}
            base = next((cell for cell in speeds if cell.is_baseline), None)
            return compare_all(speeds, speeds.pop(base), self.floor(CROWD)) if base else {}
        return {
            cell: one.by_quantity[quantity]
            for cell, one in self._against.items()
            if cell in self.cells and one.base.mode == self.mode and quantity in one.by_quantity
        }

    @cached_property
    def _figures(self) -> dict[Cell, dict[str, Stat]]:
        return {cell: figures_of(one) for cell, one in self.cells.items()}

    @cached_property
    def _against(self) -> Mapping[Cell, Against]:
        return against_fp16(self.run)


def columns_of(runs: Sequence[RunFindings], mode: Mode) -> tuple[Column, ...]:
    """The runs in this mode, with the most users that two of them have served."""
    served = [
        {point.concurrency for one in run.cells_in(mode) for point in one.served if point.concurrency > 1}
        for run in runs
    ]
    common = {users for of_run in served for users in of_run if sum(users in other for other in served) > 1}
    return tuple(Column(run, mode, max(common, default=None)) for run in runs)
