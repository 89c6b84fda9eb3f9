"""`mkdocs build` of our site against MkDocs building the same finished Markdown without us: goal at most 1.2."""

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from bench.ratio import said
from generator.folders import CACHE, CHECKOUT, PAGES, TEMPLATES
from generator.site import site_files, write_files


def ratios(pairs: int) -> Iterator[str]:
    """Whole processes, in turn: with the hook, and without it on pages that were written before."""
    with tempfile.TemporaryDirectory() as name:
        plain = Path(name)
        shutil.copytree(PAGES, plain / "site" / "pages")
        shutil.copytree(TEMPLATES / "theme", plain / "templates" / "theme")
        write_files(site_files(), plain / "site" / "pages")
        configuration = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8")
        without = configuration.replace("hooks:\n  - generator/hook.py\n", "").replace(
            "watch:\n  - measurements\n  - templates\n", ""
        )
        assert "hook" not in without.replace("# The hook", "")
        (plain / "mkdocs.yml").write_text(without, encoding="utf-8")
        again, first = [], []
        for _ in range(pairs + 1):  # the first pair warms the disk and is not counted
            theirs = _seconds(plain, plain / "theirs")
            again.append((_seconds(CHECKOUT, plain / "ours"), theirs))
            shutil.rmtree(CACHE, ignore_errors=True)
            first.append((_seconds(CHECKOUT, plain / "ours"), theirs))
    yield said("mkdocs build with us and without", "≤ 1.2", again[1:], "s")
    yield said("the same after a measurement, when nothing that we made before holds", "none", first[1:], "s")


def _seconds(project: Path, target: Path) -> float:
    environment = dict(os.environ, NO_MKDOCS_2_WARNING="1", PYTHONPATH=str(CHECKOUT))
    start = perf_counter()
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(target)]
    subprocess.run(command, cwd=project, env=environment, check=True)
    return perf_counter() - start
