"""The one reader and writer of `measurements/`: a folder a run, with `manifest.json`, one file per launch, and one per
cell that a peer has checked.

It trusts no file: what does not follow the schema is refused with the file, the field and what was expected.
"""

import json
import os
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
from errno import EIO
from pathlib import Path
from typing import Any, Final, TypeVar

from pydantic import TypeAdapter, ValidationError

from generator.cells import Cell
from generator.errors import RecordError, StorageError
from generator.faults import first_fault
from generator.folders import MEASUREMENTS, records_in, run_folders
from generator.manifest import MANIFEST, MeasuredRun, ReportedRun
from generator.peer import PEER, PeerResult
from generator.record import LAUNCH, Completed, Failed, Reported

T = TypeVar("T")

# The largest launch file that a profile allows stays well below (100 repeats are about 12 kB).
MAX_FILE_BYTES: Final = 4 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Run:
    """A run as read: its manifest, its launches, in the order of round and method, and what peers found."""

    manifest: MeasuredRun | ReportedRun
    launches: tuple[Completed | Failed | Reported, ...]
    peers: tuple[PeerResult, ...] = ()


def read_runs(root: Path = MEASUREMENTS) -> tuple[Run, ...]:
    """Every run under `root`, oldest first. Raises `RecordError` at the first file that is not as it must be."""
    runs = [read_run(folder) for folder in run_folders(root)]
    return tuple(sorted(runs, key=lambda run: (run.manifest.created_at, run.manifest.run_id)))


def read_run(folder: Path) -> Run:
    """The run in `folder`."""
    manifest = _read(folder / "manifest.json", MANIFEST)
    if manifest.run_id != folder.name:
        raise RecordError(
            f"{_shown(folder / 'manifest.json')}: field run_id: expected the folder's name, {folder.name!r}, found "
            f"{manifest.run_id!r}; name the folder as the run, or correct the field"
        )
    launches = []
    for path in records_in(folder / "launches"):
        launch = _read(path, LAUNCH)
        expected = launch_name(launch.cell, launch.round)
        if path.name != expected:
            raise RecordError(f"{_shown(path)}: field cell or round: this content belongs in a file named {expected}")
        if launch.cell not in manifest.cells:
            raise RecordError(
                f"{_shown(path)}: field cell: expected one that the manifest names, found {launch.cell.id!r}"
            )
        if (launch.status == "reported") != (manifest.origin == "reported"):
            raise RecordError(
                f"{_shown(path)}: field status: {launch.status!r} does not belong in a {manifest.origin} run"
            )
        launches.append(launch)
    return Run(manifest, tuple(launches), tuple(_read_peers(folder)))


def _read_peers(folder: Path) -> Iterable[PeerResult]:
    for path in records_in(folder / "peers"):
        result = _read(path, PEER)
        if path.name != peer_name(result):
            raise RecordError(f"{_shown(path)}: field cell: this content belongs in a file named {peer_name(result)}")
        yield result


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


def sweep(root: Path) -> None:
    """Remove what a killed writer left under `root`: temporary files, and the folder of a run that has nothing yet.
    Only for who writes alone there."""
    for folder in root.glob("[!.]*/"):
        for stray in folder.glob("**/.*.tmp"):
            stray.unlink(missing_ok=True)
        with suppress(OSError):  # it is not empty
            folder.rmdir()


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
    kind.validate_json(data)
    try:
        _make_folder(path.parent)
        with temporary.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        _verify(temporary, data)
        temporary.replace(path)
        _sync(path.parent)
    except OSError as error:
        raise StorageError(
            f"{_shown(path)}: can't be written: {error.strerror}; make room or give permission and run the command "
            "again: finished launches are kept"
        ) from None
    finally:
        with suppress(OSError):
            temporary.unlink(missing_ok=True)


def _verify(path: Path, data: bytes) -> None:
    if path.read_bytes() != data:
        raise OSError(EIO, "what was written reads back otherwise")


def _make_folder(folder: Path) -> None:
    """Make it, and those above, so that a loss of power takes none of them away again."""
    if not folder.is_dir():
        _make_folder(folder.parent)
        folder.mkdir(exist_ok=True)
        _sync(folder.parent)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _shown(path: Path) -> str:
    """The path as a reader knows it, without the folders above the project."""
    parts: Iterable[str] = path.parts
    names = list(parts)
    return "/".join(names[names.index("measurements") :] if "measurements" in names else names[-3:])


def json_schemas() -> dict[str, dict[str, Any]]:
    """The published JSON Schema of each kind of file, by the file's kind."""
    return {"manifest": MANIFEST.json_schema(), "launch": LAUNCH.json_schema(), "peer": PEER.json_schema()}
