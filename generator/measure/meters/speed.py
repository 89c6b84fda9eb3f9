"""How fast tokens come: a timed repeat of the workload. It knows no engine and no model."""

from collections.abc import Sequence
from time import perf_counter

from generator.measure.engine import Engine
from generator.record import Sample


def time_repeat(engine: Engine, prompts: Sequence[Sequence[int]], output_tokens: int) -> Sample:
    """One repeat. Raises `ValueError` when the engine did not make exactly the tokens that were asked for."""
    start = perf_counter()
    outputs = engine.generate(prompts, output_tokens)
    duration_s = perf_counter() - start
    lengths = [len(ids) for ids in outputs]
    if lengths != [output_tokens] * len(prompts):
        raise ValueError(f"asked for {len(prompts)} × {output_tokens} new tokens, got {lengths}")
    return Sample(duration_s=duration_s, prompt_tokens=sum(len(ids) for ids in prompts), output_tokens=sum(lengths))
