"""`quantpress import`: files of other tools become an imported run, all of them or none."""

import argparse
import hashlib
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import TypeAdapter, ValidationError

from generator import imported_runs
from generator.analyse.imported import Implausible, implausible
from generator.errors import ImportFileError, UsageError
from generator.faults import first_fault
from generator.folders import IMPORTED as IMPORTED_FOLDER
from generator.folders import MEASUREMENTS, OTHERS, imported_folders, run_folders
from generator.frozen import Slug
from generator.imported import (
    FIGURES,
    IMPORTED,
    SCHEMA_VERSION,
    SUBJECT,
    Imported,
    ImportedRun,
    SourceFile,
    Stated,
    with_reasons,
)
from generator.imported_runs import ImportedResults
from generator.imports.place import OddFieldError, Place
from generator.imports.tool import Part, Tool
from generator.imports.tools import TOOLS, tools_of
from generator.readable import Name, readable
from generator.untrusted import OddJsonError, in_ascii, json_in

# A report of GuideLLM with a hundred thousand requests in it; what is kept of it is small.
MOST_BYTES: Final = 256 * 2**20
MOST_PARTS: Final = 2_000_000
MOST_FILES: Final = 200

STATED: Final[tuple[Stated, ...]] = get_args(Stated)

_SCHEMA: Final = IMPORTED.json_schema()
_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name)


def add_options(command: argparse.ArgumentParser) -> None:
    """What `quantpress import` may be told."""
    command.add_argument("files", nargs="+", type=Path, metavar="FILE", help="what the tool wrote, as JSON")
    command.add_argument(
        "--tool", metavar="NAME", help=f"which tool wrote them: {', '.join(one.name for one in TOOLS)}"
    )
    command.add_argument("--run-id", metavar="ID", help="the name of the run (default: the day and the tool)")
    for name in STATED:
        command.add_argument(f"--{name}", metavar="NAME", help=f"the {name}, where the files do not say it")


def import_files(
    paths: Sequence[Path],
    tool: str | None,
    run_id: str | None,
    stated: Mapping[Stated, str | None],
    root: Path = MEASUREMENTS,
) -> ImportedResults:
    """Read the files, and write what is in them as one run. `stated` is what the user says of what was measured, by the
    names of `STATED`.

    Raises `ImportFileError` at the first file that is not what a known tool writes, `UsageError` at an option that
    can't be meant; nothing is written then.
    """
    if len(paths) > MOST_FILES:
        raise UsageError(f"{len(paths)} files: at most {MOST_FILES} make one run; import them in several")
    wanted = _tool_named(tool)
    for option, value in stated.items():
        _refuse_odd_name(option, value)
    known = {one.sha256: run.manifest.run_id for run in imported_runs.read_all(root) for one in run.manifest.sources}
    sources: dict[str, SourceFile] = {}
    records: list[Imported] = []
    for path in paths:
        content = _content(path)
        sha256 = hashlib.sha256(content).hexdigest()
        if sha256 in known:
            raise _refusal(path, f"imported already, as {known[sha256]}; leave it out")
        for record in records_in(path.name, content, wanted, stated, len(records)):
            records.append(record)
            sources[sha256] = record.source
        known[sha256] = "another file of this command"
    name = _free_id(root, run_id, sources)
    manifest = ImportedRun(
        schema_version=SCHEMA_VERSION,
        origin="imported",
        run_id=name,
        created_at=f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        sources=tuple(sources.values()),
        command=readable(_command(paths, tool, stated)),
    )
    results = ImportedResults(manifest, tuple(records))
    imported_runs.write_imported(results, root)
    return results


def records_in(
    name: str, content: bytes, wanted: Tool | None, stated: Mapping[Stated, str | None], before: int = 0
) -> Iterator[Imported]:
    """The measurements in the bytes of a file called `name`, numbered after those `before`. Raises as above."""
    path = Path(name)
    try:
        _, value = json_in(content, MOST_PARTS)
    except OddJsonError as error:
        raise _refusal(path, f"{error}; expected the JSON that a tool writes; export it again") from None
    tool = _tool_of(path, value, wanted)
    try:
        file = Place(value)
        source = SourceFile(
            name=in_ascii(path.name)[-200:],
            sha256=hashlib.sha256(content).hexdigest(),
            size_bytes=len(content),
            tool=tool.name,
            tool_version=tool.version(file),
        )
        parts = list(tool.parts(file))
        for number, part in enumerate(parts, before + 1):
            yield _plausible(path, _record(number, source, part, stated))
    except OddFieldError as error:
        raise _refusal(path, f"{error}; it is no file of {tool.name} as it is known here") from None
    except ValidationError as error:
        raise _refusal(path, f"{first_fault(error, _SCHEMA)}; correct what wrote the file") from None
    except (OverflowError, OSError):  # of a date that no calendar has
        raise _refusal(path, "a date in it is none; correct what wrote the file") from None


def _record(number: int, source: SourceFile, part: Part, stated: Mapping[Stated, str | None]) -> Imported:
    subject = {name: value for name, value in part.subject.items() if value is not None}
    said: dict[str, str] = {name: value for name, value in stated.items() if value is not None}
    for name, value in said.items():
        if subject.get(name, value) != value:
            what = f"--{name} {value}: {source.name} says {subject[name]}; leave the option out, or the file"
            raise UsageError(in_ascii(what)[:390])
    ours = tuple(name for name in STATED if name in said and name not in subject)
    why, otherwise = dict(part.why), f"{source.tool} does not say it"
    return IMPORTED.validate_python(
        {
            "schema_version": SCHEMA_VERSION,
            "status": "imported",
            "number": number,
            "source": source,
            "place": part.place,
            "subject": with_reasons({**said, **subject}, SUBJECT, why, otherwise),
            "stated": ours,
            "figures": with_reasons(dict(part.readings.figures), FIGURES, why, otherwise),
            "readings": part.readings.readings,
            "tasks": part.tasks,
            "remarks": part.remarks,
        }
    )


def _plausible(path: Path, record: Imported) -> Imported:
    for found in implausible(record):
        raise _refusal(path, f"{_where(record, found)}; it is in another unit, or no measurement")
    return record


def _where(record: Imported, found: Implausible) -> str:
    """A figure that can't be true, by the field of the file that it came from."""
    name = found.field.partition(".")[2]
    field = record.readings[name].field if name in record.readings else found.field
    return f"field {field}: expected {found.relation} {_short(found.possible)} as {name}, found {_short(found.found)}"


def _short(value: float | str) -> str:
    return value if isinstance(value, str) else f"{value:.6g}"


def _refuse_odd_name(option: str, value: str | None) -> None:
    if value is not None:
        try:
            _NAME.validate_python(value)
        except ValidationError as error:
            what = f"--{option} {value!r}: {first_fault(error, {})}; name it otherwise, or leave it out"
            raise UsageError(in_ascii(what)[:390]) from None


def _tool_named(name: str | None) -> Tool | None:
    if name is None:
        return None
    for tool in TOOLS:
        if tool.name.casefold() == name.casefold():
            return tool
    raise UsageError(f"--tool {name}: expected one of {', '.join(tool.name for tool in TOOLS)}")


def _tool_of(path: Path, value: Any, wanted: Tool | None) -> Tool:
    found = tools_of(value)
    if wanted is not None:
        return wanted
    if len(found) == 1:
        return found[0]
    many = " and ".join(tool.name for tool in found)
    what = f"it could be of {many}; say which with --tool" if found else "of no tool that is known here"
    raise _refusal(path, what if found else f"{what}; expected a file of {', '.join(tool.name for tool in TOOLS)}")


def _content(path: Path) -> bytes:
    try:
        if not path.is_file():
            what = "it is no file" if path.exists() else "there is no such file"
            raise _refusal(path, f"{what}; name one that a tool wrote")
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise _refusal(path, f"can't be read: {error.strerror}; give permission") from None
    if not content:
        raise _refusal(path, "it is empty; export it again")
    if len(content) > MOST_BYTES:
        raise _refusal(path, f"larger than {MOST_BYTES // 2**20} MiB; export it without the single requests")
    return content


def _free_id(root: Path, wanted: str | None, sources: Mapping[str, SourceFile]) -> str:
    taken = {folder.name for folder in (*run_folders(root), *imported_folders(root))}
    if wanted is not None:
        try:
            TypeAdapter(Slug).validate_python(wanted)
        except ValidationError:
            raise UsageError(
                f"--run-id {wanted}: expected small letters, digits, points and dashes; name it otherwise"
            ) from None
        if wanted in taken or wanted in {*OTHERS, IMPORTED_FOLDER}:
            raise UsageError(f"--run-id {wanted}: there is a run of that name; choose another")
        return wanted
    tools = {one.tool for one in sources.values()}
    kind = re.sub(r"[^a-z0-9]+", "-", tools.pop().lower()) if len(tools) == 1 else "several-tools"
    stem = f"{datetime.now(UTC):%Y-%m-%d}-{kind}"
    numbered = (stem if number == 1 else f"{stem}-{number}" for number in range(1, len(taken) + 2))
    return next(name for name in numbered if name not in taken)


def _command(paths: Sequence[Path], tool: str | None, stated: Mapping[Stated, str | None]) -> str:
    """What was typed, for the reader; of files their names alone, for their folders may name a user."""
    options = {"tool": tool} | {str(name): value for name, value in stated.items()}
    words = [word for name, value in options.items() if value is not None for word in (f"--{name}", value)]
    return shlex.join(["quantpress", "import", *(path.name for path in paths), *words])


def _refusal(path: Path, what: str) -> ImportFileError:
    return ImportFileError(in_ascii(f"{path.name[-80:]}: {what}")[:390])
