"""Machines that are odd, and no fault: without a home, a terminal or UTF-8, with spaces and letters of all kinds."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import light
import pytest

from generator.measure.places import cache_folder

# What a user without an entry among the users has: nothing.
HOMELESS = """
import pwd, runpy, sys
def nobody(*_):
    raise KeyError("getpwuid(): uid not found")
pwd.getpwuid = nobody
sys.argv[:] = sys.argv[1:]
runpy.run_path(sys.argv[0], run_name="__main__")
"""


def measured(
    folder: Path, *words: str, without: tuple[str, ...] = (), **more: Any
) -> "subprocess.CompletedProcess[str]":
    environment = light.environment(folder, **more)
    for name in without:
        environment.pop(name, None)
    words = words or tuple(light.command())
    return subprocess.run(
        [*words, "measure", "--profile", light.profile(folder)],
        env=environment,
        cwd=folder,
        capture_output=True,
        encoding="utf-8",
        errors="replace",
        timeout=60,
        check=False,
    )


def made(folder: Path) -> int:
    return len(list((folder / "measurements").glob("*/launches/*.json")))


def test_without_a_home_it_measures(tmp_path: Path) -> None:
    done = measured(tmp_path, sys.executable, "-c", HOMELESS, *light.command()[1:], without=("HOME", "USER", "LOGNAME"))

    assert done.returncode == 0, done.stderr
    assert made(tmp_path) == 1


@pytest.mark.parametrize("more", [{"HOME": "/dev/null/home"}, {"HOME": ""}, {"HOME": "/proc/1/home"}])
def test_with_a_home_that_can_t_be_written_it_measures(tmp_path: Path, more: dict[str, str]) -> None:
    done = measured(tmp_path, without=("XDG_CACHE_HOME",), **more)

    assert done.returncode == 0, done.stderr
    assert made(tmp_path) == 1


@pytest.mark.parametrize(
    "more",
    [
        {"LC_ALL": "C"},
        {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
        {"PYTHONIOENCODING": "ascii"},
        {"PYTHONIOENCODING": "latin-1"},
    ],
)
def test_a_terminal_that_knows_few_letters_is_no_fault(tmp_path: Path, more: dict[str, Any]) -> None:
    done = measured(tmp_path, **more)

    assert done.returncode == 0, done.stderr
    assert "round 1" in done.stdout
    assert made(tmp_path) == 1


@pytest.mark.parametrize("name", ["with spaces in it", "größer – 测试 ñ", 'it\'s "quoted" & <odd>; $HOME', "x" * 200])
def test_folders_may_have_any_name(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()

    done = measured(folder)

    assert done.returncode == 0, done.stderr
    assert made(folder) == 1


def test_a_pipe_or_a_file_gets_plain_lines(tmp_path: Path) -> None:
    done = measured(tmp_path)

    assert "\x1b" not in done.stdout + done.stderr


def test_what_is_kept_lies_in_the_home_that_there_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_folder() == tmp_path / ".cache" / "quantpress"

    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    assert cache_folder() == tmp_path / "elsewhere" / "quantpress"
