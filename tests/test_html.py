"""The built site's HTML: as its standard wants it, and every link leads somewhere.

tinyhtml5 parses as browsers do and keeps every parse error: unclosed tags, bad nesting, an attribute twice. It does not
know what attributes mean, so ids, alternatives to pictures and links are looked at here.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import unquote, urlsplit

import pytest
from tinyhtml5.parser import HTMLParser

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).parent.parent
SITE_URL = "https://example.org/here/"
FRAME = "<!doctype html><html lang=en><head><title>t</title></head><body>{}</body></html>"
TEMPLATE = re.compile(r"<template\b[^>]*>(.*?)</template>", re.DOTALL)
# What names elements of the page. Not "for": outside the nav, Material labels a table of contents that is not there.
REFERENCES = ("aria-labelledby", "aria-describedby", "aria-controls", "list", "form")


@dataclass(frozen=True)
class Parsed:
    """A page's elements, each with its attributes, and what is wrong with it, each with its line and column."""

    elements: list[tuple[str, dict[str, str]]]
    errors: list[str]

    @property
    def ids(self) -> list[str]:
        return [attributes["id"] for _, attributes in self.elements if "id" in attributes]


def parsed(text: str) -> Parsed:
    """The parser knows no <template>: what is in one is parsed for itself, a row within a table."""
    parser = HTMLParser(namespace_html_elements=False)
    root = parser.parse(TEMPLATE.sub("", text))
    errors = [f"{place}: {code} {details or ''}" for place, code, details in parser.errors]
    for inside in TEMPLATE.findall(text):
        frame = FRAME.format("<table><tbody>{}</tbody></table>" if inside.startswith("<tr") else "<p>{}</p>")
        errors += parsed(frame.format(inside)).errors
    return Parsed([(one.tag, dict(one.attrib)) for one in root.iter() if isinstance(one.tag, str)], errors)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    target = tmp_path_factory.mktemp("site")
    environment = {**os.environ, "QUANTPRESS_SITE_URL": SITE_URL, "NO_MKDOCS_2_WARNING": "1"}
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(target)]
    subprocess.run(command, cwd=ROOT, env=environment, check=True)
    return target


@pytest.fixture(scope="module")
def pages(site: Path) -> dict[Path, Parsed]:
    found = {path: parsed(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    assert {"404.html", "index.html", "explore.html"} <= {path.name for path in found}
    return found


def twice(page: Parsed) -> list[str]:
    return [name for name, count in Counter(page.ids).items() if count > 1]


def wordless(page: Parsed) -> list[dict[str, str]]:
    """Pictures without an alternative."""
    return [attributes for name, attributes in page.elements if name == "img" and "alt" not in attributes]


def dangling(page: Parsed) -> list[tuple[str, str]]:
    """Attributes that name an element which the page does not have."""
    named = [(kind, name) for _, found in page.elements for kind in REFERENCES for name in found.get(kind, "").split()]
    return [(kind, name) for kind, name in named if name not in page.ids]


def test_every_page_is_parsed_without_an_error(pages: dict[Path, Parsed]) -> None:
    found = {path.name: page.errors for path, page in pages.items()}
    assert {path: errors for path, errors in found.items() if errors} == {}


def test_no_id_stands_twice_no_picture_lacks_its_words_and_what_is_named_is_there(pages: dict[Path, Parsed]) -> None:
    found = {path.name: (twice(page), wordless(page), dangling(page)) for path, page in pages.items()}
    assert {path: faults for path, faults in found.items() if any(faults)} == {}


@pytest.mark.parametrize(
    "damage",
    [
        "<section>never closed",
        "<p>a<div>b</p>",
        "<b><i>a</b></i>",
        "<details><summary>a</details>",
        "<p>a</span>",
        "<p id=x id=y>a",
        "<p <b>",
        "<p title='a'class='b'>",
        "<table><p>a</p></table>",
        "a &nosuch; b",
        "<template><tr><td>a</div></td></tr></template>",
    ],
)
def test_a_damaged_page_would_be_told(damage: str) -> None:
    assert parsed(FRAME.format("<p>a</p><template><tr><td>a</td></tr></template>")).errors == []
    assert parsed(FRAME.format(damage)).errors


def test_what_the_parser_does_not_judge_would_be_told() -> None:
    page = parsed(FRAME.format("<p id=a>a<p id=a aria-labelledby='a b'>b<img src=c.png>"))
    assert (twice(page), dangling(page)) == (["a"], [("aria-labelledby", "b")])
    assert wordless(page) == [{"src": "c.png"}]


def addresses(page: Parsed) -> Iterator[str]:
    for name, attributes in page.elements:
        yield from (attributes[kind] for kind in ("href", "src") if kind in attributes)
        if name == "meta" and attributes.get("content", "").startswith(SITE_URL):
            yield attributes["content"]


def target_of(address: str, path: Path, site: Path) -> tuple[Path, str] | None:
    """The file and the id that a link of a page leads to; None for another site's."""
    # Heads name this site's pages in full; on the 404 page, which stands for any address, links begin with its path.
    within = re.sub(f"^({re.escape(SITE_URL)}|{re.escape(urlsplit(SITE_URL).path)})", "", address)
    url = urlsplit(within)
    if url.scheme or url.netloc:
        return None
    start = path.parent if within == address else site
    file = (start / unquote(url.path)).resolve() if url.path or within != address else path
    return file / "index.html" if file.is_dir() else file, unquote(url.fragment)


def test_every_link_within_the_site_leads_to_a_file_and_to_a_place_in_it(site: Path, pages: dict[Path, Parsed]) -> None:
    places = {path: set(page.ids) for path, page in pages.items()}
    lost, followed = [], 0
    for path, page in pages.items():
        for address in addresses(page):
            target = target_of(address, path, site)
            if target is None:
                continue
            followed += 1
            file, place = target
            if not file.is_file() or (place and place not in places.get(file, ())):
                lost.append(f"{path.name}: {address}")
    assert followed > 1000
    assert lost == []


def test_a_link_that_leads_nowhere_is_found_from_every_kind_of_page(site: Path) -> None:
    run = site / "runs" / "some.html"
    assert target_of("../appendix.html#a%20b", run, site) == (site / "appendix.html", "a b")
    assert target_of("#x", run, site) == (run, "x")
    assert target_of("/here/assets/logo.svg", site / "404.html", site) == (site / "assets/logo.svg", "")
    assert target_of(SITE_URL, run, site) == (site / "index.html", "")
    assert target_of("https://example.org/", run, site) is None
