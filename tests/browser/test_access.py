"""Every page is for every reader: axe-core finds nothing in it, wide and narrow, light and dark."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.base import AXE_SCRIPT

from .visit import DESKTOP, PHONE, Visit, draw_all, follow

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

STILL = {"reduced_motion": "reduce"}  # what is fading in has no contrast yet

# The shadows at the edges of tables are gradients, over which axe judges no contrast; beneath them is paper. What is
# folded away is judged too.
IN_THE_OPEN = """() => {
    const style = document.createElement("style");
    style.textContent = ".qp-table { background: var(--qp-paper) !important }";
    document.head.append(style);
    for (const details of document.querySelectorAll("details")) details.open = true;
}"""
RUN = """() => axe.run({ resultTypes: ["violations"] }).then(({ violations }) => violations.flatMap(
    ({ id, nodes }) => nodes.map((node) => `${id}: ${node.html.slice(0, 200)} ${node.any.map((it) => it.message)}`)))"""


@pytest.fixture(scope="module")
def kinds(site_url: str, site_dir: Path) -> list[str]:
    """Every page but those of runs, of which one stands for all: the largest."""
    largest = max((site_dir / "runs").glob("*.html"), key=lambda path: path.stat().st_size)
    others = (path for path in sorted(site_dir.rglob("*.html")) if path.parent.name != "runs")
    found = [site_url + path.relative_to(site_dir).as_posix() for path in (*others, largest)]
    assert {f"{site_url}{name}.html" for name in ("404", "index", "methods/nf4")} < set(found)
    return found


def complaints(page: Page) -> list[str]:
    page.evaluate(IN_THE_OPEN)
    page.evaluate(AXE_SCRIPT)
    return [str(one) for one in page.evaluate(RUN)]


@pytest.mark.parametrize("viewport", [DESKTOP, PHONE], ids=["wide", "narrow"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_on_any_page(visit: Visit, kinds: list[str], viewport: dict[str, int], scheme: str) -> None:
    found = {url: complaints(visit(url, viewport=viewport, color_scheme=scheme, **STILL)) for url in kinds}
    assert {url: said for url, said in found.items() if said} == {}


def test_axe_would_find_a_box_that_scrolls_and_that_no_key_reaches(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "comparison.html", viewport=PHONE)
    page.evaluate("() => document.querySelectorAll('.qp-table').forEach(box => box.removeAttribute('tabindex'))")
    assert any(one.startswith("scrollable-region-focusable") for one in complaints(page))


def test_a_drawn_chart_and_a_page_that_was_navigated_to_are_as_good(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "index.html", **STILL)
    draw_all(page)
    assert complaints(page) == []
    follow(page, "Reproducibility")
    assert complaints(page) == []


def test_a_table_wider_than_the_screen_is_scrolled_by_keyboard(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "comparison.html", viewport=PHONE)
    box = page.get_by_role("region", name="Trade-offs")
    box.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => document.activeElement.scrollLeft > 0")


def test_without_javascript_all_that_scrolls_sideways_has_a_name_and_is_reached_by_key(
    visit: Visit, kinds: list[str]
) -> None:
    unreachable = """() => [...document.querySelectorAll("article *")]
        .filter(({ scrollWidth, clientWidth }) => clientWidth && scrollWidth > clientWidth)
        .filter((box) => ["auto", "scroll"].includes(getComputedStyle(box).overflowX))
        .filter((box) => box.tabIndex !== 0 || box.role !== "region" || !box.ariaLabel)
        .map((box) => box.outerHTML.slice(0, 200))"""
    for url in kinds:
        assert visit(url, viewport=PHONE, java_script_enabled=False).evaluate(unreachable) == [], url
