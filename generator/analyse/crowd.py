"""How a run's cells stand against the baseline as more users come."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import get_args

from generator.analyse.cell import CellFindings
from generator.analyse.noise import SPEED
from generator.analyse.statistics import Comparison, Verdict, compare_all
from generator.cells import Cell


def by_users(
    base: CellFindings, cells: Sequence[CellFindings], floors: Mapping[int, float]
) -> dict[Cell, dict[int, Comparison]]:
    """Each cell's speed against that of the baseline, for each number of users that both have served, with the floor of
    that number. The cells that served as many users are one family, as they are where a use is decided."""
    speeds = {
        one.cell: {point.concurrency: point.stats[SPEED] for point in one.served}
        for one in cells
        if one.cell != base.cell
    }
    found: dict[Cell, dict[int, Comparison]] = {cell: {} for cell in speeds}
    for point in base.served:
        family = {cell: of[point.concurrency] for cell, of in speeds.items() if point.concurrency in of}
        for cell, comparison in compare_all(family, point.stats[SPEED], floors[point.concurrency]).items():
            found[cell][point.concurrency] = comparison
    return found


@dataclass(frozen=True, slots=True)
class Fastest:
    """The cells that are fastest with each of these numbers of users: the best one, and all that it is not proven to
    lead."""

    users: tuple[int, ...]
    cells: tuple[CellFindings, ...]


def fastest(cells: Sequence[CellFindings], floors: Mapping[int, float]) -> tuple[Fastest, ...]:
    """From the fewest users to the most, those numbers together with which the same cells are fastest."""
    numbers = sorted({point.concurrency for one in cells for point in one.served})
    found = [(users, _fastest_with(users, cells, floors[users])) for users in numbers]
    return tuple(
        Fastest(tuple(users for users, _ in group), best) for best, group in groupby(found, key=lambda item: item[1])
    )


def _fastest_with(users: int, cells: Sequence[CellFindings], floor: float) -> tuple[CellFindings, ...]:
    points = ((one, point) for one in cells for point in one.served if point.concurrency == users)
    speeds = {one.cell: point.stats[SPEED] for one, point in points}
    best = max(speeds, key=lambda cell: speeds[cell].median)
    others = {cell: stat for cell, stat in speeds.items() if cell != best}
    slower = {cell for cell, found in compare_all(others, speeds[best], floor).items() if found.verdict == "lower"}
    return tuple(one for one in cells if one.cell in speeds and one.cell not in slower)


def standings(comparisons: Mapping[int, Comparison]) -> dict[Verdict, tuple[int, ...]]:
    """The numbers of users with which a cell is proven ahead of the baseline, proven behind, or neither."""
    return {
        verdict: users
        for verdict in get_args(Verdict)
        if (users := tuple(number for number, comparison in comparisons.items() if comparison.verdict == verdict))
    }


def turns(comparisons: Mapping[int, Comparison]) -> tuple[int, int] | None:
    """The most users at which a cell is proven ahead of the baseline, and the fewer or more, nearest to them, at which
    it is proven behind; None where its order never turns."""
    found = standings(comparisons)
    if "higher" not in found or "lower" not in found:
        return None
    most = max(found["higher"])
    return most, min(found["lower"], key=lambda users: abs(users - most))
