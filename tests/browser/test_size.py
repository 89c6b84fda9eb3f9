"""A chart is as wide as its place: when it is folded away at first, when the window changes, and on the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from .visit import CHARTS, DESKTOP, PHONE, Visit, arrive, draw_all, follow

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

FITS = """() => [...document.querySelectorAll("figure.qp-chart[data-state='drawn'] .qp-chart__live")].every((plot) => {
    const [place, drawing] = [plot.parentElement, plot.querySelector(".main-svg")];
    return place.clientWidth > 0 && Math.abs(drawing.getBoundingClientRect().width - place.clientWidth) < 1.5;
})"""
FOLD = """(figure) => {
    const details = document.createElement("details");
    details.id = "folded";
    details.append(document.createElement("summary"));
    figure.replaceWith(details);
    details.append(figure);
}"""


def resize(page: Page, size: dict[str, int]) -> None:
    page.set_viewport_size({"width": size["width"], "height": size["height"]})


def wait_until_all_fit(page: Page) -> None:
    page.wait_for_function(FITS)


def test_a_chart_that_is_folded_away_is_drawn_when_unfolded_and_fits(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "index.html", viewport={"width": 1280, "height": 100})
    page.locator(CHARTS).last.evaluate(FOLD)
    page.locator("#folded").scroll_into_view_if_needed()
    page.locator(CHARTS).first.scroll_into_view_if_needed()
    page.locator(CHARTS).first.locator(".main-svg").first.wait_for()
    assert page.locator("#folded .main-svg").count() == 0

    page.locator("#folded > summary").click()
    page.locator("#folded .main-svg").first.wait_for()
    wait_until_all_fit(page)


def test_a_chart_that_was_folded_away_while_the_window_changed_fits_when_it_is_seen_again(
    visit: Visit, site_url: str
) -> None:
    page = visit(site_url + "index.html")
    draw_all(page)
    page.locator(CHARTS).last.evaluate(FOLD)
    resize(page, PHONE)
    page.locator("#folded").evaluate("details => { details.open = true }")
    page.locator("#folded .main-svg").first.wait_for()
    wait_until_all_fit(page)


def test_charts_follow_the_window_from_wide_to_narrow_and_back(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "comparison.html", viewport=dict(DESKTOP))
    draw_all(page)
    widths = {}
    for name, size in (("wide", DESKTOP), ("narrow", PHONE), ("wide again", DESKTOP)):
        resize(page, size)
        wait_until_all_fit(page)
        widths[name] = page.locator(".main-svg").first.evaluate("svg => svg.getBoundingClientRect().width")
    assert widths["wide"] == widths["wide again"] > 600 > PHONE["width"] > widths["narrow"] > 250


def test_a_window_that_changed_on_another_page_changes_the_charts_on_the_way_back(visit: Visit, page: Page) -> None:
    draw_all(page)
    home = page.url.partition("#")[0]
    follow(page, "Comparison")
    draw_all(page)
    resize(page, PHONE)
    page.go_back()
    arrive(page, home)
    draw_all(page)
    wait_until_all_fit(page)
    page.go_forward()
    arrive(page, home.replace("index", "comparison"))
    draw_all(page)
    wait_until_all_fit(page)
    assert visit.complaints == []


def test_on_a_phone_several_columns_of_ratios_are_seen_at_once(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "comparison.html", viewport=PHONE)
    seen = """(box) => [...box.querySelectorAll("thead th")].slice(1)
        .filter((head) => head.getBoundingClientRect().right <= box.getBoundingClientRect().right).length"""

    assert page.get_by_role("region", name="Speed against FP16 by number of users").evaluate(seen) >= 2


@pytest.mark.parametrize("path", ["tuning.html", "reproducibility.html", "methods/awq.html"])
def test_on_a_phone_a_table_of_words_is_a_list_and_nothing_of_it_is_cut(visit: Visit, site_url: str, path: str) -> None:
    page = visit(site_url + path, viewport=PHONE)
    cut = """boxes => boxes.filter((box) => [box, ...box.querySelectorAll("th, td")]
        .some((one) => one.scrollWidth > one.clientWidth)).length"""

    assert page.locator(".qp-words").count() > 0
    assert page.locator(".qp-words").evaluate_all(cut) == 0


def test_on_a_phone_a_short_value_stands_beside_its_name_and_a_long_one_beneath(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "reproducibility.html", viewport=PHONE)
    tops = "row => [...row.children].map((cell) => cell.getBoundingClientRect().top)"
    table = page.locator(".qp-words").first

    name, value = table.locator("tr", has_text="Python").first.evaluate(tops)
    assert name == value
    name, value = table.locator("tr", has_text="Versions").evaluate(tops)
    assert name < value


@pytest.mark.usefixtures("site_url")  # it builds what site_dir holds
def test_from_disk_every_page_opens_without_an_error_or_a_request(visit: Visit, site_dir: Path) -> None:
    for path in sorted(site_dir.rglob("*.html")):
        if path.name != "404.html":  # its links begin with the path of a server
            draw_all(visit(path.as_uri()))
    assert [url for url in visit.requested if not url.startswith(("file:", "data:", "blob:"))] == []
    assert visit.complaints == []
