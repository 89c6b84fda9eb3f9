"""Lets the k-th call of the system that a measurement makes fail, within this process; the processes that it would
start are played by their replies."""

import builtins
import errno
import fcntl
import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from types import ModuleType
from typing import Any, Final, Self
from unittest.mock import patch

ERRORS: Final = (errno.ENOSPC, errno.EACCES, errno.EIO, errno.EMFILE)
# Where a call is not named as it is in C: what a file object reads and writes, and Popen, which starts a process.
CALLS: Final[dict[str, tuple[ModuleType, str]]] = {
    "open": (os, "open"),
    "read": (os, "read"),
    "write": (os, "write"),
    "fsync": (os, "fsync"),
    "rename": (os, "rename"),
    "replace": (os, "replace"),
    "mkdir": (os, "mkdir"),
    "rmdir": (os, "rmdir"),
    "unlink": (os, "unlink"),
    "stat": (os, "stat"),
    "listdir": (os, "listdir"),
    "scandir": (os, "scandir"),
    "pipe": (os, "pipe"),
    "flock": (fcntl, "flock"),
}


class Calls:
    """The calls that were made, by name; the one whose number is `fails` raises this error, and no other does."""

    def __init__(self, fails: int | None, error: int) -> None:
        self.made: list[str] = []
        self._fails, self._error = fails, error

    def make(self, name: str, path: object = None) -> None:
        """Count a call that is about to be made, or let it fail."""
        self.made.append(name)
        if len(self.made) == self._fails:
            where = (os.fsdecode(path),) if isinstance(path, str | bytes | os.PathLike) else ()
            raise OSError(self._error, os.strerror(self._error), *where)

    def counted(self, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        """The call, counted."""

        def counting(*arguments: Any, **options: Any) -> Any:
            self.make(name, arguments[0] if arguments else None)
            return call(*arguments, **options)

        return counting

    def opened(self, file: Any, mode: str = "r", buffering: int = -1, *text: Any, **options: Any) -> Any:
        """A file as `open` gives it, each of whose reads and writes is counted."""
        self.make("open", file)
        raw: Any = _Counted(file, mode.replace("t", "").replace("b", ""), self, closefd=options.pop("closefd", True))
        if buffering == 0:
            return raw
        size = io.DEFAULT_BUFFER_SIZE if buffering < 2 else buffering
        buffered: Any = io.BufferedReader(raw, size) if mode.startswith("r") else io.BufferedWriter(raw, size)
        return buffered if "b" in mode else io.TextIOWrapper(buffered, *text, **options)


class _Counted(io.FileIO):
    def __init__(self, file: Any, mode: str, calls: Calls, *, closefd: bool) -> None:
        super().__init__(file, mode, closefd)
        self._calls = calls

    def write(self, data: Any, /) -> Any:
        self._calls.make("write", self.name)
        return super().write(data)

    def readinto(self, buffer: Any, /) -> Any:
        self._calls.make("read", self.name)
        return super().readinto(buffer)

    def readall(self) -> Any:
        self._calls.make("read", self.name)
        return super().readall()

    def read(self, size: int | None = -1, /) -> Any:
        self._calls.make("read", self.name)
        return super().read(-1 if size is None else size)


@contextmanager
def injected(fails: int | None, error: int, replies: Mapping[str, bytes]) -> Iterator[Calls]:
    """Within, all `CALLS` are counted and one fails; `replies` has what a worker says, by the id of its cell."""
    calls = Calls(fails, error)

    def start(command: Sequence[str], **options: Any) -> Played:
        calls.make("start", command[0])
        return Played(command, replies, **options)

    with ExitStack() as stack:
        for name, (module, attribute) in CALLS.items():
            stack.enter_context(patch.object(module, attribute, calls.counted(name, getattr(module, attribute))))
        stack.enter_context(patch.object(builtins, "open", calls.opened))
        stack.enter_context(patch.object(io, "open", calls.opened))
        stack.enter_context(patch.object(subprocess, "Popen", start))
        yield calls


# What plays a process is no part of what is tested: its calls are neither counted nor fail.
_read, _write, _pipe, _close, _dup = os.read, os.write, os.pipe, os.close, os.dup
_fdopen = os.fdopen


class Played:
    """What `subprocess.Popen` gives: a process that has ended well when it is asked. A worker answers a request for a
    cell with the replies that a real one gave; git and the device's limits say what they say."""

    pid = 2**30  # which no process has
    returncode = 0
    stdout = stderr = None

    def __init__(
        self, command: Sequence[str], replies: Mapping[str, bytes], *, text: bool = False, **options: Any
    ) -> None:
        self.args, self._replies, self._text = command, replies, text
        self._answers = _dup(options["pass_fds"][-1]) if options.get("stdin") == subprocess.PIPE else None
        self.stdin = None
        if self._answers is not None:
            self._request, told = _pipe()
            self.stdin = io.FileIO(told, "w")

    def poll(self) -> int | None:
        """It answers as soon as it has been told what to measure."""
        if self._answers is not None:
            os.set_blocking(self._request, False)
            try:
                request = json.loads(_read(self._request, 65536))
            except BlockingIOError:
                return None
            cell = request["cell"]
            _write(self._answers, self._replies[f"{cell['method']}-{cell['engine']}-{cell['mode']}"])
            self._end()
        return 0

    def wait(self, _: float | None = None) -> int:
        """It is ended by whoever waits for it."""
        self._end()
        return 0

    def communicate(self, *_: object, **__: object) -> tuple[Any, Any]:
        """What the command prints: git a revision, and no change; the limits of a device."""
        words = " ".join(self.args)
        said = ""
        if "rev-parse" in words:
            said = "0" * 40
        elif "limits" in words:
            said = '{"copy_gb_per_s": 1.0, "matmul_tflop_per_s": 1.0}'
        return (said, "") if self._text else (said.encode(), b"")

    def send_signal(self, number: int) -> None:
        """It heeds none."""

    def kill(self) -> None:
        self._end()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def _end(self) -> None:
        if self._answers is not None:
            _close(self._answers)
            _close(self._request)
            self._answers = None
