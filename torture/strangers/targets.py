"""What is fuzzed. A target gives None for input that is refused, "" for what is valid and does no harm, and a sentence
on what should not be."""

import json
import random
from collections.abc import Callable, Iterator
from itertools import chain
from math import isfinite
from pathlib import Path
from typing import Any, Final
from unicodedata import category

import atheris

from generator.errors import RecordError
from generator.measurements import parse
from torture.strangers.hostile import KINDS, LONGEST_MESSAGE
from torture.strangers.records import FILES, valid

Once = Callable[[bytes], str | None]
Mutate = Callable[[bytes, int, int], bytes]

# The first byte of an input says which kind of record the rest is.
_FILES: Final = {file[0].encode(): file for file in FILES}

# What a value is replaced by, as it stands in JSON.
_RAW: Final = (
    "null", "true", "0", "-0", "-1", "1.5", "1e999", "-1e999", "NaN", "9007199254740993", "[]", "{}", '""', '"x"',
    '"\\u0000"', '"\\ud800"', '"\\u202e"', '"\\u0430a"', '"a\\u0301"', '"a\\n"', '"../.."', '"2026-02-30T00:00:00Z"',
    '"https://a@b.org"', "[" * 60, '{"a":' * 30, "1" * 400, '"<script>"', '"\\u001b[31m"', "[null]", "[[]]",
    '{"a":1,"a":2}', '"eager"', '"failed"', '"reported"', "1e308", "1e-320",
)  # fmt: skip


def reader() -> tuple[Once, list[bytes], Mutate]:
    """Bytes as the reader gets them: only `RecordError` may leave it, with a message that may be printed."""
    seeds = [kind + json.dumps(valid(file), separators=(",", ":")).encode() for kind, file in _FILES.items()]
    return _read, seeds, _mutated


def _read(data: bytes) -> str | None:
    file = _FILES.get(data[:1], "launch")
    try:
        record = parse(Path(FILES[file]), data[1:], KINDS[file])
    except RecordError as error:
        message = str(error)
        odd = not (message.isascii() and message.isprintable() and len(message) < LONGEST_MESSAGE)
        return f"the message {message!a}" if odd else None
    again = KINDS[file].dump_json(record)
    if parse(Path(FILES[file]), again, KINDS[file]) != record:
        return f"not the same when it is written and read: {data!r}"
    return next(chain(_twice(data[1:]), _odd(json.loads(again)), [""]))


def _twice(content: bytes) -> list[str]:
    """The objects that have a field twice, found another way than the reader's."""
    found: list[str] = []

    def note(pairs: list[tuple[str, Any]]) -> None:
        if len({key for key, _ in pairs}) < len(pairs):
            found.append(f"a field twice among {[key for key, _ in pairs]!a}")

    json.loads(content, object_pairs_hook=note)
    return found


def _odd(value: object) -> Iterator[str]:
    """What no record may hold, found likewise. A whole number too large for a float may stand for one, and is one."""
    if isinstance(value, str):
        if any(category(one) in {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"} for one in value):
            yield f"the text {value!a}"
    elif isinstance(value, int | float):
        if not isfinite(value) or (isinstance(value, int) and abs(value) >= 2**53):
            yield f"the number {value}"
    elif isinstance(value, dict | list):
        parts = chain(value, value.values()) if isinstance(value, dict) else value
        for part in parts:
            yield from _odd(part)


def _mutated(data: bytes, most_bytes: int, seed: int) -> bytes:
    """Now and then any bytes may change; else a value of the record does, so that what follows is still read."""
    chance = random.Random(seed)  # noqa: S311, no secret
    if chance.random() < 0.25:
        return bytes(atheris.Mutate(data, most_bytes))
    try:
        record = json.loads(data[1:])
        holder, key = _place(record, chance)
    except (ValueError, RecursionError):  # no longer JSON, or no object
        return bytes(atheris.Mutate(data, most_bytes))
    words, value = "@fuzz@", holder[key]
    if chance.random() < 0.2 and isinstance(holder, dict):
        del holder[key]
        key = chance.choice(("", "x", "absent", "\u202e", key + "s"))
        words = value if chance.random() < 0.5 else words
    if isinstance(value, str) and chance.random() < 0.3:
        words = atheris.Mutate(value.encode("utf-8", "replace"), len(value) + 20).decode("utf-8", "replace")
    holder[key] = words
    text = json.dumps(record, separators=(",", ":"), ensure_ascii=False).replace('"@fuzz@"', chance.choice(_RAW), 1)
    return data[:1] + text.encode("utf-8", "surrogatepass")[: most_bytes - 1]


def _place(record: Any, chance: random.Random) -> tuple[Any, Any]:
    """Anywhere in a record: what holds a value, and its key there."""
    inside, holder, key = record, None, None
    while isinstance(inside, dict | list) and inside and (holder is None or chance.random() < 0.85):
        holder, key = inside, chance.choice([*inside] if isinstance(inside, dict) else [*range(len(inside))])
        inside = holder[key]
    if holder is None:
        raise ValueError("nothing is in it")
    return holder, key


# A byte beyond printable ASCII is one of these: what has a meaning to something that the words pass through.
_WORDS: Final = (
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "</table>", "<!--", "-->", "]]>", "&#60;",
    "&lt;", "&amp;", "javascript:alert(1)", "](javascript:alert(1))", "[x](", "![x](", "<a href=",
    "{{ 7*7 }}", "{% raw %}", "{#", "#}", "{: onclick=alert(1) }", "{onclick=alert(1)}", "`", "```", "~~~",
    "**", "__", "*[", "]: ", "[^1]", "|", " | a | b |", "# ", "- ", "1. ", "> ", "!!! note", "=== ", "---",
    "...", "::: ", "\\", "\\(", "$x$", "=1+1", "@SUM(1)", "+1", "-1", "'", '"', "' onclick=", '" onclick="',
    "&", "<", ">", "</script>", "</template>", "</style>", "<svg onload=alert(1)>", "%0a", "%3cscript%3e",
    "data:text/html,", "https://example.org", "www.example.org", "a@example.org", ":smile:", "é", "ß", "日本",
    "🦙", "“", "—", "…", "×", "→", "العربية", "עברית", "null", "None", "nan", "undefined", "{", "}", "}}",
    "{{", "%}", "${x}", "<%=", "<?php", "&#x3c;", "\\u003c", "\\x3c", "<br>", "<b", "</p>", "<h1>",
    "<p id=x>",
)  # fmt: skip


def renderer() -> tuple[Once, list[bytes], None]:
    """Words that the reader accepts, in every field that holds words: the page, the table and the feed stay as they
    are with plain ones."""
    from torture.strangers.inert import (  # all that makes pages: the reader's fuzzer needs none of it
        PLAIN,
        difference,
        made_with,
    )

    expected = made_with(PLAIN)

    def once(data: bytes) -> str | None:
        words = "".join(
            chr(one) if one < 127 else _WORDS[(one - 127) % len(_WORDS)] for one in data if one >= 32
        ).strip()
        try:
            made = made_with(words)
        except RecordError:
            return None
        return difference(expected, made)

    return once, [bytes([127 + number % 128]) for number in range(len(_WORDS))], None


TARGETS: Final[dict[str, Callable[[], tuple[Once, list[bytes], Mutate | None]]]] = {
    "reader": reader,
    "renderer": renderer,
}
