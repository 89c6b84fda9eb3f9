"""The figures of a run as a CSV file (RFC 4180), a row for each quantity of each cell."""

import csv
from collections.abc import Iterator
from io import StringIO
from typing import Final

from generator.analyse.run import RunFindings
from generator.render.units import plain, unit

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
