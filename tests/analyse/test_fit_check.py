"""How far off the plan is of every committed run, told nothing of it."""

from collections.abc import Iterable
from dataclasses import replace

import pytest
from committed import findings

from generator.analyse import fit_check
from generator.analyse.brief import Brief
from generator.analyse.fit_check import Checked, LeftOut, check
from generator.analyse.fit_evidence import Evidence, evidence_of
from generator.analyse.physics.contradiction import Contradiction


@pytest.fixture(scope="module")
def by_run() -> Checked:
    return check(findings().briefs)


@pytest.fixture(scope="module")
def by_card() -> Checked:
    return check(findings().briefs, "card")


def test_memory_is_within_5_percent_of_every_cell_but_those_with_prompts_longer_than_any_other_run_had(
    by_run: Checked,
) -> None:
    quantities = ("weights_gib", "kv_cache_tokens", "gpu_memory_used_mib")
    far = {
        (one.run_id, one.cell.id) for one in by_run.deviations if one.quantity in quantities and abs(one.error) > 0.05
    }

    # Transformers reads a prompt at once, and the plan of this run may not know what that takes: no other tells.
    long_prompts = "2026-11-25-llama-3.1-8b-synthetic-long-context"
    assert far == {(long_prompts, "fp16-transformers-eager"), (long_prompts, "nf4-transformers-eager")}
    for quantity, most in zip(quantities, (1e-6, 0.031, 0.01), strict=True):
        found = by_run.summary(quantity, "graphs")  # type: ignore[arg-type]
        assert found is not None
        assert abs(found.worst.error) <= most


def test_the_speed_of_one_user_with_cuda_graphs_is_within_15_percent_even_of_a_card_that_no_run_was_on(
    by_run: Checked, by_card: Checked
) -> None:
    for checked in (by_run, by_card):
        found = checked.summary("decode_tokens_per_s", "graphs")
        assert found is not None
        assert found.count > 40
        assert abs(found.worst.error) < 0.15


def told_of(monkeypatch: pytest.MonkeyPatch, left_out: LeftOut) -> list[set[str]]:
    """The runs that each run was planned by."""
    told: list[set[str]] = []

    def noted(briefs: Iterable[Brief]) -> Evidence:
        known = tuple(briefs)
        told.append({brief.run_id for brief in known})
        return evidence_of(known)

    monkeypatch.setattr(fit_check, "evidence_of", noted)
    check(findings().briefs, left_out)
    return told


def test_a_run_is_planned_without_its_own_evidence(monkeypatch: pytest.MonkeyPatch) -> None:
    measured = [brief.run_id for brief in findings().briefs if brief.kind != "reported"]

    told = told_of(monkeypatch, "run")

    assert [{*measured} - known for known in told] == [{run_id} for run_id in measured]


def test_a_card_is_planned_without_any_run_on_it(monkeypatch: pytest.MonkeyPatch) -> None:
    h100 = {one.run_id for one in findings().briefs if one.manifest.hardware.gpu_name == "NVIDIA H100 80GB HBM3"}

    told = told_of(monkeypatch, "card")

    assert {frozenset(known & h100) for known in told} == {frozenset(), frozenset(h100)}


def test_nothing_is_learnt_from_a_run_that_somebody_sent_in_or_that_can_t_be_true() -> None:
    whole = findings().briefs
    theirs = [replace(brief, origin="contributed") for brief in whole]
    lie = Contradiction("whole_bytes", "quantities.weights_gib", 1.1, "exactly", 1.0)

    assert evidence_of(theirs) == Evidence() == evidence_of([replace(one, contradictions=(lie,)) for one in whole])
    assert check(theirs).deviations == ()
