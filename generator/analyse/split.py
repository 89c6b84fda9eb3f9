"""Engine apart from format, and batch apart from both: what makes one cell faster than another, in factors."""

from collections.abc import Sequence
from dataclasses import dataclass

from generator.analyse.cell import CellFindings
from generator.analyse.noise import SPEED
from generator.analyse.statistics import Comparison, Stat, compare
from generator.cells import Cell, Mode
from generator.methods import BASELINE, MethodId


@dataclass(frozen=True, slots=True)
class Split:
    """What makes a method at home slower or faster than the baseline, in the baseline's `mode`: the engine, the format,
    and the batch that it is given; each a ratio of speeds, and their product is the whole. None where the run lacks a
    cell for it. `steps` are the speeds on the way: of the baseline, the baseline in the method's engine, the method,
    and the method one prompt at a time, those that the run has."""

    mode: Mode
    steps: tuple[tuple[CellFindings, Stat], ...]
    whole: Comparison
    engine: Comparison | None
    format: Comparison | None
    batch: Comparison | None


def split_of(all_cells: Sequence[CellFindings], method_id: MethodId, floor: float) -> Split | None:
    """Why a method that is at home in another engine than the baseline differs from it in speed; against the eager
    baseline where the run has it, as in the article. For one user where the run has that, because the article sent
    its prompts to Transformers one by one."""
    cells = {one.cell: one for one in all_cells if one.stats and not one.cell.twin}
    bases = sorted((cell for cell in cells if cell.is_baseline), key=lambda cell: cell.mode)

    def found(method: MethodId) -> CellFindings | None:
        return cells.get(Cell(method=method, engine="transformers", mode="eager"))

    method = found(method_id)
    if not bases or method is None or method_id == BASELINE:
        return None
    baseline, control = cells[bases[0]], found(BASELINE)
    base, mine = baseline.stats[SPEED], method.stats[SPEED]
    single = method.stats.get("one_user_tokens_per_s")
    whole = compare(single or mine, base, floor)
    assert whole is not None
    return Split(
        mode=bases[0].mode,
        steps=(
            (baseline, base),
            *([(control, control.stats[SPEED])] if control else []),
            (method, mine),
            *([(method, single)] if single else []),
        ),
        whole=whole,
        engine=compare(control.stats[SPEED], base, floor) if control else None,
        format=compare(mine, control.stats[SPEED], floor) if control else None,
        batch=compare(single, mine, floor) if single else None,
    )
