"""What can't be true is found, whatever of it was edited; and what is true passes, as odd as it may look."""

from collections.abc import Callable
from copy import deepcopy
from datetime import datetime, timedelta
from typing import get_args

import pytest
from breaking import CARD, EDITS, awq, change, launch_of, run_of

from generator.analyse.physics.contradiction import Contradiction, Law
from generator.analyse.physics.laws import contradictions_at, contradictions_of
from generator.fingerprint import environment_sha256, is_environment
from generator.manifest import Hardware
from torture.forgeries.forged import genuine, trials
from torture.forgeries.records import Records, as_read


def found_after(edit: Callable[[Records], None], name: str = CARD) -> tuple[Contradiction, ...]:
    run = run_of(name)
    edit(run)
    return contradictions_of(as_read(run))


def test_no_committed_run_contradicts_itself() -> None:
    assert {trial.name: trial.contradictions for trial in genuine() if trial.contradictions} == {}


def test_nearly_all_of_a_share_of_the_forged_runs_contradict_themselves() -> None:
    tried = list(trials(every=12))

    assert len(tried) >= 40
    assert sum(bool(trial.contradictions) for trial in tried) >= 0.9 * len(tried)


@pytest.mark.parametrize("law", get_args(Law))
def test_a_run_that_breaks_a_law_is_told_of_it(law: Law) -> None:
    if law == "not_in_future":
        run = as_read(run_of(CARD))
        assert contradictions_at(run, "2026-11-30T00:00:00Z") == ()
        assert {one.law for one in contradictions_at(run, "2026-11-25T17:50:00Z")} == {law}
        return
    name, edit = EDITS[law]

    assert law in {one.law for one in found_after(edit, name)}


def test_a_contradiction_tells_file_field_what_it_says_and_what_is_possible() -> None:
    (found,) = found_after(change("quantities", "kv_cache_tokens", to=lambda it: it * 2))

    assert (found.file, found.field) == ("launches/r01-awq-vllm-graphs.json", "quantities.kv_cache_tokens")
    assert (found.found, found.relation) == (1_057_472, "at most")
    assert isinstance(found.possible, float)
    assert 528_736 < found.possible < 560_000


def test_a_model_that_does_not_read_all_its_weights_is_not_held_to_their_bandwidth() -> None:
    """A mixture of experts, say: four times the weights of its dimensions, and as fast as if it had them not."""

    def more_weights(run: Records) -> None:
        for launch in run.completed:
            launch["quantities"]["weights_gib"] *= 4

    laws = {one.law for one in found_after(more_weights)}

    assert laws.isdisjoint({"device_speed", "device_latency", "weights_of_shape"})


def test_a_card_that_nobody_knows_gets_the_benefit_of_the_doubt() -> None:
    def unknown(run: Records) -> None:
        run.manifest["hardware"] |= {"gpu_name": "NVIDIA Z100", "gpu_memory_mib": 81559.0}
        hardware = Hardware.model_validate(run.manifest["hardware"])
        run.manifest["environment_sha256"] = environment_sha256(hardware, run.manifest["versions"])
        for launch in run.completed:
            launch["limits"]["copy_gb_per_s"] *= 5

    assert found_after(unknown) == ()


def later(started_at: str, minutes: int) -> str:
    return f"{datetime.fromisoformat(started_at) + timedelta(minutes=minutes):%Y-%m-%dT%H:%M:%SZ}"


def test_a_pause_between_two_sittings_is_no_hole() -> None:
    def paused(run: Records) -> None:
        for launch in run.completed:
            if launch["round"] > 1:
                launch["started_at"] = later(launch["started_at"], 600)
                launch["limits"] = {"copy_gb_per_s": 2951.25, "matmul_tflop_per_s": 728.5}

    assert found_after(paused) == ()


def overlapping(run: Records, cards: tuple[str, str]) -> None:
    """The launch before AWQ's is on the one card, AWQ's and all others on the other."""
    for launch in run.launches:
        launch["card"] = cards[1]
    launch_of(run, "gptq-vllm")["card"] = cards[0]
    awq(run)["started_at"] = awq(run)["started_at"].replace(":49:", ":48:")


def test_launches_of_one_card_can_not_overlap_and_those_of_two_cards_can() -> None:
    assert "one_after_another" in {one.law for one in found_after(lambda run: overlapping(run, ("a" * 8, "a" * 8)))}
    assert found_after(lambda run: overlapping(run, ("a" * 8, "b" * 8))) == ()


def test_a_card_that_waits_for_another_leaves_a_hole_that_is_none() -> None:
    def waited(run: Records) -> None:
        for launch in run.completed:
            launch["card"] = "a" * 8 if launch["round"] == 1 else "b" * 8
        EDITS["no_holes"][1](run)

    assert "no_holes" not in {one.law for one in found_after(waited)}


def test_a_card_that_helps_with_earlier_rounds_turns_no_order() -> None:
    def helped(run: Records) -> None:
        for launch in run.completed:
            launch["card"] = "b" * 8 if launch["round"] > 1 or launch["cell"]["method"] != "fp16" else "a" * 8
            if launch["round"] == 1 and launch["cell"]["method"] != "fp16":
                launch["started_at"] = later(launch["started_at"], 600)

    assert "rounds_in_order" not in {one.law for one in found_after(helped)}


def test_a_launch_that_failed_and_was_made_again_leaves_a_hole_that_is_none() -> None:
    def made_again(run: Records) -> None:
        again = launch_of(run, "gptq-vllm")
        again["started_at"] = later(again["started_at"], 600)
        again["limits"] = {"copy_gb_per_s": 2951.25, "matmul_tflop_per_s": 728.5}

    assert found_after(made_again) == ()


def test_a_launch_that_jumped_in_time_says_so_and_may_overlap() -> None:
    def jumped(run: Records) -> None:
        before = launch_of(run, "gptq-vllm")
        before["faults"] = [{"kind": "clock_jump", "detail": "the machine's clocks moved 60.0 s apart"}]
        awq(run)["started_at"] = awq(run)["started_at"].replace(":49:", ":48:")
        awq(run)["faults"] = deepcopy(before["faults"])

    assert found_after(jumped) == ()


def test_memory_that_a_launch_itself_calls_unexplained_is_no_contradiction() -> None:
    def unexplained(run: Records) -> None:
        awq(run)["quantities"]["non_torch_gib"] += 8
        awq(run)["faults"] = [{"kind": "memory_unexplained", "detail": "the parts add up to 80 GiB"}]

    assert found_after(unexplained) == ()


def test_the_hash_of_a_record_that_is_older_than_a_field_is_still_its_own() -> None:
    known = {"device": "cuda", "gpu_name": "NVIDIA H200"}
    before = Hardware.model_validate({**known, "gpu_memory_mib": 143771.0})
    sha256 = environment_sha256(before, {"torch": "2.11.0"})

    assert is_environment(sha256, before, {"torch": "2.11.0"})
    assert is_environment(sha256, before, {"torch": "2.11.0", "lm_eval": "0.4.13"})
    assert not is_environment(sha256, before, {"torch": "2.12.0"})
    assert not is_environment(sha256, Hardware.model_validate(known), {"torch": "2.11.0"})
