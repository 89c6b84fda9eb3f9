"""Memory that grows with the prompt: known from a run with long prompts, or said to be unknown."""

from dataclasses import replace
from typing import Any

import pytest
from examples import completed, loop, manifest, replaced, with_controls
from experiments import with_long_prompts_measured

from generator.analyse.findings import Findings, find
from generator.analyse.growth import growth_of
from generator.analyse.memory import CHAT_TOKENS, GIB
from generator.analyse.offers import advising_of
from generator.analyse.rule import Reason, besides_gib, kv_cache_gib
from generator.measurements import Run
from generator.record import Completed

KV_BYTES = 131072
TOKENS = 65_536 + 64


def unreserved(launch: Completed, **quantities: Any) -> Completed:
    """The same launch in an engine that reserved no KV cache."""
    missing = {"kv_cache_gib": None, "kv_cache_tokens": None}
    absent = launch.quantities.absent | dict.fromkeys(missing, "none is reserved")
    changed = replaced(launch.quantities, **missing, **quantities, absent=absent)
    return replaced(launch, quantities=changed)


def ordinary() -> Run:
    """Six cells, of which those in Transformers reserve nothing."""
    run = with_controls()
    launches = [one for one in run.launches if isinstance(one, Completed)]
    return Run(run.manifest, tuple(unreserved(one) if one.cell.engine == "transformers" else one for one in launches))


def long_prompts(model_name: str | None = None) -> Run:
    """NF4 in Transformers answered 65,536 tokens, and FP16 in vLLM fewer; the model takes 128 KiB of cache a token."""
    run = with_long_prompts_measured()
    longest = loop(1, 50.0, 1, prompt_tokens=TOKENS - 64, workload="longest-prompt")
    launch = completed("nf4")
    nf4 = unreserved(replaced(launch, points=(launch.points[0], longest)), activation_peak_gib=18.0)
    changes: dict[str, Any] = {"cells": (*run.manifest.cells, nf4.cell)}
    if model_name is not None:
        changes["profile"] = replaced(manifest(model_name=model_name).profile)
    return Run(replaced(run.manifest, **changes), (*run.launches, nf4))


def found(*runs: Run) -> Findings:
    return find(runs, featured=ordinary().manifest.run_id)


def test_all_that_a_long_prompt_took_besides_its_cache_is_counted_for_each_of_its_tokens() -> None:
    (long,) = find((long_prompts(),)).runs

    growth = growth_of(long.manifest.run_id, long.shown)

    assert growth is not None
    assert (growth.cell.method, growth.cell.engine, growth.tokens) == ("nf4", "transformers", TOKENS)
    assert growth.activation_bytes_per_token == pytest.approx(18.0 * GIB / TOKENS - KV_BYTES)


def test_an_engine_that_reserves_says_nothing_of_growth() -> None:
    (long,) = find((with_long_prompts_measured(),)).runs

    assert growth_of(long.manifest.run_id, long.shown) is None


def test_the_smallest_card_of_every_cell_in_that_engine_has_room_for_what_grows() -> None:
    run = found(ordinary(), long_prompts()).featured
    assert run is not None

    for one in run.shown:
        per_token = 18.0 * GIB / TOKENS if one.cell.engine == "transformers" else KV_BYTES
        fixed_gib = 22000 / 1024 - (0 if one.cell.engine == "transformers" else 40_000 * KV_BYTES / GIB)
        assert one.stats["smallest_card_gib"].median == pytest.approx(fixed_gib + CHAT_TOKENS * per_token / GIB)


@pytest.mark.parametrize("runs", [(ordinary(),), (ordinary(), long_prompts("Another model"))], ids=["alone", "another"])
def test_without_a_run_with_long_prompts_of_that_model_no_smallest_card_is_known_and_the_panel_says_why(
    runs: tuple[Run, ...],
) -> None:
    run = found(*runs).featured
    assert run is not None
    advising = advising_of(run)
    assert advising is not None
    assert advising.advice is not None

    for one, offer in zip(advising.cells, advising.offers, strict=True):
        in_transformers = one.cell.engine == "transformers"
        assert ("smallest_card_gib" in one.stats) == (not in_transformers)
        assert (offer.activation_bytes_per_token is None) == in_transformers
        assert (offer.absent.get("activation_bytes_per_token") == Reason("no_long_prompts")) == in_transformers
    out = {entry.cell: entry.missing for entry in advising.advice.excluded}
    assert out == dict.fromkeys(("fp16-transformers-eager", "nf4-transformers-eager"), "activation_bytes_per_token")


def test_a_long_context_needs_the_room_that_it_was_seen_to_take() -> None:
    run = found(ordinary(), long_prompts()).featured
    assert run is not None
    advising = advising_of(run)
    assert advising is not None
    assert advising.wishes is not None

    _, offer = advising.by_cell["nf4-transformers-eager"]
    wishes = replace(advising.wishes, context_tokens=TOKENS)
    grown = (kv_cache_gib(offer, wishes) or 0) + (besides_gib(offer, wishes) or 0) - (offer.overhead_gib or 0)
    assert grown == pytest.approx(18.0)


def test_the_runs_that_pages_name_are_the_same_one_where_they_are_the_same() -> None:
    findings = found(ordinary(), long_prompts())

    assert findings.featured is findings.explained
    assert findings.featured is findings.served


def test_any_run_that_is_asked_for_by_name_knows_of_the_growth() -> None:
    other = ordinary()
    other = Run(replaced(other.manifest, run_id="2026-01-03-other", created_at="2026-01-03T00:00:00Z"), other.launches)
    findings = found(ordinary(), other, long_prompts())

    for one in findings.whole("2026-01-03-other").shown:
        assert "smallest_card_gib" in one.stats
    assert findings.whole(ordinary().manifest.run_id) is findings.featured
