"""What a search for the smallest KV cache found: the cache that served, and the one a step smaller that did not."""

from collections.abc import Sequence
from dataclasses import dataclass

from generator.cells import Cell
from generator.record import Completed, Failed, Reported

Launches = Sequence[Completed | Failed | Reported]


@dataclass(frozen=True, slots=True)
class TooSmall:
    """A KV cache that did not serve, and why; the tokens are None where the engine did not even start."""

    kv_cache_tokens: int | None
    message: str


def found_by_search(launches: Launches) -> list[Completed | Failed | Reported]:
    """Of the tries of one cell, the smallest KV cache that served the load; those that failed are kept with it, unless
    it was for want of room."""
    served = [one for one in launches if isinstance(one, Completed) and one.valid and not one.unserved]
    smallest = sorted(served, key=lambda one: one.quantities.kv_cache_gib or 0)[:1]
    return [*smallest, *(one for one in launches if isinstance(one, Failed) and one.reason != "no_room")]


def too_small(launches: Launches, cell: Cell) -> TooSmall | None:
    """Of the tries of `cell`, the largest KV cache that had no room for the load; None without one."""
    found = []
    for launch in launches:
        if launch.cell == cell and isinstance(launch, Completed) and launch.unserved:
            found.append(TooSmall(launch.quantities.kv_cache_tokens, launch.unserved[0].message))
        elif launch.cell == cell and isinstance(launch, Failed) and launch.reason == "no_room":
            found.append(TooSmall(None, launch.message))
    return max(found, key=lambda one: one.kv_cache_tokens or 0, default=None)
