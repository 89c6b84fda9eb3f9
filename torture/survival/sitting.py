"""One `quantpress measure` as a user's terminal has it, and its processes, found by a mark in their environment."""

import re
import signal
import subprocess
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep
from typing import Final, Literal

from generator.folders import CHECKOUT
from torture.survival.light import MARK, environment

Role = Literal["parent", "guardian", "worker", "engine"]

# So long may the last process of a measurement take to be gone, once its parent is.
GONE_S: Final = 5.0
# Longer than any sitting.
DEADLINE_S: Final = 600.0
_LOOK_S: Final = 0.02

# The words of the command that tell a process below the parent apart.
_WORDS: Final = {"guardian": r"/orphan\.py\0", "worker": r"worker\0", "engine": r"/light_core\.py\0"}
# What the display says of a launch whose record is on the disk.
_TOLD: Final = re.compile(r"^[✓!✗] round (\d+) · (.+?):", re.MULTILINE)


class Sitting:
    """A command that measures into `folder`; what it says is in a file there."""

    def __init__(self, command: Sequence[str], folder: Path, **more: str) -> None:
        self.folder = folder
        self._output = folder / "said.txt"
        with self._output.open("wb") as output:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment(folder, **more),
                cwd=CHECKOUT,
                preexec_fn=_as_in_a_terminal,  # noqa: PLW1509, no other thread of ours holds a lock that it needs
            )

    def processes(self, role: Role) -> list[int]:
        """Those of its processes that have this role, the oldest first."""
        if role == "parent":
            return [self.process.pid]
        return marked(self.folder, _WORDS[role])

    def status(self) -> int:
        """Its exit status, as soon as there is one."""
        return self.process.wait(DEADLINE_S)

    def said(self) -> str:
        """What it has printed by now."""
        return self._output.read_text(errors="replace")

    def told(self) -> set[tuple[int, str]]:
        """The launches that it said were over, by round and label."""
        return told_in(self.said())


def told_in(said: str) -> set[tuple[int, str]]:
    """The launches that a measurement said were over, by round and label."""
    return {(int(number), label) for number, label in _TOLD.findall(said)}


def left_of(folder: Path) -> list[int]:
    """The processes of a measurement into `folder` that don't end by themselves within `GONE_S`."""
    deadline = monotonic() + GONE_S
    while (left := marked(folder)) and monotonic() < deadline:
        sleep(_LOOK_S)
    return left


def marked(folder: Path, words: str = "") -> list[int]:
    """The processes of a measurement into `folder` whose command has these words, the oldest first, without those that
    have ended and wait for their parent."""
    mark, found = f"{MARK}={folder}".encode(), []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended meanwhile
            if (
                re.search(words, (process / "cmdline").read_text(errors="replace"))
                and mark in (process / "environ").read_bytes().split(b"\0")
                and " Z " not in (process / "stat").read_text(errors="replace").rpartition(")")[2][:4]
            ):
                found.append(int(process.name))
    return sorted(found)


def _as_in_a_terminal() -> None:
    """Where these tests run in the background of a shell, SIGINT is ignored, and would be in what they start."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
