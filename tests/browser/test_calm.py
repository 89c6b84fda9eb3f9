"""A page stays where it is while a reader begins to read: scripts that come late push nothing away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from .visit import CHARTS, PHONE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Route

pytestmark = pytest.mark.browser

GOOD = 0.1  # the cumulative layout shift up to which a page counts as stable (web.dev/cls)
SHIFT = """() => new Promise((resolve) => {
    let sum = 0;
    const add = (list) => { for (const { value } of list.getEntries()) sum += value; };
    new PerformanceObserver(add).observe({ type: "layout-shift", buffered: true });
    setTimeout(() => resolve(sum), 300);
})"""


def late(route: Route) -> None:
    time.sleep(0.1)
    route.continue_()


def test_scripts_that_come_late_push_nothing_away(visit: Visit, pages: list[str]) -> None:
    phone = visit("about:blank", viewport=PHONE)
    phone.route("**/*.js", late)
    shifts = {}
    for url in pages:
        phone.goto(url, wait_until="load")
        shifts[url] = phone.evaluate(SHIFT)
    assert {url: shift for url, shift in shifts.items() if shift > GOOD} == {}


def test_a_reader_who_does_nothing_yet_has_the_pictures_and_waits_for_no_plotly(visit: Visit, pages: list[str]) -> None:
    url = next(page for page in pages if page.endswith("paradox.html"))
    page = visit(url)
    page.wait_for_timeout(500)
    assert not any("plotly" in asked for asked in visit.requested)
    assert page.locator(f"{CHARTS} svg.qp-picture").first.is_visible()

    page.mouse.move(300, 300)
    page.locator(f"{CHARTS} .main-svg").first.wait_for()
