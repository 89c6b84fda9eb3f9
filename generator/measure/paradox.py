"""The paradox experiment: the same methods at equal utilisation, at equal KV cache, and with just what a load needs.

An engine that fills the card to a setting hides what a method saves; these runs, side by side, show where it went.
"""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final

from generator.errors import UsageError
from generator.measure.line import Watcher
from generator.measure.session import measure
from generator.measurements import Run
from generator.order import Order
from generator.profiles import ClosedLoop, Profile, refusing_in_a_line
from generator.record import Completed

GIB: Final = 2**30
# An answer of the load: short, because what fills the cache is the context.
ANSWER_TOKENS: Final = 64
# The engine keeps a block of the cache for itself; the largest block that any of them uses.
SPARE_TOKENS: Final = 256


def paradox(
    order: Order, users: int, context_tokens: int, watcher: Callable[[], Watcher], root: Path
) -> tuple[Run, Run, Run]:
    """Make the three runs, or go on with them: (a) `gpu_memory_utilization` as it is; (b) every method with the KV
    cache that the smallest of (a) had; (c) every method with the KV cache that `users` users of `context_tokens` tokens
    each need, and then the smallest that serves them, found by trying. Only cells in an engine that pre-allocates the
    cache take part.

    Raises `UsageError` when none does, or when (a) measured nothing.
    """
    cells = tuple(cell for cell in order.cells if cell.engine == "vllm")
    if not cells:
        raise UsageError("the paradox is about engines that pre-allocate the KV cache: name a method that runs in vLLM")
    with_load(order.profile, users, context_tokens)  # refuses what can't be served before anything is measured
    order = replace(order, cells=cells)
    equal_utilisation = measure(replace(order, experiment="equal_utilisation"), watcher(), root)
    # Of each method the first launch alone, so that more rounds do not ask for another second run.
    first = {one.cell: one for one in reversed(_completed(equal_utilisation))}
    caches = [one.quantities.kv_cache_gib for one in first.values()]
    known = [cache_gib for cache_gib in caches if cache_gib is not None]
    if not known:
        raise UsageError("no method of the first run completed, so no KV cache can be made equal; mend its reasons")
    equal = _with_cache(order.profile, min(known))
    equal_kv_cache = measure(replace(order, profile=equal, experiment="equal_kv_cache"), watcher(), root)
    per_token = max(one.configuration.kv_cache_bytes_per_token or 0 for one in _completed(equal_utilisation))
    needed_gib = (users * context_tokens + SPARE_TOKENS) * per_token / GIB
    loaded = with_load(_with_cache(order.profile, needed_gib), users, context_tokens)
    loaded = loaded.model_copy(update={"rounds": 1})
    smallest = measure(replace(order, profile=loaded, experiment="smallest_budget"), watcher(), root)
    return equal_utilisation, equal_kv_cache, smallest


def with_load(profile: Profile, users: int, context_tokens: int) -> Profile:
    """The profile with the load as its only closed loop: each user's context is full when the answer ends."""
    longest_answer = ANSWER_TOKENS + ANSWER_TOKENS // 2
    if context_tokens <= longest_answer:
        raise UsageError(f"--context: expected more than {longest_answer} tokens, found {context_tokens}")
    with refusing_in_a_line("--users or --context"):
        load = ClosedLoop(
            name="the-load",
            kind="closed-loop",
            engines=("vllm",),
            users=(users,),
            requests=2 * users,
            must_fit=True,
            random_prompt_tokens=context_tokens - longest_answer,
            output_tokens=ANSWER_TOKENS,
        )
    engine = profile.engine.model_copy(
        update={"max_model_len": context_tokens, "max_num_seqs": max(users, profile.headline.concurrencies[0])}
    )
    return profile.model_copy(update={"workloads": (profile.headline, load), "engine": engine})


def _with_cache(profile: Profile, kv_cache_gib: float) -> Profile:
    engine = profile.engine.model_copy(update={"kv_cache_gib": kv_cache_gib})
    return profile.model_copy(update={"engine": engine, "quality": None, "tasks": None})


def _completed(run: Run) -> list[Completed]:
    return [launch for launch in run.launches if isinstance(launch, Completed)]
