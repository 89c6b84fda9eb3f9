"""A visitor: opens pages and remembers what they asked for and complained about."""

from __future__ import annotations

from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Locator, Page, Request, Response

CHARTS = "figure.qp-chart"
DESKTOP = {"width": 1280, "height": 800}
PHONE = {"width": 360, "height": 740}


@dataclass
class Visit:
    """visit(url) opens a page on a desktop; what else new_context takes opens it in a tab of that kind."""

    browser: Browser
    requested: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    drawn: int = 0
    tabs: dict[str, Page] = field(default_factory=dict)

    def __call__(self, url: str, **kind: object) -> Page:
        page = self.tabs.get(repr(kind)) or self.open_tab(kind)
        page.goto(url, wait_until="load")
        return page

    def open_tab(self, kind: dict[str, object]) -> Page:
        desktop: dict[str, Any] = {"viewport": DESKTOP, "color_scheme": "light"}
        page = self.browser.new_page(**{**desktop, **kind})
        page.on("request", lambda request: self.requested.append(request.url))
        page.on("requestfailed", self.note_failure)
        page.on("response", self.note_status)
        page.on("console", self.note_message)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.tabs[repr(kind)] = page
        return page

    def note_failure(self, request: Request) -> None:
        if request.failure != "net::ERR_ABORTED":  # that is the visitor, leaving before all had arrived
            self.complaints.append(f"{request.url}: {request.failure}")

    def note_status(self, response: Response) -> None:
        if response.status >= HTTPStatus.BAD_REQUEST:
            self.complaints.append(f"{response.url}: {response.status}")

    def note_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.complaints.append(message.text)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for page in self.tabs.values():
            page.close()


def nav_urls(page: Page) -> list[str]:
    links = page.locator(".md-nav--primary a.md-nav__link[href]:not([href^='#'])")
    urls = links.evaluate_all("links => links.map(link => link.href.split('#')[0])")
    return sorted(set(urls))


def draw_all(page: Page) -> Locator:
    """Scrolls to every chart and waits until it is drawn."""
    charts = page.locator(CHARTS)
    for chart in charts.all():
        chart.scroll_into_view_if_needed()
        chart.locator(".main-svg").first.wait_for()
    return charts


def follow(page: Page, name: str) -> None:
    """Clicks a page of the navigation, as a reader does, and waits until it is shown."""
    link = page.locator(".md-nav--primary a.md-nav__link", has_text=name).first
    href = link.evaluate("link => link.href")
    link.click()
    arrive(page, href)


def arrive(page: Page, href: str) -> None:
    # The address changes before an instant page does; the mark in the navigation belongs to the page.
    page.wait_for_function(
        "href => document.querySelector('.md-nav--primary a.md-nav__link--active')?.href.startsWith(href)",
        arg=href,
    )
