"""Real processes that try to outlive those that started them."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from generator.orphan import Guarded, run_guarded
from torture.survival import light_core
from torture.survival.light import environment
from torture.survival.sitting import left_of, marked

# A process with a daemon below it, in a session of its own, that heeds no signal and no pipe.
STUBBORN = [sys.executable, "-IS", light_core.__file__]
PARENT = """
import sys, time
from generator.orphan import Guarded
guarded = Guarded(sys.argv[1:], stdin=-1)
print(flush=True)
time.sleep(600)
"""


def grown(folder: Path, processes: int) -> list[int]:
    """The processes with the folder's mark, when there are as many as that."""
    deadline = time.monotonic() + 20
    while len(found := marked(folder)) < processes:
        assert time.monotonic() < deadline, found
        time.sleep(0.01)
    return found


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGHUP])
def test_a_killed_parent_leaves_nothing_of_what_it_started(tmp_path: Path, number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PARENT, *STUBBORN], env=environment(tmp_path), stdout=subprocess.PIPE
    ) as parent:
        grown(tmp_path, 4)  # itself, the guardian, the guarded and the daemon
        parent.send_signal(number)

    assert left_of(tmp_path) == []


def test_a_process_that_ends_leaves_nothing_behind(tmp_path: Path) -> None:
    guarded = Guarded(STUBBORN, stdin=subprocess.PIPE, env=environment(tmp_path))
    grown(tmp_path, 3)
    assert guarded.process.stdin

    guarded.process.stdin.close()  # which the guarded one takes for its end, and the daemon does not

    assert guarded.process.wait(10) == 0
    assert marked(tmp_path) == []
    guarded.end()


@pytest.mark.parametrize("which", [0, 1], ids=["guardian", "guarded"])
def test_whatever_is_killed_in_between_nothing_is_left(tmp_path: Path, which: int) -> None:
    guarded = Guarded(STUBBORN, stdin=subprocess.PIPE, env=environment(tmp_path))

    os.kill(grown(tmp_path, 3)[which], signal.SIGKILL)
    guarded.process.wait(10)
    guarded.end()

    assert marked(tmp_path) == []


def test_a_guardian_that_is_told_to_end_ends_what_it_guards_first(tmp_path: Path) -> None:
    guarded = Guarded(STUBBORN, stdin=subprocess.PIPE, env=environment(tmp_path))
    grown(tmp_path, 3)

    guarded.process.terminate()
    guarded.process.wait(10)

    assert marked(tmp_path) == []
    guarded.end()


@pytest.mark.parametrize(
    ("code", "status"),
    [
        ("raise SystemExit", 0),
        ("raise SystemExit(3)", 3),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
        ("import ctypes; ctypes.string_at(0)", -signal.SIGSEGV),
    ],
)
def test_a_guarded_process_s_end_is_told_as_its_own(code: str, status: int) -> None:
    done = run_guarded([sys.executable, "-c", f"print('said', flush=True); {code}"], 60, stdout=subprocess.PIPE)

    assert done.returncode == status
    assert done.stdout == b"said\n"


def test_a_command_that_is_not_there_is_an_exit_status() -> None:
    assert run_guarded(["/nowhere/at-all"], 60, stderr=subprocess.DEVNULL).returncode == 127


def test_one_that_takes_too_long_is_ended_with_all_below(tmp_path: Path) -> None:
    read, write = os.pipe()

    with pytest.raises(subprocess.TimeoutExpired):
        run_guarded(STUBBORN, 1, stdin=read, stdout=subprocess.PIPE, env=environment(tmp_path))

    assert marked(tmp_path) == []
    os.close(read)
    os.close(write)


def test_who_finds_its_parent_gone_ends_at_once() -> None:
    code = "import os; from generator.orphan import die_with_the_parent; die_with_the_parent(os.getpid())"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -signal.SIGKILL


def test_what_is_guarded_ends_with_its_guardian_though_nobody_else_ends_it(tmp_path: Path) -> None:
    guarded = Guarded(STUBBORN, stdin=subprocess.PIPE, env=environment(tmp_path))
    guardian, core, daemon = grown(tmp_path, 3)

    os.kill(guardian, signal.SIGKILL)
    deadline = time.monotonic() + 5
    while core in (left := marked(tmp_path)) and time.monotonic() < deadline:
        time.sleep(0.01)
    guarded.end()

    assert left == [daemon]
