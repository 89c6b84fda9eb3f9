"""Our tables are set aside while MkDocs reads a page: they are HTML already, and to read them as Markdown takes longer
than all else together. An author's tables get boxes like those of ours."""

import re
from collections import Counter
from html import escape, unescape
from typing import Final

# As the templates write them: at the margin, and closed at the end of a line.
_TABLE: Final = re.compile(r'^<div class="qp-table[^>\n]*><table>\n.*?</table></div>$', re.MULTILINE | re.DOTALL)
_ID: Final = re.compile(r'\bid="([^"]*)"')
# As Markdown writes them; the box is there already where the author wrote one.
_PLAIN: Final = re.compile(r'(<div [^>]*\bclass="qp-table[^>]*>\s*)?^<table>$.*?^</table>$', re.MULTILINE | re.DOTALL)
_HEAD: Final = re.compile(r"<th\b[^>]*>(.*?)</th>", re.DOTALL)
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


def scrollable(html: str) -> str:
    """The page with each plain table in a box that scrolls sideways and can be reached by keyboard, as `scrolls` in
    templates/macros.md.j2 has it; the box is called after the heads of the table's columns."""
    names: Counter[str] = Counter()

    def boxed(found: re.Match[str]) -> str:
        if found[1]:
            return found[0]
        heads = [unescape(re.sub(r"<[^>]+>", "", head)).strip() for head in _HEAD.findall(found[0])]
        name = ", ".join(filter(None, heads)) or "Table"
        names[name] += 1
        label = escape(f"{name} ({names[name]})" if names[name] > 1 else name)
        return f'<div class="qp-table" tabindex="0" role="region" aria-label="{label}">{found[0]}</div>'

    return _PLAIN.sub(boxed, html)
