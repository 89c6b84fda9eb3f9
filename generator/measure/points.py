"""The work of a launch, workload by workload: what is sent, and what is measured of it. It knows no engine."""

import hashlib
import json
import random
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

from generator.measure.engine import Ask, Engine, LaunchRequest, NoRoomError
from generator.measure.environment import Gpu
from generator.measure.failures import message_of, reason_of
from generator.measure.meters.energy import Window
from generator.measure.meters.speed import Loop, time_batch, time_loop
from generator.profiles import Batch, ClosedLoop, LongestPrompt, Workload
from generator.record import Unserved
from generator.samples import Point, Quality, Sample


class Vocabulary:
    """From texts to token ids, and random ids, of a checkpoint."""

    def __init__(self, checkpoint: str) -> None:
        self._folder = Path(checkpoint)
        self.size: int = json.loads((self._folder / "config.json").read_text(encoding="utf-8"))["vocab_size"]

    def encode(self, texts: Sequence[str]) -> list[list[int]]:
        """The ids of each text."""
        from tokenizers import Tokenizer  # only in an environment that has an engine

        tokenizer = Tokenizer.from_file(str(self._folder / "tokenizer.json"))
        return [list(tokenizer.encode(text).ids) for text in texts]

    def draw(self, source: random.Random, count: int, tokens: int) -> list[list[int]]:
        """`count` prompts of `tokens` random ids each."""
        return [[source.randrange(self.size) for _ in range(tokens)] for _ in range(count)]


def prompts_of(workload: Batch | ClosedLoop, vocabulary: Vocabulary, count: int | None = None) -> list[list[int]]:
    """The workload's prompts, the same for every cell; of a closed loop `count`, over and over where they are texts."""
    if not workload.prompts:
        source = random.Random(workload.seed)  # noqa: S311, the same prompts for every cell, not a secret
        wanted = workload.random_prompts if isinstance(workload, Batch) else count or 0
        return vocabulary.draw(source, wanted, workload.random_prompt_tokens)
    ids = vocabulary.encode(workload.prompts)
    return ids if count is None else [ids[number % len(ids)] for number in range(count)]


def asks_of(workload: ClosedLoop, vocabulary: Vocabulary, users: int) -> list[Ask]:
    """The requests of a closed loop of so many users. Their outputs are from half to one and a half times as long as
    asked, and as long as asked on average."""
    prompts = prompts_of(workload, vocabulary, workload.requests_of(users))
    source = random.Random(workload.seed + 1)  # noqa: S311, as above
    spread = workload.output_tokens // 2
    return [Ask(prompt, max(1, workload.output_tokens + source.randint(-spread, spread))) for prompt in prompts]


@dataclass(frozen=True, slots=True)
class Text:
    """A text to predict, in windows of token ids, all equally long."""

    sha256: str
    windows: list[list[int]]
    vocabulary: int


def text_of(request: LaunchRequest) -> Text | None:
    """The request's text; None where there is none to predict. Raises `ValueError` when it is too short: before
    anything is loaded, so that nothing measured is lost by it."""
    wanted = request.quality
    if wanted is None:
        return None
    vocabulary = Vocabulary(request.checkpoint)
    text = Path(wanted.text).read_text(encoding="utf-8")
    (ids,) = vocabulary.encode([text])
    length = wanted.window_tokens
    if len(ids) < wanted.windows * length:
        raise ValueError(f"quality: the text has {len(ids)} tokens, fewer than {wanted.windows} windows of {length}")
    windows = [ids[start : start + length] for start in range(0, wanted.windows * length, length)]
    return Text(hashlib.sha256(text.encode()).hexdigest(), windows, vocabulary.size)


def measure_quality(engine: Engine, request: LaunchRequest, text: Text | None) -> Quality | None:
    """How the engine predicts the request's text; None where there is none to predict."""
    if request.quality is None or text is None:
        return None
    from generator.measure.meters.quality import Reference, score  # imports torch, as the engine has done

    path, start = Path(request.quality.reference), perf_counter()
    found, ours = score(text.windows, engine.score(text.windows), Reference.load(path))
    if request.cell.is_baseline and not path.is_file():
        ours.save(path)
        # Of its own predictions the baseline differs in nothing.
        zero, one = (0.0,) * len(text.windows), (1.0,) * len(text.windows)
        found = found.model_copy(update={"kl_divergence_per_token": zero, "top1_agreement": one})
    return Quality(
        text_sha256=text.sha256,
        window_tokens=len(text.windows[0]),
        vocabulary=text.vocabulary,
        kept_tokens=ours.kept,
        duration_s=perf_counter() - start,
        windows=found,
    )


def measure_points(
    engine: Engine, request: LaunchRequest, gpu: Gpu | None, idle_w: float | None, begins: Callable[[str], None]
) -> tuple[list[Point], list[Unserved]]:
    """Every workload at each of its concurrencies; a point that can't be measured costs none but itself, unless it is
    the first one, without which there is no launch. `begins` is told the name of each. Without a GPU there is no
    energy; `idle_w` is None where its card does not meter it."""
    vocabulary = Vocabulary(request.checkpoint)
    points: list[Point] = []
    unserved = []
    for workload in request.workloads:
        for concurrency in workload.concurrencies:
            begins(workload.name)
            try:
                points.append(
                    _point(workload, concurrency, _work(engine, workload, concurrency, vocabulary), gpu, idle_w)
                )
            except Exception as error:
                if not points:
                    raise
                traceback.print_exc()
                reason, message = reason_of(error), message_of(error)
                unserved.append(
                    Unserved(workload=workload.name, concurrency=concurrency, reason=reason, message=message)
                )
    return points, unserved


def _point(
    workload: Workload, concurrency: int, work: Callable[[], dict[str, Any]], gpu: Gpu | None, idle_w: float | None
) -> Point:
    if gpu is None or idle_w is None:
        found, energy = work(), None
    else:
        with Window(gpu, idle_w) as window:
            found = work()
        energy = window.energy
    values: dict[str, Any] = {"workload": workload.name, "concurrency": concurrency, "energy": energy} | found
    absent = {name: _WHY_ABSENT[name] for name in _WHY_ABSENT if values[name] is None}
    return Point(**values, absent=absent)


_WHY_ABSENT = {
    "requests": "a batch is sent at once, and answered as one",
    "gaps": "a batch is sent at once, and answered as one",
    "energy": "there is no energy counter to read",
}


def _work(engine: Engine, workload: Workload, concurrency: int, vocabulary: Vocabulary) -> Callable[[], dict[str, Any]]:
    """What is measured, with its prompts made ready, so that a metered window holds nothing else."""
    if isinstance(workload, Batch):
        prompts = prompts_of(workload, vocabulary)
        return lambda: {"samples": _repeats(engine, workload, prompts), "requests": None, "gaps": None}
    if isinstance(workload, LongestPrompt):
        return lambda: _columns(longest_prompt(engine, workload, vocabulary))
    asks = asks_of(workload, vocabulary, concurrency)
    warmups = 1 if concurrency == 1 and len(asks) > 1 else 0
    if warmups:
        # An engine that takes memory as it goes asks the driver for it now, as a running service has long done.
        time_loop(engine, asks[:warmups], 1)
    return lambda: {
        **_columns(time_loop(engine, asks[warmups:], concurrency, must_fit=workload.must_fit)),
        "warmup_requests": warmups,
    }


def _columns(found: Loop) -> dict[str, Any]:
    return {"samples": (found.sample,), "requests": found.requests, "gaps": found.gaps}


def longest_prompt(engine: Engine, workload: LongestPrompt, vocabulary: Vocabulary) -> Loop:
    """The longest prompt that is answered: first what the engine allows, for it may know its room; then by bisection,
    in whole steps. Raises why the shortest one that was tried can't be answered when none can."""
    runs, fails = 0, engine.context_tokens() - workload.output_tokens
    found, refusal = _answered(engine, workload, vocabulary, fails)
    while found is None or runs > 0:
        middle = (runs + fails) // 2 // workload.step_tokens * workload.step_tokens
        if middle <= runs:
            break
        longer, refusal = _answered(engine, workload, vocabulary, middle)
        runs, fails, found = (runs, middle, found) if longer is None else (middle, fails, longer)
    if found is None:
        raise refusal or NoRoomError("not even the shortest prompt could be tried")
    return found


def _answered(
    engine: Engine, workload: LongestPrompt, vocabulary: Vocabulary, tokens: int
) -> tuple[Loop, None] | tuple[None, Exception]:
    """A prompt of so many tokens, answered, or why it can't be. Raises what is no lack of memory."""
    (prompt,) = vocabulary.draw(random.Random(workload.seed), 1, tokens)  # noqa: S311, no secret
    try:
        return time_loop(engine, [Ask(prompt, workload.output_tokens)], 1), None
    except Exception as error:
        if reason_of(error) not in {"out_of_memory", "no_room"}:
            raise
        return None, error


def _repeats(engine: Engine, workload: Batch, prompts: list[list[int]]) -> tuple[Sample, ...]:
    start, samples = perf_counter(), list[Sample]()
    while len(samples) < workload.repeats or perf_counter() - start < workload.at_least_s:
        samples.append(time_batch(engine, prompts, workload.output_tokens))
    return tuple(samples)
