"""A page printed on A4 says what it says on a screen: light, whole, and with nothing in it that one would click."""

from __future__ import annotations

import re
from io import BytesIO
from typing import TYPE_CHECKING
from unicodedata import normalize

import pytest
from pypdf import PdfReader

from .visit import CHARTS, Visit, draw_all

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# What @page of quantpress.css leaves of 210 mm, and of a sheet on its side, in CSS pixels.
UPRIGHT = round((210 - 2 * 16) / 25.4 * 96)
SIDEWAYS = round((297 - 2 * 10) / 25.4 * 96)
CONTROLS = (
    ".md-header, .md-sidebar, .md-footer, .md-top, .md-code__nav, .modebar, form, .qp-downloads, .qp-chart__files"
)
BEYOND = """({ width, within }) => [...document.querySelectorAll(`article ${within}`)]
    .filter((one) => one.getClientRects().length && one.getBoundingClientRect().right > width + 1)
    .map((one) => one.textContent.slice(0, 80))"""


def packed(text: str) -> str:
    """Without spaces, in place of which a PDF has places, and without the ligatures of its font."""
    return re.sub(r"\s", "", normalize("NFKC", text))


def printed(page: Page) -> list[str]:
    """The text of each sheet."""
    reader = PdfReader(BytesIO(page.pdf(format="A4", print_background=True, prefer_css_page_size=True)))
    return [packed(sheet.extract_text()) for sheet in reader.pages]


def texts(page: Page, selector: str) -> list[str]:
    return [packed(text) for text in page.locator(selector).all_text_contents()]


def test_each_chart_is_on_one_sheet_with_its_title_and_its_figures_follow(visit: Visit, pages: list[str]) -> None:
    seen = 0
    for url in pages:
        page = visit(url)
        sheets = printed(page)
        for index in range(page.locator(CHARTS).count()):
            chart = f"{CHARTS} >> nth={index}"
            (title,) = texts(page, f"{chart} >> figcaption strong")
            labels = texts(page, f"{chart} >> .qp-picture text")
            assert labels, f"{url}: {title}"
            assert any(all(text in sheet for text in (title, *labels)) for sheet in sheets), f"{url}: {title}"
            figures = texts(page, f"{chart} >> td")
            assert not [one for one in figures if one not in "".join(sheets)], f"{url}: {title}"
            seen += 1
    assert seen > 10


def test_no_sheet_is_too_narrow_for_what_is_on_it(
    visit: Visit, pages: list[str], site_url: str, site_dir: Path
) -> None:
    for url in (*pages, *(f"{site_url}runs/{path.name}" for path in (site_dir / "runs").glob("*.html"))):
        page = visit(url, viewport={"width": UPRIGHT, "height": 1000})
        page.emulate_media(media="print")
        upright = ":is(p, li, th, td, pre, h1, h2, svg):not(.qp-explore__table *)"
        assert page.evaluate(BEYOND, {"width": UPRIGHT, "within": upright}) == [], url
        page.set_viewport_size({"width": SIDEWAYS, "height": 700})
        assert page.evaluate(BEYOND, {"width": SIDEWAYS, "within": ".qp-explore__table :is(th, td)"}) == [], url
        page.set_viewport_size({"width": UPRIGHT, "height": 1000})


def test_on_paper_all_is_unfolded_and_nothing_is_left_to_click(visit: Visit, pages: list[str]) -> None:
    for url in pages:
        page = visit(url)
        page.emulate_media(media="screen")
        draw_all(page)
        page.emulate_media(media="print")
        assert page.locator(CONTROLS).locator("visible=true").count() == 0, url
        for inside in page.locator("article details:not(form *) > :not(summary, [hidden], .qp-chart__files)").all():
            assert inside.is_visible(), url
        assert page.locator(":is(.qp-scripted, .qp-onscreen)").locator("visible=true").count() == 0, url


def test_a_reader_in_the_dark_prints_on_white_paper_margins_included(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "comparison.html", color_scheme="dark")
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    for element in ("documentElement", "body"):
        style = f"getComputedStyle(document.{element})"
        assert page.evaluate(f"{style}.backgroundColor") == "rgb(255, 255, 255)"
        assert "dark" not in page.evaluate(f"{style}.colorScheme")
