"""The table of all cells when there are more than its page holds: older ones come when a reader asks for them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bench.many import write_many

from .conftest import ROOT
from .visit import PHONE, Visit

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

RUNS = 90


@pytest.fixture(scope="module")
def large(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address, on disk, of a site of many runs."""
    folder: Path = tmp_path_factory.mktemp("large")
    write_many(RUNS, folder / "measurements")
    subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder / "public")],
        cwd=ROOT,
        env={**os.environ, "QUANTPRESS_MEASUREMENTS": str(folder / "measurements"), "NO_MKDOCS_2_WARNING": "1"},
        check=True,
    )
    return f"file://{folder}/public/"


def rows(page: Page) -> Locator:
    return page.locator("#explore-table tbody tr")


def state(page: Page) -> str:
    return page.locator("#explore-cells [data-count]").inner_text()


def ask_for_older(page: Page) -> None:
    page.locator("input[name=older]").check()
    page.wait_for_function("() => document.querySelectorAll('#explore-table tbody tr').length > 400")


def test_the_page_opens_with_the_newest_and_filters_work_over_all_when_the_others_are_here(
    visit: Visit, large: str
) -> None:
    page = visit(large + "explore.html")
    newest = rows(page).count()
    more = int(re.findall(r"([\d,]+) more cells", page.locator(".qp-explore__older").inner_text())[0])
    assert 300 <= newest < 310
    assert state(page) == f"{newest} of {newest} cells shown"

    ask_for_older(page)
    assert rows(page).count() == newest + more
    assert state(page) == f"{newest + more} of {newest + more} cells shown"
    assert "older=1" in page.url
    page.locator("input[name=text]").fill("2024-01-01")
    assert 0 < rows(page).count() < 10
    page.locator("input[name=older]").uncheck()
    assert state(page) == f"0 of {newest} cells shown"
    assert visit.complaints == []


def test_rows_that_were_brought_look_like_those_of_the_page(visit: Visit, large: str) -> None:
    page = visit(large + "explore.html")
    ask_for_older(page)
    own, brought = (page.locator(f"#explore-table tr[data-run^='2024-0{month}'][data-method=awq]") for month in (3, 1))
    form = """(row) => [...row.querySelectorAll("*")].map((one) => `${one.tagName}.${one.className}`).join(" ")"""

    forms = set(own.evaluate_all(f"rows => rows.map({form})"))
    assert len(forms & set(brought.evaluate_all(f"rows => rows.map({form})"))) > 0
    link = brought.first.locator("a").evaluate("link => link.href")
    again = visit(link)
    assert again.locator(f"[id='{link.partition('#')[2]}']").is_visible()


def test_an_address_brings_older_rows_and_an_older_baseline(visit: Visit, large: str) -> None:
    page = visit(large + "explore.html")
    ask_for_older(page)
    page.locator("select[name=baseline]").select_option("2024-01-02-demo/fp16-vllm-eager")
    page.locator("button[data-sort=run]").click()
    before = rows(page).evaluate_all("rows => rows.map((row) => row.id + row.innerText)")

    again = visit(page.url, color_scheme="dark")
    again.wait_for_function("() => document.querySelectorAll('#explore-table tbody tr').length > 400")
    assert rows(again).evaluate_all("rows => rows.map((row) => row.id + row.innerText)") == before
    assert not again.locator("[data-ignored]").is_visible()
    again.locator("input[name=older]").uncheck()
    assert "baseline" not in again.url


def test_rows_that_come_when_a_baseline_was_chosen_are_divided_by_it_too(visit: Visit, large: str) -> None:
    page = visit(large + "explore.html")
    baseline = page.locator("select[name=baseline] optgroup option").first.get_attribute("value")
    page.locator("select[name=baseline]").select_option(baseline)
    ask_for_older(page)

    base = page.locator("#explore-table .qp-explore__base")
    alike = f"[data-output_tokens_per_s][data-model='{base.get_attribute('data-model')}']"
    speeds = page.locator(f"#explore-table tbody tr{alike} td:nth-child(2)").all_inner_texts()
    assert len(speeds) > 200
    assert [text for text in speeds if "×" not in text] == []


def test_only_some_hundreds_are_laid_out_at_once_and_the_page_says_how_many_fit(visit: Visit, large: str) -> None:
    page = visit(large + "explore.html")
    page.evaluate(
        """() => {
          const one = ["tr", { "data-run": "x", "data-cell": "y", "data-method": "awq" }, ["th", {}, "one"]];
          window.quantpress.olderCells = Array.from({ length: 700 }, () => one);
        }"""
    )
    # The rows are here already: what is loaded need bring none.
    Path(large.removeprefix("file://"), "data", "nothing.js").touch()
    page.locator("input[name=older]").evaluate("one => { one.dataset.source = 'data/nothing.js'; }")
    ask_for_older(page)

    assert rows(page).count() == 500
    assert re.fullmatch(r"1,00\d of 1,00\d cells fit, the first 500 are shown", state(page))


def test_a_file_that_does_not_come_is_said_to_be_that_and_the_page_goes_on(visit: Visit, large: str) -> None:
    page = visit(large + "explore.html", color_scheme="dark")
    page.locator("input[name=older]").evaluate("one => { one.dataset.source = 'data/no-such-file.js'; }")
    page.locator("input[name=older]").click()  # `check` would want it to stay checked
    page.get_by_text("They could not be loaded.").wait_for()

    assert not page.locator("input[name=older]").is_checked()
    page.locator("select[name=method]").select_option("awq")
    assert 0 < rows(page).count() < 100


def test_without_javascript_the_page_says_where_the_older_runs_are(visit: Visit, large: str) -> None:
    page = visit(large + "explore.html", java_script_enabled=False)
    assert rows(page).count() >= 300
    page.get_by_role("link", name="appendix", exact=True).click()

    names = page.locator("#all-runs + .qp-table th[scope=row]").all_inner_texts()
    assert len(names) == RUNS
    page.get_by_role("link", name=names[-1], exact=True).click()
    assert page.locator("h1").inner_text().startswith(names[-1])


def test_lists_of_runs_elsewhere_have_the_newest_and_lead_to_all(visit: Visit, large: str) -> None:
    for path in ("index.html", "reproducibility.html"):
        page = visit(large + path)
        assert page.get_by_text(f"other {RUNS - 20}").count() == 1, path
        page.locator("a[href='appendix.html#all-runs']").last.click()
        assert "appendix.html#all-runs" in page.url


def test_on_a_phone_the_choice_of_older_runs_fits(visit: Visit, large: str) -> None:
    phone = visit(large + "explore.html", viewport=PHONE, has_touch=True, is_mobile=True)
    ask_for_older(phone)

    assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
