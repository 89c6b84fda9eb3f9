"""What a reader's browser makes of the built site."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from .visit import CHARTS, DESKTOP, PHONE, Visit, arrive, draw_all, follow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

# Whether a summary has no mark before it and takes no click.
NO_FOLD = """summary => getComputedStyle(summary, '::before').display === 'none'
    && getComputedStyle(summary).pointerEvents === 'none'"""
FIRST_PAGE_LIMIT = 700_000  # bytes, gzipped


def font_colour(page: Page) -> str:
    return str(page.locator(".xtick text").first.evaluate("text => getComputedStyle(text).fill"))


def test_every_page_of_the_nav_opens_without_an_error_or_a_failed_request(tour: Visit, pages: list[str]) -> None:
    assert set(pages) <= set(tour.requested)
    assert tour.complaints == []


def test_nothing_is_requested_from_another_host(tour: Visit, site_url: str) -> None:
    strangers = [url for url in tour.requested if not url.startswith((site_url, "data:", "blob:"))]
    assert strangers == []


def test_every_chart_is_drawn_when_scrolled_to(tour: Visit) -> None:
    assert tour.drawn > 0


def test_a_chart_is_not_drawn_before_it_is_seen(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "index.html", viewport={"width": 1280, "height": 100})
    assert not page.evaluate("Boolean(window.Plotly)")
    page.locator(CHARTS).first.scroll_into_view_if_needed()
    page.locator(CHARTS).first.locator(".main-svg").first.wait_for()
    assert page.locator(CHARTS).last.locator(".main-svg").count() == 0


def test_charts_are_redrawn_after_instant_navigation_there_and_back(visit: Visit, page: Page) -> None:
    draw_all(page)
    home = page.url.partition("#")[0]
    page.evaluate("window.sameDocument = true")
    follow(page, "Methodology")
    follow(page, "Comparison")
    assert draw_all(page).count() > 0
    page.go_back()
    page.go_back()
    arrive(page, home)
    assert draw_all(page).count() > 0
    position = page.locator(".main-svg").first.evaluate("svg => getComputedStyle(svg).position")
    assert position == "absolute", "Plotly's own styles were lost"
    assert page.evaluate("window.sameDocument"), "the pages were not navigated to instantly"
    assert sum("/plotly-" in url for url in visit.requested) == 1
    assert visit.complaints == []


def test_served_under_another_path_than_it_was_built_for_the_site_still_draws(visit: Visit, site_url: str) -> None:
    page = visit(site_url.replace("/preview/", "/elsewhere/") + "index.html")
    assert draw_all(page).count() > 0
    follow(page, "Comparison")
    assert draw_all(page).count() > 0
    assert visit.complaints == []


def test_the_dark_scheme_recolours_the_charts(page: Page) -> None:
    draw_all(page)
    light = font_colour(page)
    page.evaluate("document.body.dataset.mdColorScheme = 'slate'")
    page.wait_for_function("light => getComputedStyle(document.querySelector('.xtick text')).fill !== light", arg=light)
    muted = page.locator(".qp-chart__how").first.evaluate("text => getComputedStyle(text).color")
    assert font_colour(page) == muted


def test_a_reader_whose_system_is_dark_gets_dark_charts(visit: Visit, page: Page, site_url: str) -> None:
    dark = visit(site_url + "index.html", color_scheme="dark")
    draw_all(page)
    draw_all(dark)
    assert font_colour(page) != font_colour(dark)


def test_no_toolbar_offers_to_upload_a_chart(page: Page) -> None:
    draw_all(page)
    buttons = page.locator(".modebar-btn")
    titles = buttons.evaluate_all("buttons => buttons.map(button => button.dataset.title.toLowerCase())")
    assert titles
    assert not [title for title in titles for word in ("share", "cloud", "upload") if word in title]


def test_no_page_scrolls_sideways_on_a_phone(visit: Visit, pages: list[str]) -> None:
    for url in pages:
        phone = visit(url, viewport=PHONE, has_touch=True, is_mobile=True)
        draw_all(phone)
        width = phone.evaluate("document.documentElement.scrollWidth")
        assert width <= phone.evaluate("window.innerWidth") == PHONE["width"], url


def test_no_name_runs_over_the_figures_beside_it_on_a_phone(visit: Visit, pages: list[str]) -> None:
    wide = "names => names.filter(name => name.scrollWidth > name.clientWidth + 1).map(name => name.textContent)"
    for url in pages:
        phone = visit(url, viewport=PHONE, has_touch=True, is_mobile=True)
        assert phone.locator(".qp-table th[scope=row]").evaluate_all(wide) == [], url


def test_without_javascript_every_chart_has_its_picture_and_its_table(visit: Visit, pages: list[str]) -> None:
    for url in pages:
        plain = visit(url, java_script_enabled=False)
        for chart in plain.locator(CHARTS).all():
            assert chart.locator(".qp-picture").is_visible(), url
            assert chart.locator("table").is_visible(), url
            assert chart.locator("summary").evaluate(NO_FOLD), url  # a table that stands open is not marked as folded
        assert plain.locator("noscript p").last.is_visible(), url
        assert plain.locator(".qp-scripted").locator("visible=true").count() == 0, url


def test_small_print_in_tables_can_be_read(visit: Visit, pages: list[str], site_url: str, site_dir: Path) -> None:
    small = "texts => texts.map(text => parseFloat(getComputedStyle(text).fontSize)).filter(px => px < 11.5)"
    for kind in ({"viewport": PHONE, "has_touch": True, "is_mobile": True}, {}):
        for url in (*pages, *(f"{site_url}runs/{path.name}" for path in (site_dir / "runs").glob("*.html"))):
            assert visit(url, **kind).locator("article table :is(small, code)").evaluate_all(small) == [], url


def test_a_phone_shows_each_method_s_speed_and_its_ratio_without_scrolling(visit: Visit, site_url: str) -> None:
    phone = visit(f"{site_url}comparison.html", viewport=PHONE, has_touch=True, is_mobile=True)
    heads = phone.get_by_role("region", name="Trade-offs").locator("thead th")
    for head, name in ((heads.nth(1), "Speed, tokens/s"), (heads.nth(2), "Speed against FP16")):
        box = head.bounding_box()
        assert box
        assert head.text_content() == name
        assert box["x"] + box["width"] <= PHONE["width"]


def test_a_chart_whose_data_is_damaged_keeps_its_picture(page: Page) -> None:
    draw_all(page)
    page.evaluate(
        """() => {
            const chart = document.querySelector("figure.qp-chart");
            const copy = chart.cloneNode(true);
            copy.id = "damaged";
            copy.dataset.figure = copy.dataset.figure.slice(0, 20);
            delete copy.dataset.state;
            chart.after(copy);
            document$.next(document);
        }"""
    )
    assert page.locator("#damaged .qp-picture").is_visible()


def test_without_plotly_the_pictures_stay(page: Page, site_url: str) -> None:
    page.context.route("**/plotly-*", lambda route: route.abort())
    page.goto(site_url + "index.html")
    chart = page.locator(CHARTS).first
    chart.scroll_into_view_if_needed()
    page.wait_for_selector(f"{CHARTS}[data-state='picture']")
    assert chart.locator(".qp-picture").is_visible()
    assert chart.locator(".qp-chart__live").count() == 0


def test_plotly_takes_a_pictures_place_and_nothing_jumps(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "comparison.html")
    heights = page.locator(CHARTS).evaluate_all("charts => charts.map(chart => chart.offsetHeight)")
    charts = draw_all(page)
    assert charts.evaluate_all("charts => charts.map(chart => chart.offsetHeight)") == heights
    assert charts.locator(".qp-picture:visible").count() == 0


def test_a_drawn_chart_says_where_both_axes_are_0_and_has_the_line_that_its_figures_count_from(page: Page) -> None:
    chart = page.locator("#chart-speed-against-memory")
    chart.scroll_into_view_if_needed()
    chart.locator(".main-svg").first.wait_for()

    for axis in (".xtick", ".ytick"):
        assert chart.locator(f"{axis} text:visible").first.text_content() == "0"
    assert chart.locator(".zerolinelayer path").count() == 1


def test_paper_gets_every_picture_in_light_colours_and_the_screen_its_own_back(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "index.html", color_scheme="dark")
    draw_all(page)
    ink = "getComputedStyle(document.querySelector('.qp-picture')).fill"
    dark = page.evaluate(ink)
    page.emulate_media(media="print")
    page.evaluate("dispatchEvent(new Event('beforeprint'))")
    assert page.locator(".qp-picture:visible").count() == page.locator(CHARTS).count()
    assert page.locator(".qp-chart__live:visible").count() == 0
    assert page.evaluate(ink) != dark
    page.emulate_media(media="screen")
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    assert page.evaluate(ink) == dark
    assert page.locator(".qp-chart__live:visible").count() == page.locator(CHARTS).count()


@pytest.mark.usefixtures("site_url")  # it builds what site_dir holds
def test_from_disk_the_charts_of_the_home_page_draw(visit: Visit, site_dir: Path) -> None:
    page = visit((site_dir / "index.html").as_uri())
    assert draw_all(page).count() > 0
    assert [url for url in visit.requested if not url.startswith(("file:", "data:", "blob:"))] == []


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["wide", "narrow"])
def test_search_is_offered_by_a_server_and_not_from_disk(
    visit: Visit, site_url: str, site_dir: Path, viewport: dict[str, int]
) -> None:
    offers = ".md-search__input:visible, .md-header__button[for=__search]:visible"

    assert visit(site_url + "index.html", viewport=viewport).locator(offers).count() > 0
    page = visit((site_dir / "index.html").as_uri(), viewport=viewport)
    assert page.locator(offers).count() == 0
    page.keyboard.press("/")  # Material's key for it
    assert page.locator(".md-search__output:visible").count() == 0
    assert visit.complaints == []


def test_all_transfers_of_the_home_page_stay_below_the_limit(visit: Visit, site_url: str, site_dir: Path) -> None:
    page = visit(site_url + "index.html")
    draw_all(page)
    page.wait_for_load_state("networkidle")
    paths = {url.removeprefix(site_url) for url in visit.requested if url.startswith(site_url)}
    sizes = {path: len(gzip.compress((site_dir / path).read_bytes(), 9, mtime=0)) for path in paths}
    assert sum(sizes.values()) <= FIRST_PAGE_LIMIT, sizes


def test_ratios_for_six_numbers_of_users_fit_on_a_desktop(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "comparison.html")
    table = page.get_by_role("region", name="Speed against FP16 by number of users")

    assert table.locator("thead th").count() == 1 + 6
    assert table.evaluate("box => box.scrollWidth <= box.clientWidth")
