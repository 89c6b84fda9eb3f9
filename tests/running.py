"""How tests run Quantpress as its user does: as a program, on the CPU, into a folder that is thrown away."""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

TINY = """
name = "tiny"
model_name = "Tiny random model"
weights = "random"
purpose = "demo"
rounds = 1
[[workloads]]
name = "seven"
kind = "batch"
output_tokens = {output_tokens}
repeats = {repeats}
random_prompts = 7
random_prompt_tokens = 16
[engine]
max_model_len = 512
max_num_batched_tokens = 512
kv_cache_gib = 0.05
"""


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "generator.cli", *words]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "QUANTPRESS_MEASUREMENTS": str(folder / "measurements"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "CUDA_VISIBLE_DEVICES": "",
    }


def tiny_profile(folder: Path, methods: Sequence[str], output_tokens: int = 8, repeats: int = 1) -> str:
    """The path of a profile whose launches are short, with random weights for each of the methods."""
    path = folder / "tiny.toml"
    checkpoints = "".join(f'[checkpoints.{method}]\nsynthetic = "tiny"\n' for method in methods)
    path.write_text(TINY.format(output_tokens=output_tokens, repeats=repeats) + checkpoints)
    return str(path)
