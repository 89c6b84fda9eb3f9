"""How tests run Quantpress as its user does: as a program, on the CPU, into a folder that is thrown away."""

import os
import sys
from pathlib import Path


def command(*words: str) -> list[str]:
    return [sys.executable, "-m", "generator.cli", *words]


def environment(folder: Path) -> dict[str, str]:
    return os.environ | {
        "QUANTPRESS_MEASUREMENTS": str(folder / "measurements"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "CUDA_VISIBLE_DEVICES": "",
    }
