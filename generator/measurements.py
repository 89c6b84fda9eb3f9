"""The one reader and writer of `measurements/`: a folder a run, with `manifest.json`, one file per launch, and one per
cell that a peer has checked.

It trusts no file: what does not follow the schema is refused with the file, the field and what was expected.
"""

import json
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from generator.cells import Cell
from generator.errors import RecordError, StorageError
from generator.faults import first_fault
from generator.folders import MEASUREMENTS, Trust, records_in, run_folders, trust_of
from generator.manifest import MANIFEST, MeasuredRun, ReportedRun
from generator.peer import PEER, PeerResult
from generator.record import LAUNCH, Completed, Failed, Reported

T = TypeVar("T")

# The largest launch file that a profile allows stays well below (100 repeats are about 12 kB).
MAX_FILE_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """A run as read: its manifest, its launches, in the order of round and method, what peers found; whose it is."""

    manifest: MeasuredRun | ReportedRun
    launches: tuple[Completed | Failed | Reported, ...]
    peers: tuple[PeerResult, ...] = ()
    trust: Trust = "own"


def read_runs(root: Path = MEASUREMENTS) -> tuple[Run, ...]:
    """Every run under `root`, oldest first. Raises `RecordError` at the first file that is not as it must be."""
    runs = [read_run(folder) for folder in run_folders(root)]
    return tuple(sorted(runs, key=lambda run: (run.manifest.created_at, run.manifest.run_id)))


def read_run(folder: Path) -> Run:
    """The run in `folder`."""
    manifest = _read_manifest(folder)
    launches = tuple(_read_launch(path, manifest) for path in records_in(folder / "launches"))
    peers = tuple(_read_peer(path) for path in records_in(folder / "peers"))
    return Run(manifest, launches, peers, trust_of(folder))


def examine(folder: Path) -> tuple[Run | None, tuple[RecordError, ...]]:
    """As much of the run in `folder` as can be read, and what is wrong with each file that can't. Without a manifest
    there is no run, but the other files are looked at all the same."""
    faults: list[RecordError] = []

    def read(what: Callable[[], T]) -> list[T]:
        try:
            return [what()]
        except RecordError as fault:
            faults.append(fault)
            return []

    manifest = next(iter(read(partial(_read_manifest, folder))), None)
    launches, peers = records_in(folder / "launches"), records_in(folder / "peers")
    if manifest is None:
        for path in launches:
            read(partial(_read, path, LAUNCH))
    found = [one for path in launches if manifest for one in read(partial(_read_launch, path, manifest))]
    checked = [one for path in peers for one in read(partial(_read_peer, path))]
    run = Run(manifest, tuple(found), tuple(checked), trust_of(folder)) if manifest else None
    return run, tuple(faults)


def _read_manifest(folder: Path) -> MeasuredRun | ReportedRun:
    manifest = _read(folder / "manifest.json", MANIFEST)
    if manifest.run_id != folder.name:
        raise RecordError(
            f"{_shown(folder / 'manifest.json')}: field run_id: expected the folder's name, {folder.name!r}, found "
            f"{manifest.run_id!r}; name the folder as the run, or correct the field"
        )
    return manifest


def _read_launch(path: Path, manifest: MeasuredRun | ReportedRun) -> Completed | Failed | Reported:
    launch = _read(path, LAUNCH)
    expected = launch_name(launch.cell, launch.round)
    if path.name != expected:
        raise RecordError(f"{_shown(path)}: field cell or round: this content belongs in a file named {expected}")
    if launch.cell not in manifest.cells:
        raise RecordError(f"{_shown(path)}: field cell: expected one that the manifest names, found {launch.cell.id!r}")
    if (launch.status == "reported") != (manifest.origin == "reported"):
        raise RecordError(f"{_shown(path)}: field status: {launch.status!r} does not belong in a {manifest.origin} run")
    return launch


def _read_peer(path: Path) -> PeerResult:
    result = _read(path, PEER)
    if path.name != peer_name(result):
        raise RecordError(f"{_shown(path)}: field cell: this content belongs in a file named {peer_name(result)}")
    return result


def launch_name(cell: Cell, round_: int) -> str:
    """The file name of a launch."""
    return f"r{round_:02d}-{cell.id}.json"


def peer_name(result: PeerResult) -> str:
    """The file name of a peer's result."""
    return f"{result.tool.replace(' ', '-')}-{result.cell.id}.json"


def write_manifest(folder: Path, manifest: MeasuredRun | ReportedRun) -> None:
    """Write the manifest of a new run."""
    _write(folder / "manifest.json", MANIFEST, manifest)


def write_launch(folder: Path, launch: Completed | Failed | Reported) -> Path:
    """Write one launch, whole or not at all, and return its file."""
    path = folder / "launches" / launch_name(launch.cell, launch.round)
    _write(path, LAUNCH, launch)
    return path


def write_peer(folder: Path, result: PeerResult) -> None:
    """Write what a peer found, in place of what it found before."""
    _write(folder / "peers" / peer_name(result), PEER, result)


def sweep(folder: Path) -> None:
    """Remove the temporary files that a killed writer left."""
    for stray in folder.glob("**/.*.tmp"):
        stray.unlink(missing_ok=True)


def _read(path: Path, kind: TypeAdapter[T]) -> T:
    shown = _shown(path)
    try:
        if path.stat().st_size > MAX_FILE_BYTES:
            raise RecordError(f"{shown}: larger than {MAX_FILE_BYTES} bytes, which no record is; remove the file")
        text = path.read_bytes().decode("utf-8")
    except FileNotFoundError:
        if path.is_symlink():
            raise RecordError(
                f"{shown}: a link to a file that is not there; restore that, or remove the link"
            ) from None
        raise RecordError(f"{shown}: missing; every run needs one; restore it, or remove the folder") from None
    except UnicodeDecodeError as error:
        raise RecordError(f"{shown}: byte {error.start}: expected UTF-8 text; restore the file or remove it") from None
    except OSError as error:
        raise RecordError(f"{shown}: can't be read: {error.strerror}") from None
    try:
        # Twice, because pydantic takes the last of two equal keys in silence, and json takes NaN.
        json.loads(text, object_pairs_hook=_without_duplicates)
        return kind.validate_json(text)
    except ValidationError as error:
        raise RecordError(
            f"{shown}: {first_fault(error, kind.json_schema())}; correct it, or remove the file and measure again"
        ) from None
    except RecursionError:
        raise RecordError(f"{shown}: nested too deeply to be a record; remove the file") from None
    except ValueError as error:  # JSONDecodeError, a duplicate key, an integer of thousands of digits
        raise RecordError(
            f"{shown}: not valid JSON: {error}; restore the file, or remove it and measure again"
        ) from None


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) < len(pairs):
        twice = next(key for index, (key, _) in enumerate(pairs) if key in dict(pairs[:index]))
        raise ValueError(f"the key {twice[:60]!r} stands twice in one object")
    return keys


def _write(path: Path, kind: TypeAdapter[T], value: T) -> None:
    """Temporary file, flush, fsync, read back, rename, fsync of the folder: readers see the old file or the new."""
    temporary = path.with_name(f".{path.name}.tmp")
    data = kind.dump_json(value, indent=2) + b"\n"
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _read(temporary, kind)
        temporary.replace(path)
        descriptor = os.open(path.parent, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        raise StorageError(
            f"{_shown(path)}: can't be written: {error.strerror}; make room or give permission and run the command "
            "again: finished launches are kept"
        ) from None


def _shown(path: Path) -> str:
    """The path as a reader knows it, without the folders above the project."""
    parts: Iterable[str] = path.parts
    names = list(parts)
    return "/".join(names[names.index("measurements") :] if "measurements" in names else names[-3:])


def json_schemas() -> dict[str, dict[str, Any]]:
    """The published JSON Schema of each kind of file, by the file's kind."""
    return {"manifest": MANIFEST.json_schema(), "launch": LAUNCH.json_schema(), "peer": PEER.json_schema()}
