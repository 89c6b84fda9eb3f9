"""Whether the order of methods holds elsewhere: each side in its own run, round by round, and then the sides' verdicts
beside one another."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, pairwise

from generator.analyse.statistics import Comparison, Stat, estimate, judge
from generator.cells import Cell

# Two cells, and the first one's figure against the second one's.
Pairs = Mapping[tuple[Cell, Cell], Comparison]


@dataclass(frozen=True, slots=True)
class Place:
    """A cell in the order of its run; `leads` is whether it is proven ahead of the next one, None of the last."""

    cell: Cell
    leads: bool | None


@dataclass(frozen=True, slots=True)
class Turn:
    """Two cells of which `one` is proven ahead on some sides and behind on others, by the numbers of the sides, each
    with its figure against that of `other`."""

    one: Cell
    other: Cell
    ahead: Mapping[int, Comparison]
    behind: Mapping[int, Comparison]


@dataclass(frozen=True, slots=True)
class Hold:
    """Of one quantity, by side: `against` are the cells against FP16, `orders` all cells from the highest figure on.

    Of the pairs of cells that two sides have figures of, `pairs` is the number; `agreed` that of those whose order is
    proven on two sides or more, and is the same one on all of these; `turned` are those where it is not.
    """

    against: tuple[Mapping[Cell, Comparison], ...]
    orders: tuple[tuple[Place, ...], ...]
    pairs: int
    agreed: int
    turned: tuple[Turn, ...]


def hold(
    figures: Sequence[Mapping[Cell, Stat]], against: Sequence[Mapping[Cell, Comparison]], floors: Sequence[float]
) -> Hold:
    """Of the sides' figures, their comparisons with FP16 and their floors. A pair with FP16 is judged as it is there;
    the other pairs of a side are one family."""
    against = [
        {cell: found for cell, found in ratios.items() if cell in side}
        for side, ratios in zip(figures, against, strict=True)
    ]
    sides = [_pairs(*side) for side in zip(figures, against, floors, strict=True)]
    cells = list(dict.fromkeys(cell for side in figures for cell in side))
    shared = [pair for pair in combinations(cells, 2) if sum(pair in side for side in sides) > 1]
    found = {pair: _proven(pair, sides) for pair in shared}
    return Hold(
        against=tuple(against),
        orders=tuple(_order(*side) for side in zip(figures, sides, strict=True)),
        pairs=len(shared),
        agreed=sum(len(ahead) > 1 or len(behind) > 1 for ahead, behind in found.values() if not (ahead and behind)),
        turned=tuple(Turn(*pair, *proven) for pair, proven in found.items() if all(proven)),
    )


def _pairs(figures: Mapping[Cell, Stat], against: Mapping[Cell, Comparison], floor: float) -> Pairs:
    base = next((cell for cell in figures if cell.is_baseline), None)
    apart = {
        (one, other): found
        for one, other in combinations(figures, 2)
        if base not in (one, other) and (found := estimate(figures[one], figures[other])) is not None
    }
    pairs = judge(apart, floor)
    if base is not None:
        pairs |= {(cell, base): against[cell] for cell in figures if cell in against}
    return pairs | {(other, one): comparison.inverted for (one, other), comparison in pairs.items()}


def _proven(pair: tuple[Cell, Cell], sides: Sequence[Pairs]) -> tuple[dict[int, Comparison], dict[int, Comparison]]:
    """Where the first of the two is ahead, and where it is behind."""
    having = {at: side[pair] for at, side in enumerate(sides) if pair in side and is_proven(side[pair])}
    ahead = {at: comparison for at, comparison in having.items() if comparison.verdict == "higher"}
    return ahead, {at: comparison for at, comparison in having.items() if at not in ahead}


def _order(figures: Mapping[Cell, Stat], pairs: Pairs) -> tuple[Place, ...]:
    # By what their ratios are made of: medians of launches that spread can have another order.
    cells = sorted(figures, key=lambda cell: figures[cell].geometric_mean, reverse=True)
    leads = [pair in pairs and is_proven(pairs[pair]) for pair in pairwise(cells)]
    return tuple(Place(cell, lead) for cell, lead in zip(cells, [*leads, None][: len(cells)], strict=True))


def is_proven(comparison: Comparison) -> bool:
    """Whether it says which of the two is ahead, from more than a single launch of each."""
    return comparison.verdict != "same" and comparison.low is not None
