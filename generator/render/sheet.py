"""The figures of a run as a CSV file (RFC 4180), a row for each quantity of each cell."""

import csv
from collections.abc import Iterable, Iterator
from io import StringIO
from typing import Final

from generator.analyse.run import RunFindings
from generator.render.units import plain, unit

# All runs' figures in one file, with the run before the other columns.
ALL_CELLS: Final = "data/cells.csv"

COLUMNS: Final = ("cell", "method", "engine", "mode", "quantity", "unit", "median", "lowest", "highest", "launches")

# Spreadsheets take a text that begins so for a formula, which could fetch or run something.
_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")


def cells_csv(run: RunFindings) -> str:
    """The whole file; figures have their full precision, and a point before the decimals."""
    file = StringIO()
    writer = csv.writer(file, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(run))
    return file.getvalue()


def all_cells_csv(of_runs: Iterable[tuple[str, str]]) -> str:
    """One file of the files of several runs, each with the run's id, which needs no quotes."""
    lines = [",".join(("run", *COLUMNS))]
    for run_id, text in of_runs:
        lines.extend(f"{run_id},{line}" for line in text.split("\r\n")[1:-1])
    return "".join(f"{line}\r\n" for line in lines)


def _rows(run: RunFindings) -> Iterator[tuple[str, ...]]:
    for one in run.cells:
        of_cell = (one.cell.id, one.cell.method, one.cell.engine, one.cell.mode)
        for quantity, stat in one.stats.items():
            texts = (*of_cell, quantity, unit(quantity))
            figures = (plain(stat.median), plain(stat.low), plain(stat.high), plain(stat.count))
            yield (*(defused(text) for text in texts), *figures)


def defused(text: str) -> str:
    """Text that no spreadsheet takes for a formula."""
    return f"'{text}" if text.startswith(_FORMULA) else text
