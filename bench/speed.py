"""The tokens/s that Quantpress records against a bare `LLM.generate` loop, same arguments: goal at least 0.99."""

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from statistics import median
from typing import Any

from bench.ratio import said
from generator.cells import Cell
from generator.measure.engine import LaunchRequest
from generator.measure.launcher import Answer, launch, worker_environment
from generator.measure.points import Vocabulary, prompts_of
from generator.profiles import Batch, LocalCheckpoint, load_profile

# Enough that one slow repeat moves no median.
REPEATS = 9

# Nothing of ours in it: the arguments, the prompts' ids and the number of tokens come in as JSON.
BARE = """
import json, sys, time
from vllm import LLM, SamplingParams
given = json.loads(sys.stdin.read())
llm = LLM(model=given["model"], **given["arguments"])
prompts = [{"prompt_token_ids": ids} for ids in given["prompts"]]
sampling = SamplingParams(temperature=0, max_tokens=given["output_tokens"], ignore_eos=True, detokenize=False)
llm.generate(prompts, sampling, use_tqdm=False)
rates = []
for _ in range(given["repeats"]):
    start = time.perf_counter()
    outputs = llm.generate(prompts, sampling, use_tqdm=False)
    spent = time.perf_counter() - start
    rates.append(sum(len(output.outputs[0].token_ids) for output in outputs) / spent)
print("RATES", json.dumps(rates), flush=True)
import os
os._exit(0)
"""


def ratios(pairs: int) -> Iterator[str]:
    """The demo's FP16 checkpoint in two fresh processes a pair; which goes first changes from pair to pair."""
    request = _request()
    _, arguments = _ours(request)  # warms the disk, says the arguments, and is not counted
    rates = []
    for number in range(pairs):
        if number % 2:
            theirs = _bare(request, arguments)
            ours, _ = _ours(request)
        else:
            ours, _ = _ours(request)
            theirs = _bare(request, arguments)
        rates.append((ours, theirs))
    yield said("tokens/s recorded against a bare LLM.generate loop", "≥ 0.99", rates, "tokens/s")


def _request() -> LaunchRequest:
    profile, file = load_profile("demo")
    checkpoint = profile.checkpoints["fp16"]
    assert isinstance(checkpoint, LocalCheckpoint)
    return LaunchRequest(
        cell=Cell(method="fp16", engine="vllm", mode="eager"),
        checkpoint=str((file.parent / checkpoint.path).resolve()),
        model_source="demo",
        model_revision=None,
        device="cpu",
        memory_budget_gib=None,
        workloads=(profile.headline.model_copy(update={"repeats": REPEATS}),),
        quality=None,
        tasks=None,
        engine=profile.engine,
    )


def _ours(request: LaunchRequest) -> tuple[float, dict[str, Any]]:
    with tempfile.TemporaryDirectory() as folder:
        answer = launch(request, Path(folder) / "log", lambda _: None)
    assert isinstance(answer, Answer), answer
    return answer.completed["quantities"]["output_tokens_per_s"], answer.completed["configuration"]["arguments"]


def _bare(request: LaunchRequest, arguments: dict[str, Any]) -> float:
    headline = request.workloads[0]
    assert isinstance(headline, Batch)
    given = {
        "model": request.checkpoint,
        "arguments": arguments,
        "prompts": prompts_of(headline, Vocabulary(request.checkpoint)),
        "output_tokens": headline.output_tokens,
        "repeats": REPEATS,
    }
    done = subprocess.run(
        [sys.executable, "-c", BARE],
        input=json.dumps(given),
        env=worker_environment(request.engine),
        capture_output=True,
        text=True,
        check=True,
    )
    (line,) = (line for line in done.stdout.splitlines() if line.startswith("RATES "))
    rates: list[float] = json.loads(line.removeprefix("RATES "))
    return median(rates)
