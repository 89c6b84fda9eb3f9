"""What was made of each run alone, kept on disk by the hash of what it came from: a folder a run, and what it says.

A cache: whatever is missing, damaged or can't be written costs time, nothing else.
"""

import hashlib
import json
import os
import shutil
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Final

from generator.errors import RecordError
from generator.folders import run_files, trust_of
from generator.untrusted import content_of

if TYPE_CHECKING:
    from pydantic import TypeAdapter

    from generator.analyse.brief import Brief
    from generator.render.alone import Alone

# A file's text, or its bytes, or where it lies on disk already.
Content = str | bytes | Path

# Written last, so that a folder that has it is whole.
_TOLD: Final = "told.json"

# Of each run: the newest, and the one before for a `mkdocs serve` beside a `mkdocs build`, whose address is another.
_OF_EACH: Final = 2


@dataclass(frozen=True, slots=True)
class Kept:
    """Of one run; `files` are the site's by their paths: where they lie on disk, or what is in them where none could be
    written."""

    brief: "Brief"
    rows: str
    files: Mapping[str, Content]


def in_bytes(content: Content) -> bytes:
    """What is in a file."""
    if isinstance(content, Path):
        return content.read_bytes()
    return content.encode() if isinstance(content, str) else content


def key_of(folder: Path, state: str) -> str:
    """One hash of the records in a run's folder, of whose it is, and of what they are made into pages with. Raises
    `RecordError` at what does not belong there."""
    found = hashlib.sha256(f"{state}\0{folder.name}\0{trust_of(folder)}".encode())
    manifest, launches, peers = run_files(folder)
    for path in (manifest, *launches, *peers):
        content = b""
        with suppress(RecordError):  # whoever reads the records says so
            content = content_of(path)
        found.update(f"\0{path.parent.name}/{path.name}\0{len(content)}\0".encode())
        found.update(content)
    return found.hexdigest()


@cache
def _briefs() -> "TypeAdapter[Brief]":
    """Imported and made when it is needed: both take long."""
    from pydantic import TypeAdapter

    from generator.analyse.brief import Brief

    return TypeAdapter(Brief)


def recall(root: Path, run_id: str, key: str) -> Kept | None:
    """What is kept below `root`; None where there is nothing whole."""
    folder = root / _name(run_id, key)
    try:
        told = json.loads((folder / _TOLD).read_bytes())
        files = {path: folder / path for path in told["files"]}
        if told["key"] != key or not all(files[path].stat().st_size == size for path, size in told["files"].items()):
            return None
        brief = _briefs().validate_json(told["brief"])
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # none yet, or not what `keep` wrote
        return None
    return Kept(brief, str(told["rows"]), files)


def keep(root: Path, key: str, made: "Alone") -> Kept:
    """Keep what was made of a run."""
    folder = root / _name(made.brief.run_id, key)
    temporary = folder.with_name(f"{folder.name}.{os.getpid()}")
    contents = {path: in_bytes(content) for path, content in made.files.items()}
    told = {
        "key": key,
        "brief": _briefs().dump_json(made.brief).decode(),
        "rows": made.rows,
        "files": {path: len(content) for path, content in contents.items()},
    }
    try:
        for path, content in contents.items():
            (temporary / path).parent.mkdir(parents=True, exist_ok=True)
            (temporary / path).write_bytes(content)
        (temporary / _TOLD).write_text(json.dumps(told), encoding="utf-8")
        if whole := recall(root, made.brief.run_id, key):  # another build was faster, and may be reading it
            shutil.rmtree(temporary, ignore_errors=True)
            return whole
        shutil.rmtree(folder, ignore_errors=True)
        temporary.replace(folder)
    except OSError:
        shutil.rmtree(temporary, ignore_errors=True)
        return Kept(made.brief, made.rows, made.files)
    return Kept(made.brief, made.rows, {path: folder / path for path in made.files})


def sweep(root: Path, run_ids: Collection[str]) -> None:
    """Remove what is kept of runs that there are no longer, and all but the newest of the others."""
    of_runs: dict[str, list[Path]] = {}
    for folder in _folders(root):
        of_runs.setdefault(folder.name.rpartition("=")[0], []).append(folder)
    for run_id, folders in of_runs.items():
        if run_id in run_ids and len(folders) <= _OF_EACH:
            continue
        with suppress(OSError):
            newest = sorted(folders, key=lambda folder: folder.stat().st_mtime_ns, reverse=True)
            for folder in newest[_OF_EACH if run_id in run_ids else 0 :]:
                shutil.rmtree(folder, ignore_errors=True)


def _folders(root: Path) -> Iterable[Path]:
    try:
        return sorted(root.iterdir())
    except OSError:
        return ()


def _name(run_id: str, key: str) -> str:
    return f"{run_id}={key[:32]}"  # no run's name has this sign
