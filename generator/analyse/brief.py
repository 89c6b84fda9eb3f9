"""A run in brief: what lists say of it and what it is chosen by, so that of a thousand runs few are taken up whole."""

from dataclasses import dataclass

from generator.analyse.fit_seen import Told, told_by
from generator.analyse.history import updated_at
from generator.analyse.machine import Machine, machine_of
from generator.analyse.physics.contradiction import Contradiction
from generator.analyse.run import Kind, Origin, RunFindings
from generator.cells import Mode
from generator.manifest import Experiment, MeasuredRun, ReportedRun
from generator.methods import MethodId


@dataclass(frozen=True, slots=True)
class Brief:
    """One run, by names that mean what they mean in `RunFindings`; of cells and launches their number.

    method_ids  the methods that were measured
    figures    whether any cell has figures; `shown`, whether any is shown; `parts`, whether one's memory is known in
               parts; `serves`, whether one served many users; `checked`, whether a peer checked it
    contradictions  what can't be true in it
    figured    those of `modes` in which any cell has figures
    mode       that of the baseline that is shown; None without one
    told       what it tells of plans
    """

    manifest: MeasuredRun | ReportedRun
    kind: Kind
    origin: Origin
    experiment: Experiment | None
    updated_at: str
    modes: tuple[Mode, ...]
    figured: tuple[Mode, ...]
    mode: Mode | None
    cells: int
    method_ids: tuple[MethodId, ...]
    launches: int
    planned: int
    failed: int
    launches_per_cell: int
    complete: bool
    provisional: bool
    ordinary: bool
    figures: bool
    shown: bool
    parts: bool
    serves: bool
    checked: bool
    quantities: tuple[str, ...]
    contradictions: tuple[Contradiction, ...]
    told: Told

    @property
    def run_id(self) -> str:
        """The name of the run."""
        return self.manifest.run_id

    @property
    def methods(self) -> int:
        """How many methods were measured."""
        return len(self.method_ids)

    @property
    def sound(self) -> bool:
        """Whether it may be chosen unasked: the publisher's own, and nothing in it that can't be true."""
        return self.origin == self.kind and not self.contradictions

    @property
    def standing(self) -> tuple[bool, bool]:
        """Greater for a run that is complete, and among those for one that is no part of an experiment."""
        return self.complete, self.experiment is None

    @property
    def evidence(self) -> tuple[bool, bool, bool, int, int, int]:
        """Greater for a run that says more."""
        return (*self.standing, "graphs" in self.modes, self.cells, self.methods, self.launches_per_cell)

    @property
    def machine(self) -> Machine:
        """See `Machine`."""
        return machine_of(self.manifest)


def brief_of(run: RunFindings) -> Brief:
    """What `Brief` says, of a run taken up whole."""
    return Brief(
        manifest=run.manifest,
        kind=run.kind,
        origin=run.origin,
        experiment=run.experiment,
        updated_at=updated_at(run),
        modes=run.modes,
        figured=tuple(mode for mode in run.modes if run.cells_in(mode)),
        mode=run.baseline.cell.mode if run.baseline else None,
        cells=len(run.cells),
        method_ids=tuple(one.cell.method for one in run.measured),
        launches=len(run.run.launches),
        planned=run.planned,
        failed=len(run.failed),
        launches_per_cell=run.launches_per_cell,
        complete=run.complete,
        provisional=run.provisional,
        ordinary=run.ordinary,
        figures=any(one.stats for one in run.cells),
        shown=bool(run.shown),
        parts=any(one.memory_parts for one in run.shown),
        serves=any(len(one.served) > 1 for one in run.shown),
        checked=bool(run.peers),
        quantities=tuple(dict.fromkeys(quantity for one in run.cells for quantity in one.stats)),
        contradictions=run.contradictions,
        told=told_by(run),
    )
