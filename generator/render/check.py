"""The report of `quantpress check`: Markdown through its template, and the same for a terminal."""

from collections.abc import Iterable, Iterator
from typing import Any

from jinja2 import Environment

from generator.render.about import plain


def report(checked: Iterable[Any], environment: Environment) -> str:
    """As Markdown; `checked` are `check.Checked`."""
    page = environment.get_template("check.md.j2").render(checked=tuple(checked))
    # An empty line would end the raw HTML, and begin Markdown.
    lines = [line for line in page.splitlines() if line.strip()]
    return "".join(f"\n{line}\n" if line.startswith(("<details", "<p>")) else f"{line}\n" for line in lines).lstrip()


def for_terminal(markdown: str) -> str:
    """The text of a report, a line for each of its items; characters that a terminal would obey are replaced."""
    return "\n".join(_lines(markdown)).strip() + "\n"


def _lines(markdown: str) -> Iterator[str]:
    for line in markdown.splitlines():
        text = "".join(one if one.isprintable() else "\N{REPLACEMENT CHARACTER}" for one in plain(line))
        if line.startswith(("<details", "<p>")):
            yield ""
        if text:
            yield f"    - {text}" if "<li>" in line else f"  {text}" if "<th" in line else text
