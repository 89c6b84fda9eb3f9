"""What the page of an imported run shows besides its findings, its charts, and its files for download."""

import csv
from collections.abc import Iterator, Mapping, Sequence
from io import StringIO
from typing import Any, Final

from generator.analyse.imported import STATISTICS, TIMES, Curve, ImportedFindings
from generator.imported import FIGURES, IMPORTED, IMPORTED_RUN, Imported
from generator.imported_runs import file_name
from generator.render.chart import Axis, Chart, Mark, Series, axis_of, rounded
from generator.render.sheet import defused
from generator.render.units import asked, plain, unit

# What a curve is drawn of, where it has it at each of its loads.
_DRAWN: Final = ("output_tokens_per_s", "ttft_p50_s", "tpot_mean_s", "latency_p50_s")
_LOADS: Final = {"concurrency": ("Requests at once", ""), "request_rate_per_s": ("Requests sent", "1/s")}

_COLUMNS: Final = ("measurement", "file", "place", "quantity", "unit", "value", "field", "field_unit", "factor")


def of_run(findings: ImportedFindings, files: Sequence[str]) -> dict[str, Any]:
    """For the page; `files` are the paths of its files for download."""
    return {
        "this": findings,
        "figures": [name for name in FIGURES if any(name in one.figures.known for one in findings.records)],
        "charts": [chart for curve in findings.curves for chart in charts_of(findings, curve)],
        "unsaid": tuple(unsaid(findings.records)),
        "files": files,
    }


def charts_of(findings: ImportedFindings, curve: Curve) -> Iterator[Chart]:
    """A chart for each quantity that the tool measured at each of a curve's loads."""
    title, in_unit = _LOADS[curve.by]
    for quantity in _DRAWN:
        values = {one.figures.known[curve.by]: one.figures.known.get(quantity) for one in curve.records}
        marks = tuple(Mark(load, rounded(value), "imported") for load, value in values.items() if value is not None)
        if len(marks) == len(curve.records):
            number = curve.records[0].number  # two curves of one run may be of one quantity
            yield Chart(
                slug=f"{quantity.replace('_', '-')}-{curve.by.replace('_', '-')}-{number}",
                kind="curves",
                subject="Tool",
                value=axis_of(quantity),
                across=Axis(title, in_unit, log=True, ticks=tuple((load, asked(load)) for load in values)),
                series=(Series(curve.tool, marks, "reported"),),
                runs=(findings.manifest.run_id,),
            )


def unsaid(records: Sequence[Imported]) -> Iterator[tuple[str, tuple[str, ...], tuple[int, ...]]]:
    """What files do not say: the reason, the names of what it is the reason of, and the numbers of the measurements."""
    numbers: dict[tuple[str, str], list[int]] = {}
    for record in records:
        for name, reason in (record.subject.absent | record.figures.absent).items():
            numbers.setdefault((reason, name), []).append(record.number)
    names: dict[tuple[str, tuple[int, ...]], list[str]] = {}
    for (reason, name), those in numbers.items():
        names.setdefault((reason, tuple(those)), []).append(name)
    for (reason, those_numbers), of_reason in names.items():
        yield reason, _together(of_reason), those_numbers


def _together(names: Sequence[str]) -> tuple[str, ...]:
    """The names, those of all statistics of a time as one."""
    whole = {time for time in TIMES if {f"{time}_{one}_s" for one in STATISTICS} <= {*names}}
    first_parts = (name.partition("_")[0] for name in names)
    return tuple(dict.fromkeys(part if part in whole else name for part, name in zip(first_parts, names, strict=True)))


def files_of(findings: ImportedFindings) -> Mapping[str, str]:
    """The run's figures as a table and its records, by their paths in the site."""
    folder = f"data/{findings.manifest.run_id}"
    manifest = IMPORTED_RUN.dump_json(findings.manifest, indent=2).decode()
    records = {f"{folder}/{file_name(one)}": IMPORTED.dump_json(one).decode() + "\n" for one in findings.records}
    return {f"{folder}/figures.csv": _figures_csv(findings), f"{folder}/manifest.json": f"{manifest}\n", **records}


def _figures_csv(findings: ImportedFindings) -> str:
    """A row for each figure, with the field that it was read from (RFC 4180)."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    for one in findings.records:
        for name, value in one.figures.known.items():
            reading = one.readings[name]
            texts = (one.source.name, one.place, name, unit(name))
            where = (defused(reading.field), reading.unit, plain(reading.factor))
            writer.writerow((one.number, *map(defused, texts), plain(value), *where))
    return file.getvalue()
