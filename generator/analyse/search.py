"""What a search for the smallest KV cache found: the cache that served, and the one a step smaller that did not."""

from collections.abc import Sequence
from dataclasses import dataclass

from generator.record import Completed, Failed, Reported

Launches = Sequence[Completed | Failed | Reported]


@dataclass(frozen=True, slots=True)
class Trial:
    """A launch that tried a KV cache. `refused` says why that did not serve the load, None where it did; `chosen` is
    the smallest that served, whose figures stand for the cell."""

    launch: Completed | Failed
    refused: str | None
    chosen: bool

    @property
    def kv_cache_tokens(self) -> int | None:
        """The cache that was tried; None where the engine did not even start."""
        return self.launch.quantities.kv_cache_tokens if isinstance(self.launch, Completed) else None


def found_by_search(launches: Launches) -> list[Completed | Failed | Reported]:
    """Of the tries of one cell, the smallest KV cache that served the load; those that failed are kept with it, unless
    it was for want of room."""
    served = [one for one in launches if isinstance(one, Completed) and one.valid and not one.unserved]
    smallest = sorted(served, key=lambda one: one.quantities.kv_cache_gib or 0)[:1]
    return [*smallest, *(one for one in launches if isinstance(one, Failed) and one.reason != "no_room")]


def trials(launches: Launches) -> tuple[Trial, ...]:
    """The tries of one cell; a launch that failed for another reason than want of room tried nothing."""
    chosen = found_by_search(launches)
    found = []
    for launch in launches:
        if isinstance(launch, Completed):
            refused = launch.unserved[0].message if launch.unserved else None
            found.append(Trial(launch, refused, launch in chosen))
        elif isinstance(launch, Failed) and launch.reason == "no_room":
            found.append(Trial(launch, launch.message, chosen=False))
    return tuple(found)


def too_small(tried: Sequence[Trial]) -> Trial | None:
    """The largest KV cache that did not serve; None without one."""
    return max((one for one in tried if one.refused), key=lambda one: one.kv_cache_tokens or 0, default=None)
