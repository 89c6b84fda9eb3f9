"""The one reader and writer of `measurements/imported/`: a folder a run, with `manifest.json` and one file for each
measurement under `launches/`. Nothing that reads runs looks in there."""

import os
import shutil
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from generator.errors import RecordError
from generator.folders import IMPORTED as FOLDER
from generator.folders import MEASUREMENTS, imported_folders, run_files
from generator.imported import IMPORTED, IMPORTED_RUN, Imported, ImportedRun
from generator.measurements import read_file, write_file
from generator.untrusted import refusal


@dataclass(frozen=True, slots=True)
class ImportedResults:
    """An imported run as read: its manifest, and its measurements in the order of their files."""

    manifest: ImportedRun
    records: tuple[Imported, ...]


def read_all(root: Path = MEASUREMENTS) -> tuple[ImportedResults, ...]:
    """Every imported run under `root`, oldest first. Raises `RecordError`."""
    return read_each(imported_folders(root))


def read_each(folders: Iterable[Path]) -> tuple[ImportedResults, ...]:
    """The imported runs in the folders, oldest first. Raises `RecordError`."""
    found = [read_imported(folder) for folder in folders]
    return tuple(sorted(found, key=lambda one: (one.manifest.created_at, one.manifest.run_id)))


def read_imported(folder: Path) -> ImportedResults:
    """The imported run in `folder`. Raises `RecordError` at the first file that is not as it must be."""
    found, faults = examine(folder)
    if faults or found is None:
        raise faults[0]
    return found


def examine(folder: Path) -> tuple[ImportedResults | None, tuple[RecordError, ...]]:
    """As much of it as can be read, and what is wrong with each file that can't."""
    try:
        files = run_files(folder)
        manifest = read_file(files.manifest, IMPORTED_RUN)
        if manifest.run_id != folder.name:
            what = f"field run_id: expected the folder's name, {folder.name[:60]!r}, found {manifest.run_id[:60]!r}"
            raise refusal(files.manifest, f"{what}; name the folder as the run, or correct the field")
        if files.peers:
            raise refusal(folder / "peers", "no part of an imported run; remove it")
    except RecordError as fault:
        return None, (fault,)
    records, faults = [], []
    for path in files.launches:
        try:
            records.append(_read(path, manifest))
        except RecordError as fault:
            faults.append(fault)
    return ImportedResults(manifest, tuple(records)), tuple(faults)


def is_imported(folder: Path) -> bool:
    """Whether a folder is one of an imported run, by where it lies."""
    return folder.parent.name == FOLDER


def _read(path: Path, manifest: ImportedRun) -> Imported:
    record = read_file(path, IMPORTED)
    if path.name != file_name(record):
        raise refusal(path, f"field number: this content belongs in a file named {file_name(record)}")
    if record.source not in manifest.sources:
        raise refusal(path, "field source: expected one that the manifest names; import the file again")
    return record


def file_name(record: Imported) -> str:
    """The file name of a measurement."""
    return f"i{record.number:04d}.json"


def write_imported(results: ImportedResults, root: Path = MEASUREMENTS) -> Path:
    """Write an imported run, whole or not at all, and return its folder. There must be none of its name."""
    folder = root / FOLDER / results.manifest.run_id
    # Nobody reads what begins with a dot.
    beside = folder.with_name(f".{folder.name}.{os.getpid()}") / folder.name
    try:
        for record in results.records:
            write_file(beside / "launches" / file_name(record), IMPORTED, record)
        write_file(beside / "manifest.json", IMPORTED_RUN, results.manifest)
        beside.rename(folder)
    finally:
        with suppress(OSError):
            shutil.rmtree(beside.parent)
    return folder
