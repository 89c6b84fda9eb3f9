"""The site of a checkout, from pages on disk, as each of the builders makes it that these pages are for."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from importlib.util import find_spec
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parent.parent
SITE_URL: Final = "https://example.org/quantpress/"

# What a publisher types after `make pages`; a strict build ends at what it only warns of otherwise.
# One that calls no hook builds a copy, in which the write-ups have their figures.
COPIES: Final = {"zensical": "site/filled"}
COMMANDS: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "mkdocs": (("mkdocs", "build", "--quiet", "--strict"),),
    "properdocs": (("properdocs", "build", "--quiet", "--strict"),),
    "zensical": (("zensical", "build", "--clean", "--strict"), ("generator.cli", "finish")),
}


def absent(builder: str) -> str:
    """Why a builder can't be tried here; empty where it can."""
    return "" if find_spec(builder) else f"{builder} is not installed: `make builders`"


def copy_of_checkout(target: Path, root: Path = ROOT) -> Path:
    """What the site is made of, without what earlier builds left."""
    left = shutil.ignore_patterns("__pycache__", "logs", ".lock", ".cache", ".generated")
    for name in ("generator", "templates", "measurements", "site/pages", "mkdocs.yml"):
        source, copy = root / name, target / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, copy, ignore=left)
        else:
            shutil.copy(source, copy)
    return target


def run(project: Path, *words: str, site_url: str = SITE_URL, pages: str = "") -> "subprocess.CompletedProcess[str]":
    """A module's command in the project, with the code that is there."""
    environment = os.environ | {
        "PYTHONPATH": str(project),
        "QUANTPRESS_SITE_URL": site_url,
        "NO_MKDOCS_2_WARNING": "1",
        "NO_COLOR": "1",
    }
    if pages:
        environment["QUANTPRESS_PAGES"] = pages
    command = [sys.executable, "-m", *words]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def build(project: Path, builder: str, target: Path, site_url: str = SITE_URL) -> Path:
    """Write the project's pages to disk, build them, and move the site to `target`."""
    for words in (("generator.cli", "pages"), *COMMANDS[builder]):
        done = run(project, *words, site_url=site_url, pages=COPIES.get(builder, ""))
        assert done.returncode == 0, f"{words}: {done.stdout}{done.stderr}"
    return (project / "site/public").rename(target)
