"""Pairs of runs: what became of the cells that both have, and what was changed between them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from generator.analyse.cell import CellFindings
from generator.analyse.findings import Findings
from generator.analyse.run import RunFindings
from generator.analyse.settings import Change, changes
from generator.analyse.statistics import Comparison
from generator.analyse.unpaired import compare_unpaired
from generator.cells import Cell
from generator.manifest import ReportedRun

HEADLINE: Final = (
    "output_tokens_per_s",
    "one_user_tokens_per_s",
    "load_time_s",
    "cold_load_time_s",
    "weights_gib",
    "kv_cache_tokens",
    "energy_per_token_j",
    "energy_total_per_token_j",
)


@dataclass(frozen=True, slots=True)
class Pair:
    """Run `one` against run `base`, which is the earlier. `cells` has the comparisons of each cell that has figures in
    both, by quantity; `lacking` and `added` are the cells with figures in `base` alone, and in `one` alone. `alike`
    says whether both did the same work: the same model, the same headline workload."""

    one: RunFindings
    base: RunFindings
    cells: Mapping[Cell, Mapping[str, Comparison]]
    lacking: tuple[Cell, ...]
    added: tuple[Cell, ...]
    changes: tuple[Change, ...]
    alike: bool


def pairs_of(findings: Findings, newest: int) -> tuple[Pair, ...]:
    """Each of the `newest` runs, newest first, beside the newest earlier one of the same model on the same card (and of
    the same experiment, if it is a part of one), and beside the featured run: at most two pairs a run, the later run
    against the earlier one. Pairs without a cell in common are left out, and runs with what can't be true."""
    featured = findings.featured.manifest.run_id if findings.featured else None
    of_featured = next((at for at, brief in enumerate(findings.briefs) if brief.run_id == featured), None)
    latest: dict[tuple[str, str, str | None], int] = {}
    chosen: dict[tuple[int, int], None] = {}
    for at, brief in enumerate(findings.briefs):
        if not brief.figures or brief.contradictions:
            continue
        kind = (brief.manifest.model_name, brief.manifest.hardware.name, brief.experiment)
        for other in (latest.get(kind), of_featured):
            if other is not None and other != at and at >= len(findings.briefs) - newest:
                chosen[max(at, other), min(at, other)] = None
        latest[kind] = at
    runs = findings.runs
    found = (pair_of(runs[later], runs[earlier]) for later, earlier in sorted(chosen, reverse=True))
    return tuple(pair for pair in found if pair)


def pair_of(one: RunFindings, base: RunFindings) -> Pair | None:
    """Two runs beside one another; None where no cell has figures in both. All cells of a quantity are judged together,
    and nothing below the larger of the two runs' floors is called a difference."""
    mine, its = _with_figures(one), _with_figures(base)
    both = [cell for cell in mine if cell in its]
    compared: dict[Cell, dict[str, Comparison]] = {cell: {} for cell in both}
    for quantity in HEADLINE:
        stats = {
            cell: (mine[cell].stats[quantity], its[cell].stats[quantity])
            for cell in both
            if quantity in mine[cell].stats and quantity in its[cell].stats
        }
        for cell, comparison in compare_unpaired(stats, max(one.floor, base.floor)).items():
            compared[cell][quantity] = comparison
    if not any(compared.values()):
        return None
    return Pair(
        one=one,
        base=base,
        cells=compared,
        lacking=tuple(cell for cell in its if cell not in mine),
        added=tuple(cell for cell in mine if cell not in its),
        changes=changes(one.manifest, base.manifest),
        alike=_work(one) is not None and _work(one) == _work(base),
    )


def _with_figures(run: RunFindings) -> dict[Cell, CellFindings]:
    return {one.cell: one for one in run.cells if one.stats}


def _work(run: RunFindings) -> object:
    """What the headline figures come from; None of a reported run, of which nobody knows."""
    manifest = run.manifest
    return None if isinstance(manifest, ReportedRun) else (manifest.model_name, manifest.profile.headline)
