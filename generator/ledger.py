"""Generated files on disk, and which they are, so that none of an author's is ever taken for one.

`make clean` runs it as a program with whatever Python 3.10 or later is there: it needs the standard library alone.
"""

import hashlib
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.kept import Content, in_bytes

# Which files were written and what was in them, in lines as sha256sum writes them.
LEDGER: Final = ".generated"


@dataclass(frozen=True, slots=True)
class Written:
    """How many files changed, and those that were left because somebody else wrote them."""

    changed: int
    left: tuple[str, ...]


def ours(folder: Path) -> set[str]:
    """The files below `folder` that were written here and that nobody has changed since, by path there."""
    return {path for sha256, path in _entries(folder) if _is(folder / path, sha256)}


def others(folder: Path) -> dict[str, Path]:
    """The files below `folder` that are their author's, by path there; what begins with a dot is no page's."""
    mine = ours(folder)
    found = {path.relative_to(folder): path for path in sorted(folder.rglob("*")) if path.is_file()}
    return {
        inner.as_posix(): path
        for inner, path in found.items()
        if inner.as_posix() not in mine and not any(part.startswith(".") for part in inner.parts)
    }


def write_files(files: Mapping[str, Content], folder: Path) -> Written:
    """Write what changed below `folder`, and remove what an earlier call wrote and is no longer there. A file that is
    neither what an earlier call wrote nor what this one would write is its author's, and is left."""
    folder.mkdir(parents=True, exist_ok=True)
    before, now, left = _entries(folder), set(), []
    changed = 0
    # Each file is entered before it is written, so that one is known that a call wrote which then broke off.
    with (folder / LEDGER).open("a", encoding="utf-8") as ledger:
        for path, made in files.items():
            # As bytes, because a CSV file ends its lines otherwise.
            target, content = folder / path, in_bytes(made)
            present = target.read_bytes() if target.is_file() else None
            if present is not None and present != content and (_sha256(present), path) not in before:
                left.append(path)
                continue
            entry = _sha256(content), path
            now.add(entry)
            if present != content:
                ledger.write(_line(entry))
                ledger.flush()
                target.parent.mkdir(parents=True, exist_ok=True)
                replace_file(target, content)
                changed += 1
    for sha256, path in before:
        if path not in files and _is(folder / path, sha256):
            (folder / path).unlink()
            changed += 1
    (folder / LEDGER).write_text("".join(map(_line, sorted(now, key=lambda entry: entry[1]))), encoding="utf-8")
    return Written(changed, tuple(left))


def remove(folder: Path) -> None:
    """Remove all that was written below `folder` and that nobody has changed since."""
    for path in ours(folder):
        (folder / path).unlink()
    (folder / LEDGER).unlink(missing_ok=True)


def replace_file(target: Path, content: bytes) -> None:
    """The old file or the new one, never a part: a cut file would be taken for its author's."""
    temporary = target.with_name(f".{target.name}.tmp")  # MkDocs leaves out what begins with a dot
    try:
        temporary.write_bytes(content)
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)


def _entries(folder: Path) -> set[tuple[str, str]]:
    ledger = folder / LEDGER
    lines = ledger.read_text(encoding="utf-8").splitlines() if ledger.is_file() else []
    return {(sha256, path) for sha256, _, path in (line.partition("  ") for line in lines) if path}


def _line(entry: tuple[str, str]) -> str:
    return "  ".join(entry) + "\n"


def _is(path: Path, sha256: str) -> bool:
    return path.is_file() and _sha256(path.read_bytes()) == sha256


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


if __name__ == "__main__":
    remove(Path(sys.argv[1]))
