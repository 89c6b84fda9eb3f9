"""`quantpress check`: submitted runs, each file against the schema, each figure against the others, all at once.

It finds contradictions, not lies: figures that agree with one another pass.
"""

import os
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from generator import imported_runs
from generator.analyse.findings import run_findings
from generator.analyse.imported import ImportedFindings
from generator.analyse.physics.laws import contradictions_at, contradictions_of
from generator.analyse.run import RunFindings
from generator.errors import IMPOSSIBLE_RESULTS, RecordError, UsageError
from generator.folders import IMPORTED, imported_folders, run_folders
from generator.manifest import ReportedRun
from generator.measurements import Run, examine, launch_name

# From the worst on: a file is no record, a figure can't be true, launches of the plan are missing, nothing of all that.
Verdict = Literal["unreadable", "impossible", "incomplete", "sound"]


@dataclass(frozen=True, slots=True)
class Checked:
    """What was found in one folder. `run` is as much of it as could be read, None without a manifest; `faults` say what
    is wrong with each file that could not; `missing` are the files of launches that the plan has besides, none of a
    search, which takes as many as it takes. Of an imported run `run` is None, and `imported` is it."""

    name: str
    run: RunFindings | None
    faults: tuple[str, ...]
    missing: tuple[str, ...] = ()
    imported: ImportedFindings | None = None

    @property
    def verdict(self) -> Verdict:
        """See `Verdict`."""
        found = self.run or self.imported
        if self.faults or found is None:
            return "unreadable"
        if found.contradictions:
            return "impossible"
        return "sound" if self.run is None or self.run.complete else "incomplete"

    @property
    def invalid(self) -> int:
        """How many launches ended well and may not be used."""
        return len({(launch.cell, launch.round) for launch, _, used in self.run.doubts if not used}) if self.run else 0


def check(paths: Iterable[Path]) -> tuple[Checked, ...]:
    """Every run in the folders, each of which is a run's or one of runs. Raises `UsageError` at one that is neither."""
    now = f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
    return tuple(_checked(folder, now) for path in paths for folder in _folders(path))


def status_of(checked: Sequence[Checked]) -> int:
    """The exit status that tells the worst of them."""
    verdicts = {one.verdict for one in checked}
    if "unreadable" in verdicts:
        return RecordError.exit_status
    return IMPOSSIBLE_RESULTS if "impossible" in verdicts else 0


def _folders(path: Path) -> list[Path]:
    whole = Path(os.path.abspath(path))  # noqa: PTH100, a link that leads there keeps its name
    if not whole.is_dir():
        raise UsageError(f"{path}: there is no such folder; name a run's folder, or one of runs")
    if any((whole / name).exists() for name in ("manifest.json", "launches")):
        return [whole]
    if found := [*run_folders(whole), *imported_folders(whole)]:
        return found
    if whole.name == IMPORTED and (found := imported_folders(whole.parent)):
        return found
    raise UsageError(f"{path}: no run in it; name a run's folder, or one of runs")


def _checked(folder: Path, now: str) -> Checked:
    if imported_runs.is_imported(folder):
        results, odd = imported_runs.examine(folder)
        found = ImportedFindings(results) if results else None
        return Checked(folder.name, None, tuple(map(str, odd)), imported=found)
    run, faults = examine(folder)
    told = tuple(str(fault) for fault in faults)
    if run is None:
        return Checked(folder.name, None, told)
    findings = run_findings(run, (*contradictions_of(run), *contradictions_at(run, now)))
    return Checked(folder.name, findings, told, () if findings.is_search else tuple(_missing(run)))


def _missing(run: Run) -> Iterable[str]:
    if isinstance(run.manifest, ReportedRun):
        return
    made = {launch_name(launch.cell, launch.round) for launch in run.launches}
    for round_ in range(1, run.manifest.profile.rounds + 1):
        for cell in run.manifest.cells:
            if (name := launch_name(cell, round_)) not in made:
                yield name
