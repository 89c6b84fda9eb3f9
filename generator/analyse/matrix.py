"""Models and cards beside one another. Their runs share no round: a side is compared with another unpaired, and only
within its own run is a method compared with another round by round."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from generator.analyse.column import CROWD, Column, columns_of
from generator.analyse.comparable import changes_between
from generator.analyse.findings import Findings
from generator.analyse.hold import Hold, hold
from generator.analyse.run import RunFindings
from generator.analyse.settings import Change, once
from generator.analyse.sides import By, Left, Shared, choose, left_out
from generator.analyse.statistics import Comparison, Stat
from generator.analyse.unpaired import compare_unpaired
from generator.cells import Cell, Mode
from generator.methods import METHOD_IDS

# The speeds by which a method is chosen.
HELD: Final = ("output_tokens_per_s", "one_user_tokens_per_s", CROWD)

# What sides are compared in; none of it is neutral.
_BESIDES_SPEED: Final = (
    "kv_cache_tokens",
    "weights_gib",
    "energy_per_token_j",
    "energy_total_per_token_j",
    "load_time_s",
)
COMPARED: Final[Mapping[By, tuple[str, ...]]] = {
    "machine": (*HELD, *_BESIDES_SPEED),
    "model": (*HELD, "kv_cache_bytes_per_token", *_BESIDES_SPEED),
}

# Settings that tell the sides apart by definition, by the beginnings of their names.
_OF_SIDES: Final[Mapping[By, tuple[str, ...]]] = {
    "machine": (
        "hardware.gpu_name",
        "hardware.gpu_memory_mib",
        "memory_budget_gib",
        "profile.engine.tensor_parallel_size",
    ),
    "model": ("model_name", "profile.model_name", "profile.checkpoints.", "model_revision"),
}


@dataclass(frozen=True, slots=True)
class Side:
    """A machine, or a model, by the run that says most of it: its figures, by quantity; what they are `against` those
    of the base; and what else is recorded to differ from the base."""

    run: RunFindings
    figures: Mapping[str, Mapping[Cell, Stat]]
    against: Mapping[str, Mapping[Cell, Comparison]]
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Group:
    """Sides that did the same `work` in the same mode, the base first. `cells` are all that any of them has figures of;
    `held` is what became of the order of methods, for each speed, of which `CROWD` is that of so many `users`; `lone`
    are quantities that one side alone has."""

    by: By
    mode: Mode
    work: str
    users: int | None
    sides: tuple[Side, ...]
    cells: tuple[Cell, ...]
    held: Mapping[str, Hold]
    lone: tuple[str, ...]

    @property
    def base(self) -> RunFindings:
        """The run of the side that the others are compared with."""
        return self.sides[0].run


@dataclass(frozen=True, slots=True)
class Matrix:
    """Groups by what their sides differ in; `left` are runs in none of them, the newest first, and `more` is how many
    there are besides."""

    groups: Mapping[By, tuple[Group, ...]]
    left: tuple[Left, ...]
    more: int


def matrix_of(findings: Findings, groups: int, sides: int, left: int) -> Matrix:
    """The newest so many groups of machines and as many of models, of so many sides each, and so many runs that are in
    none. Only the runs of these sides are read whole."""
    briefs, bys = findings.briefs, tuple(COMPARED)
    choices = [choose(briefs, by, groups, sides) for by in bys]
    told = {at for choice in choices for numbers in choice.told.values() for at in numbers}
    rest = [at for at in reversed(range(len(briefs))) if at not in told]
    return Matrix(
        groups={
            choice.by: tuple(
                _group(choice.by, shared, [findings.runs[at] for at in numbers])
                for shared, numbers in choice.told.items()
            )
            for choice in choices
        },
        left=tuple(left_out(at, briefs, choices) for at in rest[:left]),
        more=max(0, len(rest) - left),
    )


def _group(by: By, shared: Shared, runs: Sequence[RunFindings]) -> Group:
    _, mode, work = shared
    columns = columns_of(runs, mode)
    known = {quantity: _of_one_work([column.asked(quantity) for column in columns]) for quantity in COMPARED[by]}
    having = {quantity: sum(map(bool, figures)) for quantity, figures in known.items()}
    figures = {quantity: of_sides for quantity, of_sides in known.items() if having[quantity] > 1}
    floors = {quantity: [column.floor(quantity) for column in columns] for quantity in figures}
    unpaired = {quantity: _unpaired(of_sides, max(floors[quantity])) for quantity, of_sides in figures.items()}
    return Group(
        by=by,
        mode=mode,
        work=work,
        users=columns[0].users,
        sides=tuple(
            Side(
                run=column.run,
                figures={quantity: of_sides[at] for quantity, of_sides in figures.items()},
                against={quantity: of_sides[at] for quantity, of_sides in unpaired.items()},
                changes=_changes(by, column, columns[0]) if at else (),
            )
            for at, column in enumerate(columns)
        ),
        cells=tuple(sorted({cell for column in columns for cell in column.cells}, key=_rank)),
        held={
            quantity: hold(figures[quantity], [column.against(quantity) for column in columns], floors[quantity])
            for quantity in HELD
            if quantity in figures
        },
        lone=tuple(quantity for quantity, sides in having.items() if sides == 1),
    )


def _rank(cell: Cell) -> tuple[int, bool, str]:
    return METHOD_IDS.index(cell.method), not cell.at_home, cell.id


def _of_one_work(asked: Sequence[Mapping[Cell, tuple[object, Stat]]]) -> list[dict[Cell, Stat]]:
    """Of each side, the figures that come from the same work: the base's, or else that of the first side with any."""
    works = [work for side in asked for work, _ in side.values() if work is not None]
    return [{cell: stat for cell, (work, stat) in side.items() if works and work == works[0]} for side in asked]


def _unpaired(figures: Sequence[Mapping[Cell, Stat]], floor: float) -> list[dict[Cell, Comparison]]:
    """Each side against the first, all cells and sides as one family."""
    base, *_ = figures
    pairs = {
        (at, cell): (side[cell], base[cell]) for at, side in enumerate(figures) for cell in base if cell in side and at
    }
    found = compare_unpaired(pairs, floor)
    return [{cell: found[at, cell] for cell in side if (at, cell) in found} for at, side in enumerate(figures)]


def _changes(by: By, one: Column, base: Column) -> tuple[Change, ...]:
    return once(
        change
        for cell in one.cells
        if cell in base.cells
        for change in changes_between((one.run, one.cells[cell]), (base.run, base.cells[cell]))
        if not change.name.startswith(_OF_SIDES[by])
    )
