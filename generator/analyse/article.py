"""Whether the speed ratios that somebody reported hold in a run that was measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from generator.analyse.cell import CellFindings
from generator.analyse.noise import SPEED
from generator.analyse.run import RunFindings
from generator.analyse.statistics import Comparison


@dataclass(frozen=True, slots=True)
class Held:
    """A method's speed as a multiple of FP16's: as `reported`, and as `measured`."""

    method: CellFindings
    reported: Comparison
    measured: Comparison

    @property
    def in_direction(self) -> bool:
        """Whether the method is proven faster where it was reported to be faster, or slower where slower."""
        return self.measured.verdict == ("higher" if self.reported.ratio > 1 else "lower")

    @property
    def in_reverse(self) -> bool:
        """Whether the contrary is proven."""
        return self.measured.verdict != "same" and not self.in_direction


def speeds_against_fp16(run: RunFindings) -> list[tuple[CellFindings, Comparison]]:
    """Each method's speed against FP16's in the same run, those that can be compared."""
    base = run.baseline
    if base is None:
        return []
    found = [(one, run.comparison(one, base, SPEED)) for one in run.measured if one is not base]
    return [(one, comparison) for one, comparison in found if comparison]


def held(reported: RunFindings, measured: RunFindings) -> tuple[Held, ...]:
    """Every method, in the same engine, that both runs have a ratio of."""
    return tuple(_held(reported, measured))


def _held(reported: RunFindings, measured: RunFindings) -> Iterator[Held]:
    found = {(one.cell.method, one.cell.engine): comparison for one, comparison in speeds_against_fp16(measured)}
    for one, comparison in speeds_against_fp16(reported):
        here = found.get((one.cell.method, one.cell.engine))
        if here:
            yield Held(one, comparison, here)
