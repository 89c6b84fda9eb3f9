"""Where a cell's device memory went, and the smallest card that follows from it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from generator.analyse.statistics import Stat
from generator.record import Completed, Reported

GIB: Final = 2**30
GIB_IN_MIB: Final = 1024
MEMORY_PARTS: Final = ("weights_gib", "kv_cache_gib", "activation_peak_gib", "cuda_graphs_gib", "non_torch_gib")
# What a chat is taken to need, where nothing else is asked for.
CHAT_TOKENS: Final = 4_096


@dataclass(frozen=True, slots=True)
class MemoryParts:
    """Where the device's memory went, in GiB. The parts, `unexplained_gib` and `free_gib` add up to the card, or to the
    budget that stood in for it. What the largest step may take is not free, whether or not the driver counted it."""

    weights_gib: float
    kv_cache_gib: float
    activation_peak_gib: float
    cuda_graphs_gib: float
    non_torch_gib: float
    unexplained_gib: float
    free_gib: float


def parts_of(stats: Mapping[str, Stat]) -> MemoryParts | None:
    """None unless the device's memory and the weights are known."""
    used, free = stats.get("gpu_memory_used_mib"), stats.get("gpu_memory_free_mib")
    if used is None or free is None or "weights_gib" not in stats:
        return None
    known = {name: stats[name].median if name in stats else 0.0 for name in MEMORY_PARTS}
    beyond_gib = used.median / GIB_IN_MIB - sum(known.values())
    return MemoryParts(
        **known,
        unexplained_gib=max(0.0, beyond_gib),
        free_gib=max(0.0, free.median / GIB_IN_MIB + min(0.0, beyond_gib)),
    )


def reserves(stats: Mapping[str, Stat]) -> bool:
    """Whether the engine reserved its KV cache, and room for its largest step, when it started."""
    return "kv_cache_gib" in stats


def smallest_card(
    valid: Sequence[Completed | Reported], stats: Mapping[str, Stat], activation_bytes_per_token: float = 0.0
) -> dict[str, Stat]:
    """`smallest_card_gib`: what one user with `CHAT_TOKENS` of context needs: the weights, the KV cache of that
    context, what grows with it besides, and what the engine takes whatever it is. Nothing where the device's memory is
    not known, or the cache's size."""
    per_token = next((launch.configuration.kv_cache_bytes_per_token for launch in valid), None)
    used = stats.get("gpu_memory_used_mib")
    if used is None or per_token is None or "weights_gib" not in stats:
        return {}
    context_gib = CHAT_TOKENS * (per_token + activation_bytes_per_token) / GIB
    needed = {}
    for round_, used_mib in used.by_round.items():
        parts = {name: stats[name].by_round.get(round_, 0.0) for name in MEMORY_PARTS if name in stats}
        reserved_gib = parts.get("kv_cache_gib", 0.0)
        needed[round_] = max(used_mib / GIB_IN_MIB, sum(parts.values())) - reserved_gib + context_gib
    return {"smallest_card_gib": Stat(needed)}
