"""Rows of the table of all cells as data, from which the page's script makes the elements that their template wrote."""

import json
from collections.abc import Iterable
from html.parser import HTMLParser
from typing import Final

from jinja2 import Environment

from generator.analyse.listing import measured_first, rows_of
from generator.analyse.pairs import HEADLINE
from generator.analyse.run import RunFindings

# The rows that are not in the page itself. A script, because a page that was opened from disk may fetch nothing else.
OLDER_CELLS: Final = "data/older-cells.js"

# These have no end tag.
_VOID: Final = frozenset({"br"})


def rows_json(run: RunFindings, environment: Environment) -> str:
    """The rows of a run's cells, one after the other: each element a list of its name, its attributes and what is in
    it, texts and elements."""
    macros = environment.get_template("cells.md.j2").module
    rows = (_Tree(str(macros.row(row, HEADLINE))).root for row in measured_first(rows_of(run)))  # type: ignore[attr-defined]
    return ",\n".join(json.dumps(row, ensure_ascii=False, separators=(",", ":")) for (row,) in rows)


def older_cells(rows: Iterable[str]) -> str:
    """The script that brings the rows of older runs, each as of `rows_json`, the newest first."""
    body = ",\n".join(filter(None, rows))
    return f"window.quantpress = {{ ...window.quantpress, olderCells: [\n{body}\n] }};\n"


class _Tree(HTMLParser):
    """Reads what one of our own templates wrote: every element but `_VOID` is closed."""

    def __init__(self, text: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root: list[object] = []
        self._open: list[list[object]] = [self.root]
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element: list[object] = [tag, {name: value or "" for name, value in attrs}]
        self._open[-1].append(element)
        if tag not in _VOID:
            self._open.append(element)

    def handle_endtag(self, _: str) -> None:
        self._open.pop()

    def handle_data(self, data: str) -> None:
        self._open[-1].append(data)
