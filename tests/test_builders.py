"""The site outlives its builder: MkDocs, ProperDocs and Zensical make the same of the same pages on disk."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from html import unescape
from pathlib import Path
from urllib.parse import unquote
from xml.etree.ElementTree import Element

import pytest
from builders import COMMANDS, SITE_URL, absent, build, copy_of_checkout
from tinyhtml5 import parse

HTML = "{http://www.w3.org/1999/xhtml}"
OTHERS = [builder for builder in COMMANDS if builder != "mkdocs"]
MINE = """---
title: Notes of mine
---
# Notes

| Card | Price |
|---|---|
| RTX 4090 | 0.40 |

<script src="https://example.org/counter.js"></script>
"""

WRITE_UP = """---
title: What four bits cost
description: Four bits or sixteen.
write_up: true
---
AWQ makes {{ value("output_tokens_per_s", "awq") }}.

{{ chart("memory", "Where did the memory go?", "Each bar is the whole card.") }}

{{ provenance() }}
"""


@dataclass(frozen=True)
class Site:
    """What a builder made, as its readers find it."""

    root: Path

    @cached_property
    def files(self) -> dict[str, Path]:
        return {path.relative_to(self.root).as_posix(): path for path in self.root.rglob("*") if path.is_file()}

    @cached_property
    def pages(self) -> dict[str, "Built"]:
        return {path: Built(path, file) for path, file in self.files.items() if path.endswith(".html")}


@dataclass(frozen=True)
class Built:
    """A page; its content is what came from its Markdown, without the theme around it."""

    path: str
    file: Path

    @cached_property
    def document(self) -> Element:
        document: Element = parse(self.file.read_text(encoding="utf-8"))
        return document

    @cached_property
    def content(self) -> Element:
        found = self.document.find(f".//{HTML}article")
        assert found is not None, self.path
        return found

    @cached_property
    def title(self) -> str:
        return said_in(next(self.document.iter(f"{HTML}title")))

    @cached_property
    def text(self) -> str:
        return said_in(self.content)

    @cached_property
    def headings(self) -> list[tuple[str, str]]:
        levels = {f"{HTML}h{level}" for level in range(1, 7)}
        return [(str(one.tag), said_in(one)) for one in self.content.iter() if one.tag in levels]

    @cached_property
    def ids(self) -> list[str]:
        """Those of the content; of the theme's own, which begin so, each theme has others."""
        return [name for one in self.content.iter() if (name := one.get("id")) and not name.startswith("__")]

    @cached_property
    def all_ids(self) -> set[str]:
        return {str(one.get("id")) for one in self.document.iter() if one.get("id")}

    @cached_property
    def links(self) -> list[str]:
        return [*self._addresses(self.content, "a", "href")]

    @cached_property
    def navigation(self) -> set[str]:
        bars = [one for one in self.document.iter(f"{HTML}nav") if "md-nav--primary" in one.get("class", "")]
        return {link for bar in bars for link in self._addresses(bar, "a", "href") if "#" not in link}

    @cached_property
    def pictures(self) -> list[tuple[str, str | None]]:
        texts = [one.get("alt") for one in self.content.iter(f"{HTML}img")]
        return list(zip(self._addresses(self.content, "img", "src"), texts, strict=True))

    @cached_property
    def data(self) -> list[tuple[str, str, str]]:
        """What our scripts read, the charts' figures among it. Search's own marks are for MkDocs' search alone."""
        return [
            (str(one.tag), name, value)
            for one in self.content.iter()
            for name, value in sorted(one.attrib.items())
            if name.startswith("data-") and name != "data-search-exclude"
        ]

    @cached_property
    def elements(self) -> list[tuple[str, str]]:
        """Every element with its classes, but for the link to the content, which Zensical has within it."""
        return [(str(one.tag), one.get("class", "")) for one in self.content.iter() if one.get("id") != "__skip"]

    @cached_property
    def head(self) -> list[tuple[str, str]]:
        """What the page says of itself to feeds, cards and search engines."""
        metas = [
            (one.get("property") or one.get("name"), one.get("content")) for one in self.document.iter(f"{HTML}meta")
        ]
        return sorted((name, content or "") for name, content in metas if name and name != "generator")

    @cached_property
    def policy(self) -> str:
        return next(
            one.get("content", "")
            for one in self.document.iter(f"{HTML}meta")
            if one.get("http-equiv") == "Content-Security-Policy"
        )

    def _addresses(self, part: Element, tag: str, attribute: str) -> Iterator[str]:
        """Where each leads, from the site's root: builders write the same address in several ways."""
        for one in part.iter(f"{HTML}{tag}"):
            if address := one.get(attribute):
                yield self.leads_to(address)

    def leads_to(self, address: str) -> str:
        if re.match(r"[a-z]+:", address):
            return address
        place, sign, fragment = address.partition("#")
        target = Path("/", self.path).parent / unquote(place) if place else Path("/", self.path)
        return f"{target.resolve().as_posix().lstrip('/')}{sign}{unquote(fragment)}"


def said_in(element: Element) -> str:
    return " ".join("".join(element.itertext()).split())


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Site]:
    """Each builder's site by the builder's name, of the committed records and two pages of the author's."""
    sites = {}
    for builder in COMMANDS:
        if not absent(builder):
            folder = tmp_path_factory.mktemp(builder)
            project = copy_of_checkout(folder / "project")
            mine = project / "site/pages/notes/mine.md"
            mine.parent.mkdir()
            mine.write_text(MINE, encoding="utf-8")
            mine.with_name("four-bits.md").write_text(WRITE_UP, encoding="utf-8")
            sites[builder] = Site(build(project, builder, folder / "site"))
    return sites


@pytest.fixture
def ours(built: dict[str, Site]) -> Site:
    return built["mkdocs"]


@pytest.fixture(params=OTHERS)
def other(request: pytest.FixtureRequest, built: dict[str, Site]) -> Site:
    if why := absent(request.param):
        pytest.skip(why)
    return built[request.param]


def test_every_builder_makes_the_same_pages(ours: Site, other: Site) -> None:
    assert set(other.pages) == set(ours.pages)
    assert {"index.html", "404.html", "notes/mine.html", "notes/four-bits.html", "runs/2026-11-24-demo.html"} <= set(
        other.pages
    )


@pytest.mark.parametrize(
    "what", ["title", "text", "headings", "ids", "elements", "links", "navigation", "pictures", "data", "head"]
)
def test_every_page_says_and_shows_the_same(ours: Site, other: Site, what: str) -> None:
    for path, page in ours.pages.items():
        assert getattr(other.pages[path], what) == getattr(page, what), path


def test_every_chart_has_its_figure_its_picture_and_its_table(other: Site) -> None:
    charts = [
        figure
        for page in other.pages.values()
        for figure in page.content.iter(f"{HTML}figure")
        if "qp-chart" in figure.get("class", "")
    ]

    assert len(charts) > 20
    for chart in charts:
        tags = {str(one.tag).rpartition("}")[2] for one in chart.iter()}
        assert {"svg", "table"} <= tags, chart.get("id")
        assert "data" in json.loads(chart.get("data-figure", "")), chart.get("id")


def test_the_files_beside_the_pages_have_equal_bytes(ours: Site, other: Site) -> None:
    beside = [path for path in ours.files if path.startswith(("data/", "cards/")) or path == "feed.xml"]
    beside += [f"assets/{file.name}" for file in (ours.root / "assets").iterdir() if file.is_file()]

    assert len(beside) > 100
    assert [path for path in beside if other.files[path].read_bytes() != ours.files[path].read_bytes()] == []


def test_no_link_leads_nowhere(built: dict[str, Site]) -> None:
    for builder, site in built.items():
        for path, page in site.pages.items():
            for link in page.links:
                address, _, fragment = link.partition("#")
                place = address.partition("?")[0]
                if not re.match(r"[a-z]+:", link):
                    assert place in site.files, (builder, path, link)
                    assert not fragment or place not in site.pages or fragment in site.pages[place].all_ids, (
                        path,
                        link,
                    )


def test_the_sitemap_names_every_page(built: dict[str, Site]) -> None:
    for builder, site in built.items():
        text = (site.root / "sitemap.xml").read_text(encoding="utf-8")
        named = {unescape(address) for address in re.findall(r"<loc>(.*?)</loc>", text)}
        assert named == {SITE_URL + path for path in site.pages if path != "404.html"}, builder


def test_every_page_has_a_policy_that_lets_its_own_scripts_run_and_no_other(built: dict[str, Site]) -> None:
    for builder, site in built.items():
        for path, page in site.pages.items():
            scripts = re.search(r"script-src ([^;]*)", page.policy)
            assert scripts is not None, (builder, path)
            allowed = scripts[1].split()
            assert allowed[0] == "'self'", (builder, path)
            assert 1 < len(allowed) < 6, (builder, path)
            assert all(one.startswith("'sha256-") for one in allowed[1:]), (builder, path)


def test_an_authors_table_scrolls_whoever_builds(built: dict[str, Site]) -> None:
    for builder, site in built.items():
        boxes = [one for one in site.pages["notes/mine.html"].content.iter() if one.get("class") == "qp-table"]
        assert [box.get("aria-label") for box in boxes] == ["Card, Price"], builder
