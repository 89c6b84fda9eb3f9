"""What an importer is, and what it gives."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from generator.imports.place import Place, Readings
from generator.samples import TaskScore


@dataclass(frozen=True, slots=True)
class Part:
    """One measurement of a file, the whole or what stands at `place`. `subject` is by the names of `imported.Subject`;
    `why` has reasons for what the file does not say, by a name or by how names begin."""

    readings: Readings
    subject: Mapping[str, str | None] = field(default_factory=dict)
    place: str = ""
    tasks: tuple[TaskScore, ...] = ()
    remarks: tuple[str, ...] = ()
    why: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Tool:
    """A tool whose files can be imported.

    `recognises` says whether a value, as JSON gave it, is of this tool; `version` is the tool's as the file has it, and
    refuses one whose form is not known; `parts` are what it measured. The last two raise `OddFieldError`.
    """

    name: str
    recognises: Callable[[Any], bool]
    version: Callable[[Place], str | None]
    parts: Callable[[Place], Iterator[Part]]


def has_fields(value: Any, *names: str) -> bool:
    """Whether a value is an object with at least these fields."""
    return isinstance(value, dict) and all(name in value for name in names)


def last_part(model: Place) -> str:
    """A model's name. Of a path that starts at the root or at home, which may name a user, only the last part."""
    name = model.text()
    leaves = name.startswith(("/", "~", "\\\\", "..")) or name[1:3] in {":\\", ":/"}
    return name.replace("\\", "/").rstrip("/").rpartition("/")[2] if leaves else name
