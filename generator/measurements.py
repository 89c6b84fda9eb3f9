"""The one reader and writer of `measurements/`: a folder a run, with `manifest.json`, one file per launch, and one per
cell that a peer has checked.

It trusts no file: what does not follow the schema is refused with the file, the field and what was expected.
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EIO
from functools import cache, partial
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from generator.cells import Cell
from generator.errors import RecordError, StorageError
from generator.faults import first_fault
from generator.folders import MEASUREMENTS, Trust, run_files, run_folders, trust_of
from generator.imported import IMPORTED, IMPORTED_RUN
from generator.manifest import MANIFEST, MeasuredRun, ReportedRun
from generator.peer import PEER, PeerResult
from generator.record import LAUNCH, Completed, Failed, Reported
from generator.untrusted import content_of, refusal, shown, text_of

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Run:
    """A run as read: its manifest, its launches, in the order of round and method, what peers found; whose it is."""

    manifest: MeasuredRun | ReportedRun
    launches: tuple[Completed | Failed | Reported, ...]
    peers: tuple[PeerResult, ...] = ()
    trust: Trust = "own"


def read_runs(root: Path = MEASUREMENTS) -> tuple[Run, ...]:
    """Every run under `root`, oldest first. Raises `RecordError` at the first file that is not as it must be."""
    with _without_collecting():
        runs = [read_run(folder) for folder in run_folders(root)]
    return tuple(sorted(runs, key=lambda run: (run.manifest.created_at, run.manifest.run_id)))


@contextmanager
def _without_collecting() -> Iterator[None]:
    """While this lasts, Python does not look for cycles: records have none, and it would look at all that are read
    already again and again, which for ten thousand of them takes longer than reading."""
    collects = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if collects:
            gc.enable()


def read_run(folder: Path) -> Run:
    """The run in `folder`."""
    files = run_files(folder)
    manifest = _read_manifest(files.manifest)
    launches = tuple(_read_launch(path, manifest) for path in files.launches)
    peers = tuple(_read_peer(path, manifest) for path in files.peers)
    return Run(manifest, launches, peers, trust_of(folder))


def read_one_by_one(folder: Path) -> tuple[MeasuredRun | ReportedRun, Iterator[Completed | Failed | Reported]]:
    """The manifest of the run in `folder`, and its launches as they are asked for, so that no more than one needs to be
    kept. Raises `RecordError`, for a launch when that is asked for."""
    files = run_files(folder)
    manifest = _read_manifest(files.manifest)
    return manifest, (_read_launch(path, manifest) for path in files.launches)


def examine(folder: Path) -> tuple[Run | None, tuple[RecordError, ...]]:
    """As much of the run in `folder` as can be read, and what is wrong with each file that can't. Without a manifest
    there is no run, but the launches are looked at all the same."""
    faults: list[RecordError] = []

    def read(what: Callable[[], T]) -> list[T]:
        try:
            return [what()]
        except RecordError as fault:
            faults.append(fault)
            return []

    for files in read(partial(run_files, folder)):
        for manifest in read(partial(_read_manifest, files.manifest)):
            launches = [one for path in files.launches for one in read(partial(_read_launch, path, manifest))]
            peers = [one for path in files.peers for one in read(partial(_read_peer, path, manifest))]
            return Run(manifest, tuple(launches), tuple(peers), trust_of(folder)), tuple(faults)
        for path in files.launches:
            read(partial(read_file, path, LAUNCH))
    return None, tuple(faults)


def _read_manifest(path: Path) -> MeasuredRun | ReportedRun:
    manifest = read_file(path, MANIFEST)
    if manifest.run_id != path.parent.name:
        raise refusal(
            path,
            f"field run_id: expected the folder's name, {path.parent.name[:60]!r}, found {manifest.run_id[:60]!r}; "
            "name the folder as the run, or correct the field",
        )
    return manifest


def _read_launch(path: Path, manifest: MeasuredRun | ReportedRun) -> Completed | Failed | Reported:
    launch = read_file(path, LAUNCH)
    expected = launch_name(launch.cell, launch.round)
    if path.name != expected:
        raise refusal(path, f"field cell or round: this content belongs in a file named {expected}")
    _refuse_another_cell(path, launch.cell, manifest)
    if (launch.status == "reported") != (manifest.origin == "reported"):
        raise refusal(path, f"field status: {launch.status!r} does not belong in a {manifest.origin} run")
    return launch


def _read_peer(path: Path, manifest: MeasuredRun | ReportedRun) -> PeerResult:
    result = read_file(path, PEER)
    if path.name != peer_name(result):
        raise refusal(path, f"field cell: this content belongs in a file named {peer_name(result)}")
    _refuse_another_cell(path, result.cell, manifest)
    return result


def _refuse_another_cell(path: Path, cell: Cell, manifest: MeasuredRun | ReportedRun) -> None:
    if cell not in manifest.cells:
        raise refusal(path, f"field cell: expected one that the manifest names, found {cell.id!r}")


def launch_name(cell: Cell, round_: int) -> str:
    """The file name of a launch."""
    return f"r{round_:02d}-{cell.id}.json"


def peer_name(result: PeerResult) -> str:
    """The file name of a peer's result."""
    return f"{result.tool.replace(' ', '-')}-{result.cell.id}.json"


def write_manifest(folder: Path, manifest: MeasuredRun | ReportedRun) -> None:
    """Write the manifest of a new run."""
    write_file(folder / "manifest.json", MANIFEST, manifest)


def write_launch(folder: Path, launch: Completed | Failed | Reported) -> Path:
    """Write one launch, whole or not at all, and return its file."""
    path = folder / "launches" / launch_name(launch.cell, launch.round)
    write_file(path, LAUNCH, launch)
    return path


def write_peer(folder: Path, result: PeerResult) -> None:
    """Write what a peer found, in place of what it found before."""
    write_file(folder / "peers" / peer_name(result), PEER, result)


def sweep(root: Path) -> None:
    """Remove what a killed writer left under `root`: temporary files, and the folder of a run that has nothing yet.
    Only for who writes alone there."""
    for folder in root.glob("[!.]*/"):
        for stray in folder.glob("**/.*.tmp"):
            stray.unlink(missing_ok=True)
        with suppress(OSError):  # it is not empty
            folder.rmdir()


def read_file(path: Path, kind: TypeAdapter[T]) -> T:
    """The record in the file at `path`. Raises `RecordError`."""
    return parse(path, content_of(path), kind)


def parse(path: Path, content: bytes, kind: TypeAdapter[T]) -> T:
    """The record in `content`, the bytes of the file at `path`. Raises `RecordError`."""
    text = text_of(path, content)
    try:
        return kind.validate_json(text)
    except ValidationError as error:
        fault = first_fault(error, _schema_of(kind))
        raise refusal(path, f"{fault}; correct it, or remove the file and measure again") from None


def write_file(path: Path, kind: TypeAdapter[T], value: T) -> None:
    """Temporary file, flush, fsync, read back, rename, fsync of the folder: readers see the old file or the new."""
    temporary = path.with_name(f".{path.name}.tmp")
    data = kind.dump_json(value, indent=2) + b"\n"
    parse(path, data, kind)  # what the reader refuses must not be found out when it is read
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
            f"{shown(path)}: can't be written: {error.strerror}; make room or give permission and run the command "
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


@cache
def _schema_of(kind: TypeAdapter[Any]) -> dict[str, Any]:
    return kind.json_schema()


def json_schemas() -> dict[str, dict[str, Any]]:
    """The published JSON Schema of each kind of file, by the file's kind."""
    kinds: dict[str, TypeAdapter[Any]] = {
        "manifest": MANIFEST,
        "launch": LAUNCH,
        "peer": PEER,
        "imported-manifest": IMPORTED_RUN,
        "imported": IMPORTED,
    }
    return {name: kind.json_schema() for name, kind in kinds.items()}
