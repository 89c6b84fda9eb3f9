"""A page stays where it is while a reader begins to read: scripts that come late push nothing away."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from .visit import PHONE, Visit

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
