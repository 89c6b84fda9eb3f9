"""The rule of the panel "For your own card": what the page's function answers is what the one in Python does."""

from __future__ import annotations

import json
from dataclasses import asdict, replace
from random import Random
from typing import TYPE_CHECKING

import pytest

from generator.analyse.advice import advise
from generator.analyse.offers import reaches
from generator.analyse.rule import LogRatio, Offer, Rule, Wishes, ln, needed_gib

if TYPE_CHECKING:
    from .visit import Visit

pytestmark = pytest.mark.browser

CASES = 4_000
CELLS = ("fp16-vllm", "awq-vllm", "gptq-vllm", "nf4-vllm", "nf4-transformers", "é")
USERS = (1, 2, 8, 64)
SIZES = (1.0, 5.5, 5.5, 15.0, 24.0, 5.500000000000001)
BOUNDS = (0.0, ln(1.02), ln(1.02) * (1 - 1e-15), 0.02, -0.1, 0.4)


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

    def ratio() -> LogRatio:
        return LogRatio(bound(), random.choice([0.0, 0.01, abs(bound())]) / 10, random.choice([2, 2, 7]))

    def maybe(value: float, chance: float = 0.06) -> float | None:
        return None if random.random() < chance else value

    return [
        Offer(
            cell=cell,
            weights_gib=maybe(size()),
            overhead_gib=maybe(random.choice([0.0, 1.25, size()])),
            kv_bytes_per_token=maybe(random.choice([2048, 131072, 131072, random.randint(1, 10**7)])),
            activation_bytes_per_token=maybe(random.choice([0.0, 0.0, random.uniform(0, 10**6)]), 0.02),
            speeds={users: size() * 100 for users in USERS if random.random() < 0.85},
            log_ratios={
                users: {other: ratio() for other in cells if random.random() < 0.9}
                for users in USERS
                if random.random() < 0.85
            },
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
        floors = {1: 0.3, 8: 0.0} if random.random() < 0.3 else {}
        floor = random.choice([0.02, 0.02, random.uniform(0, 1)])
        rule = Rule(floor=floor, floors=floors, reach=reaches(offers))
        made.append((offers, some_wishes(random, offers), rule))
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
