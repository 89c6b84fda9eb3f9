"""The cells of a run, one row each, whether they have figures or not: how many launches, and what went wrong."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from math import isclose
from typing import Literal, get_args

from generator.analyse.cell import CellFindings
from generator.analyse.quality import quality_of
from generator.analyse.run import RunFindings
from generator.analyse.search import Trial
from generator.cells import Cell
from generator.record import Completed, Failed, Reported, Unserved

# From the best to the worst: "valid" has at least one launch whose figures may be used, "failed" none that completed.
State = Literal["valid", "invalid", "failed", "not measured"]


@dataclass(frozen=True)
class CellRow:
    """One cell of a run with its launches counted: `valid` are those that its figures come from, `tried` those of a
    search on its way there. `perplexity` is None where it is not known, `users` where nobody was served at once."""

    run: RunFindings
    one: CellFindings
    valid: int
    tried: tuple[Trial, ...]
    invalid: tuple[Completed, ...]
    failed: tuple[Failed, ...]
    perplexity: float | None
    users: int | None

    @property
    def launches(self) -> int:
        """How many there are, however they ended."""
        return self.valid + len(self.tried) + len(self.invalid) + len(self.failed)

    @property
    def state(self) -> State:
        """See `State`."""
        if self.valid:
            return "valid"
        return "invalid" if self.invalid else "failed" if self.failed else "not measured"

    @property
    def reasons(self) -> tuple[str, ...]:
        """Why launches failed or are invalid, each reason once; of a search that found nothing yet, why not."""
        faults = (fault.detail for launch in self.invalid for fault in launch.faults)
        refused = (trial.refused for trial in self.tried if trial.refused and not self.valid)
        return tuple(dict.fromkeys([*(failure.message for failure in self.failed), *faults, *refused]))

    @property
    def means(self) -> dict[str, float]:
        """The geometric mean over the launches of each quantity of which it is not the median as well. Those of two
        cells with the same rounds have the ratio that `statistics.compare` finds; their medians have another."""
        found = {quantity: stat.geometric_mean for quantity, stat in self.one.stats.items()}
        return {name: mean for name, mean in found.items() if not isclose(mean, self.one.stats[name].median)}


def rows_of(run: RunFindings) -> tuple[CellRow, ...]:
    """A row for each cell, in the order of the manifest."""
    by_cell: dict[Cell, list[Completed | Failed | Reported]] = {}
    for launch in run.run.launches:
        by_cell.setdefault(launch.cell, []).append(launch)
    return tuple(_row(run, one, by_cell.get(one.cell, ())) for one in run.cells)


def measured_first(rows: Iterable[CellRow]) -> tuple[CellRow, ...]:
    """The rows of a run by their states; those that are alike stay in their order."""
    states: tuple[State, ...] = get_args(State)
    return tuple(sorted(rows, key=lambda row: states.index(row.state)))


def _row(run: RunFindings, one: CellFindings, launches: Sequence[Completed | Failed | Reported]) -> CellRow:
    invalid = tuple(launch for launch in launches if isinstance(launch, Completed) and not launch.valid)
    quality = quality_of([launch for launch in one.valid if isinstance(launch, Completed)], ())
    return CellRow(
        run=run,
        one=one,
        valid=len(one.valid),
        tried=tuple(trial for trial in run.trials(one) if not trial.chosen and trial.launch not in invalid),
        invalid=invalid,
        failed=one.failed,
        perplexity=quality.perplexity if quality else None,
        users=max((point.concurrency for point in one.points), default=None),
    )


def unserved_points(run: RunFindings) -> Iterator[tuple[Completed, Unserved]]:
    """Every point that a launch could not be measured with; not those of a search that had no room, which is what it
    looks for."""
    for launch in run.run.launches:
        if isinstance(launch, Completed):
            for unserved in launch.unserved:
                if not (run.is_search and unserved.reason == "no_room"):
                    yield launch, unserved
