"""Every cell of a run against FP16, one family of comparisons for each quantity."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from generator.analyse.cell import CellFindings
from generator.analyse.run import RunFindings
from generator.analyse.statistics import Comparison, compare_all
from generator.cells import Cell


@dataclass(frozen=True, slots=True)
class Against:
    """A cell's quantities, by name, against those of `base`; those that are neutral have no ratio."""

    base: Cell
    by_quantity: Mapping[str, Comparison]


def against_fp16(run: RunFindings) -> dict[Cell, Against]:
    """Of each cell with figures, by cell. Those that are shown are compared with the baseline, together, as everywhere;
    any other with FP16 in its own mode where the run has that, or else with the baseline. A cell that has nothing to be
    compared with is left out."""
    baseline = run.baseline
    shown = [one for one in run.shown if one is not baseline]
    found = _family(baseline, shown, run) if baseline else {}
    rest: dict[Cell, tuple[CellFindings, list[CellFindings]]] = {}
    for one in run.cells:
        base = _base_of(run, one)
        if base and one.stats and one is not base and one is not baseline and one.cell not in found:
            rest.setdefault(base.cell, (base, []))[1].append(one)
    for base, members in rest.values():
        together = _family(base, [*(shown if base is baseline else ()), *members], run)
        found |= {one.cell: together[one.cell] for one in members}
    return found


def _base_of(run: RunFindings, one: CellFindings) -> CellFindings | None:
    alike = (
        other for other in run.cells if other.cell.is_baseline and other.stats and other.cell.mode == one.cell.mode
    )
    return next(alike, run.baseline)


def _family(base: CellFindings, members: Sequence[CellFindings], run: RunFindings) -> dict[Cell, Against]:
    by_cell: dict[Cell, dict[str, Comparison]] = {one.cell: {} for one in members}
    for quantity, stat in base.stats.items():
        if quantity in run.neutral:
            continue
        values = {one.cell: one.stats[quantity] for one in members if quantity in one.stats}
        for cell, comparison in compare_all(values, stat, run.floor_of(quantity)).items():
            by_cell[cell][quantity] = comparison
    return {cell: Against(base.cell, found) for cell, found in by_cell.items()}
