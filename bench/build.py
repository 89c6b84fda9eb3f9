"""`mkdocs build` of our site against MkDocs building the same finished Markdown without us: goal at most 1.2."""

import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from statistics import median
from time import perf_counter

from generator.site import ROOT, site_files, write_files


def ratio(pairs: int) -> str:
    """Whole processes, in turn: with the hook, and without it on pages that were written before."""
    with tempfile.TemporaryDirectory() as name:
        plain = Path(name)
        shutil.copytree(ROOT / "site" / "pages", plain / "site" / "pages")
        write_files(site_files(), plain / "site" / "pages")
        configuration = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
        without = configuration.replace("hooks:\n  - generator/hook.py\n", "").replace(
            "watch:\n  - measurements\n  - templates\n", ""
        )
        assert "hook" not in without.replace("# The hook", "")
        (plain / "mkdocs.yml").write_text(without, encoding="utf-8")
        ours, theirs = [], []
        for _ in range(pairs + 1):  # the first pair warms the disk and is not counted
            ours.append(_seconds(ROOT, plain / "ours"))
            theirs.append(_seconds(plain, plain / "theirs"))
    ratios = [one / other for one, other in zip(ours[1:], theirs[1:], strict=True)]
    return (
        f"{median(ratios):.2f} (goal ≤ 1.2; {min(ratios):.2f} to {max(ratios):.2f} over {pairs} pairs; "
        f"ours {median(ours[1:]):.2f} s, without us {median(theirs[1:]):.2f} s)"
    )


def _seconds(project: Path, target: Path) -> float:
    environment = dict(os.environ, NO_MKDOCS_2_WARNING="1", PYTHONPATH=str(ROOT))
    start = perf_counter()
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(target)]
    subprocess.run(command, cwd=project, env=environment, check=True)
    return perf_counter() - start
