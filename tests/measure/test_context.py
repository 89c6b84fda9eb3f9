"""Long prompts on real engines: those that fit are measured, the others say why, and the longest is found."""

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest
from running import command, environment, tiny_profile

from generator.cells import Cell
from generator.errors import UsageError
from generator.measure.context import with_long_prompts
from generator.measure.engine import Answered, Ask, LaunchRequest, NoRoomError, Served
from generator.measure.launcher import WORKER_ENVIRONMENT
from generator.measure.meters.speed import time_loop
from generator.measure.points import Vocabulary, longest_prompt, measure_points
from generator.measurements import read_runs
from generator.profiles import ClosedLoop, LongestPrompt, load_profile
from generator.record import Completed


@pytest.mark.engine
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no engine is installed: run `make setup`")
def test_what_is_too_long_says_so_and_the_rest_is_measured(tmp_path: Path) -> None:
    words = ["context", "--profile", tiny_profile(tmp_path, ["fp16", "nf4"]), "--prompt", "128", "--prompt", "100000"]

    done = subprocess.run(command(*words), env=environment(tmp_path), capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr + done.stdout
    (run,) = read_runs(tmp_path / "measurements")
    launches = [launch for launch in run.launches if isinstance(launch, Completed)]
    assert [launch.cell.id for launch in launches] == ["fp16-vllm-eager", "nf4-transformers-eager"]
    for launch in launches:
        _, short, longest = launch.points
        assert short.requests is not None
        assert (short.warmup_requests, short.requests.prompt_tokens) == (1, (128,))
        (unserved,) = launch.unserved
        assert (unserved.workload, unserved.reason) == ("prompt-100000", "no_room")
        assert longest.requests is not None
        assert longest.requests.prompt_tokens[0] > 512  # the profile's own limit does not hold here


# A block of the cache is taken away behind the engine's back, as vLLM 0.26 does with the one that it keeps for itself.
TOO_LARGE = """
import os, sys
from pathlib import Path
from generator.cells import Cell
from generator.measure.engine import Ask, LaunchRequest, NoRoomError
from generator.measure.engines.vllm import engine_for
from generator.profiles import load_profile
profile, file = load_profile("demo")
settings = profile.engine.model_copy(update={"max_model_len": 1024, "kv_cache_gib": 0.0022})
engine = engine_for(LaunchRequest(
    cell=Cell(method="fp16", engine="vllm", mode="eager"),
    checkpoint=str((file.parent / "../../models/demo/fp16").resolve()), model_source="demo", model_revision=None,
    device="cpu", memory_budget_gib=None, workloads=profile.workloads, quality=None, tasks=None, engine=settings,
))
engine.load()
engine._core().scheduler.kv_cache_manager.block_pool.get_new_blocks(1)
try:
    engine.serve([Ask([1] * 1000, 8)], 1)
except NoRoomError as error:
    print("REFUSED", error)
print("ANSWERED", len(engine.serve([Ask([1] * 100, 8)], 1).answered[0].token_s), flush=True)
os._exit(0)
"""


@pytest.mark.engine
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no engine is installed: run `make setup`")
def test_a_request_that_needs_more_than_all_the_cache_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", TOO_LARGE],
        env=environment(tmp_path) | WORKER_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert "REFUSED a request needs more than the whole KV cache" in done.stdout, done.stderr[-2000:]
    assert "ANSWERED 8" in done.stdout  # the engine has kept nothing of it


class Crowded:
    """An engine that has memory for so many tokens, and finds out by trying."""

    def __init__(self, room: int, model: int, together: int = 1) -> None:
        self._room, self._model, self._together = room, model, together
        self.tried: list[int] = []

    def context_tokens(self) -> int:
        return self._model

    def serve(self, asks: list[Ask], users: int) -> Served:
        self.tried.append(max(len(ask.prompt) for ask in asks))
        if any(len(ask.prompt) + ask.output_tokens > self._room for ask in asks):
            raise MemoryError("CUDA out of memory")
        times_s = tuple(1.0 + number for number in range(asks[0].output_tokens))
        return Served(
            [Answered(ask, 0.5, times_s) for ask in asks], min(users, self._together), int(users > self._together), 0
        )


WORKLOAD = LongestPrompt(name="longest", kind="longest-prompt", output_tokens=4, step_tokens=16)


DEMO = str(Path(__file__).parents[2] / "models" / "demo" / "fp16")


@pytest.fixture(scope="module")
def vocabulary() -> Vocabulary:
    return Vocabulary(DEMO)


@pytest.mark.parametrize("room", [17 + 4, 100, 500, 1000, 2048])
def test_the_longest_prompt_is_found_to_within_a_step(vocabulary: Vocabulary, room: int) -> None:
    engine = Crowded(room, model=2048)

    found = longest_prompt(engine, WORKLOAD, vocabulary)  # type: ignore[arg-type]

    (tokens,) = found.requests.prompt_tokens
    assert room - 4 - 16 < tokens <= room - 4
    assert len(engine.tried) <= 9


def test_a_prompt_that_always_fails_says_why(vocabulary: Vocabulary) -> None:
    with pytest.raises(MemoryError, match="out of memory"):
        longest_prompt(Crowded(room=0, model=2048), WORKLOAD, vocabulary)  # type: ignore[arg-type]


def test_a_load_that_must_fit_and_does_not_is_no_room() -> None:
    with pytest.raises(NoRoomError, match="of 2 users, 1 had room at once"):
        time_loop(Crowded(room=100, model=100), [Ask([1], 2)] * 4, 2, must_fit=True)  # type: ignore[arg-type]


@pytest.mark.parametrize("length", [0, 999_999_999])
def test_a_length_that_is_none_is_refused(length: int) -> None:
    with pytest.raises(UsageError, match="--prompt"):
        with_long_prompts(load_profile("demo")[0], [length])


def test_a_lone_user_warms_up_outside_of_what_is_measured() -> None:
    asked: list[int] = []

    class Counting(Crowded):
        def serve(self, asks: list[Ask], users: int) -> Served:
            asked.append(len(asks))
            return super().serve(asks, users)

    alone = ClosedLoop(
        name="one-user", kind="closed-loop", users=(1, 2), requests=4, random_prompt_tokens=8, output_tokens=1
    )
    request = LaunchRequest(
        cell=Cell(method="fp16", engine="vllm", mode="eager"),
        checkpoint=DEMO,
        model_source="demo",
        model_revision=None,
        device="cpu",
        memory_budget_gib=None,
        workloads=(alone,),
        quality=None,
        tasks=None,
        engine=load_profile("demo")[0].engine,
    )

    points, unserved = measure_points(Counting(room=100, model=100), request, None, None, lambda _: None)  # type: ignore[arg-type]

    assert unserved == []
    assert asked == [1, 3, 8]
    assert [(point.warmup_requests, len(point.requests.ttft_s)) for point in points if point.requests] == [
        (1, 3),
        (0, 8),
    ]
