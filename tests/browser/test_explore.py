"""What a reader does with the table of all cells and the pages of runs."""

from __future__ import annotations

import re
from itertools import pairwise
from typing import TYPE_CHECKING

import pytest

from .visit import DESKTOP, PHONE, Visit, follow

if TYPE_CHECKING:
    from playwright.sync_api import Locator, Page

pytestmark = pytest.mark.browser

RUN = "2026-11-24-llama-3.1-8b-synthetic-3"
BEFORE = "2026-11-24-llama-3.1-8b-synthetic-2"
EAGER = "2026-11-24-llama-3.1-8b-synthetic"
SPEED = "output_tokens_per_s"


@pytest.fixture
def explore(visit: Visit, site_url: str) -> Page:
    return visit(site_url + "explore.html")


def rows(page: Page) -> Locator:
    return page.locator("#explore-table tbody tr:visible")


def choose(page: Page, name: str, value: str) -> None:
    page.locator(f"select[name={name}]").select_option(value)


def numbers(page: Page, key: str) -> list[float | None]:
    """The plain numbers of the rows that are shown, in their order."""
    read = "(rows, key) => rows.map((row) => (key in row.dataset ? Number(row.dataset[key]) : null))"
    return list(rows(page).evaluate_all(read, key))


def test_filters_leave_the_rows_that_fit_all_of_them_and_count_them(explore: Page) -> None:
    every = rows(explore).count()
    choose(explore, "method", "awq")
    choose(explore, "kind", "measured")
    shown = rows(explore)

    assert 0 < shown.count() < every
    assert set(shown.evaluate_all("rows => rows.map((row) => row.dataset.method + row.dataset.kind)")) == {
        "awqmeasured"
    }
    assert explore.locator("#explore-cells [data-count]").inner_text() == f"{shown.count()} of {every} cells shown"


def test_the_search_finds_rows_by_words_in_any_order(explore: Page) -> None:
    explore.locator("input[name=text]").fill("h200 gptq")

    found = rows(explore).evaluate_all("rows => rows.map((row) => row.textContent.toLowerCase())")
    assert found
    assert all("h200" in text and "gptq" in text for text in found)


def test_when_nothing_fits_the_page_says_so_and_a_reset_brings_all_back(explore: Page) -> None:
    every = rows(explore).count()
    explore.locator("input[name=text]").fill("no such cell")

    assert explore.locator("#explore-empty").is_visible()
    assert not explore.locator("#explore-table").is_visible()
    explore.locator("#explore-cells button[type=reset]").click()
    explore.wait_for_function(
        "every => document.querySelectorAll('#explore-table tbody tr:not([hidden])').length === every", arg=every
    )
    assert not explore.locator("#explore-empty").is_visible()
    assert "text=" not in explore.url


def test_a_column_sorts_by_its_numbers_and_rows_without_one_come_last(explore: Page) -> None:
    button = explore.locator(f"button[data-sort={SPEED}]")
    head = explore.locator("th", has=button)

    button.click()
    down = numbers(explore, SPEED)
    assert head.get_attribute("aria-sort") == "descending"
    button.click()
    up = numbers(explore, SPEED)
    assert head.get_attribute("aria-sort") == "ascending"

    for found, backwards in ((down, True), (up, False)):
        having = [one for one in found if one is not None]
        assert having == sorted(having, reverse=backwards)
        assert found[len(having) :] == [None] * (len(found) - len(having))
        assert len(having) < len(found)  # some cells have no figure
    assert explore.locator("th[aria-sort]").count() == 1


def test_words_sort_as_words(explore: Page) -> None:
    explore.locator("button[data-sort=run]").click()

    found = rows(explore).evaluate_all("rows => rows.map((row) => row.dataset.run)")
    assert found[0] == "2025-article-rtx-4090"
    assert len(set(found)) == 1 + sum(one != other for one, other in pairwise(found))


def test_a_baseline_turns_figures_into_ratios_with_the_figure_beneath_and_back(explore: Page) -> None:
    row = explore.locator(f"tr[data-run='{RUN}'][data-cell='awq-vllm-graphs']")
    cell = row.locator("td.num").first
    before = cell.inner_text()

    choose(explore, "baseline", f"{RUN}/fp16-vllm-graphs")
    assert re.fullmatch(r"\d\.\d\d×", cell.inner_text().split()[0])
    assert cell.inner_text().split()[1:] == [before]
    assert explore.locator("[data-ratio-note]").is_visible()
    base = explore.locator(f"tr[data-run='{RUN}'][data-cell='fp16-vllm-graphs'] td.num").first
    assert base.inner_text().startswith("1.00×")

    choose(explore, "baseline", f"{RUN}/awq-vllm-graphs")
    assert cell.inner_text().split() == ["1.00×", before]
    choose(explore, "baseline", "")
    assert cell.inner_text() == before
    assert not explore.locator("[data-ratio-note]").is_visible()


@pytest.mark.parametrize(("run", "mode"), [(EAGER, "eager"), (RUN, "graphs")])
def test_within_a_run_a_ratio_is_the_one_that_the_run_s_page_has(
    visit: Visit, explore: Page, site_url: str, run: str, mode: str
) -> None:
    compared = (SPEED, "load_time_s", "weights_gib", "kv_cache_tokens", "energy_total_per_token_j")
    keys = explore.locator("#explore-table th").evaluate_all("heads => heads.map((head) => head.dataset.keys)")
    choose(explore, "baseline", f"{run}/fp16-vllm-{mode}")
    told = {}
    for method in ("awq", "gptq"):
        row = explore.locator(f"tr[data-run='{run}'][data-cell='{method}-vllm-{mode}']")
        for key in compared:
            text = row.locator("th, td").nth(keys.index(key)).inner_text()
            if "×" in text:
                told[f"{method}-vllm-{mode}.{key}"] = text.split()[0]
    page = visit(f"{site_url}runs/{run}.html")

    assert {name.partition(".")[2] for name in told} >= {SPEED, "load_time_s"}
    for name, ratio in told.items():
        assert ratio in page.locator(f"[id='{name}'] td").last.inner_text(), name  # a tie has it beneath


def test_the_table_opens_with_measured_cells_and_upside_down_begins_with_the_oldest_run(explore: Page) -> None:
    read = "rows => rows.map((row) => [row.dataset.run, row.dataset.state])"

    newest = rows(explore).evaluate_all(read)
    choose(explore, "dir", "desc")
    oldest = rows(explore).evaluate_all(read)

    assert {state for _, state in newest[:3]} == {"valid"}
    assert list(dict.fromkeys(run for run, _ in oldest)) == list(dict.fromkeys(run for run, _ in newest))[::-1]
    for found in (newest, oldest):
        for run in {one for one, _ in found}:
            states = [state != "valid" for one, state in found if one == run]
            assert states == sorted(states), run


def test_a_figure_of_0_is_divided_by_nothing_and_divides_nothing(visit: Visit, explore: Page) -> None:
    cell = f"#explore-table tr[data-run='{RUN}'][data-cell='awq-vllm-graphs']"
    explore.locator(cell).evaluate(f"row => {{ row.dataset.{SPEED} = row.dataset.{SPEED}_mean = '0'; }}")
    before = explore.locator(f"{cell} td").first.inner_text()

    choose(explore, "baseline", f"{RUN}/fp16-vllm-graphs")
    assert explore.locator(f"{cell} td").first.inner_text() == before
    choose(explore, "baseline", f"{RUN}/awq-vllm-graphs")
    assert explore.locator("#explore-table tbody td:nth-child(2)", has_text="×").count() == 0
    assert visit.complaints == []


def test_what_was_chosen_is_in_the_address_and_comes_back_from_it(explore: Page, visit: Visit) -> None:
    choose(explore, "method", "awq")
    explore.locator("input[name=text]").fill("llama")
    explore.locator(f"button[data-sort={SPEED}]").click()
    choose(explore, "baseline", f"{RUN}/fp16-vllm-graphs")
    choose(explore, "a", RUN)
    read = "rows => rows.map((row) => row.id + row.innerText)"
    state, address = rows(explore).evaluate_all(read), explore.url

    again = visit(address, color_scheme="dark")

    assert rows(again).evaluate_all(read) == state
    assert again.locator("select[name=dir]").input_value() == "desc"
    assert again.locator("select[name=a]").input_value() == RUN
    assert again.url == address


def test_an_address_that_asks_for_what_is_not_there_is_told_so(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "explore.html?method=int3&engine=vllm")

    ignored = page.locator("[data-ignored]").inner_text()
    assert "method=int3 (possible: fp16, nf4, awq, gptq, w4a16, fp8, int8)." in ignored
    assert set(rows(page).evaluate_all("rows => rows.map((row) => row.dataset.engine)")) == {"vllm"}
    page = visit(site_url + "explore.html?a=no-such-run", color_scheme="dark")
    told = page.locator("[data-ignored]")
    assert "a=no-such-run (possible: " in told.inner_text()
    box = told.bounding_box()
    assert box
    assert box["y"] < DESKTOP["height"]  # though the menu that it is about is far below


def test_two_runs_show_their_pair_in_either_order(explore: Page) -> None:
    for one, other in ((RUN, BEFORE), (BEFORE, RUN)):
        choose(explore, "b", "")
        choose(explore, "a", one)
        choose(explore, "b", other)
        pair = explore.locator(".qp-pair:visible")
        assert pair.count() == 1
        assert pair.get_attribute("data-one") == RUN
        assert pair.locator("table").is_visible()


def test_the_menus_offer_only_runs_that_are_compared_with_one_another(explore: Page) -> None:
    ends = "pairs => pairs.map((pair) => [pair.dataset.one, pair.dataset.base])"
    pairs = [set(pair) for pair in explore.locator(".qp-pair").evaluate_all(ends)]
    offered = "options => options.filter((one) => !one.disabled && one.value).map((one) => one.value)"

    assert set(explore.locator("select[name=a] option").evaluate_all(offered)) == set().union(*pairs)
    for run in explore.locator("select[name=a] option").evaluate_all(offered):
        choose(explore, "a", run)
        partners = set(explore.locator("select[name=b] option").evaluate_all(offered))
        assert partners == {other for pair in pairs if run in pair for other in pair - {run}}


def test_two_runs_of_an_address_that_were_not_compared_are_said_to_be_that(visit: Visit, site_url: str) -> None:
    page = visit(f"{site_url}explore.html?a={RUN}&b={RUN}")

    assert page.locator(".qp-pair:visible").count() == 0
    assert page.locator("[data-none]").is_visible()


def test_a_baseline_divides_no_figure_of_another_model(explore: Page) -> None:
    read = "rows => rows.map((row) => [row.dataset.model, row.querySelector('td.num').innerText])"
    choose(explore, "baseline", f"{RUN}/fp16-vllm-graphs")
    model = explore.locator("#explore-table .qp-explore__base").get_attribute("data-model")

    found = rows(explore).evaluate_all(read)
    assert {"×" in text for one, text in found if one == model and text != "–"} == {True}
    assert {"×" in text for one, text in found if one != model} == {False}


def test_on_a_phone_a_figure_is_seen_before_anybody_scrolls_and_the_controls_unfold(
    visit: Visit, site_url: str
) -> None:
    screen = {"width": 390, "height": 844}
    phone = visit(site_url + "explore.html", viewport=screen, has_touch=True, is_mobile=True)
    figure = phone.locator("#explore-table td.num:not(.qp-absent)").first.bounding_box()

    assert figure
    assert figure["x"] + figure["width"] <= screen["width"]
    assert figure["y"] + figure["height"] <= screen["height"]
    assert not phone.locator("select[name=method]").is_visible()
    phone.locator(".qp-explore__fold > summary").tap()
    choose(phone, "method", "awq")
    assert set(rows(phone).evaluate_all("rows => rows.map((row) => row.dataset.method)")) == {"awq"}


def test_a_tap_on_a_dash_writes_its_reason_and_another_takes_it_away(visit: Visit, site_url: str) -> None:
    phone = visit(site_url + "explore.html", viewport=PHONE, has_touch=True, is_mobile=True)
    dash = phone.locator("#explore-table td.qp-absent[title]").first
    reason = dash.get_attribute("title")

    dash.tap()
    assert dash.locator("small").inner_text() == reason
    dash.tap()
    assert dash.inner_text() == "–"


def test_without_javascript_all_cells_and_all_pairs_are_there_and_no_idle_controls(
    visit: Visit, explore: Page, site_url: str
) -> None:
    plain = visit(site_url + "explore.html", java_script_enabled=False)

    assert rows(plain).count() == rows(explore).count()
    assert plain.locator(".qp-pair:visible").count() == explore.locator(".qp-pair").count() > 0
    assert plain.locator("form.qp-explore:visible, .qp-sort").count() == 0
    plain.locator(".qp-pair summary").first.click()
    assert plain.locator(".qp-pair table").first.is_visible()


def test_on_a_phone_the_page_stays_and_the_table_scrolls_beneath_its_first_column(visit: Visit, site_url: str) -> None:
    for path in ("explore.html", f"runs/{RUN}.html"):
        phone = visit(site_url + path, viewport=PHONE, has_touch=True, is_mobile=True)
        assert phone.evaluate("document.documentElement.scrollWidth") == PHONE["width"], path
        table = phone.locator(".qp-table").first
        first = table.locator("tbody th").first
        before = first.bounding_box()
        table.evaluate("table => { table.scrollLeft = 200; }")
        assert table.evaluate("table => table.scrollLeft") > 0
        assert before
        assert first.bounding_box() == before, path


def test_after_instant_navigation_the_controls_work_once(visit: Visit, explore: Page) -> None:
    explore.evaluate("window.sameDocument = true")
    follow(explore, "Comparison")
    follow(explore, "Explore")
    explore.locator("#explore-cells").wait_for()
    every = explore.locator("#explore-table tbody tr").count()
    choose(explore, "method", "awq")

    assert rows(explore).count() < every
    assert explore.locator("select[name=baseline] optgroup").count() == len(
        set(explore.locator("select[name=baseline] optgroup").evaluate_all("groups => groups.map((one) => one.label)"))
    )
    assert explore.evaluate("window.sameDocument")
    assert visit.complaints == []


def test_a_row_of_a_run_has_an_address_that_leads_to_it(visit: Visit, site_url: str) -> None:
    page = visit(site_url + f"runs/{RUN}.html")
    row = page.locator("[id='awq-vllm-graphs.load_time_s']")
    row.locator("a.qp-address").click()

    assert page.url.endswith("#awq-vllm-graphs.load_time_s")
    again = visit(page.url, color_scheme="dark")
    box = again.locator("[id='awq-vllm-graphs.load_time_s']").bounding_box()
    header = again.locator(".md-header").bounding_box()
    assert box
    assert header
    assert header["height"] <= box["y"] < 800


def test_a_run_leads_to_its_pairs_and_its_texts_can_be_copied(visit: Visit, site_url: str) -> None:
    page = visit(site_url + f"runs/{BEFORE}.html")
    page.locator(".qp-copy button").first.wait_for(state="attached")
    assert page.locator(".qp-copy button").count() == 3
    bibtex = page.locator(".qp-copy code").last.inner_text()
    assert re.match(r"@misc\{quantpress-[\w.-]+,\n  title = ", bibtex)

    page.get_by_role("link", name="Beside other runs").click()
    page.locator("#explore-pairs select[name=a]").wait_for()
    assert page.locator("select[name=a]").input_value() == BEFORE
    assert 0 < page.locator(".qp-pair:visible").count() < page.locator(".qp-pair").count()
    assert visit.complaints == []


def test_every_run_s_page_opens_and_asks_nobody_else(visit: Visit, explore: Page, site_url: str) -> None:
    links = set(
        explore.locator("#explore-table a").evaluate_all("links => links.map((link) => link.href.split('#')[0])")
    )

    for url in sorted(links):
        visit(url)
    assert len(links) > 1
    assert [url for url in visit.requested if not url.startswith((site_url, "data:"))] == []
    assert visit.complaints == []


@pytest.mark.usefixtures("site_url")
def test_from_disk_the_table_filters_and_sorts(visit: Visit, site_dir: object) -> None:
    page = visit(f"file://{site_dir}/explore.html?method=awq")

    assert set(rows(page).evaluate_all("rows => rows.map((row) => row.dataset.method)")) == {"awq"}
    page.locator(f"button[data-sort={SPEED}]").click()
    assert page.locator("th[aria-sort=descending]").count() == 1


def test_on_paper_the_whole_table_fits_a_sheet_on_its_side(explore: Page) -> None:
    explore.set_viewport_size({"width": 1047, "height": 700})  # A4 between its margins, at 96 dots an inch
    explore.emulate_media(media="print")

    right = explore.locator("#explore-table table").evaluate("table => table.getBoundingClientRect().right")
    assert right <= 1047
    assert not explore.locator("#explore-cells").is_visible()
