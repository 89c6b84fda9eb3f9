"""What a builder without hooks made is finished, or refused as a whole in one line."""

from pathlib import Path

import pytest

from generator.errors import BuildError
from generator.finishing import finish
from generator.ledger import write_files

BUILT = """<!doctype html><head><meta charset="utf-8"></head><body><script>themes()</script>
<article>
{content}
</article>
</body>"""
TABLE = "<table>\n<thead><tr><th>Card</th></tr></thead>\n</table>"


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    folder = tmp_path / "pages"
    write_files({"index.md": "# Home", "runs/one.md": "# One"}, folder)
    (folder / "mine.md").write_text("# Mine", encoding="utf-8")
    return folder


@pytest.fixture
def site(tmp_path: Path) -> Path:
    for path, content in {
        "index.html": "<script>planted()</script>",
        "runs/one.html": "",
        "mine.html": TABLE + "\n<script>counter()</script>",
        "404.html": "",
    }.items():
        file = tmp_path / "site" / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(BUILT.format(content=content), encoding="utf-8")
    return tmp_path / "site"


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    file = tmp_path / "mkdocs.yml"
    file.write_text(
        "site_url: !ENV [NOWHERE, 'https://a.example/']\n"
        "extra_javascript:\n  - assets/page.js\n  - path: https://cdn.example/count.js\n    async: true\n",
        encoding="utf-8",
    )
    return file


def contents(site: Path) -> dict[str, str]:
    return {path.name: path.read_text(encoding="utf-8") for path in site.rglob("*.html")}


def hashes(html: str) -> int:
    return html.count("'sha256-")


def test_every_page_gets_a_policy_that_allows_what_mkdocs_yml_brings_in(
    site: Path, pages: Path, settings: Path
) -> None:
    assert finish(site, pages, settings) == 4
    for html in contents(site).values():
        assert html.count('http-equiv="Content-Security-Policy"') == 1
        assert "https://cdn.example" in html


def test_a_script_in_what_came_from_records_may_not_run_and_an_authors_may(
    site: Path, pages: Path, settings: Path
) -> None:
    finish(site, pages, settings)
    made = contents(site)

    assert hashes(made["index.html"]) == 1
    assert hashes(made["mine.html"]) == 2


def test_an_authors_table_gets_its_box(site: Path, pages: Path, settings: Path) -> None:
    finish(site, pages, settings)

    assert '<div class="qp-table" tabindex="0" role="region" aria-label="Card"><table>' in contents(site)["mine.html"]


def test_a_finished_site_stays_as_it_is(site: Path, pages: Path, settings: Path) -> None:
    finish(site, pages, settings)
    before = contents(site)

    assert finish(site, pages, settings) == 0
    assert contents(site) == before


def test_a_page_that_was_not_built_is_named_and_nothing_is_changed(site: Path, pages: Path, settings: Path) -> None:
    (site / "runs/one.html").unlink()
    before = contents(site)

    with pytest.raises(
        BuildError, match=r"runs/one\.html: not built, though there is a page runs/one\.md; `make pages"
    ):
        finish(site, pages, settings)
    assert contents(site) == before


def test_without_pages_on_disk_nothing_is_finished(site: Path, tmp_path: Path, settings: Path) -> None:
    with pytest.raises(BuildError, match="no generated pages; `make pages"):
        finish(site, tmp_path / "empty", settings)


def test_in_a_copy_an_authors_pages_are_the_authors_and_those_that_asked_for_figures_have_them(
    site: Path, pages: Path, settings: Path, tmp_path: Path
) -> None:
    filled = "---\nwrite_up: true\n---\n2,036 tokens/s"
    write_files({"index.md": "# Home", "runs/one.md": "# One", "mine.md": filled}, tmp_path / "copy")

    assert finish(site, tmp_path / "copy", settings, authors=pages) == 4
    assert hashes(contents(site)["index.html"]) == 1
    assert hashes(contents(site)["mine.html"]) == 2


def test_a_page_that_asks_for_figures_is_refused_because_readers_would_get_references(
    site: Path, pages: Path, settings: Path
) -> None:
    (pages / "mine.md").write_text("---\nwrite_up: true\n---\n", encoding="utf-8")

    with pytest.raises(BuildError, match=r"^mine\.md: it asks for figures, and stands as you wrote it"):
        finish(site, pages, settings)
