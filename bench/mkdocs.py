"""Whole `mkdocs build` processes, with our hook and without it, and what they took."""

import os
import resource
import shutil
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter

from generator.folders import CHECKOUT, MEASUREMENTS, PAGES, TEMPLATES
from generator.ledger import write_files
from generator.site import site_files

# As in mkdocs.yml, so that both write the same addresses.
SITE_URL = "https://example.org/quantpress/"


@dataclass(frozen=True, slots=True)
class Taken:
    """Of a build: seconds on the wall, and on the processors."""

    wall_s: float
    processor_s: float


def without_us(folder: Path, records: Path = MEASUREMENTS) -> None:
    """Write a project below `folder` that has every generated page as finished Markdown, and no hook."""
    shutil.copytree(PAGES, folder / "site" / "pages")
    shutil.copytree(TEMPLATES / "theme", folder / "templates" / "theme")
    write_files(site_files(root=records, site_url=SITE_URL), folder / "site" / "pages")
    configuration = (CHECKOUT / "mkdocs.yml").read_text(encoding="utf-8")
    without = configuration.replace("hooks:\n  - generator/hook.py\n", "").replace(
        "watch:\n  - measurements\n  - templates\n", ""
    )
    assert "hook" not in without.replace("# The hook", "")
    (folder / "mkdocs.yml").write_text(without, encoding="utf-8")


def build(project: Path, target: Path, more: Mapping[str, str] = os.environ) -> Taken:
    """Build the site of `project` into `target`."""
    environment = {**os.environ, **more, "NO_MKDOCS_2_WARNING": "1", "PYTHONPATH": str(CHECKOUT)}
    environment["QUANTPRESS_SITE_URL"] = SITE_URL
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), perf_counter()
    command = [sys.executable, "-m", "mkdocs", "build", "-q", "-d", str(target)]
    subprocess.run(command, cwd=project, env=environment, check=True)
    wall_s, after = perf_counter() - start, resource.getrusage(resource.RUSAGE_CHILDREN)
    return Taken(wall_s, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
