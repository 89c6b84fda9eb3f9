"""The panel that advises: there with what it needs, absent where nothing may be advised, and safe with any text."""

import html
import json
import re
from math import log

import pytest
from examples import FOUR, completed, failed, four_methods, replaced, reported, with_controls

from generator.analyse.findings import find
from generator.analyse.rule import Ranked
from generator.folders import PAGES, TEMPLATES
from generator.measurements import Run
from generator.profiles import HubCheckpoint
from generator.record import Completed
from generator.render.advice import Seen, seen
from generator.render.pages import inert, render_pages
from generator.render.units import asked, upward

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}


def scenarios(*runs: Run) -> str:
    return render_pages(find(runs), TEXTS, ())["scenarios.md"]


def unmetered(launch: Completed) -> Completed:
    absent = launch.quantities.absent | {"gpu_memory_used_mib": "the <b>meter</b> was away"}
    return replaced(launch, quantities=replaced(launch.quantities, gpu_memory_used_mib=None, absent=absent))


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"<template.*?</template>|<[^>]*>", "", page))


def test_the_page_answers_for_its_own_wishes_without_a_script() -> None:
    page = text_of(scenarios(with_controls()))

    assert "For a card of 24 GiB, users at once: 1, context of each: 4,096 tokens, any quality, by speed alone" in page
    assert "by speed alone, with the speeds of Example GPU:" in page
    assert "What would change it:" in page
    assert "The rule" in page


def test_the_controls_offer_exactly_the_numbers_of_users_that_were_measured() -> None:
    select = re.search(r'<select name="users">(.*?)</select>', scenarios(with_controls()))

    assert select
    assert re.findall(r'value="(\d+)"', select.group(1)) == ["1", "4", "16"]


def test_the_page_carries_the_offers_and_the_rule() -> None:
    page = scenarios(with_controls())
    (escaped,) = re.findall(r'data-advice="([^"]*)"', page)

    data = json.loads(html.unescape(escaped))

    assert [offer["name"] for offer in data["offers"]][:2] == ["FP16", "FP16 in Transformers"]
    assert data["rule"]["constraints"] == ["users", "memory", "quality"]
    assert "<script" not in page


def test_every_slot_of_a_sentence_is_one_that_the_page_s_script_could_fill() -> None:
    page = scenarios(with_controls())
    script = "".join((PAGES / "assets" / name).read_text(encoding="utf-8") for name in ("panel.js", "advice-panel.js"))

    slots, said = re.findall(r'data-slot="(\w+)"', page), re.findall(r'data-say="([\w-]+)"', page)

    assert len(said) == len(set(said))
    for slot in set(slots):
        assert re.search(rf"\b{slot}\b", script), slot
    for name in re.findall(r'say\("([\w-]+)"', script):
        assert name in said


def test_each_measured_figure_links_to_the_run_that_it_is_of() -> None:
    page = scenarios(with_controls())

    assert page.count('href="appendix.html#2026-01-01-example"') > 4 * 4


def test_a_demo_and_a_run_of_too_few_launches_have_no_panel() -> None:
    example = four_methods()
    demo = example.manifest.profile.model_copy(update={"purpose": "demo"})  # type: ignore[union-attr]

    assert "your-card" not in scenarios(example)
    assert "your-card" not in scenarios(Run(example.manifest.model_copy(update={"profile": demo}), example.launches))
    assert "your-card" not in scenarios()


def test_a_reported_run_says_what_is_missing() -> None:
    page = scenarios(reported())

    assert "your-card" in page
    assert "data-advice" not in page
    assert str(inert("the bytes of KV cache for a token (not in the records of this run)")) in page


def test_a_cell_without_an_account_of_its_memory_is_out_with_the_record_s_reason() -> None:
    whole = with_controls()
    launches = [unmetered(one) if isinstance(one, Completed) and one.method == "awq" else one for one in whole.launches]

    page = scenarios(Run(whole.manifest, tuple(launches)))

    assert str(inert("the <b>meter</b> was away")) in page
    assert "<b>meter" not in page


def test_failed_methods_are_not_in_the_panel() -> None:
    whole = with_controls()
    page = scenarios(Run(whole.manifest, (*(one for one in whole.launches if one.method != "gptq"), failed("gptq"))))

    (escaped,) = re.findall(r'data-advice="([^"]*)"', page)
    assert "gptq" not in escaped


@pytest.mark.parametrize(
    ("value", "text"), [(8.2411, "8.25"), (8.25, "8.25"), (1234.001, "1,234.01"), (0.0, "0.00"), (-0.456, "−0.45")]
)
def test_what_must_suffice_is_rounded_up(value: float, text: str) -> None:
    assert upward(value) == text


def test_what_was_asked_for_is_repeated_as_it_was_given() -> None:
    assert [asked(value) for value in (24.0, 23.5, 4096, 0.05)] == ["24", "23.5", "4,096", "0.05"]


def ranked(
    score: float, lead: float | None = None, lead_low: float | None = None, lead_high: float | None = None
) -> Ranked:
    return Ranked("awq-vllm-eager", 100.0, 2.0, 1.0, 8.0, score, lead, lead_low, lead_high, tied=True)


def test_a_lead_is_told_as_a_ratio_with_its_interval_and_without_one_as_that_of_the_figures() -> None:
    told = seen(ranked(0.0), ranked(-1.0, log(1.2), log(0.9), log(1.6)))

    assert (told.ratio, told.low, told.high) == pytest.approx((1.2, 0.9, 1.6))
    bare = seen(ranked(log(6)), ranked(log(4)))
    assert bare == Seen(bare.ratio, None, None)
    assert bare.ratio == pytest.approx(1.5)


def test_a_tie_has_the_ratio_and_its_interval_beside_it() -> None:
    run = with_controls()
    unlike = [
        completed(of=one.cell, round_=one.round, speed=560.0 + 40 * one.round) if one.cell.method == "awq" else one
        for one in run.launches
    ]
    page = html.unescape(re.sub(r"<template.*?</template>", "", scenarios(Run(run.manifest, tuple(unlike)))))

    assert "AWQ and GPTQ, a tie" in page
    assert re.search(r"a tie<br><small>1\.\d\d×: 0\.\d\d×\sto 1\.\d\d×</small>", page)
    assert re.search(r"<li>AWQ against GPTQ: 1\.\d\d×, interval 0\.\d\d× to 1\.\d\d×</li>", page)


def test_a_lead_that_is_proven_and_too_small_to_count_says_so() -> None:
    run = with_controls()
    alike = [
        completed(
            of=one.cell, round_=one.round, speed=600.0 + one.round if one.cell.method == "awq" else 606.0 + one.round
        )
        if one.cell.method in {"awq", "gptq"}
        else one
        for one in run.launches
    ]

    page = text_of(scenarios(Run(run.manifest, tuple(alike))))

    assert re.search(r"GPTQ against AWQ: 1\.01×, interval 1\.0\d× to 1\.0\d×: proven, but too small to count", page)


def test_the_context_ends_where_the_model_does_and_has_no_end_where_nobody_knows_it() -> None:
    run = with_controls()
    trained = {method: HubCheckpoint(hub="example/model") for method in FOUR}
    profile = replaced(run.manifest.profile, checkpoints=trained)  # type: ignore[union-attr]

    assert 'max="131072" step="1" required data-beyond="beyond-context"' in scenarios(run)
    assert 'max="10000000" step="1" required>' in scenarios(Run(replaced(run.manifest, profile=profile), run.launches))


def unscored(launch: Completed) -> Completed:
    return replaced(launch, quality=None)


def test_without_quality_no_limit_of_it_can_be_set_and_the_page_says_why() -> None:
    run = with_controls()
    bare = Run(run.manifest, tuple(unscored(one) for one in run.launches if isinstance(one, Completed)))
    trained = replaced(run.manifest.profile, weights="trained")  # type: ignore[union-attr]

    assert re.search(r'name="quality"[^>]*step="any">', scenarios(run))
    for made, why in (
        (bare, "any: the weights are random, and predict no text"),
        (Run(replaced(bare.manifest, profile=trained), bare.launches), "any: not in the records of this run"),
    ):
        page = scenarios(made)
        assert re.search(r'name="quality"[^>]* disabled>', page)
        assert why in text_of(page)


def test_where_the_memory_is_computed_the_share_that_vllm_takes_is_stated() -> None:
    assert "gpu_memory_utilization of it, 0.92 by default and 0.9 in this run" in text_of(scenarios(with_controls()))
