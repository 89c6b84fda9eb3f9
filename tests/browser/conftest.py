"""The built site behind a local server, and a real browser; without one these tests loudly stand aside."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from builders import build, copy_of_checkout
from playwright.sync_api import Browser, Page, sync_playwright

from .visit import Visit, draw_all, nav_urls

# Another folder that holds an mkdocs.yml can be looked at with the same tests; so can what another builder makes.
ROOT = Path(os.environ.get("QUANTPRESS_SITE_ROOT", Path(__file__).resolve().parents[2]))
NO_BROWSER = "no browser, so the built site was not tested: install Debian's chromium, or Google Chrome"
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_browser() -> str | None:
    names = ("chromium", "chromium-browser", "google-chrome")
    return next(filter(None, map(shutil.which, names)), None)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    skips = terminalreporter.stats.get("skipped", [])
    if any(NO_BROWSER in str(report.longrepr) for report in skips):
        terminalreporter.write_line(NO_BROWSER.upper(), red=True, bold=True)


class Preview(SimpleHTTPRequestHandler):
    """Serves the site under any first folder; site_url names only /preview/."""

    def translate_path(self, path: str) -> str:
        return super().translate_path("/" + path.lstrip("/").partition("/")[2])

    def log_message(self, *_: object) -> None:
        pass


def build_site(target: Path, site_url: str) -> None:
    if builder := os.environ.get("QUANTPRESS_BUILDER"):
        build(copy_of_checkout(target.parent / "project", ROOT), builder, target, site_url)
        return
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(target)],
        cwd=ROOT,
        env={**os.environ, "QUANTPRESS_SITE_URL": site_url, "NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    executable = find_browser()
    if executable is None:
        pytest.skip(NO_BROWSER)
    with sync_playwright() as playwright:
        running = playwright.chromium.launch(executable_path=executable, args=QUIET)
        yield running
        running.close()


@pytest.fixture(scope="session")
def site_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("built") / "public"


@pytest.fixture(scope="session")
def site_url(site_dir: Path) -> Iterator[str]:
    handler = partial(Preview, directory=str(site_dir))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        url = f"http://127.0.0.1:{server.server_port}/preview/"
        build_site(site_dir, url)
        Thread(target=server.serve_forever, daemon=True).start()
        yield url
        server.shutdown()


@pytest.fixture
def visit(browser: Browser) -> Iterator[Visit]:
    with Visit(browser) as visit:
        yield visit


@pytest.fixture
def page(visit: Visit, site_url: str) -> Page:
    """The home page, on a desktop."""
    return visit(site_url + "index.html")


@pytest.fixture(scope="session")
def pages(browser: Browser, site_url: str) -> list[str]:
    """The address of every page that the navigation names."""
    with Visit(browser) as visit:
        return nav_urls(visit(site_url + "index.html"))


@pytest.fixture(scope="session")
def tour(browser: Browser, pages: list[str]) -> Iterator[Visit]:
    """A visit that has been to every page and has seen every chart drawn."""
    with Visit(browser) as visit:
        for url in pages:
            visit.drawn += draw_all(visit(url)).count()
        yield visit
