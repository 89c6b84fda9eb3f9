"""How fast tokens come: a batch as one sample, a closed loop as its requests. It knows no engine and no model."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import floor, log
from time import perf_counter

from generator.measure.engine import Answered, Ask, Engine, NoRoomError
from generator.samples import GAP_FLOOR_S, GAP_GROWTH, Gaps, Requests, Sample


def time_batch(engine: Engine, prompts: Sequence[Sequence[int]], output_tokens: int) -> Sample:
    """One repeat. Raises `ValueError` when the engine did not make exactly the tokens that were asked for."""
    start = perf_counter()
    outputs = engine.generate(prompts, output_tokens)
    duration_s = perf_counter() - start
    lengths = [len(ids) for ids in outputs]
    if lengths != [output_tokens] * len(prompts):
        raise ValueError(f"asked for {len(prompts)} × {output_tokens} new tokens, got {lengths}")
    return Sample(duration_s=duration_s, prompt_tokens=sum(len(ids) for ids in prompts), output_tokens=sum(lengths))


@dataclass(frozen=True, slots=True)
class Loop:
    """A closed loop that was measured."""

    sample: Sample
    requests: Requests
    gaps: Gaps


def time_loop(engine: Engine, asks: Sequence[Ask], users: int, *, must_fit: bool = False) -> Loop:
    """One closed loop. Raises `ValueError` as `time_batch` does, and `NoRoomError` when a request is longer than the
    engine takes, or where `must_fit` holds, when the users had no room at once."""
    needed, allowed = max(len(ask.prompt) + ask.output_tokens for ask in asks), engine.context_tokens()
    if needed > allowed:
        raise NoRoomError(f"a prompt and its answer have {needed} tokens, and there is room for {allowed}")
    start = perf_counter()
    served = engine.serve(asks, users)
    duration_s = perf_counter() - start
    if must_fit and (served.waited or served.put_back):
        lost = f", and {served.put_back} times one lost its place to another" if served.put_back else ""
        raise NoRoomError(f"of {users} users, {served.together} had room at once{lost}")
    answered = served.answered
    asked, got = [ask.output_tokens for ask in asks], [len(one.token_s) for one in answered]
    if asked != got:
        raise ValueError(f"asked for {asked} new tokens, got {got}")
    prompt_tokens = tuple(len(ask.prompt) for ask in asks)
    sample = Sample(duration_s=duration_s, prompt_tokens=sum(prompt_tokens), output_tokens=sum(got))
    requests = Requests(
        prompt_tokens=prompt_tokens,
        output_tokens=tuple(got),
        ttft_s=tuple(one.token_s[0] - one.sent_s for one in answered),
        latency_s=tuple(one.token_s[-1] - one.sent_s for one in answered),
    )
    return Loop(sample, requests, gaps_of(answered))


def gaps_of(answered: Sequence[Answered]) -> Gaps:
    """The histogram of the times between one token of a request and its next."""
    counts = Counter(
        max(0, floor(log(max(later - earlier, GAP_FLOOR_S) / GAP_FLOOR_S) / log(GAP_GROWTH)))
        for one in answered
        for earlier, later in pairwise(one.token_s)
    )
    return Gaps(counts={str(bucket): count for bucket, count in sorted(counts.items())})
