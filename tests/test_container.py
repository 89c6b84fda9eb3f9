"""The container's file, as far as it can be tried where no container engine runs."""

import shutil
import subprocess
from pathlib import Path

import pytest
from builders import ROOT
from test_publishing import shell

CONTAINERFILE = ROOT / "deploy/Containerfile"


def instructions() -> list[tuple[str, str]]:
    """Each instruction and its words, with lines that go on joined and comments left out."""
    text = CONTAINERFILE.read_text(encoding="utf-8").replace("\\\n", " ")
    lines = [line for line in text.splitlines() if line.strip() and not line.startswith("#")]
    return [(name, words.strip()) for name, _, words in (line.partition(" ") for line in lines)]


def copied(words: str) -> tuple[list[str], str]:
    """What a COPY takes, and where it goes."""
    *sources, target = [word for word in words.split() if not word.startswith("--")]
    return sources, target


def test_the_base_is_slim_and_pinned_by_its_tag() -> None:
    assert instructions()[0] == ("FROM", "docker.io/library/python:3.11-slim-bookworm")


@pytest.mark.parametrize("script", [words for name, words in instructions() if name == "RUN"])
def test_what_it_runs_is_a_shells_script(script: str) -> None:
    done = subprocess.run(["sh", "-n", "-c", script], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (0, "")


def test_everything_is_installed_and_run_by_a_user_that_is_not_root() -> None:
    names = [name for name, _ in instructions()]
    installs = instructions().index(("RUN", "setup/install.sh engines"))

    assert names.index("USER") < installs
    assert names.count("USER") == 1
    assert dict(instructions())["USER"] == "quantpress"
    assert all("--chown=quantpress" in words for name, words in instructions() if name == "COPY")


def test_records_and_weights_are_in_volumes_and_not_in_the_image() -> None:
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()

    assert dict(instructions())["VOLUME"] == '["/quantpress/measurements", "/home/quantpress/.cache"]'
    assert {"measurements", ".cache", ".venv"} <= set(ignored)


def test_the_installation_needs_no_file_but_those_that_were_copied_before_it(tmp_path: Path) -> None:
    installs = instructions().index(("RUN", "setup/install.sh engines"))
    for sources, target in (copied(words) for name, words in instructions()[:installs] if name == "COPY"):
        for source in sources:
            if (ROOT / source).is_dir():
                shutil.copytree(ROOT / source, tmp_path / target)
            else:
                (tmp_path / target).mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, tmp_path / target)

    # The engines are 3 GB; the core goes the same way.
    done = shell("setup/install.sh core", tmp_path, VENV=str(tmp_path / ".venv"))

    assert done.returncode == 0, done.stdout + done.stderr
    assert (tmp_path / ".venv/bin/quantpress").is_file()
