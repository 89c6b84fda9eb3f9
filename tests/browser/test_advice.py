"""The panel "For your own card" in a reader's browser: it answers as the rule in Python does, and its form listens."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from generator.analyse.advice import Offer, Rule, Wishes, advise, needed_gib

from .visit import PHONE, Visit, follow

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Page

pytestmark = pytest.mark.browser

CASES = 4_000
CELLS = ("fp16-vllm", "awq-vllm", "gptq-vllm", "nf4-vllm", "nf4-transformers", "é")
USERS = (1, 2, 8, 64)
SIZES = (1.0, 5.5, 5.5, 15.0, 24.0, 5.500000000000001)
BOUNDS = (0.0, 0.019802627296179712, 0.0198026272961797, 0.02, -0.1, 0.4)


def some_offers(random: Random) -> list[Offer]:
    """Anything that a run could offer and more: ties, gaps, figures equal to the last bit, the huge and the tiny."""
    cells = random.sample(
        ["fp16-vllm", "awq-vllm", "gptq-vllm", "nf4-vllm", "nf4-transformers", "é"], random.randint(0, 6)
    )
    extreme = random.random() < 0.1

    def size() -> float:
        if extreme and random.random() < 0.5:
            return float(10 ** random.uniform(-300, 300))
        return random.choice(SIZES) if random.random() < 0.6 else random.uniform(0.1, 90)

    def bound() -> float:
        return random.choice(BOUNDS) if random.random() < 0.5 else random.gauss(0, 0.3)

    def maybe(value: float, chance: float = 0.06) -> float | None:
        return None if random.random() < chance else value

    return [
        Offer(
            cell=cell,
            weights_gib=maybe(size()),
            overhead_gib=maybe(random.choice([0.0, 1.25, size()])),
            kv_bytes_per_token=maybe(random.choice([2048, 131072, 131072, random.randint(1, 10**7)])),
            speeds={users: size() * 100 for users in USERS if random.random() < 0.85},
            log_ratios={
                users: {other: tuple(sorted((bound(), bound()))) for other in cells if random.random() < 0.9}  # type: ignore[misc]
                for users in USERS
                if random.random() < 0.85
            },
            perplexity_rise_percent=None,
            perplexity_rise_high_percent=maybe(random.choice([0.0, 1.0, random.uniform(-1, 9)]), 0.2),
            absent={},
        )
        for cell in cells
    ]


def some_wishes(random: Random, offers: list[Offer]) -> Wishes:
    asked = Wishes(
        card_gib=random.choice([24, random.uniform(1, 200), 10 ** random.uniform(-9, 305)]),
        context_tokens=random.choice([4096, 1, 8192.0, random.randint(1, 10**6)]),
        users=random.choice([*USERS, 3]),
        quality_percent=random.choice([None, None, 1.0, 0.0, random.uniform(0, 9)]),
        speed_weight=random.choice([100, 0, 50, random.randint(0, 100), random.uniform(0, 100)]),
    )
    just_fitting = [needed for offer in offers if (needed := needed_gib(offer, asked)) is not None]
    return replace(asked, card_gib=random.choice([asked.card_gib, *just_fitting]))


def cases() -> list[tuple[list[Offer], Wishes, Rule]]:
    random = Random(20261124)
    made = []
    for _ in range(CASES):
        offers = some_offers(random)
        made.append(
            (offers, some_wishes(random, offers), Rule(floor=random.choice([0.02, 0.02, random.uniform(0, 1)])))
        )
    return made


def test_the_page_s_function_answers_as_the_rule_in_python_does(visit: Visit, site_url: str) -> None:
    page = visit(site_url + "scenarios.html")
    asked = cases()
    sent = json.dumps([[[asdict(offer) for offer in one[0]], asdict(one[1]), asdict(one[2])] for one in asked])

    answers = page.evaluate(
        "sent => JSON.stringify(JSON.parse(sent).map(([offers, wishes, rule]) =>"
        " window.quantpress.advise(offers, wishes, rule)))",
        sent,
    )

    expected = [asdict(advise(*one)) for one in asked]
    # A whole number has no point in JavaScript, however large it is.
    found = json.loads(answers, parse_int=float)
    for number, (its, ours) in enumerate(zip(found, json.loads(json.dumps(expected)), strict=True)):
        assert its == ours, (number, asked[number])
    # The cases are worth their time: each kind of answer is among them, many times.
    assert sum(len(one["tied"]) > 1 for one in expected) > CASES / 10
    assert sum(len(one["tied"]) == 1 < len(one["ranking"]) for one in expected) > CASES / 20
    for constraint in ("users", "memory", "quality"):
        assert sum(any(out["constraint"] == constraint for out in one["excluded"]) for one in expected) > CASES / 10
    for turn in ("more_users", "larger_card", "smaller_card"):
        assert sum(one[turn] is not None for one in expected) > CASES / 10


def panel(page: Page, part: str) -> str:
    return " ".join(page.locator(f".qp-advice [data-{part}]").first.inner_text().split())


def fill(page: Page, **values: str) -> None:
    for name, value in values.items():
        control = page.locator(f".qp-advice [name={name}]")
        if name == "users":
            control.select_option(value)
        else:
            control.fill(value)


def whole_text(page: Page) -> list[str]:
    parts = ("wishes", "answer", "turns", "ranking", "excluded")
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

    fill(page, card="16.5", context="2048", users="8", quality="2", speed="40")

    assert page.url.endswith("?card=16.5&context=2048&users=8&quality=2&speed=40")
    changed = whole_text(page)
    assert "For a card of 16.5 GiB, users at once: 8, context of each: 2,048 tokens" in changed[0]
    assert "perplexity at most 2% above FP16’s, speed weighing 40% and memory the rest" in changed[0]
    page.reload()
    assert whole_text(page) == changed
    page.locator(".qp-advice [type=reset]").click()
    page.wait_for_function("!location.search")
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
    "wrong", ["card=0", "card=abc", "context=1.5", "users=5", "quality=-1", "quality=0x0", "speed=101", "card="]
)
def test_an_address_that_asks_for_what_there_is_not_is_told(visit: Visit, site_url: str, wrong: str) -> None:
    own = whole_text(visit(site_url + "scenarios.html"))

    page = visit(f"{site_url}scenarios.html?{wrong}")

    told = page.locator("[data-address-problems]")
    assert told.is_visible()
    assert f"{wrong}: expected" in told.inner_text()
    assert whole_text(page) == own


@pytest.mark.parametrize(("name", "value"), [("card", "0"), ("card", ""), ("context", "1.5"), ("quality", "-2")])
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
