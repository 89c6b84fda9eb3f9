"""The author's own pages, and which of them ask for figures: their front matter says `write_up: true`."""

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import yaml  # type: ignore[import-untyped]
from mkdocs.utils.meta import YAML_RE, get_data

from generator.errors import UsageError

# What the expressions of a write-up may call.
FUNCTIONS: Final = ("value", "ratio", "chart", "provenance")

_REFERENCE: Final = re.compile(rf"\{{\{{-?\s*({'|'.join(FUNCTIONS)})\s*\(")
# What a reader sees as it was typed, or not at all.
_CODE: Final = re.compile(r"<(pre|code)\b.*?</\1>|<!--.*?-->", re.DOTALL)


# How front matter begins, also where MkDocs takes it for text; what a page may begin with besides is a rule across it.
_BEGINNING: Final = re.compile(r"(\s*)---[ \t]*\n[ \t]*[\w-]+[ \t]*:")
_ASKING: Final = re.compile(r"^\W*write_up\b", re.MULTILINE | re.IGNORECASE)

# A reference, to the end of its line where it has no end.
_SPAN: Final = re.compile(r"\{\{.*?(\}\}|$)", re.MULTILINE)
_QUOTED: Final = re.compile(r'"[^"]*"')


def pages_in(folder: Path) -> dict[str, str]:
    """The texts of the pages below `folder`, by path there."""
    return {
        path.relative_to(folder).as_posix(): path.read_text(encoding="utf-8-sig", errors="replace")
        for path in sorted(folder.rglob("*.md"))
    }


def write_ups(pages: Mapping[str, str]) -> dict[str, str]:
    """Those that ask for figures. Raises `UsageError`, with path and line, at front matter that can't be read: MkDocs
    would publish it as text, and nobody would know what it asks for."""
    return {path: text for path, text in pages.items() if _asks(path, text)}


def _asks(path: str, text: str) -> bool:
    said = get_data(text)[1]
    if not said and (begins := _BEGINNING.match(text)):
        line, why = _unread(text, begins)
        raise UsageError(f"{path}, line {line}: the front matter can't be read: {why}")
    asks = said.get("write_up", False)
    if not isinstance(asks, bool):
        found = _ASKING.search(text)
        raise UsageError(
            f"{path}, line {_line_at(text, found.start()) if found else 1}: write_up: expected true, found {asks!r}; "
            "write `write_up: true`, without quotes, between two lines of `---`"
        )
    return asks


def _unread(text: str, begins: re.Match[str]) -> tuple[int, str]:
    """The line of what is wrong with front matter, and how to mend it."""
    if begins[1]:
        return 1, "it begins with the page's first line; remove what is empty above its `---`"
    found = YAML_RE.match(text)
    if found is None:
        return 1, "it has no end; close it with another line of `---`"
    try:
        yaml.safe_load(found[1])
    except yaml.MarkedYAMLError as error:
        line = error.problem_mark.line if error.problem_mark else 0
        return line + 2, f"{error.problem}; put a text that has a colon into quotes, and indent by spaces, not tabs"
    except (yaml.YAMLError, ValueError) as error:
        return 2, f"{str(error).splitlines()[0]}; correct that, or put it into quotes"
    return 2, "it is no list of fields; write each as `name: value`, with a space after the colon"


def slip(page: str) -> tuple[int, str] | None:
    """The line of the first reference whose braces or quotes are not whole, and how to mend it."""
    for found in _SPAN.finditer(page):
        line, bare = _line_at(page, found.start()), _QUOTED.sub("", found[0])
        if set(bare) & set("“”„‘’"):
            return line, 'its quotes are curly; write straight ones, "'
        if '"' in bare:
            return line, 'a quote is missing; each name stands between two, "'
        if ")" in bare and not found[1]:
            return line, "it has no end; close it with two braces, }}"
    return None


def _line_at(text: str, position: int) -> int:
    return text.count("\n", 0, position) + 1


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
                raise UsageError(
                    f"{path}, line {_line_at(text, found.start())}: readers would get {{{{ {found[1]}(…) }}}} as it "
                    "stands; add `write_up: true` to the page's front matter, or write it as code"
                )


def _mark(found: re.Match[str]) -> str:
    return f"qp{found.start()}reference"
