"""Tables are set aside while MkDocs reads a page: they are HTML already, and to read them as Markdown takes longer than
all else together."""

import re
from html import unescape
from typing import Final

# As the templates write them: at the margin, and closed at the end of a line.
_TABLE: Final = re.compile(r'^<div class="qp-table[^>\n]*><table>\n.*?</table></div>$', re.MULTILINE | re.DOTALL)
_ID: Final = re.compile(r'\bid="([^"]*)"')
_MARK: Final = re.compile(r'<div data-aside="(\d+)"></div>')


def set_aside(markdown: str) -> tuple[str, list[str]]:
    """The page with a mark in the place of each table, and the tables."""
    tables: list[str] = []

    def mark(found: re.Match[str]) -> str:
        tables.append(found[0])
        return f'<div data-aside="{len(tables) - 1}"></div>'

    return _TABLE.sub(mark, markdown), tables


def put_back(html: str, tables: list[str]) -> str:
    """The page with its tables."""
    return _MARK.sub(lambda found: tables[int(found[1])], html)


def anchors(tables: list[str]) -> set[str]:
    """The ids of the tables' elements, which links may lead to."""
    return {unescape(name) for table in tables for name in _ID.findall(table)}
