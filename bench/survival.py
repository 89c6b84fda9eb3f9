"""What is left when a measurement was hurt: counted on the disk and among the processes, and gone on with."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Self

from bench.sitting import Sitting, left_of
from generator.errors import RecordError
from generator.measurements import Run, launch_name, read_runs


@dataclass(frozen=True)
class Harm:
    """What may not be: processes that are left, files that are no records, launches that were said to be over and are
    gone, things that no later sitting clears away, runs that can't be completed."""

    orphans: int = 0
    corrupt: int = 0
    lost: int = 0
    strays: int = 0
    stuck: int = 0

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
    try:
        runs = read_runs(sitting.folder / "measurements")
    except RecordError:
        return Harm(orphans=len(left), corrupt=1)
    return Harm(orphans=len(left), lost=len(missing(sitting.told(), runs)))


def missing(told: set[tuple[int, str]], runs: Sequence[Run]) -> set[str]:
    """The files of launches that were said to be over and are not among the runs."""
    cells = {cell.label: cell for run in runs for cell in run.manifest.cells}
    there = {launch_name(launch.cell, launch.round) for run in runs for launch in run.launches}
    return {launch_name(cells[label], number) if label in cells else label for number, label in told} - there


def gone_on_with(folder: Path, command: Sequence[str], launches: int) -> Harm:
    """What is wrong after the same command was given again, as often as a user would: it must complete the run, keep
    what was complete byte for byte, and leave nothing else."""
    kept = _completed(folder)
    harm = Harm()
    for _ in range(2):
        words = ["--retry-failed"] if _failed(folder) else []
        if len(_completed(folder)) == launches:
            break
        sitting = Sitting([*command, *words], folder)
        sitting.status()
        harm += harm_of(sitting)
    after = _completed(folder)
    stuck = len(after) != launches or any(after.get(name) != content for name, content in kept.items())
    return harm + Harm(stuck=int(stuck), strays=len(strays(folder)))


def _completed(folder: Path) -> dict[str, bytes]:
    files = {path: path.read_bytes() for path in (folder / "measurements").glob("*/launches/*.json")}
    return {str(path): content for path, content in files.items() if b'"status": "completed"' in content}


def _failed(folder: Path) -> bool:
    return any(
        b'"status": "failed"' in path.read_bytes() for path in (folder / "measurements").glob("*/launches/*.json")
    )


def strays(folder: Path) -> list[Path]:
    """Temporary files, and folders of runs without a manifest."""
    root = folder / "measurements"
    bare = [path for path in root.glob("[!.]*") if path.is_dir() and not (path / "manifest.json").is_file()]
    return [*root.rglob(".*.tmp"), *bare]
