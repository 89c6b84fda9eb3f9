"""Tables of pages: ours are set aside while Markdown is read, an author's get boxes like ours."""

import re

import markdown  # type: ignore[import-untyped]

from generator.aside import scrollable
from generator.folders import TEMPLATES
from generator.render.pages import environment_of

TABLE = "| Method | Speed & *more* |\n|---|---:|\n| AWQ | 600 |\n"


def html_of(text: str) -> str:
    return str(markdown.markdown(text, extensions=["tables", "md_in_html", "fenced_code"]))


def test_a_plain_table_gets_a_box_that_the_keyboard_reaches() -> None:
    macros = environment_of({"m": (TEMPLATES / "macros.md.j2").read_text(encoding="utf-8")}).get_template("m").module
    ours = str(macros.scrolls("a name"))  # type: ignore[attr-defined]
    boxed = scrollable(html_of(TABLE))

    assert boxed.startswith(
        '<div class="qp-table" tabindex="0" role="region" aria-label="Method, Speed &amp; more"><table>'
    )
    assert boxed.endswith("</table></div>")
    assert re.sub(r'"[^"]*"', "", ours) in re.sub(r'"[^"]*"', "", boxed)  # with what the macro gives our own


def test_a_table_without_heads_has_a_name_all_the_same() -> None:
    assert 'aria-label="Table"' in scrollable(html_of("| | |\n|---|---|\n| AWQ | 600 |\n"))


def test_boxes_of_tables_with_the_same_heads_have_names_of_their_own() -> None:
    boxed = scrollable(html_of(f"{TABLE}\nBetween.\n\n{TABLE}"))

    assert re.findall('aria-label="([^"]*)"', boxed) == ["Method, Speed &amp; more", "Method, Speed &amp; more (2)"]


def test_a_table_that_has_its_box_and_one_that_is_code_stay_as_they_are() -> None:
    for text in (
        f'<div class="qp-table" aria-label="mine" markdown="1">\n\n{TABLE}\n</div>\n',
        "```html\n<table>\n<tr><td>a</td></tr>\n</table>\n```\n",
        "No table.\n",
    ):
        assert scrollable(html_of(text)) == html_of(text)
