"""The author's own pages, and which of them ask for figures: their front matter says `write_up: true`."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from mkdocs.utils.meta import get_data

from generator.errors import UsageError

# What the expressions of a write-up may call.
FUNCTIONS: Final = ("value", "ratio", "chart", "provenance")

_REFERENCE: Final = re.compile(rf"\{{\{{-?\s*({'|'.join(FUNCTIONS)})\s*\(")
# What a reader sees as it was typed, or not at all.
_CODE: Final = re.compile(r"<(pre|code)\b.*?</\1>|<!--.*?-->", re.DOTALL)


def pages_in(folder: Path) -> dict[str, str]:
    """The texts of the pages below `folder`, by path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8-sig", errors="replace")
        for path in sorted(folder.rglob("*.md"))
    }


def write_ups(pages: Mapping[str, str]) -> dict[str, str]:
    """Those that ask for figures."""
    return {path: text for path, text in pages.items() if get_data(text)[1].get("write_up") is True}


def front_matter(text: str) -> tuple[str, str]:
    """A page in two: its front matter, and the rest, as MkDocs takes it."""
    rest = get_data(text)[0]
    return text.removesuffix(rest), rest


def refuse_unfilled(pages: Mapping[str, str], to_html: Callable[[str], str]) -> None:
    """Raise `UsageError`, with path and line, at a reference in a page that doesn't ask for figures: readers would get
    it as it is. In code it may stand, and what is code `to_html` knows."""
    asking = write_ups(pages)
    for path, text in pages.items():
        if path in asking or not _REFERENCE.search(text):
            continue
        marked = _REFERENCE.sub(_mark, text)
        html = _CODE.sub("", to_html(front_matter(marked)[1]))
        for found in _REFERENCE.finditer(text):
            if _mark(found) in html:
                line = text.count("\n", 0, found.start()) + 1
                raise UsageError(
                    f"{path}, line {line}: readers would get {{{{ {found[1]}(…) }}}} as it stands; "
                    "add `write_up: true` to the page's front matter, or write it as code"
                )


def _mark(found: re.Match[str]) -> str:
    return f"qp{found.start()}reference"
