"""The parts of the paradox experiment beside one another: what differs besides the cache, and what nothing explains."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from generator.analyse.memory import GIB_IN_MIB, MEMORY_PARTS
from generator.analyse.run import RunFindings
from generator.analyse.settings import Change, changes

# What the parts are told apart by.
_MEANT: Final = frozenset({"experiment", "profile.engine.kv_cache_gib"})


@dataclass(frozen=True, slots=True)
class SameCache:
    """A method that has as large a cache in a part as in the first, and how much more memory it uses there."""

    name: str
    tokens: int
    more_mib: float


@dataclass(frozen=True, slots=True)
class Part:
    """One part, by its number from 1. `changes` are what its manifest has otherwise than the first part's, besides the
    cache; `least_mib` and `most_mib`, what its methods used beside weights and KV cache, None where that is not known;
    `is_named` says whether the records of all of them tell what that is. `same_cache` are the methods that have the
    first part's cache and use more memory all the same; `least_saved_mib` is how much less than the baseline the
    others use at least, None where that is not known."""

    number: int
    changes: tuple[Change, ...]
    least_mib: float | None
    most_mib: float | None
    is_named: bool
    same_cache: tuple[SameCache, ...]
    least_saved_mib: float | None


def parts_of(experiment: Sequence[RunFindings]) -> tuple[Part, ...]:
    """The parts, in their order."""
    return tuple(_part(number, run, experiment[0]) for number, run in enumerate(experiment, 1))


def _part(number: int, run: RunFindings, first: RunFindings) -> Part:
    found = dict(_beside_mib(run))
    return Part(
        number=number,
        changes=tuple(one for one in changes(run.manifest, first.manifest) if one.name not in _MEANT),
        least_mib=min(found.values(), default=None),
        most_mib=max(found.values(), default=None),
        is_named=all(any(name in one.stats for name in MEMORY_PARTS[2:]) for one in run.shown if one.name in found),
        same_cache=tuple(_same_cache(run, first)),
        least_saved_mib=_least_saved_mib(run),
    )


def _same_cache(run: RunFindings, first: RunFindings) -> Iterator[SameCache]:
    wanted = {"gpu_memory_used_mib", "kv_cache_tokens"}
    of_first = {one.cell: one.stats for one in first.shown}
    for one in run.shown:
        mine, its = one.stats, of_first.get(one.cell, {})
        if wanted <= mine.keys() & its.keys() and mine["kv_cache_tokens"].median == its["kv_cache_tokens"].median:
            more_mib = mine["gpu_memory_used_mib"].median - its["gpu_memory_used_mib"].median
            if more_mib > 0:
                yield SameCache(one.name, int(mine["kv_cache_tokens"].median), more_mib)


def _least_saved_mib(run: RunFindings) -> float | None:
    used = {
        one.cell: one.stats["gpu_memory_used_mib"].median for one in run.shown if "gpu_memory_used_mib" in one.stats
    }
    base = used.pop(run.baseline.cell, None) if run.baseline else None
    return None if base is None or not used else base - max(used.values())


def _beside_mib(run: RunFindings) -> Iterator[tuple[str, float]]:
    """What each method that pre-allocates a cache used beside it and the weights."""
    for one in run.shown:
        if {"gpu_memory_used_mib", "weights_gib", "kv_cache_gib"} <= one.stats.keys():
            held_gib = one.stats["weights_gib"].median + one.stats["kv_cache_gib"].median
            yield one.name, max(0.0, one.stats["gpu_memory_used_mib"].median - GIB_IN_MIB * held_gib)
