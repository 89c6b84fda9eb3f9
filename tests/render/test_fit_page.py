"""The page of plans as Markdown: what it carries for its script, and what it says where runs say nothing."""

import html
import json
import re
from typing import get_args

from committed import findings as committed

from generator.analyse.findings import Findings, find
from generator.analyse.fit import PARTS
from generator.analyse.physics.cards import CARDS
from generator.analyse.planning import ASKED, COMMON, asked, planning_of
from generator.folders import PAGES, TEMPLATES, templates_in
from generator.methods import METHODS
from generator.model import Why
from generator.render.fit import bars, page
from generator.render.pages import render_pages
from generator.shapes import PUBLIC


def made(findings: Findings) -> str:
    return render_pages(findings, templates_in(TEMPLATES), ())["fit.md"]


def text_of(page: str) -> str:
    return html.unescape(re.sub(r"<template.*?</template>|<[^>]*>", "", page))


def test_the_page_opens_with_the_featured_model_s_plan_and_how_far_off_plans_were() -> None:
    said = " ".join(text_of(made(committed())).split())

    assert "For Llama 3.1 8B on NVIDIA GeForce RTX 4090, users at once: 1, context of each: 4,096 tokens:" in said
    assert f"all {len(METHODS)} planned methods have room" in said
    assert "2.7% in the median and 6.4% at worst (speed, CUDA graphs)" in said
    assert "0.3% in the median and 0.7% at worst (memory, CUDA graphs)" in said
    for card in COMMON:
        assert card in said


def test_without_runs_there_is_the_bound_alone_and_the_page_says_so() -> None:
    said = text_of(made(find(())))

    assert "No run here tells what only measuring tells" in said
    assert "No run here can be held against a plan" in said
    assert planning_of(find(())).plans[0].expected_tokens_per_s is None


def test_the_page_carries_what_its_script_needs() -> None:
    (escaped,) = re.findall(r'data-fit="([^"]*)"', made(committed()))

    data = json.loads(html.unescape(escaped))

    assert set(data["models"]) == set(PUBLIC)
    assert set(data["cards"]) == set(CARDS)
    assert [method["id"] for method in data["methods"]] == [method.id for method in METHODS]
    assert data["evidence"]["bandwidth_share"]["fixed"] > 0.8
    assert set(data["looks"]) == set(PARTS)
    assert "<script" not in made(committed())


def test_every_sentence_and_slot_is_one_that_the_script_fills_and_every_reason_has_its_words() -> None:
    markdown = made(committed())
    script = "".join((PAGES / "assets" / name).read_text(encoding="utf-8") for name in ("panel.js", "fit-panel.js"))

    slots, said = re.findall(r'data-slot="(\w+)"', markdown), re.findall(r'data-say="([\w-]+)"', markdown)

    assert len(said) == len(set(said))
    for slot in set(slots):
        assert re.search(rf"\b{slot}\b", script), slot
    for name in re.findall(r'say\("([\w-]+)"', script):
        assert name in said
    for why in get_args(Why):
        assert f"why-{why}" in said


def test_each_measured_figure_names_the_runs_that_it_is_from() -> None:
    figures, told = (page(committed())[name] for name in ("figures", "told"))

    assert isinstance(figures, tuple)
    assert all(runs for *_, runs in figures)
    markdown = made(committed())
    assert isinstance(told, list)
    for run_id in told:
        assert f'id="told-{run_id}"><a href="runs/{run_id}.html">' in markdown


def test_the_longest_bar_is_whole_and_the_card_has_the_length_that_it_has_to_it() -> None:
    planning = planning_of(committed())

    (_, card, parts), *_ = bars(planning.plans, planning.memory_gib)
    (_, small, _), *_ = bars(planning.plans, planning.plans[0].parts_gib / 2)

    assert card == 100
    assert sum(length for _, length in parts) < 100
    assert round(small, 9) == 50


def test_only_the_newest_runs_are_asked_so_that_a_thousand_do_not_make_every_build_slow() -> None:
    (whole,) = (run.run for run in committed().runs if run.manifest.run_id == "2026-11-24-llama-3.1-8b-synthetic-3")
    many = find((whole,) * (ASKED + 5))

    assert len(asked(many)) == ASKED
    assert {brief.manifest.hardware.device for brief in asked(committed())} == {"cuda"}
