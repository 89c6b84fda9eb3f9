"""What is left when a measurement was hurt: counted on the disk and among the processes, and gone on with."""

import os
import signal
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Final, Self

from generator.errors import OUTPUT_CLOSED, SOME_LAUNCHES_FAILED, QuantpressError, RecordError
from generator.measurements import Run, launch_name, read_runs
from torture.survival.sitting import Sitting, left_of

# As the README has them.
DOCUMENTED: Final = {
    0,
    SOME_LAUNCHES_FAILED,
    *(error.exit_status for error in QuantpressError.__subclasses__()),
    128 + signal.SIGINT,
    128 + signal.SIGTERM,
    OUTPUT_CLOSED,
}


@dataclass(frozen=True)
class Harm:
    """What may not be: processes that are left, files that are no records, launches that were said to be over and are
    gone, things that no later sitting clears away, runs that can't be completed, and ends whose status no document has
    or whose reason is not one line."""

    orphans: int = 0
    corrupt: int = 0
    lost: int = 0
    strays: int = 0
    stuck: int = 0
    unclear: int = 0

    def __add__(self, other: Self) -> "Harm":
        return Harm(*(getattr(self, one.name) + getattr(other, one.name) for one in fields(self)))

    def __bool__(self) -> bool:
        return self != Harm()

    def __str__(self) -> str:
        return "   ".join(f"{getattr(self, one.name):,} {one.name}" for one in fields(self))


def harm_of(sitting: Sitting) -> Harm:
    """What a sitting that has ended left behind."""
    left = left_of(sitting.folder)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    return harm_on_disk(sitting.folder, sitting.told()) + Harm(orphans=len(left))


def harm_on_disk(folder: Path, told: set[tuple[int, str]]) -> Harm:
    """The same of its files, when it said that these launches were over."""
    try:
        runs = read_runs(folder / "measurements")
    except RecordError:
        return Harm(corrupt=1)
    return Harm(lost=len(missing(told, runs)))


def harm_in_words(status: int, said: str) -> Harm:
    """What is wrong with how a command ended that was not killed: with what it said on standard error."""
    lines = said.splitlines()
    is_clear = status in DOCUMENTED and all(line.startswith("quantpress: ") for line in lines)
    return Harm(unclear=int(not is_clear or len(lines) != (status not in {0, SOME_LAUNCHES_FAILED})))


def missing(told: set[tuple[int, str]], runs: Sequence[Run]) -> set[str]:
    """The files of launches that were said to be over and are not among the runs."""
    cells = {cell.label: cell for run in runs for cell in run.manifest.cells}
    there = {launch_name(launch.cell, launch.round) for run in runs for launch in run.launches}
    return {launch_name(cells[label], number) if label in cells else label for number, label in told} - there


def gone_on_with(folder: Path, measure: Callable[[list[str]], Harm], launches: int) -> Harm:
    """What is wrong after the same command was given again, with more words, as often as a user would: it must complete
    the run, keep what was complete byte for byte, and leave nothing else."""
    kept, harm = launches_that(folder, "completed"), Harm()
    for _ in range(2):
        if len(launches_that(folder, "completed")) == launches:
            break
        harm += measure(["--retry-failed"] if launches_that(folder, "failed") else [])
    after = launches_that(folder, "completed")
    stuck = len(after) != launches or any(after.get(name) != content for name, content in kept.items())
    return harm + Harm(stuck=int(stuck), strays=len(strays(folder)))


def again(folder: Path, command: Sequence[str]) -> Callable[[list[str]], Harm]:
    """How `gone_on_with` gives a command again."""

    def measure(words: list[str]) -> Harm:
        sitting = Sitting([*command, *words], folder)
        sitting.status()
        return harm_of(sitting)

    return measure


def launches_that(folder: Path, status: str) -> dict[Path, bytes]:
    """The files of the launches that completed, or failed."""
    files = {path: path.read_bytes() for path in (folder / "measurements").glob("*/launches/*.json")}
    return {path: content for path, content in files.items() if f'"status": "{status}"'.encode() in content}


def strays(folder: Path) -> list[Path]:
    """Temporary files, and folders of runs without a manifest."""
    root = folder / "measurements"
    bare = [path for path in root.glob("[!.]*") if path.is_dir() and not (path / "manifest.json").is_file()]
    return [*root.rglob(".*.tmp"), *bare]
