"""No process of ours outlives the one that started it, nor does anything that it started itself.

What may start processes of its own runs under a guardian: this file, run as a program, which imports nothing of ours.
The guardian holds the read end of a pipe whose write end only its parent has. When that is closed, be it by SIGKILL,
or when what it guards has ended, it kills all that was started below. On Linux it adopts whatever loses its parent
(prctl(2), PR_SET_CHILD_SUBREAPER), so that a session or a process group of its own is no way out. Should the guardian
be killed itself, what it guards dies with it, and its parent finds the rest by a mark in their environment.
"""

import ctypes
import os
import resource
import select
import signal
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from itertools import pairwise
from pathlib import Path
from secrets import token_hex
from time import monotonic, sleep
from typing import Any, Final, NoReturn

# The signal that a guardian passes on to what it guards.
PASSED_ON: Final = signal.SIGUSR2

# How long a guardian may take to end; only what the kernel does not let go of takes longer.
LAST_S: Final = 10.0

_MARK: Final = "QUANTPRESS_GUARDED"
_SET_PDEATHSIG: Final = 1
_SET_CHILD_SUBREAPER: Final = 36
_LOOK_S: Final = 0.005
_ENDING: Final = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


def die_with_the_parent(parent: int) -> None:
    """On Linux: end when the process `parent`, which started this one, is killed outright; at once, if it is gone."""
    _prctl(_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        os.kill(os.getpid(), signal.SIGKILL)


class Guarded:
    """A process under a guardian; `process` is the guardian, which ends as what it guards does. Whoever made it must
    `end` it."""

    def __init__(
        self,
        command: Sequence[str],
        *,
        pass_fds: Sequence[int] = (),
        env: dict[str, str] | None = None,
        **options: Any,
    ) -> None:
        self._mark = token_hex()
        watched, self._kept = os.pipe()
        try:
            self.process: subprocess.Popen[bytes] = subprocess.Popen(
                [sys.executable, "-IS", __file__, str(watched), *command],
                pass_fds=[watched, *pass_fds],
                env=(dict(os.environ) if env is None else env) | {_MARK: self._mark},
                start_new_session=True,
                **options,
            )
        except BaseException:
            os.close(self._kept)
            raise
        finally:
            os.close(watched)

    def end(self) -> None:
        """End the process and whatever it started."""
        os.close(self._kept)
        with suppress(subprocess.TimeoutExpired):
            self.process.wait(LAST_S)
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)
        if self.process.wait() == -signal.SIGKILL:
            _end_marked(self._mark)
        for pipe in (self.process.stdin, self.process.stdout, self.process.stderr):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


def run_guarded(
    command: Sequence[str], timeout_s: float | None = None, **options: Any
) -> "subprocess.CompletedProcess[bytes]":
    """`subprocess.run`, but that what the command starts ends with it, and both with us. Raises `TimeoutExpired`."""
    guarded = Guarded(command, **options)
    try:
        output, errors = guarded.process.communicate(timeout=timeout_s)
    finally:
        guarded.end()
    return subprocess.CompletedProcess(command, guarded.process.returncode, output, errors)


def _guard(watched: int, command: Sequence[str]) -> NoReturn:
    """Start the command, and leave as it does, with nothing left below."""
    _prctl(_SET_CHILD_SUBREAPER, 1)
    woken, wakes = os.pipe()
    os.set_blocking(wakes, False)
    signal.set_wakeup_fd(wakes)
    for number in (signal.SIGCHLD, PASSED_ON, *_ENDING):
        signal.signal(number, lambda *_: None)
    guarded = _start(command)
    _hold_only(sys.stdout.fileno(), sys.stderr.fileno(), watched, woken, wakes)
    status: int | None = None
    while status is None:
        ready, _, _ = select.select([watched, woken], [], [])
        signals = os.read(woken, 512) if woken in ready else b""
        if watched in ready or any(number in signals for number in _ENDING):
            break
        status = _reap(guarded)
        if status is None and PASSED_ON in signals:
            os.kill(guarded, PASSED_ON)
    _end_all([] if status is not None else [guarded])
    _leave(os.waitstatus_to_exitcode(status or 0))


def _start(command: Sequence[str]) -> int:
    guardian, child = os.getpid(), os.fork()
    if child == 0:
        try:
            die_with_the_parent(guardian)
            signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # which Python ignores, and a new program would inherit
            os.execvp(command[0], list(command))  # noqa: S606, no shell is wanted
        finally:
            os._exit(127)
    return child


def _hold_only(*kept: int) -> None:
    """Close all files but these: an end of a pipe that is held here would hide that the worker has closed its own."""
    limit = os.sysconf("SC_OPEN_MAX")
    for low, high in pairwise(sorted({-1, *kept, limit})):
        os.closerange(low + 1, high)


def _reap(guarded: int) -> int | None:
    """Let go of the children that have ended; the status of the guarded one, if it is among them."""
    status = None
    with suppress(ChildProcessError):
        while (ended := os.waitpid(-1, os.WNOHANG))[0]:
            status = ended[1] if ended[0] == guarded else status
    return status


def _end_all(known: Sequence[int]) -> None:
    """Kill the children until there are none: what these leave behind is adopted, and killed in its turn. Where there
    is no /proc, those that are known."""
    while True:
        for child in {*known, *_children()}:
            with suppress(OSError):
                os.kill(child, signal.SIGKILL)
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            return
        sleep(_LOOK_S)


def _children() -> list[int]:
    me = str(os.getpid()).encode()
    return [pid for pid in _processes() if _about(pid, "stat").rpartition(b")")[2].split()[1:2] == [me]]


def _environment(pid: int) -> list[bytes]:
    return _about(pid, "environ").split(b"\0")


def _processes() -> list[int]:
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*")]


def _about(pid: int, file: str) -> bytes:
    """What the kernel says of a process; nothing, when it has ended meanwhile or is another user's."""
    try:
        return Path(f"/proc/{pid}/{file}").read_bytes()
    except OSError:
        return b""


def _end_marked(mark: str) -> None:
    """Kill what a guardian left that was killed itself."""
    wanted, deadline = f"{_MARK}={mark}".encode(), monotonic() + LAST_S
    while monotonic() < deadline and (left := [pid for pid in _processes() if wanted in _environment(pid)]):
        for pid in left:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
        sleep(_LOOK_S)


def _leave(code: int) -> NoReturn:
    """End as a process did that gave this exit code: by the same signal, where it was one."""
    if code < 0:
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))  # its own core is the one to look at
        with suppress(OSError):  # SIGKILL has no handler to reset
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    os._exit(code)


def _prctl(option: int, value: int) -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(option, value)


if __name__ == "__main__":
    _guard(int(sys.argv[1]), sys.argv[2:])
