"""Launches of the demo model on the CPU, with next to no work: what a test needs of a real engine."""

from pathlib import Path
from typing import Any

from examples import cell

from generator.folders import CHECKOUT
from generator.measure.engine import LaunchRequest, QualityRequest
from generator.measure.launcher import Answer, launch
from generator.methods import MethodId
from generator.profiles import Batch, ClosedLoop, EngineSettings

MODEL = CHECKOUT / "models" / "demo"


def request(folder: Path, method: MethodId, ranks: int = 1, repeats: int = 1) -> LaunchRequest:
    quality = QualityRequest(
        text=str(MODEL / "heldout.txt"), window_tokens=64, windows=2, reference=str(folder / "baseline.safetensors")
    )
    return LaunchRequest(
        cell=cell(method),
        checkpoint=str(MODEL / method),
        model_source="local folder",
        model_revision=None,
        device="cpu",
        memory_budget_gib=None,
        workloads=(
            Batch(
                kind="batch",
                name="two",
                random_prompts=2,
                random_prompt_tokens=8,
                output_tokens=8,
                repeats=repeats,
                at_least_s=0.5,
            ),
            ClosedLoop(
                kind="closed-loop", name="users", users=(2,), requests=4, random_prompt_tokens=8, output_tokens=4
            ),
        ),
        quality=quality,
        tasks=None,
        engine=EngineSettings(
            max_model_len=256,
            max_num_seqs=4,
            max_num_batched_tokens=256,
            kv_cache_gib=0.05,
            tensor_parallel_size=ranks,
        ),
    )


def measured(folder: Path, method: MethodId, ranks: int = 1) -> dict[str, Any]:
    answer = launch(request(folder, method, ranks), folder / f"{method}-{ranks}.log", lambda _: None)
    assert isinstance(answer, Answer), answer
    return answer.completed
