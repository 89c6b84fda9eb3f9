"""`quantpress export`: every observation of every record as one tidy table, in CSV and Parquet, and its description.

Records are read one at a time, so that a thousand runs need no more memory than one.
"""

import argparse
import csv
import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from importlib.util import find_spec
from itertools import islice
from pathlib import Path
from typing import IO, Any, Final, Literal, get_args

from generator import __version__, imported_runs
from generator.analyse.observations import Observation, of_imported, of_launch
from generator.errors import UsageError
from generator.folders import MEASUREMENTS, TEMPLATES, imported_folders, run_folders, templates_in, trust_of
from generator.measurements import read_one_by_one
from generator.render import dataset
from generator.render.about import teller
from generator.render.pages import environment_of
from generator.render.tidy import COLUMNS, as_texts, row_of, unit_of
from generator.untrusted import in_ascii

Format = Literal["csv", "parquet", "jsonld"]
FORMATS: Final[tuple[Format, ...]] = get_args(Format)

# Rows that are held at once: a group of the Parquet file.
_GROUP: Final = 50_000

_NAMES: Final[dict[Format, str]] = {
    "csv": "observations.csv",
    "parquet": "observations.parquet",
    "jsonld": "dataset.jsonld",
}


def add_options(command: argparse.ArgumentParser) -> None:
    """What `quantpress export` may be told."""
    command.add_argument("folder", type=Path, metavar="FOLDER", help="where the files go; made if need be")
    command.add_argument(
        "--format", action="append", choices=FORMATS, help="only this one; repeatable (default: all of them)"
    )


@dataclass
class _Seen:
    """What the description of the table has to say, gathered while it is written."""

    rows: int = 0
    runs: set[str] = field(default_factory=set)
    dates: set[str] = field(default_factory=set)
    variables: dict[str, str | None] = field(default_factory=dict)


def export(folder: Path, formats: Sequence[Format] = FORMATS, root: Path = MEASUREMENTS) -> int:
    """Write the files into `folder`, in place of those of an earlier export, and return how many rows the table has.

    Raises `UsageError` where Parquet is asked for and pyarrow is missing, `RecordError` at a record that is not as it
    must be; the files are then as they were.
    """
    if "parquet" in formats and find_spec("pyarrow") is None:
        raise UsageError(
            "--format parquet: pyarrow is missing; install it with `make export`, or name other formats: "
            "--format csv --format jsonld"
        )
    if folder.exists() and not folder.is_dir():
        raise UsageError(f"{in_ascii(str(folder))}: there is a file of that name; name a folder")
    formats = tuple(dict.fromkeys(formats))
    folder.mkdir(parents=True, exist_ok=True)
    unfinished = {name: folder / f".{_NAMES[name]}.tmp" for name in FORMATS}
    seen = _Seen()
    try:
        with ExitStack() as stack:
            writers = [_WRITERS[name](stack, unfinished[name]) for name in formats if name in _WRITERS]
            rows = (_noted(one, seen) for one in observations(root))
            while group := list(islice(rows, _GROUP)):
                for write in writers:
                    write(group)
        if "jsonld" in formats:
            tables = {name: unfinished[name] for name in formats if name in _WRITERS}
            unfinished["jsonld"].write_text(_description(seen, tables), encoding="utf-8")
        for name in formats:
            unfinished[name].replace(folder / _NAMES[name])
    finally:
        for path in unfinished.values():
            with suppress(OSError):
                path.unlink(missing_ok=True)
    return seen.rows


def observations(root: Path) -> Iterator[Observation]:
    """Every observation under `root`, run by run; imported ones last. Raises `RecordError`."""
    for folder in run_folders(root):
        manifest, launches = read_one_by_one(folder)
        for launch in launches:
            yield from of_launch(manifest, trust_of(folder), launch)
    for folder in imported_folders(root):
        results = imported_runs.read_imported(folder)
        for record in results.records:
            yield from of_imported(results.manifest, record)


def _noted(one: Observation, seen: _Seen) -> tuple[object, ...]:
    seen.rows += 1
    seen.runs.add(one.run)
    if one.measured_at is not None:
        seen.dates.add(one.measured_at[:10])
    if one.quantity is not None and one.value is not None:
        seen.variables.setdefault(one.quantity, unit_of(one))
    return row_of(one)


Rows = list[tuple[object, ...]]


def _csv(stack: ExitStack, path: Path) -> Callable[[Rows], None]:
    file: IO[str] = stack.enter_context(path.open("w", encoding="utf-8", newline=""))
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    return lambda rows: writer.writerows(map(as_texts, rows))


def _parquet(stack: ExitStack, path: Path) -> Callable[[Rows], None]:
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.parquet as pq

    kinds = {
        "text": pa.string(),
        "timestamp": pa.timestamp("s", tz="UTC"),
        "whole": pa.int64(),
        "flag": pa.bool_(),
        "number": pa.float64(),
    }
    schema = pa.schema([(name, kinds[kind]) for name, kind in COLUMNS.items()])
    writer = stack.enter_context(pq.ParquetWriter(path, schema, compression="zstd"))

    def column(values: Iterable[object], kind: str) -> Any:
        if kind == "timestamp":
            return pc.assume_timezone(pc.strptime(pa.array(values, pa.string()), "%Y-%m-%dT%H:%M:%SZ", "s"), "UTC")
        return pa.array(values, kinds[kind])

    def write(rows: Rows) -> None:
        columns = [column(values, kind) for values, kind in zip(zip(*rows, strict=True), COLUMNS.values(), strict=True)]
        writer.write_table(pa.Table.from_arrays(columns, schema=schema))

    return write


_WRITERS: Final[dict[str, Callable[[ExitStack, Path], Callable[[Rows], None]]]] = {"csv": _csv, "parquet": _parquet}


def _description(seen: _Seen, tables: dict[Format, Path]) -> str:
    tell = teller(environment_of(templates_in(TEMPLATES)))
    downloads = [_download(name, path) for name, path in tables.items()]
    told = dataset.of_table(seen.variables, seen.dates, len(seen.runs), seen.rows, downloads, tell, __version__)
    return json.dumps(told, indent=2, ensure_ascii=False) + "\n"


def _download(name: Format, path: Path) -> dict[str, str]:
    with path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    size = f"{path.stat().st_size} B"
    return dataset.download(_NAMES[name], _NAMES[name]) | {"contentSize": size, "sha256": sha256}
