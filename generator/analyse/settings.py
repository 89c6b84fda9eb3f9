"""What a manifest fixes, setting by setting, so that two runs can be laid side by side."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from generator.manifest import MeasuredRun, ReportedRun

# Of the manifest; the rest is the run's own name and date, and what follows from these.
COMPARED: Final = ("hardware", "memory_budget_gib", "experiment", "versions", "git_revision", "profile")


@dataclass(frozen=True, slots=True)
class Change:
    """A setting, by its name in the manifest with dots between the levels, in two runs; None where one has none."""

    name: str
    before: object
    after: object


def settings_of(value: Mapping[str, Any], prefix: str = "") -> Iterator[tuple[str, object]]:
    """Every setting below `value` that is set, with its name. Items of a list are told apart by their own names."""
    for name, inner in value.items():
        nested = _nested(inner)
        if isinstance(nested, Mapping):
            yield from settings_of(nested, f"{prefix}{name}.")
        elif nested is not None and nested != ():
            yield f"{prefix}{name}", nested


def changes(manifest: MeasuredRun | ReportedRun, earlier: MeasuredRun | ReportedRun) -> tuple[Change, ...]:
    """What differs between two manifests, from `earlier` to `manifest`."""
    before, after = (
        {"model_name": one.model_name} | one.model_dump(include=set(COMPARED)) for one in (earlier, manifest)
    )
    names = [name for name in ("model_name", *COMPARED) if name in before or name in after]
    return tuple(change for name in names for change in _changes(name, before.get(name), after.get(name)))


def once(several: Iterable[Change]) -> tuple[Change, ...]:
    """Each change once, by its name and what it was: values that can't be hashed are told apart by their text."""
    return tuple({(one.name, repr(one.before), repr(one.after)): one for one in several}.values())


def _changes(name: str, before: object, after: object) -> Iterator[Change]:
    before, after = _nested(before), _nested(after)
    if before == after:
        return
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for inner in dict.fromkeys([*before, *after]):
            yield from _changes(f"{name}.{inner}", before.get(inner), after.get(inner))
    else:
        yield Change(name, _told(before), _told(after))


def _nested(value: object) -> object:
    """A list of named things by their names; anything else as it is."""
    if isinstance(value, tuple | list) and value and all(isinstance(one, Mapping) and "name" in one for one in value):
        return {one["name"]: {name: inner for name, inner in one.items() if name != "name"} for one in value}
    return value


def _told(value: object) -> object:
    """A whole branch by its name, where only one run has it."""
    return value.get("name", "set") if isinstance(value, Mapping) else value
