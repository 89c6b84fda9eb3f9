"""What a reader does with the page of models and cards."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .visit import CHARTS, PHONE, Visit, draw_all

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.fixture
def phone(visit: Visit, site_url: str) -> Page:
    return visit(f"{site_url}matrix.html", viewport=PHONE, has_touch=True, is_mobile=True)


def test_a_phone_shows_two_machines_and_their_ratio_without_scrolling(phone: Page) -> None:
    draw_all(phone)
    heads = phone.locator(".qp-table", has=phone.get_by_text("against the base")).first.locator("thead th")

    assert heads.count() == 4
    for head in heads.all():
        box = head.bounding_box()
        assert box
        assert box["x"] + box["width"] <= PHONE["width"]
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_folded_figures_open_and_push_nothing_sideways(phone: Page) -> None:
    folded = phone.locator("article details:not(.qp-chart__data)")
    assert folded.count() > 0
    for one in folded.all():
        one.locator("summary").click()

    assert phone.locator("article details[open]:not(.qp-chart__data)").count() == folded.count()
    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


def test_the_list_above_leads_to_each_group_whose_first_figure_is_whether_the_choice_holds(
    visit: Visit, site_url: str
) -> None:
    page = visit(f"{site_url}matrix.html")
    links = page.locator("article > ul").first.locator("a")
    assert links.count() > 0
    for link in links.all():
        link.click()
        heading = page.locator(f"#{page.url.partition('#')[2]}")
        assert heading.inner_text().startswith(link.inner_text())
        chart = heading.locator("xpath=following::figure").first
        assert "against FP16" in chart.locator("figcaption strong").inner_text()
    assert page.locator(CHARTS).count() == 2 * links.count()
