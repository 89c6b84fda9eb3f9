"""Which runs stand beside one another: those that differ in the machine alone, or in the model alone. Chosen by their
briefs, so that however many runs there are, few are read whole."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from generator.analyse.brief import Brief
from generator.analyse.comparable import headline_of
from generator.analyse.machine import Machine
from generator.analyse.run import Kind
from generator.cells import Mode
from generator.manifest import MeasuredRun, ReportedRun

# What the sides of a group differ in; the other of the two, the mode and the work of the headline are the same.
By = Literal["machine", "model"]

# That other one, the mode, and the work.
Shared = tuple[str | Machine, Mode, str]

# Why a run stands in no group; see `left_out`, which asks in this order.
Why = Literal[
    "reported", "impossible", "contributed", "experiment", "figures", "surpassed", "crowded", "demo", "unlike", "alone"
]

# A demo says nothing of a card: it is told where nothing else is there.
_KINDS: Final[tuple[Kind, ...]] = ("measured", "demo")


@dataclass(frozen=True, slots=True)
class Choice:
    """Groups of runs of one `kind`. `found` has for each the number of the run that says most of each side; `told` are
    the runs of those groups and sides that are told, the base first."""

    by: By
    kind: Kind
    found: Mapping[Shared, Mapping[str | Machine, int]]
    told: Mapping[Shared, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Left:
    """A run that stands in no group, and why; `instead` is the one that is taken for it, where there is such."""

    run: Brief
    why: Why
    instead: Brief | None = None


def choose(briefs: Sequence[Brief], by: By, groups: int, sides: int) -> Choice:
    """The newest so many groups, each with its base, which is the side that says most, and its newest other sides. The
    group whose base says most is the first, of one run's that in CUDA graphs, as a server runs."""
    kind, found = next(
        ((kind, found) for kind in _KINDS if (found := _groups(briefs, by, kind))),
        (_KINDS[0], {}),
    )
    newest = sorted(found, key=lambda shared: max(found[shared].values()), reverse=True)[:groups]
    ordered = {shared: _base_first(briefs, tuple(found[shared].values()))[:sides] for shared in newest}

    def rank(shared: Shared) -> tuple[object, ...]:
        base = briefs[ordered[shared][0]]
        return base.standing, shared[1] == "graphs", base.evidence

    told = sorted(ordered, key=rank, reverse=True)
    return Choice(by, kind, found, {shared: ordered[shared] for shared in told})


def left_out(at: int, briefs: Sequence[Brief], choices: Sequence[Choice]) -> Left:
    """Why the run of this number is in no group that is told."""
    brief = briefs[at]
    if why := _unfit(brief):
        return Left(brief, why)
    standing = [
        of_group[own]
        for choice in choices
        for shared, own in _places(brief, choice.by)
        if own in (of_group := choice.found.get(shared, {})) and brief.kind == choice.kind
    ]
    if others := [number for number in standing if number != at]:
        return Left(brief, "surpassed", briefs[others[0]])
    if standing:
        return Left(brief, "crowded")
    if brief.kind == "demo" and any(choice.found and choice.kind != "demo" for choice in choices):
        return Left(brief, "demo")
    return Left(brief, "unlike" if any(_is_near(brief, other) for other in briefs) else "alone")


def _groups(briefs: Sequence[Brief], by: By, kind: Kind) -> dict[Shared, dict[str | Machine, int]]:
    found: dict[Shared, dict[str | Machine, int]] = {}
    for at, brief in enumerate(briefs):
        if brief.kind == kind and not _unfit(brief):
            for shared, own in _places(brief, by):
                sides = found.setdefault(shared, {})
                if own not in sides or brief.evidence >= briefs[sides[own]].evidence:
                    sides[own] = at
    return {shared: sides for shared, sides in found.items() if len(sides) > 1}


def _places(brief: Brief, by: By) -> Iterator[tuple[Shared, str | Machine]]:
    """Where a run could stand, and as which side there: a place for each mode in which it has figures."""
    manifest = brief.manifest
    if isinstance(manifest, MeasuredRun):
        same, own = (manifest.model_name, brief.machine) if by == "machine" else (brief.machine, manifest.model_name)
        for mode in brief.figured:
            yield (same, mode, headline_of(manifest)), own


def _base_first(briefs: Sequence[Brief], numbers: tuple[int, ...]) -> tuple[int, ...]:
    base = max(numbers, key=lambda at: (briefs[at].evidence, at))
    return base, *sorted((at for at in numbers if at != base), reverse=True)


def _unfit(brief: Brief) -> Why | None:
    if isinstance(brief.manifest, ReportedRun):
        return "reported"
    if brief.contradictions:
        return "impossible"
    if not brief.sound:
        return "contributed"
    if brief.experiment:
        return "experiment"
    return None if brief.figured else "figures"


def _is_near(brief: Brief, other: Brief) -> bool:
    """Whether the two differ in the model alone, or in the machine alone, whatever they did."""
    same_model = brief.manifest.model_name == other.manifest.model_name
    return not _unfit(other) and brief.kind == other.kind and same_model != (brief.machine == other.machine)
