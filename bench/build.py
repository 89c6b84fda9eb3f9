"""`mkdocs build` of our site against MkDocs building the same finished Markdown without us: goal at most 1.2."""

import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path

from bench.mkdocs import build, without_us
from bench.ratio import said
from generator.folders import CACHE, CHECKOUT


def ratios(pairs: int) -> Iterator[str]:
    """Whole processes, in turn: with the hook, and without it on pages that were written before."""
    with tempfile.TemporaryDirectory() as name:
        plain = Path(name)
        without_us(plain)
        again, first = [], []
        for _ in range(pairs + 1):  # the first pair warms the disk and is not counted
            theirs = build(plain, plain / "theirs").wall_s
            again.append((build(CHECKOUT, plain / "ours").wall_s, theirs))
            shutil.rmtree(CACHE, ignore_errors=True)
            first.append((build(CHECKOUT, plain / "ours").wall_s, theirs))
    yield said("mkdocs build with us and without", "≤ 1.2", again[1:], "s")
    yield said("the same when nothing that we made before holds", "none", first[1:], "s")
