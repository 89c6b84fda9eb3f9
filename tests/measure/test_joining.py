"""A Ray that is started here and ends with the command; and what is refused before one is joined."""

import importlib.util
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import light
import pytest

from generator.folders import CHECKOUT

WITH_RAY = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: run `make ray`")
SLOW = {"LIGHT_ENGINE_S": "0.25"}


def until(what: Callable[[], object], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def local(folder: Path, **more: str) -> "subprocess.Popen[str]":
    return subprocess.Popen(
        light.command("measure", "--profile", light.profile(folder, rounds=2), "--ray", "local"),
        env=light.environment(folder, PYTHONPATH=f"{CHECKOUT}:{CHECKOUT / 'tests'}", **SLOW, **more),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def below_mark(folder: Path) -> set[int]:
    mark = f"QUANTPRESS_MEASUREMENTS={folder / 'measurements'}".encode()
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in path.read_bytes().split(b"\0"):
                found.add(int(path.parent.name))
    return found


@WITH_RAY
@pytest.mark.parametrize("number", [None, signal.SIGTERM, signal.SIGKILL])
def test_a_ray_that_was_started_here_ends_with_the_command(tmp_path: Path, number: signal.Signals | None) -> None:
    command = local(tmp_path)
    if number is not None:
        until(lambda: list(tmp_path.glob("measurements/*/launches/*.json")))
        command.send_signal(number)
    said = command.communicate(timeout=60)[0]

    assert command.returncode == {None: 0, signal.SIGTERM: 143, signal.SIGKILL: -9}[number], said
    until(lambda: not below_mark(tmp_path), within_s=10)


@WITH_RAY
def test_a_ray_that_is_ended_while_it_starts_leaves_nothing(tmp_path: Path) -> None:
    command = local(tmp_path)
    until(lambda: len(below_mark(tmp_path)) > 2)
    command.send_signal(signal.SIGTERM)
    said = command.communicate(timeout=60)[0]

    assert command.returncode == 143, said
    until(lambda: not below_mark(tmp_path), within_s=10)


def refused(*words: str, without_ray: bool = False) -> tuple[int, str]:
    program = "import sys; " + ("sys.modules['ray'] = None; " if without_ray else "")
    done = subprocess.run(
        [sys.executable, "-c", f"{program}from generator.cli import main; main({[*words]!r})"],
        cwd=CHECKOUT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == ""
    assert done.stderr.count("\n") == 1, done.stderr
    return done.returncode, done.stderr


def test_without_ray_it_is_said_how_to_install_it() -> None:
    status, said = refused("measure", "--ray", "local", without_ray=True)

    assert status == 2
    assert "install it with `make ray`" in said


@WITH_RAY
@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("measure", "--ray", "127.0.0.1:9"), 10, "--ray 127.0.0.1:9: the cluster can't be joined"),
        (("measure", "--ray", "ray://127.0.0.1:10001"), 2, "expected HOST:PORT, auto or local"),
        (("measure", "--card", "H100"), 2, "--card: it chooses among the cards of a cluster; add --ray"),
        (("paradox", "--ray", "local"), 2, "--ray: the paradox is measured step by step"),
    ],
)
def test_what_cannot_be_measured_on_a_cluster_is_refused_in_a_line(
    words: tuple[str, ...], status: int, told: str
) -> None:
    found, said = refused(*words)

    assert (found, told in said) == (status, True), said
