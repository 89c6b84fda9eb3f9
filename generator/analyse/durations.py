"""How long launches are likely to last, by those on record. Nothing is invented: a time says how near those are that it
comes from, and what no launch tells is unknown."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Literal, get_args

from generator.cells import Cell
from generator.manifest import MeasuredRun
from generator.measurements import Run
from generator.profiles import Profile
from generator.record import Completed

# Whose launches a time is taken from, from the nearest on: of the cell itself; of another method in its engine and mode
# on its card; of the cell on another card; of any method in its engine and mode with another model. All did its work.
Basis = Literal["cell", "method", "card", "model"]


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long launches are likely to last, and the farthest basis of any of them."""

    duration_s: float
    basis: Basis


class Durations:
    """How long the launches on record lasted."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._found: dict[tuple[object, ...], list[float]] = defaultdict(list)
        for run in runs:
            if isinstance(run.manifest, MeasuredRun) and run.manifest.experiment is None:
                keys = {cell: _keys(run.manifest.profile, run.manifest.hardware.name, cell) for cell in _cells_of(run)}
                for launch in run.launches:
                    if isinstance(launch, Completed):
                        for key in keys[launch.cell]:
                            self._found[key].append(launch.duration_s)

    def of(self, profile: Profile, card: str, cell: Cell) -> Lasting | None:
        """The median of the nearest; None where nothing did such work."""
        for basis, key in zip(get_args(Basis), _keys(profile, card, cell), strict=True):
            if found := self._found.get(key):
                return Lasting(median(found), basis)
        return None


def _cells_of(run: Run) -> set[Cell]:
    return {launch.cell for launch in run.launches}


def _keys(profile: Profile, card: str, cell: Cell) -> tuple[tuple[object, ...], ...]:
    """A launch's keys for each basis, from the nearest on: no two are alike, for each has other parts."""
    suited = tuple(workload for workload in profile.workloads if workload.suits(cell))
    work, where = (suited, profile.quality, profile.tasks), (cell.engine, cell.mode)
    own = (cell.method, *where)
    return (
        (work, card, profile.model_name, own),
        (work, card, profile.model_name, where),
        (work, profile.model_name, own),
        (work, where),
    )


def together(several: Sequence[Lasting | None]) -> Lasting | None:
    """One after the other; None where one of them is not known, or there is none."""
    known = [one for one in several if one is not None]
    if not known or len(known) < len(several):
        return None
    bases = get_args(Basis)
    return Lasting(sum(one.duration_s for one in known), max((one.basis for one in known), key=bases.index))
