"""Pages of an author's own: which ask for figures, and which would be published with bare references."""

from pathlib import Path

import pytest
from markdown import Markdown  # type: ignore[import-untyped]
from mkdocs.config import load_config

from generator.errors import UsageError
from generator.folders import CHECKOUT
from generator.written import FUNCTIONS, front_matter, pages_in, refuse_unfilled, write_ups


@pytest.fixture(scope="module")
def site() -> Markdown:
    """What reads the site's pages."""
    config = load_config(str(CHECKOUT / "mkdocs.yml"))
    return Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs)


@pytest.mark.parametrize(
    "text",
    [
        "---\nwrite_up: true\n---\n# Mine\n",
        "\ufeff---\nwrite_up: true\n---\n# Mine\n",
        "---  \r\ntitle: Mine\r\nwrite_up: true\r\n---\r\n# Mine\r\n",
    ],
)
def test_a_page_asks_for_figures_as_mkdocs_reads_it(tmp_path: Path, text: str) -> None:
    (tmp_path / "mine.md").write_bytes(text.encode())

    (page,) = write_ups(pages_in(tmp_path)).values()
    front, rest = front_matter(page)

    assert front + rest == page
    assert rest == "# Mine\n"


@pytest.mark.parametrize("text", ["# Mine\n", "---\ntitle: Mine\n---\n", "---\nwrite_up: false\n---\n"])
def test_no_other_page_does(text: str) -> None:
    assert not write_ups({"mine.md": text})


@pytest.mark.parametrize(
    ("front", "said"),
    [
        (
            "---\ntitle: X\nsubject: X: Y\nwrite_up: true\n---\n",
            "line 3: .* mapping values .* put a text .* into quotes",
        ),
        ("---\ntitle: X\n\twrite_up: true\n---\n", "line 3: .* indent by spaces, not tabs"),
        ("---\ntitle: X\ndate: 2026-13-45\n---\n", "line 2: .* month must be in 1..12"),
        ("---\ntitle:X\n---\n", "line 2: .* `name: value`, with a space after the colon"),
        ("---\ntitle: X\nwrite_up: true\n", "line 1: .* no end; close it with another line of `---`"),
        ("\n---\ntitle: X\nwrite_up: true\n---\n", "line 1: .* remove what is empty above its `---`"),
        ('---\ntitle: X\nwrite_up: "true"\n---\n', "line 3: write_up: expected true, found 'true'; .* without quotes"),
        ("title: X\nwrite_up: true\n\n", "line 2: write_up: .* between two lines of `---`"),
    ],
)
def test_front_matter_that_cannot_be_read_is_told_with_its_line_and_mend(front: str, said: str) -> None:
    with pytest.raises(UsageError, match=f"^notes/mine.md, {said}"):
        write_ups({"a.md": "# A\n", "notes/mine.md": f"{front}# Mine\n\nNo reference.\n"})


@pytest.mark.parametrize(
    "text", ["---\n\nA rule, then text: as it is.\n", "# A\n\n---\nnote: none\n", "---\n# None\n---\n"]
)
def test_a_rule_across_a_page_is_no_front_matter(text: str) -> None:
    assert not write_ups({"mine.md": text})


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_bare_reference_is_refused_with_its_line_and_what_is_to_be_added(site: Markdown, name: str) -> None:
    page = f"---\ntitle: Mine\n---\n\n`{{{{ value() }}}}`\n\n- a\n\n    {{{{{name} ()}}}}\n"
    said = rf"^notes/mine\.md, line 9: .* {name}\(…\) .* add `write_up: true` to the page's front matter"

    with pytest.raises(UsageError, match=said):
        refuse_unfilled({"a.md": "# A\n", "notes/mine.md": page}, site.reset().convert)


@pytest.mark.parametrize(
    "text",
    [
        'Write `{{ value("weights_gib", "awq") }}`.',
        '```markdown\n{{ value("weights_gib", "awq") }}\n```',
        '~~~\n{{ chart("memory", "t") }}\n~~~',
        '    {{ ratio("weights_gib", "awq") }}',
        "<!-- {{ provenance() }} -->",
        "{{ values }} and {{ other() }} of somebody else's",
    ],
)
def test_code_may_speak_of_references(site: Markdown, text: str) -> None:
    refuse_unfilled({"mine.md": f"# Mine\n\n{text}\n"}, site.reset().convert)


def test_a_page_that_asks_is_not_refused(site: Markdown) -> None:
    refuse_unfilled({"mine.md": "---\nwrite_up: true\n---\n{{ provenance() }}\n"}, site.reset().convert)
