"""What validation found wrong with a file, in one line: the field as its author wrote it, and what mends it."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from generator.untrusted import in_ascii

Schema = Mapping[str, Any]

# What a file's author chose is quoted so far: names, and pydantic's words, which may quote too.
_LONGEST_NAME: Final = 80
_LONGEST_WORDS: Final = 160

# Kinds of fault after which the value would say nothing more, or be the whole file.
_SAYS_ENOUGH: Final = ("missing", "json_invalid")


def first_fault(error: ValidationError, schema: Schema) -> str:
    """The first thing that is wrong in what `schema` describes: field, what was expected, what was there.

    An unknown field goes first, because one that is misspelt is missing too; then a wrong value; then what is missing.
    """
    faults = error.errors(include_url=False)
    for fault in faults:
        if fault["type"] == "extra_forbidden":
            *above, name = fault["loc"]
            path, forms = _walked(schema, above)
            known = {
                field for form in forms for one in _alternatives(schema, form) for field in one.get("properties", {})
            }
            if name not in known:  # of the forms that a value may have, another may have it
                return f"field {_name_of([*path, name])}: there is no such field{nearest(str(name), known)}"
    told = [fault for fault in faults if fault["type"] != "extra_forbidden"]
    first = next((fault for fault in told if fault["type"] != "missing"), (told or faults)[0])
    path, _ = _walked(schema, first["loc"])
    if discriminator := first.get("ctx", {}).get("discriminator"):
        return _wrong_kind(first, path, discriminator.strip("'"))
    where = f"field {_name_of(path)}: " if path else ""
    words = first["msg"].removeprefix("Value error, ").replace("Tuple should", "List should")
    message = _cut(words.partition(" after validation")[0], _LONGEST_WORDS)
    found = "" if first["type"] in _SAYS_ENOUGH else _quoted(first["input"])
    return f"{where}{message[0].lower()}{message[1:]}{found}"


def _wrong_kind(fault: ErrorDetails, path: Sequence[str], name: str) -> str:
    """Of a value of several kinds: the field that says which it is."""
    expected = fault.get("ctx", {}).get("expected_tags")
    where = f"field {_name_of([*path, name])}: "
    return f"{where}expected one of {expected}{_quoted(fault['input'][name])}" if expected else f"{where}field required"


def nearest(name: str, known: Iterable[str]) -> str:
    """The end of a message about a name that nothing has: what may have been meant."""
    near = get_close_matches(name, known) if len(name) <= _LONGEST_NAME else ()
    return f"; the nearest: {', '.join(near)}" if near else ""


def _quoted(value: object) -> str:
    """A short value; what has parts would be a page of them."""
    if isinstance(value, dict | list | tuple):
        return ""
    text = ascii(value[:60] if isinstance(value, str) else value)
    return f", found {_cut(text, 60)}"


def _name_of(path: Iterable[int | str]) -> str:
    return _cut(".".join(str(part)[:_LONGEST_NAME] for part in path), _LONGEST_NAME)


def _cut(text: str, length: int) -> str:
    line = in_ascii(text[: length + 1])
    return line if len(line) <= length else f"{line[: length - 3]}..."


def _walked(schema: Schema, location: Sequence[int | str]) -> tuple[list[str], list[Schema]]:
    """The way to a place as the file has it, without the names that only pydantic has for the forms of a value; and the
    forms that what is there may have."""
    path: list[str] = []
    forms = [schema]
    for part in location:
        below = [found for form in forms for one in _alternatives(schema, form) for found in _below(one, part)]
        if below:
            path.append(str(part))
            forms = below
        else:
            tags = (form.get("discriminator", {}).get("mapping", {}) for form in forms)
            forms = [{"$ref": tagged[part]} for tagged in tags if part in tagged] or forms
    return path, forms


def _alternatives(schema: Schema, form: Schema) -> Iterator[Schema]:
    if "$ref" in form:
        yield from _alternatives(schema, schema["$defs"][form["$ref"].rpartition("/")[2]])
    elif several := form.get("anyOf") or form.get("oneOf"):
        for one in several:
            yield from _alternatives(schema, one)
    else:
        yield form


def _below(form: Schema, part: int | str) -> Iterator[Schema]:
    if isinstance(part, int):
        found = form.get("items")
    else:
        found = form.get("properties", {}).get(part) or form.get("additionalProperties")
    if found:
        yield found
