"""Our speed of a cell beside what another benchmark found in the same configuration."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from generator.analyse.cell import CellFindings
from generator.analyse.statistics import Stat
from generator.peer import PeerResult

# Further apart than this, one of the two measures something else.
APART: Final = 0.03


@dataclass(frozen=True, slots=True)
class PeerFindings:
    """A peer's result, and our own launches of the same cell."""

    one: CellFindings
    result: PeerResult
    ours: Stat

    @property
    def ratio(self) -> float:
        """Our median speed over the peer's."""
        return self.ours.median / self.result.output_tokens_per_s

    @property
    def agrees(self) -> bool:
        """Whether the two are close enough to have measured the same thing."""
        return abs(self.ratio - 1) <= APART


def peers_of(cells: Iterable[CellFindings], results: Iterable[PeerResult]) -> Iterator[PeerFindings]:
    """Every result whose cell has a speed of ours."""
    by_cell = {one.cell: one for one in cells}
    for result in results:
        one = by_cell.get(result.cell)
        if one and "output_tokens_per_s" in one.stats:
            yield PeerFindings(one, result, one.stats["output_tokens_per_s"])
