"""Hostile records: valid ones, each spoiled in one way. A case has the kind of attack, the file, and its bytes."""

import json
import pickle
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from torture.strangers.meanings import meanings
from torture.strangers.records import (
    FILES,
    MOST_BYTES,
    Path,
    at,
    parts_of,
    raw_at,
    reported,
    told,
    valid,
    with_at,
    written,
)


@dataclass(frozen=True)
class Case:
    """`file` is a key of `FILES`."""

    kind: str
    file: str
    name: str
    content: bytes


def cases() -> Iterator[Case]:
    """All of them; each name stands once."""
    for file in FILES:
        record = valid(file)
        for kind, spoiled in (
            ("bytes", _bytes(written(record))),
            ("JSON", _json(written(record).decode())),
            ("bombs", _bombs(record)),
            ("keys", _keys(record)),
            ("numbers", _numbers(record)),
            ("text", _texts(record)),
            ("fields", _fields(record)),
        ):
            for name, content in spoiled:
                yield Case(kind, file, name, content)
    records = {file: valid(file) for file in FILES}
    for kind, file, record, values_at in meanings(records["launch"], records["manifest"], records["peer"], reported()):
        for place, values in values_at.items():
            path = tuple(int(part) if part.isdigit() else part for part in place.split("/"))
            for value in values:
                yield Case(kind, file, f"{place} as {json.dumps(value)[:200]}", written(with_at(record, path, value)))


def _bytes(whole: bytes) -> Iterator[tuple[str, bytes]]:
    text = whole.decode()
    yield "nothing", b""
    yield "white space", b" \n\t" * 100
    for name in ("utf-8-sig", "utf-16", "utf-16-le", "utf-32", "cp037"):
        yield f"in {name}", text.encode(name)
    for name, odd in {
        "a lone continuation": b"\x80",
        "an overlong slash": b"\xc0\xaf",
        "an encoded surrogate": b"\xed\xa0\x80",
        "beyond Unicode": b"\xf4\x90\x80\x80",
        "half a character": b"\xe2\x82",
        "a byte of Latin-1": b"\xe9",
    }.items():
        yield f"{name} at the start", odd + whole
        yield f"{name} in a text", whole.replace(b'": "', b'": "' + odd, 1)
        yield f"{name} at the end", whole + odd
    yield "a NUL at the end", whole + b"\0"
    yield "NULs as a disk leaves them", b"\0" * len(whole)
    yield "a pickle", pickle.dumps({"schema_version": 1})
    yield "a program", b"\x7fELF" + whole
    yield "an archive", b"PK\x03\x04" + whole
    yield "compressed", b"\x1f\x8b\x08" + whole
    yield "a pointer to a large file", b"version https://git-lfs.github.com/spec/v1\noid sha256:00\nsize 1\n"
    yield "a conflict", b"<<<<<<< HEAD\n" + whole + b"=======\n" + whole + b">>>>>>> other\n"
    yield "a page", b"<!doctype html><script>alert(1)</script>"


def _json(whole: str) -> Iterator[tuple[str, bytes]]:
    inside = whole.rstrip()[1:-1]
    for name, text in {
        "a second document": whole + whole,
        "more after it": whole + "x",
        "a comma too many": "{" + inside.rstrip() + ",}",
        "a comment": "/* a comment */" + whole,
        "a comment of a line": "// a comment\n" + whole,
        "single quotes": whole.replace('"', "'"),
        "names without quotes": whole.replace('"schema_version"', "schema_version"),
        "a line break in a text": whole.replace('": "', '": "\n', 1),
        "a tab in a text": whole.replace('": "', '": "\t', 1),
        "an unknown escape": whole.replace('": "', r'": "\x41', 1),
        "half an escape": whole.replace('": "', r'": "\u00', 1),
        "a lone high surrogate": whole.replace('": "', r'": "\ud800', 1),
        "a lone low surrogate": whole.replace('": "', r'": "\udc00', 1),
        "a NUL as an escape": whole.replace('": "', r'": "\u0000', 1),
        "in a list": f"[{whole}]",
        "in a text": json.dumps(whole),
        "a list": "[]",
        "an empty object": "{}",
        "null": "null",
        "true": "true",
        "a number": "1",
        "NaN": "NaN",
        "a text": '"hello"',
        "no comma": whole.replace(",", "", 1),
        "no colon": whole.replace(":", "", 1),
        "no end": whole.rstrip()[:-1],
        "a wrong end": whole.rstrip()[:-1] + "]",
        "a special space": "\u00a0" + whole,
        "YAML": "schema_version: 1\n",
        "a call": f"callback({whole})",
    }.items():
        yield name, text.encode("utf-8", "surrogatepass")


def _bombs(record: Any) -> Iterator[tuple[str, bytes]]:
    for name, part, end in (
        ("lists in lists", "[", "]"),
        ("objects in objects", '{"a":', "1" + "}"),
        ("lists and objects", '[{"a":', "1" + "}]"),
    ):
        for depth in (100, 1_000, 100_000):
            yield f"{depth} {name}", (part * depth + end * depth).encode()
        yield f"{name} without an end", (part * (MOST_BYTES // len(part))).encode()
        yield f"{name} in a field", raw_at(record, ("schema_version",), part * 50_000)
    for name, item in {
        "lists": "[]",
        "objects": "{}",
        "numbers": "0",
        "texts": '"x"',
        "escapes": r'"\u00e9"',
        "fractions": "0.1",
        "nulls": "null",
    }.items():
        yield f"a list of {name}", ("[" + ",".join([item] * (MOST_BYTES // (len(item) + 1) - 1)) + "]").encode()
    items = ",".join(["0"] * (MOST_BYTES // 2 - 20_000))
    list_at = next(path for path, value in parts_of(record) if isinstance(value, list))
    yield f"a long {list_at[-1]}", raw_at(record, list_at, f"[{items}]")
    many = ",".join(f'"{number}":0' for number in range(MOST_BYTES // 11))
    yield "many fields", f"{{{many}}}".encode()
    yield "many equal fields", ("{" + ",".join(['"a":0'] * (MOST_BYTES // 6 - 1)) + "}").encode()
    yield "a long name of a field", raw_at(record, ("schema_version",), f'1, "{"a" * (MOST_BYTES - 100_000)}": 1')
    yield "a long text", raw_at(record, ("schema_version",), f'"{"a" * (MOST_BYTES - 100_000)}"')
    yield "a long number", raw_at(record, ("schema_version",), "1" * 100_000)
    yield "long fractions", raw_at(record, ("schema_version",), "1." + "1" * 100_000)
    yield "too large", written(record) + b" " * MOST_BYTES


def _keys(record: Any) -> Iterator[tuple[str, bytes]]:
    for path, value in parts_of(record):
        if isinstance(value, dict) and value:
            key = next(iter(value))
            yield f"{told((*path, key))} twice", _twice(record, path, {key: value[key]})
    for name, key in {
        "an escaped name": r"schema\u005fversion",
        "a name in another case": "Schema_Version",
        "a name with a space": "schema_version ",
        "a name with nothing in it": "schema_\u200bversion",
        "a look-alike name": "sсhema_version",
        "the name of a prototype": "__proto__",
        "a constructor": "constructor",
        "an empty name": "",
        "colours of a terminal": r"\u001b[31mred",
        "a line of a log": r"x\nquantpress: all is well",
        "a page": "<script>alert(1)</script>",
        "a template": "{{ 7*7 }}",
        "a text that turns round": r"\u202egnol",
    }.items():
        yield name, raw_at(record, ("schema_version",), f'1, "{key}": 1')


def _twice(record: Any, path: Path, field: dict[str, Any]) -> bytes:
    """A copy with an object that begins with a field that it has once more."""
    marked = written(with_at(record, path, {"@twice@": 0} | at(record, path)))
    return marked.replace(b'"@twice@": 0', json.dumps(field)[1:-1].encode())


def _numbers(record: Any) -> Iterator[tuple[str, bytes]]:
    for path, value in parts_of(record):
        for raw in _not_as(value, "arguments" in path, "tasks" in path):
            yield f"{told(path)} as {raw[:20]}", raw_at(record, path, raw)


def _not_as(value: Any, of_any_kind: bool, of_any_size: bool) -> Iterator[str]:  # noqa: FBT001
    """What can't stand for a number or a truth."""
    if isinstance(value, int | float):
        yield from ("NaN", "-Infinity", "1e999", "-1e999", "[1]", "9" * 5000, "0x1", "01", "+1", ".5", "1.", "TRUE")
        yield from () if of_any_kind else ('"1"', "{}")
    if isinstance(value, bool):
        yield from () if of_any_kind else ("1", "0", '"true"')
    elif isinstance(value, int | float):
        yield from () if of_any_kind else ("true", "false")
        yield from () if of_any_size else ("1e30", "-1e30")
    if isinstance(value, int) and not isinstance(value, bool):
        yield str(2**53 + 1)
        yield from () if of_any_kind else ("1.5",)


# Each stands behind a character or a word of what was there.
_MARKS: Final = {
    "a line break": "\n",
    "a return": "\r",
    "a NUL": "\0",
    "an escape of a terminal": "\x1b[31m",
    "a C1 control": "\x9b31m",
    "a separator of lines": "\u2028",
    "an override of direction": "\u202e",
    "an isolate of direction": "\u2066",
    "a space of no width": "\u200b",
    "a joiner": "\u200d",
    "a byte order mark": "\ufeff",
    "a soft hyphen": "\xad",
    "a filler": "\u3164",
    "a blank pattern": "\u2800",
    "a joiner of graphemes": "\u034f",
    "a selector of variants": "\ufe0f",
    "a tag": "\U000e0041",
    "a space that does not break": "\xa0",
    "a private character": "\ue000",
    "no character": "\uffff",
    "a mark apart from its letter": "e\u0301",
    "many marks": "e" + "\u0336\u0337\u0338\u0335\u0334",
    "a letter of full width": "\uff41",
    "a mathematical letter": "\U0001d41a",
    "a Cyrillic letter": "a\u0430",
    "a Greek letter": "o\u03bf",
    "two thousand letters": "a" * 2001,
}


def _texts(record: Any) -> Iterator[tuple[str, bytes]]:
    for path, value in parts_of(record):
        if isinstance(value, str):
            for name, mark in _MARKS.items():
                yield f"{told(path)} with {name}", written(with_at(record, path, value + mark))
            for raw in ("1", "[]", "{}", "false"):
                if "arguments" not in path:
                    yield f"{told(path)} as {raw}", raw_at(record, path, raw)


def _fields(record: Any) -> Iterator[tuple[str, bytes]]:
    for path, value in parts_of(record):
        if isinstance(value, dict) and path[-1:] not in (("arguments",), ("kernels",), ("versions",)):
            yield f"{told((*path, 'more'))}", written(with_at(record, (*path, "more"), 1))
            yield f"{told(path)} as a list", written(with_at(record, path, [value]))
    # Fields with a default may be left out: they are younger than the first records.
    for key in record:
        without = {name: value for name, value in record.items() if name != key}
        yield f"without {key}", written(without)
        yield f"{key} as a list of itself", written(record | {key: [record[key]]})
