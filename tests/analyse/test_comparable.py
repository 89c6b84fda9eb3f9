"""What is compared with what: figures of the same work; and of what changed, what a launch could have noticed."""

from math import exp

import pytest
from examples import completed, four_methods, manifest, quality, replaced, reported, with_controls

from generator.analyse.cell import CellFindings
from generator.analyse.comparable import changes_between, figures_of, obstacle
from generator.analyse.findings import find, run_findings
from generator.analyse.run import RunFindings
from generator.manifest import MeasuredRun
from generator.measurements import Run

SPEED, WEIGHTS = "output_tokens_per_s", "weights_gib"


def first_of(run: Run) -> tuple[RunFindings, CellFindings]:
    found = run_findings(run)
    return found, found.cells[0]


def changed(run: Run, **changes: object) -> Run:
    return Run(replaced(run.manifest, **changes), run.launches)


def with_workload(number: int, **changes: object) -> Run:
    run = four_methods()
    assert isinstance(run.manifest, MeasuredRun)
    profile = run.manifest.profile
    works = list(profile.workloads)
    works[number] = replaced(works[number], **changes)
    return changed(run, profile=replaced(profile, workloads=tuple(works)))


def test_a_cells_figures_have_the_bytes_of_a_token_and_the_perplexity_of_each_launch() -> None:
    (run,) = find((with_controls(rounds=3),)).runs
    figures = figures_of(run.cells[0])

    assert figures["kv_cache_bytes_per_token"].by_round == {1: 131072.0, 2: 131072.0, 3: 131072.0}
    assert figures["perplexity"].by_round == dict.fromkeys((1, 2, 3), pytest.approx(exp(2.5)))


def test_another_text_has_no_perplexity_to_compare() -> None:
    other = Run(manifest(), (replaced(completed(), quality=replaced(quality(), text_sha256="b" * 64)),))

    assert obstacle(first_of(four_methods()), first_of(other), "perplexity") == "workload"
    assert obstacle(first_of(four_methods()), first_of(four_methods()), "perplexity") is None


def test_speeds_of_unlike_work_are_not_compared_and_weights_are() -> None:
    mine, its = first_of(four_methods()), first_of(with_workload(0, output_tokens=17))

    assert obstacle(mine, its, SPEED) == "workload"
    assert obstacle(mine, its, "one_user_tokens_per_s") is None
    assert obstacle(mine, its, WEIGHTS) is None


def test_one_users_speed_is_of_that_users_work() -> None:
    mine, its = first_of(four_methods()), first_of(with_workload(1, output_tokens=17))

    assert obstacle(mine, its, "one_user_tokens_per_s") == "workload"
    assert obstacle(mine, its, SPEED) is None


def test_how_often_work_was_done_makes_it_no_other() -> None:
    assert obstacle(first_of(four_methods()), first_of(with_workload(0, repeats=99, at_least_s=60.0)), SPEED) is None


def test_of_another_model_what_it_is_may_be_compared_and_what_it_does_may_not() -> None:
    other = Run(manifest(model_name="Another model"), four_methods().launches)

    assert obstacle(first_of(four_methods()), first_of(other), SPEED) == "model"
    for quantity in (WEIGHTS, "kv_cache_bytes_per_token", "kv_cache_tokens", "load_time_s"):
        assert obstacle(first_of(four_methods()), first_of(other), quantity) is None


def test_nobody_knows_the_work_of_reported_figures() -> None:
    assert obstacle(first_of(reported()), first_of(reported()), SPEED) == "unknown"
    assert obstacle(first_of(reported()), first_of(reported()), WEIGHTS) is None


def test_of_a_point_that_the_profile_does_not_name_nobody_knows_the_work() -> None:
    run = with_workload(1, name="another-name")

    assert obstacle(first_of(run), first_of(run), "one_user_tokens_per_s") == "unknown"
    assert obstacle(first_of(run), first_of(run), SPEED) is None


def test_what_is_neutral_is_not_compared() -> None:
    assert obstacle(first_of(four_methods()), first_of(four_methods()), "gpu_memory_used_mib") == "neutral"


def test_what_no_launch_of_the_cell_notices_is_no_change() -> None:
    before = four_methods()
    assert isinstance(before.manifest, MeasuredRun)
    profile = before.manifest.profile
    few = {"fp16": profile.checkpoints["fp16"]}
    plan = changed(before, profile=replaced(profile, rounds=30, twin=True, controls=True, checkpoints=few))
    moved = changed(before, versions={"vllm": "0.0.1"}, git_revision="a" * 40)

    assert changes_between(first_of(plan), first_of(before)) == ()
    assert [one.name for one in changes_between(first_of(moved), first_of(before))] == [
        "versions.vllm",
        "git_revision",
    ]


def test_the_kernel_that_ran_is_a_change_where_no_setting_says_so() -> None:
    launch = completed()
    configuration = replaced(launch.configuration, kernels={"AnotherKernel": 128}, attention_backend="FLASH")
    before, after = Run(manifest(), (launch,)), Run(manifest(), (replaced(launch, configuration=configuration),))

    found = {one.name: (one.before, one.after) for one in changes_between(first_of(after), first_of(before))}

    assert found == {
        "attention_backend": (None, "FLASH"),
        "kernels": (tuple(launch.configuration.kernels), ("AnotherKernel",)),
    }
