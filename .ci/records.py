"""Looks at a contribution of records: what it changes, and what is in it. Nothing of it is checked out, so nothing of
it runs; its files are read out of git as they are, into a folder apart.

    python .ci/records.py BASE HEAD > report.md

Status 0 when it brings records alone and nothing is wrong with them, 2 when it touches anything else, otherwise that of
`quantpress check`. The report, in Markdown, is fit for a pull request. Run it from a checkout of BASE.
"""

import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from html import escape
from pathlib import Path
from typing import Final

WHERE: Final = "measurements/contributed/"
_RECORD: Final = re.compile(
    rf"{WHERE}[a-z0-9][a-z0-9.-]{{0,99}}/(manifest\.json|(launches|peers)/[a-z0-9][a-z0-9.-]{{0,149}}\.json)"
)
_PLAIN_FILE: Final = "100644"

# A run of 100 rounds of eight cells, and the largest file that the reader takes.
MOST_FILES: Final = 1000
MOST_BYTES: Final = 4 * 1024 * 1024


def main() -> None:
    """Print the report, and end with its status."""
    base, head = (_git("rev-parse", "--verify", f"{name}^{{commit}}").decode().strip() for name in sys.argv[1:3])
    changes = [*_changes(_git("merge-base", base, head).decode().strip(), head)]
    if refused := [*_refused(changes)]:
        print("<p><strong>This is no contribution of records alone.</strong> Send code and records apart.</p>\n<ul>")
        for reason in refused[:50]:
            print(f"<li>{reason}</li>")
        print("</ul>")
        sys.exit(2)
    runs = sorted({path.split("/")[2] for _, _, _, path in changes})
    with tempfile.TemporaryDirectory() as folder:
        for run in runs:
            _take_out(head, f"{WHERE}{run}", Path(folder))
        check = ["check", "--markdown", *(str(Path(folder, WHERE, run)) for run in runs)]
        sys.exit(subprocess.run([sys.executable, "-m", "generator.cli", *check], check=False).returncode)


def _changes(base: str, head: str) -> Iterator[tuple[str, str, str, str]]:
    """Mode, hash, status and path of each file that differs."""
    told = _git("diff", "--raw", "--no-renames", "--no-abbrev", "-z", base, head).decode(errors="replace").split("\0")
    for entry, path in zip(told[:-1:2], told[1::2], strict=True):
        _, mode, _, sha, status = entry.removeprefix(":").split(" ")
        yield mode, sha, status, path


def _refused(changes: list[tuple[str, str, str, str]]) -> Iterator[str]:
    if not changes:
        yield "nothing changes"
    if len(changes) > MOST_FILES:
        yield f"{len(changes)} files; at most {MOST_FILES} at once"
    for mode, sha, status, path in changes[:MOST_FILES]:
        shown = f"<code>{escape(''.join(one if one.isprintable() else '?' for one in path[:200]))}</code>"
        if _RECORD.fullmatch(path) is None:
            yield f"{shown}: no record's place, which is {WHERE}RUN/manifest.json, …/launches/*.json or …/peers/*.json"
        elif status == "D":
            yield f"{shown}: removed; what is published stays"
        elif mode != _PLAIN_FILE:
            yield f"{shown}: mode {mode}; a record is a plain file, {_PLAIN_FILE}"
        elif (size := int(_git("cat-file", "-s", sha))) > MOST_BYTES:
            yield f"{shown}: {size} bytes; a record has at most {MOST_BYTES}"


def _take_out(head: str, place: str, folder: Path) -> None:
    """Write the run's files as they would stand; those of before this change have been looked at already."""
    for entry in _git("ls-tree", "-r", "-z", head, "--", place).decode().split("\0")[:-1]:
        kind, path = entry.split("\t")
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(_git("cat-file", "blob", kind.split(" ")[2]))


def _git(*arguments: str) -> bytes:
    return subprocess.run(["git", *arguments], check=True, capture_output=True).stdout


if __name__ == "__main__":
    main()
