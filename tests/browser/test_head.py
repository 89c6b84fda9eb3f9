"""What the head of each built page says to feed readers, search engines and whoever shows a link to it."""

from __future__ import annotations

import json
from html.parser import HTMLParser
from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

import pytest
from PIL import Image

from .visit import Visit, follow

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


class Head(HTMLParser):
    """The meta elements of a page by their name, its links to feeds, and the texts of its JSON-LD."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.meta: dict[str, list[str]] = {}
        self.feeds: list[str] = []
        self.data: list[str] = []
        self.in_data = False
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        its = {name: value or "" for name, value in attrs}
        if tag == "meta" and (name := its.get("property") or its.get("name")):
            self.meta.setdefault(name, []).append(its.get("content", ""))
        if tag == "link" and its.get("type") == "application/atom+xml":
            self.feeds.append(its["href"])
        self.in_data = tag == "script" and its.get("type") == "application/ld+json"

    def handle_data(self, data: str) -> None:
        if self.in_data:
            self.data.append(data)

    def handle_endtag(self, tag: str) -> None:
        self.in_data = self.in_data and tag != "script"


@pytest.fixture
def built(site_dir: Path, site_url: str) -> dict[str, Head]:
    """The head of every built page, by the page's path."""
    assert site_url  # it builds what site_dir holds
    paths = [path for path in site_dir.rglob("*.html") if path.name != "404.html"]
    return {path.relative_to(site_dir).as_posix(): Head(path) for path in paths}


def described(page: Page) -> list[str]:
    scripts = page.locator("head script[type='application/ld+json']")
    return [str(text) for text in scripts.evaluate_all("all => all.map(one => one.textContent)")]


def test_every_page_has_a_card_with_absolute_addresses(built: dict[str, Head], site_dir: Path, site_url: str) -> None:
    for path, head in built.items():
        for name in ("og:title", "og:description", "og:image:alt", "twitter:title", "twitter:image:alt"):
            (text,) = head.meta[name]
            assert text.strip(), (path, name)
        assert head.meta["twitter:card"] == ["summary_large_image"]
        assert head.meta["og:url"] == [site_url + path]
        (image,) = head.meta["og:image"]
        assert head.meta["twitter:image"] == [image]
        assert image.startswith(f"{site_url}cards/")
        with Image.open(site_dir / image.removeprefix(site_url)) as card:
            assert (card.format, card.size) == ("PNG", (1200, 630)), path


def test_every_page_leads_to_the_feed_and_the_feed_to_pages_that_exist(
    built: dict[str, Head], site_dir: Path, site_url: str
) -> None:
    for path, head in built.items():
        (feed,) = head.feeds
        assert ((site_dir / path).parent / feed).resolve() == (site_dir / "feed.xml").resolve()
    links = ET.parse(site_dir / "feed.xml").iter("{http://www.w3.org/2005/Atom}link")  # noqa: S314, our own
    for link in links:
        address = link.attrib["href"]
        assert address.startswith(site_url)
        path, _, anchor = address.removeprefix(site_url).partition("#")
        assert f'id="{anchor}"' in (site_dir / path).read_text(encoding="utf-8") or not anchor, address


def test_the_records_are_described_with_files_that_exist(built: dict[str, Head], site_dir: Path, site_url: str) -> None:
    for path in ("index.html", "comparison.html", "methods/awq.html", "appendix.html"):
        (text,) = built[path].data
        files = [file["contentUrl"] for file in json.loads(text)["distribution"]]
        assert files
        assert all((site_dir / file.removeprefix(site_url)).is_file() for file in files), path
        assert "<" not in text
    assert built["glossary.html"].data == []


def test_instant_navigation_takes_the_head_along_and_runs_none_of_it(visit: Visit, page: Page) -> None:
    page.evaluate("window.sameDocument = true")
    of_home = described(page)
    follow(page, "Comparison")
    of_comparison = described(page)
    follow(page, "Glossary")
    of_glossary = described(page)
    card = page.locator("meta[property='og:image']").get_attribute("content") or ""
    follow(page, "Home")

    assert [json.loads(text)["@type"] for text in of_home + of_comparison] == ["Dataset", "Dataset"]
    assert of_comparison != of_home
    assert of_glossary == []
    assert card.endswith("/cards/glossary.png")
    assert described(page) == of_home
    assert page.evaluate("window.sameDocument"), "the pages were not navigated to instantly"
    assert visit.complaints == []


def test_each_term_of_the_glossary_can_be_linked_to(page: Page) -> None:
    follow(page, "Glossary")
    terms = page.locator(".qp-glossary dt")
    ids = terms.evaluate_all("terms => terms.map(term => term.id)")

    assert len(set(ids)) == len(ids) > 20
    assert all(terms.nth(index).locator(f"a[href$='#{id_}']").count() == 1 for index, id_ in enumerate(ids))
