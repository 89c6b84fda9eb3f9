"""Reads files that anyone may have written: what they are and hold is looked at before anything is made of it.

It knows nothing of records: their fields are the schema's matter.
"""

import json
import os
import stat
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from generator.errors import RecordError

# The largest launch file that a profile allows stays well below (100 repeats are about 12 kB).
MAX_FILE_BYTES: Final = 4 * 1024 * 1024
# Rounds of all cells, with room to spare.
MAX_FILES: Final = 5_000
# A small file of brackets would take a hundred times its size in memory. Samples and points are some hundreds at most.
MAX_PARTS: Final = 20_000
MAX_KEYS: Final = 2_000
MAX_MESSAGE: Final = 390

# A pipe, or a link that took the file's place after it was looked at, must not be waited for or followed.
_FLAGS: Final = os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)


def refusal(path: Path, what: str) -> RecordError:
    """What is wrong with a file and what mends it, in one line that is safe to print, whatever the file is named."""
    line = in_ascii(f"{shown(path)}: {what}")
    half = MAX_MESSAGE // 2
    return RecordError(line if len(line) <= MAX_MESSAGE else f"{line[:half]}...{line[3 - half :]}")


def in_ascii(text: str) -> str:
    """Printable ASCII: everything else is written as its escape, so that it can't act on a terminal or a page."""
    return "".join(one if " " <= one <= "~" else ascii(one)[1:-1] for one in text)


def shown(path: Path) -> str:
    """The path as a reader knows it, without the folders above the project."""
    names = list(path.parts)
    return "/".join(names[names.index("measurements") :] if "measurements" in names else names[-3:])


def entries(folder: Path) -> Iterator[os.DirEntry[str]]:
    """What lies in a folder by name, without what begins with a dot, which is never read: a system's, an editor's or a
    killed writer's. Raises `RecordError` where the folder is a link, where something in it is one, or at too much."""
    try:
        if folder.is_symlink():
            raise refusal(folder, "a link; a record must lie where it is read: put the folder itself here")
        with os.scandir(folder) as found:
            inside = [entry for entry, _ in zip(found, range(MAX_FILES + 1), strict=False)]
    except OSError as error:
        raise refusal(folder, f"can't be read: {error.strerror}") from None
    if len(inside) > MAX_FILES:
        raise refusal(folder, f"no part of a run, which has no more than {MAX_FILES:,} files; remove the folder")
    for entry in sorted(inside, key=lambda one: one.name):
        if not entry.name.startswith("."):
            if entry.is_symlink():
                raise refusal(
                    folder / entry.name, "a link; a record must lie where it is read: put the file itself here"
                )
            yield entry


def content_of(path: Path) -> bytes:
    """The bytes of a regular file. Raises `RecordError` at anything else, and at one that is too large."""
    try:
        _refuse_irregular(path, path.lstat().st_mode)
        descriptor = os.open(path, _FLAGS)
        with open(descriptor, "rb") as file:  # noqa: PTH123, what is read must be what was looked at
            _refuse_irregular(path, os.fstat(descriptor).st_mode)
            content = file.read(MAX_FILE_BYTES + 1)  # not as its size says: it may grow meanwhile
    except FileNotFoundError:
        raise refusal(path, "missing; every run needs one; restore it, or remove the folder") from None
    except OSError as error:
        raise refusal(path, f"can't be read: {error.strerror}") from None
    if len(content) > MAX_FILE_BYTES:
        raise refusal(path, f"larger than {MAX_FILE_BYTES} bytes, which no record is; remove the file")
    return content


def _refuse_irregular(path: Path, mode: int) -> None:
    if not stat.S_ISREG(mode):
        raise refusal(path, "no regular file; remove it")


def text_of(path: Path, content: bytes) -> str:
    """The content of a file as JSON that means one thing, to every reader. Raises `RecordError`."""
    try:
        text, record = json_in(content, MAX_PARTS)
    except OddJsonError as error:
        raise refusal(path, f"{error}; {error.mend}") from None
    if not isinstance(record, dict):
        raise refusal(path, "byte 0: expected an object, {...}; restore the file, or remove it and measure again")
    return text


class OddJsonError(ValueError):
    """What is wrong with bytes that should be JSON; `mend` is what to do where they should be a record."""

    def __init__(self, what: str, mend: str) -> None:
        super().__init__(what)
        self.mend = mend


def json_in(content: bytes, most_parts: int) -> tuple[str, Any]:
    """The text in `content`, and the value that it is in JSON. NaN and infinities pass here, for what takes the value
    up refuses them. Raises `OddJsonError`."""
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise OddJsonError(f"byte {error.start}: expected UTF-8 text", "restore the file or remove it") from None
    if text.count("{") + text.count("[") > most_parts:
        what = f"byte 0: more than {most_parts:,} objects and lists, which no record has"
        raise OddJsonError(what, "remove the file")
    try:
        return text, json.loads(text, object_pairs_hook=_without_duplicates)
    except RecursionError:
        raise OddJsonError("byte 0: nested too deeply to be a record", "remove the file") from None
    except json.JSONDecodeError as error:
        byte = len(text[: error.pos].encode())
        raise OddJsonError(f"not valid JSON: byte {byte}: {error.msg}", "restore the file, or remove it") from None
    except _OddObjectError as error:
        raise OddJsonError(f"field {error}", "correct it, or remove the file and measure again") from None
    except ValueError:
        raise OddJsonError("byte 0: a number of thousands of digits", "remove the file") from None


class _OddObjectError(ValueError):
    pass


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Because pydantic takes the last of two equal keys in silence."""
    if len(pairs) > MAX_KEYS:
        raise _OddObjectError(f"{pairs[0][0][:60]}: in an object of more than {MAX_KEYS:,} fields, which no record has")
    keys = dict(pairs)
    if len(keys) < len(pairs):
        (twice, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise _OddObjectError(f"{twice[:60]}: the key stands twice in one object")
    return keys
