"""The panel "For your own card" in a reader's browser: it says what the templates do, and its form listens."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import markdown  # type: ignore[import-untyped]
import pytest
from examples import cell, replaced, with_controls

from generator.analyse.findings import find
from generator.folders import PAGES, TEMPLATES
from generator.measurements import Run
from generator.record import Completed, Failed, Reported
from generator.render.pages import render_pages

from .visit import PHONE, Visit, follow

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from playwright.sync_api import Page

Launch = Completed | Failed | Reported

pytestmark = pytest.mark.browser


def panel(page: Page, part: str) -> str:
    return " ".join(page.locator(f".qp-advice [data-{part}]").first.inner_text().split())


def fill(page: Page, **values: str) -> None:
    """Waits until the panel listens, which is a moment after its page is shown."""
    for name, value in values.items():
        control = page.locator(f".qp-advice[data-open] [name={name}]")
        if name == "users":
            control.select_option(value)
        else:
            control.fill(value)


def whole_text(page: Page) -> list[str]:
    parts = ("wishes", "answer", "seen", "turns", "ranking", "excluded")
    return [panel(page, part) for part in parts]


def test_with_and_without_a_script_the_page_says_the_same(visit: Visit, site_url: str) -> None:
    plain = visit(site_url + "scenarios.html", java_script_enabled=False)
    page = visit(site_url + "scenarios.html")

    assert whole_text(page) == whole_text(plain)
    assert all(whole_text(plain)[:3])
    assert not plain.locator(".qp-advice form").is_visible()
    assert plain.locator(".qp-advice ol").is_visible()
    assert page.locator(".qp-advice form").is_visible()
    assert visit.complaints == []


def test_what_is_asked_for_is_in_the_address_and_comes_back_with_it(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "scenarios.html")
    own = whole_text(page)

    fill(page, card="16.5", context="2048", users="8", speed="40")

    assert page.url.endswith("?card=16.5&context=2048&users=8&speed=40")
    changed = whole_text(page)
    assert "For a card of 16.5 GiB, users at once: 8, context of each: 2,048 tokens" in changed[0]
    assert "any quality, speed weighing 40% and memory the rest" in changed[0]
    page.reload()
    assert whole_text(page) == changed
    page.locator(".qp-advice [type=reset]").click()
    page.wait_for_function("() => !location.search")
    assert whole_text(page) == own


def test_instant_navigation_away_and_back_leaves_a_panel_that_listens(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "index.html")
    page.evaluate("window.sameDocument = true")
    for _ in range(2):
        follow(page, "Scenarios")
        fill(page, card="6")
        assert "a card of 6 GiB" in panel(page, "wishes")
        follow(page, "Methodology")
    assert page.evaluate("window.sameDocument")
    assert visit.complaints == []


@pytest.mark.parametrize(
    ("wrong", "possible"),
    [
        ("card=0", "possible: a number from 1 to 10000"),
        ("card=abc", "possible: a number from 1 to 10000"),
        ("card=", "possible: a number from 1 to 10000"),
        ("context=1.5", "possible: a whole number from 1 to 131072"),
        ("context=1000000", "possible: a whole number from 1 to 131072"),
        ("users=7", "possible: 1, 4, 8, 16, 32, 64"),
        ("quality=2", "nothing can be chosen here"),
        ("speed=101", "possible: a whole number from 0 to 100"),
        ("run=other", "this page has no choice of that name"),
    ],
)
def test_a_line_says_what_of_the_address_is_ignored_and_what_is_possible(
    visit: Visit, site_url: str, wrong: str, possible: str
) -> None:
    own = whole_text(visit(site_url + "scenarios.html"))

    page = visit(f"{site_url}scenarios.html?{wrong}")

    told = page.locator("[data-ignored]")
    assert told.inner_text().strip() == f"Ignored from the address: {wrong} ({possible})."
    assert whole_text(page) == own
    fill(page, card="12")
    assert not told.is_visible()


def test_an_address_with_nothing_wrong_and_what_other_sites_hang_on_it_get_no_line(visit: Visit, site_url: str) -> None:
    page = visit(f"{site_url}scenarios.html?card=12&utm_source=list&fbclid=1")

    assert not page.locator("[data-ignored]").is_visible()


def test_beyond_the_model_s_longest_context_a_line_says_so_and_nothing_is_computed(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "scenarios.html")

    fill(page, context="1000000")

    assert "The model ends at 131,072 tokens of context" in panel(page, "problems")
    assert page.locator(".qp-advice [data-result]:visible").count() == 0
    fill(page, context="131072")
    assert page.locator(".qp-advice [data-result]:visible").count() > 0


def test_where_no_quality_is_known_no_limit_can_be_set_and_the_reason_stands_there(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "scenarios.html")

    limit = page.locator(".qp-advice label", has=page.locator("[name=quality]"))
    assert limit.locator("input").is_disabled()
    assert "the weights are random" in limit.inner_text()


@pytest.mark.parametrize(("name", "value"), [("card", "0"), ("card", ""), ("context", "1.5")])
def test_a_value_that_cannot_be_is_told_and_no_stale_answer_stands(
    visit: Visit, site_url: str, name: str, value: str
) -> None:
    page = visit(site_url + "scenarios.html")

    fill(page, **{name: value})

    told = page.locator(".qp-advice [data-problems]")
    assert told.is_visible()
    assert "number from" in told.inner_text()
    assert not page.locator(".qp-advice [data-answer]").is_visible()
    fill(page, **{name: "3"})
    assert not told.is_visible()
    assert page.locator(".qp-advice [data-answer]").is_visible()


def test_a_panel_whose_figures_are_damaged_says_so_and_keeps_its_own_answer(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "scenarios.html")

    page.evaluate(
        """() => {
            const panel = document.querySelector(".qp-advice");
            const copy = panel.cloneNode(true);
            copy.id = "damaged";
            copy.dataset.advice = copy.dataset.advice.slice(0, 40);
            delete copy.dataset.open;
            panel.after(copy);
            document$.next(document);
        }"""
    )

    assert "could not be read" in page.locator("#damaged [data-problems]").inner_text()
    assert page.locator("#damaged [data-answer]").is_visible()
    assert not page.locator("#damaged [name=card]").is_visible()


def test_text_of_a_record_stays_text_in_the_panel(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "scenarios.html")

    page.evaluate(
        """() => {
            const panel = document.querySelector(".qp-advice");
            const data = JSON.parse(panel.dataset.advice);
            data.offers.forEach((offer) => {
                offer.name = "<img src=x onerror=window.broken=1>";
                offer.weights_gib = null;
                offer.absent.weights_gib = { kind: "record", text: "<b>bold</b>" };
            });
            panel.dataset.advice = JSON.stringify(data);
            delete panel.dataset.open;
            document$.next(document);
        }"""
    )

    assert "<img src=x onerror=window.broken=1>" in panel(page, "excluded")
    assert "<b>bold</b>" in panel(page, "excluded")
    assert page.locator(".qp-advice :is(img, b)").count() == 0


def test_on_a_phone_and_from_disk_the_panel_works(visit: Visit, site_url: str, site_dir: Path) -> None:
    phone: dict[str, Any] = {"viewport": PHONE, "has_touch": True, "is_mobile": True}
    for url in (site_url + "scenarios.html", (site_dir / "scenarios.html").as_uri() + "?users=4"):
        page = visit(url, **phone)
        fill(page, card="8")
        assert "a card of 8 GiB" in panel(page, "wishes")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    assert visit.complaints == []


def unmetered(launch: Launch) -> Launch:
    if not isinstance(launch, Completed) or launch.cell != cell("gptq"):
        return launch
    absent = launch.quantities.absent | {"gpu_memory_used_mib": "the <b>meter</b> was away"}
    return replaced(launch, quantities=replaced(launch.quantities, gpu_memory_used_mib=None, absent=absent))


def without_loops(launch: Launch) -> Launch:
    """A launch that served at most one user."""
    if not isinstance(launch, Completed) or launch.cell.engine == "vllm":
        return launch
    return replaced(launch, points=launch.points[:2])


def only_crowds(launch: Launch) -> Launch:
    """A launch that nobody used alone."""
    if not isinstance(launch, Completed) or launch.cell != cell("awq"):
        return launch
    return replaced(launch, points=(launch.points[0], *launch.points[2:]))


@pytest.mark.parametrize("budget_gib", [5.0, 7.25, 16.5, 24.0, 1000.0])
@pytest.mark.parametrize("change", [unmetered, without_loops, only_crowds])
def test_what_the_script_says_of_any_run_is_what_the_templates_said(
    visit: Visit, budget_gib: float, change: Callable[[Launch], Launch]
) -> None:
    whole = with_controls()
    run = Run(replaced(whole.manifest, memory_budget_gib=budget_gib), tuple(map(change, whole.launches)))
    page = without_scripts(visit, run)
    said = whole_text(page)

    start_scripts(page)

    assert page.locator("[data-open]").count() == 1
    assert whole_text(page) == said
    assert visit.complaints == []


def without_scripts(visit: Visit, run: Run) -> Page:
    """The page of scenarios of one run."""
    texts = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
    made = markdown.markdown(render_pages(find((run,)), texts, ())["scenarios.md"], extensions=["md_in_html"])
    page = visit("about:blank")
    page.set_content(made)
    return page


def start_scripts(page: Page) -> None:
    for name in ("address.js", "panel.js", "advice.js", "advice-panel.js"):
        page.add_script_tag(path=PAGES / "assets" / name)


def test_where_quality_is_known_a_limit_can_be_set(visit: Visit) -> None:
    page = without_scripts(visit, with_controls())
    start_scripts(page)

    fill(page, quality="2")
    assert "perplexity at most 2% above FP16’s" in panel(page, "wishes")
    fill(page, quality="-2")
    assert "number from 0" in panel(page, "problems")


def test_a_tie_shows_the_ratio_that_was_seen_with_its_interval(visit: Visit) -> None:
    page = without_scripts(visit, with_controls())
    start_scripts(page)

    fill(page, speed="30")

    tied = page.locator(".qp-advice [data-ranking] tr", has_text="a tie").all_inner_texts()
    assert tied
    assert all(re.search(r"a tie\s+[\d.]+×: [\d.]+×\sto [\d.]+×", text) for text in tied)
    seen = page.locator(".qp-advice [data-seen] li").all_inner_texts()
    assert len(seen) == len(tied)
    form = r".+ against .+: [\d.]+×, interval ([\d.]+)× to [\d.]+×(: proven, but too small to count)?"
    told = [re.fullmatch(form, text) for text in seen]
    assert all(one and (float(one[1]) >= 1 if one[2] else float(one[1]) <= 1) for one in told)
