"""The page of plans, as its reader uses it."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest
from axe_playwright_python.base import AXE_SCRIPT
from test_model import LLAMA

from generator.methods import METHOD_IDS, METHODS

from .visit import PHONE, Visit, follow

if TYPE_CHECKING:
    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

RUN = "() => axe.run({ resultTypes: ['violations'] }).then(({ violations }) => violations.map(({ id }) => id))"


def choose(page: Page, **values: str) -> None:
    for name, value in values.items():
        control = page.locator(f".qp-plan [name={name}]")
        if control.evaluate("one => one.tagName") == "SELECT":
            control.select_option(value)
        elif control.get_attribute("type") == "checkbox":
            control.set_checked(value == "1")
        else:
            control.fill(value)


def said(page: Page, name: str) -> str:
    return " ".join(page.locator(f".qp-plan [data-{name}]").inner_text().split())


def rows(page: Page) -> list[list[str]]:
    return [row.locator("th, td").all_inner_texts() for row in page.locator("[data-plans] tr").all()]


def whole_text(page: Page) -> str:
    return " ".join(page.locator(".qp-plan [data-result]").inner_text().split())


def bars(page: Page) -> list[list[float]]:
    return page.locator(".qp-plan__bar").evaluate_all(  # type: ignore[no-any-return]
        "bars => bars.map((bar) => [...bar.children].map((part) => Math.round(part.getBoundingClientRect().width)))"
    )


def test_without_javascript_it_answers_and_with_it_the_answer_stays_the_same(visit: Visit, site_url: str) -> None:
    plain = visit(site_url + "fit.html", java_script_enabled=False)
    page = visit(site_url + "fit.html")

    assert page.locator("[data-open]").count() == 1
    assert whole_text(page) == whole_text(plain)
    assert bars(page) == bars(plain)
    assert f"All {len(METHODS)} planned methods have room" in whole_text(page)
    assert "131,072" in plain.locator("article").inner_text()
    assert visit.complaints == []


def test_a_choice_is_answered_and_stands_in_the_address(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "fit.html")

    fewer = dict.fromkeys(("nf4", "w4a16", "fp8", "int8"), "0")
    choose(page, model="llama-3.1-70b", card="NVIDIA H100 80GB HBM3", users="3", **fewer)

    assert said(page, "wishes").startswith("For Llama 3.1 70B on NVIDIA H100 80GB HBM3, users at once: 3,")
    assert said(page, "answer") == "AWQ and GPTQ have room"
    assert [row[1] for row in rows(page)] == ["no", "yes", "yes"]
    assert rows(page)[0][3:5] == ["–", "–"]
    again = visit(page.url, color_scheme="dark")
    assert whole_text(again) == whole_text(page)
    assert "model=llama-3.1-70b" in page.url
    assert "nf4=0" in page.url
    page.get_by_role("button", name="Reset").click()
    page.wait_for_function("() => !location.search")
    assert len(rows(page)) == len(METHODS)


@pytest.mark.parametrize(
    ("wished", "answer"),
    [
        ({"model": "llama-3.1-70b"}, "No method has room: it takes a card of at least 40.74 GiB (BitsAndBytes NF4)"),
        ({"model": "llama-2-13b", "context": "5000"}, "The model is made for 4,096 tokens of context at most"),
        (dict.fromkeys(METHOD_IDS, "0"), "No method is chosen that runs there"),
        ({"engine": "transformers", "fp16": "0"}, "BitsAndBytes NF4 has room"),
        ({"context": "60000"}, "BitsAndBytes NF4, AWQ, GPTQ, W4A16, FP8 and INT8 have room"),
        ({"context": "100000", "gptq": "0", "w4a16": "0"}, "Only AWQ has room"),
    ],
)
def test_what_does_not_fit_is_told_with_what_it_takes(
    visit: Visit, site_url: str, wished: dict[str, str], answer: str
) -> None:
    page = visit(site_url + "fit.html")

    choose(page, **wished)

    assert page.locator("[data-answer]").evaluate("one => one.textContent").strip().casefold() == answer.casefold()


def test_a_configuration_that_is_pasted_fills_the_fields(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "fit.html")
    assert not page.locator("[data-config]").is_visible()
    choose(page, model="own")
    own = rows(page)

    page.locator("[data-config]").fill(json.dumps(LLAMA | {"model_type": "qwen2", "num_hidden_layers": 16}))

    assert said(page, "config-said") == "The fields below now have its dimensions."
    assert page.locator("[name=layers]").input_value() == "16"
    assert page.locator("[name=vectors]").input_value() == str(33 * 4096 + 16 * (4096 + 2 * 1024))
    assert rows(page) != own
    assert "layers=16" in page.url
    choose(page, layers="32")
    assert page.locator("[name=vectors]").input_value() == ""
    assert rows(page) == own


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("{", "This is not the JSON of a config.json."),
        ("[1]", "This is not the JSON of a config.json."),
        (
            json.dumps(LLAMA | {"num_local_experts": 8}),
            "The field num_local_experts of this configuration: a mixture of",
        ),
        (
            json.dumps(LLAMA | {"model_type": "<img src=x>"}),
            "plans are made for llama, mistral, qwen2, qwen3 and gemma alone",
        ),
    ],
)
def test_a_configuration_that_can_t_be_planned_is_told_with_its_field_and_changes_nothing(
    visit: Visit, site_url: str, text: str, told: str
) -> None:
    page = visit(site_url + "fit.html")
    choose(page, model="own")
    before = rows(page)

    page.locator("[data-config]").fill(text)

    assert told in said(page, "config-said")
    assert rows(page) == before


def test_a_card_of_one_s_own_is_its_memory_and_its_bandwidth(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "fit.html?card=own&memory=48&bandwidth=2000")

    assert page.locator("[name=memory]").is_visible()
    assert "GiB of 48.0" in said(page, "bars")
    before = float(rows(page)[0][4])
    choose(page, bandwidth="1000")
    assert float(rows(page)[0][4]) == pytest.approx(before / 2, abs=1)


def test_a_value_that_cannot_be_is_told_and_no_stale_answer_stands(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "fit.html")

    choose(page, users="0")

    assert "Users at once: expected a whole number from 1" in said(page, "problems")
    assert not page.locator(".qp-plan [data-answer]").is_visible()
    choose(page, users="2")
    assert page.locator(".qp-plan [data-answer]").is_visible()


def test_figures_that_are_damaged_are_told_and_the_page_keeps_its_own_answer(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "index.html")
    page.route("**/fit.html", lambda route: route.fulfill(body=damaged(route.fetch().text()), content_type="text/html"))
    page.goto(site_url + "fit.html")

    assert "could not be read" in said(page, "problems")
    assert page.locator("[data-answer]").is_visible()
    assert not page.locator("[name=users]").is_visible()


def damaged(page: str) -> str:
    return page.replace('data-fit="{', 'data-fit="', 1)


def test_it_works_after_an_instant_navigation_and_by_keyboard(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "index.html")
    follow(page, "Plan")
    page.locator("[name=model]").focus()
    page.keyboard.press("End")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.name") == "card"
    assert said(page, "wishes").startswith("For dimensions of your own on")
    assert visit.complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_in_what_was_folded_away_or_worked_out(visit: Visit, site_url: str, scheme: str) -> None:
    page = visit(
        site_url + "fit.html?model=own&card=own&users=900", viewport=PHONE, color_scheme=scheme, reduced_motion="reduce"
    )

    page.evaluate(AXE_SCRIPT)

    assert page.evaluate(RUN) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
