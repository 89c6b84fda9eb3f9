"""Models and cards beside one another: what stands in one group, what is compared in it, and what is left out."""

from dataclasses import replace
from typing import Any

import pytest
from examples import cell, completed, loop, manifest, replaced, reported
from side_by_side import in_both_modes, in_graphs, on_card, profile_of, with_other_work

from generator.analyse.brief import brief_of
from generator.analyse.column import CROWD
from generator.analyse.findings import choose, find, run_findings
from generator.analyse.matrix import Group, Matrix, matrix_of
from generator.analyse.run import RunFindings
from generator.analyse.unpaired import compare_unpaired
from generator.measurements import Run

SPEED, ONE_USER, WEIGHTS = "output_tokens_per_s", "one_user_tokens_per_s", "weights_gib"
OTHER = "Other GPU"


def matrix(*runs: Run, groups: int = 3, sides: int = 4, left: int = 20) -> Matrix:
    ordered = sorted(runs, key=lambda run: run.manifest.created_at)
    return matrix_of(find(ordered), groups, sides, left)


def cards(*runs: Run) -> list[list[str]]:
    """The days of the runs of each group of machines."""
    return [[side.run.manifest.run_id[8:10] for side in group.sides] for group in matrix(*runs).groups["machine"]]


def reasons(*runs: Run) -> dict[str, str]:
    return {one.run.run_id[8:10]: one.why for one in matrix(*runs).left}


def only(*runs: Run) -> Group:
    (group,) = matrix(*runs).groups["machine"]
    return group


def test_machines_that_did_one_models_work_stand_in_one_group_and_the_run_that_says_most_is_the_base() -> None:
    few = Run(on_card(2, OTHER).manifest, on_card(2, OTHER).launches[:7])

    assert cards(few, on_card(1)) == [["01", "02"]]
    assert cards(on_card(1), on_card(2, OTHER)) == [["02", "01"]]


def test_a_budget_and_the_cards_that_share_a_layer_make_another_machine() -> None:
    profile = replaced(profile_of(on_card(3)), name="shared")
    shared = replaced(profile, engine=replaced(profile.engine, tensor_parallel_size=2))

    assert cards(on_card(1), on_card(2, memory_budget_gib=24.0), on_card(3, profile=shared)) == [["03", "02", "01"]]


def test_runs_of_one_machine_are_in_no_group() -> None:
    assert cards(on_card(1), on_card(2)) == []
    assert set(reasons(on_card(1), on_card(2)).values()) == {"alone"}


def test_unlike_work_and_other_modes_are_never_in_one_table() -> None:
    unlike, graphs = with_other_work(on_card(2, OTHER), 0), in_graphs(on_card(3, OTHER))

    assert cards(on_card(1), unlike, graphs) == []
    assert reasons(on_card(1), unlike, graphs) == dict.fromkeys(("01", "02", "03"), "unlike")


def test_each_mode_is_a_group_of_its_own_and_transformers_is_beside_both() -> None:
    runs = (on_card(1), on_card(2, OTHER), in_graphs(on_card(3)), in_graphs(on_card(4, OTHER)))
    graphs, eager = matrix(*runs).groups["machine"]

    assert (graphs.mode, eager.mode) == ("graphs", "eager")
    for group in (graphs, eager):
        assert {one.mode for one in group.cells if one.engine == "vllm"} == {group.mode}
        assert cell("nf4") in group.cells
        assert not any(one.twin for one in group.cells)


def test_a_run_in_both_modes_is_compared_with_fp16_in_the_mode_of_the_group() -> None:
    both = in_both_modes(on_card(1), {"fp16": 3.0})
    (group,) = matrix(both, on_card(2, OTHER)).groups["machine"]
    at = next(at for at, side in enumerate(group.sides) if side.run.manifest.run_id == both.manifest.run_id)

    assert group.mode == "eager"
    for quantity in (SPEED, CROWD):
        assert group.held[quantity].against[at][cell("awq")].ratio == pytest.approx(580 / 340, rel=0.02)
    assert cell("nf4") not in group.held[SPEED].against[at]


def test_figures_of_one_side_of_other_work_are_not_compared_and_weights_are() -> None:
    group = only(on_card(1), with_other_work(on_card(2, OTHER), 1))

    assert group.lone == (ONE_USER,)
    assert all({SPEED, WEIGHTS, CROWD} <= side.figures.keys() and ONE_USER not in side.figures for side in group.sides)
    assert set(group.held) == {SPEED, CROWD}


def test_a_side_against_the_base_is_unpaired_and_one_family() -> None:
    base, other = on_card(2), on_card(1, OTHER, {"awq": 1.2, "gptq": 0.7})
    group = only(base, other)
    mine, its = group.sides[1].figures[SPEED], group.sides[0].figures[SPEED]

    assert group.sides[1].against[SPEED] == compare_unpaired({one: (mine[one], its[one]) for one in mine})
    assert group.sides[1].against[SPEED][cell("awq")].verdict == "higher"
    assert group.sides[1].against[SPEED][cell("gptq")].verdict == "lower"
    assert group.sides[1].against[SPEED][cell("fp16")].verdict == "same"
    assert group.sides[0].against[SPEED] == {}


def test_several_sides_share_the_risk_of_error() -> None:
    noisy = {day: on_card(day, f"GPU {day}", {"awq": 1.12}) for day in (1, 2, 3)}
    two, four = only(noisy[1], on_card(9)), only(*noisy.values(), on_card(9))
    ends = [group.sides[-1].against[SPEED][cell("awq")] for group in (two, four)]

    assert ends[0].low is not None
    assert ends[1].low is not None
    assert ends[1].low < ends[0].low


def test_below_the_larger_floor_of_two_runs_nothing_is_decided() -> None:
    calm, other = on_card(2, rounds=8), on_card(1, OTHER, {"gptq": 1.5}, rounds=8)
    loud = tuple(
        completed(of=one.cell, round_=one.round, speed=2 * one.points[0].output_tokens_per_s)
        if one.cell.twin and one.status == "completed"
        else one
        for one in other.launches
    )
    proven, tied = only(calm, other), only(calm, Run(other.manifest, loud))

    assert proven.sides[1].against[SPEED][cell("gptq")].verdict == "higher"
    assert tied.sides[1].against[SPEED][cell("gptq")].low > 1  # type: ignore[operator]
    assert tied.sides[1].against[SPEED][cell("gptq")].verdict == "same"


def test_an_order_that_another_card_turns_is_found() -> None:
    group = only(on_card(2), on_card(1, OTHER, {"awq": 1.3}))
    (turn,) = group.held[SPEED].turned

    assert {turn.one.method, turn.other.method} == {"awq", "gptq"}
    assert group.held[SPEED].agreed == group.held[SPEED].pairs - 1


def test_the_most_users_that_two_sides_served_are_compared() -> None:
    one, other = on_card(2), on_card(1, OTHER)
    fewer = Run(
        other.manifest,
        tuple(replaced(launch, points=launch.points[:-1]) for launch in other.launches if launch.status == "completed"),
    )

    assert only(one, other).users == 16
    assert only(one, fewer).users == 4
    assert only(one, other).sides[0].figures[CROWD][cell("fp16")].median == pytest.approx(2 * 340, rel=0.05)
    assert only(one, fewer).sides[0].figures[CROWD][cell("fp16")].median == pytest.approx(340 / 2, rel=0.05)
    assert only(one, fewer).held[CROWD].against[1][cell("awq")].ratio == pytest.approx(580 / 340, rel=0.02)


def test_many_users_against_fp16_are_as_the_run_has_them() -> None:
    group = only(on_card(2), on_card(1, OTHER))

    for side, against in zip(group.sides, group.held[CROWD].against, strict=True):
        assert against == {one: by_users[16] for one in group.cells if (by_users := side.run.by_users(one))}


def test_many_users_have_the_floor_of_so_many() -> None:
    other = on_card(1, OTHER, {"gptq": 1.5}, rounds=8)
    loud = tuple(
        replaced(one, points=(*one.points[:-1], loop(16, 4 * one.points[0].output_tokens_per_s)))
        if one.cell.twin and one.status == "completed"
        else one
        for one in other.launches
    )
    found = only(on_card(2, rounds=8), Run(other.manifest, loud)).sides[1].against

    assert found[SPEED][cell("gptq")].verdict == "higher"
    assert found[CROWD][cell("gptq")].ratio == pytest.approx(1.5, rel=0.02)
    assert found[CROWD][cell("gptq")].verdict == "same"


def test_what_else_differs_is_told_besides_what_tells_the_sides_apart() -> None:
    changed = on_card(1, OTHER, memory_budget_gib=24.0, versions={"vllm": "0.0.1"})
    group = only(on_card(2), changed)

    assert [change.name for change in group.sides[1].changes] == ["versions.vllm"]
    assert group.sides[0].changes == ()


def test_models_of_one_machine_that_did_the_same_work_stand_in_one_group() -> None:
    small = on_card(1, model="Example 1B", times={"fp16": 3.0})
    found = matrix(on_card(2), small, on_card(3, OTHER, model="Example 1B"))
    (group,) = found.groups["model"]

    assert [side.run.manifest.model_name for side in group.sides] == ["Example 8B", "Example 1B"]
    assert group.sides[1].changes == ()
    assert "kv_cache_bytes_per_token" in group.sides[1].figures
    assert {one.other.method for one in group.held[SPEED].turned} >= {"awq"}
    assert [side.run.manifest.run_id[8:10] for side in found.groups["machine"][0].sides] == ["03", "01"]


def test_of_a_machine_the_run_that_says_most_stands_and_is_named_beside_the_others() -> None:
    few = Run(on_card(3).manifest, on_card(3).launches[:7])
    found = matrix(on_card(1), on_card(2, OTHER), few)
    (left,) = found.left

    assert [side.run.manifest.run_id[8:10] for side in found.groups["machine"][0].sides] == ["02", "01"]
    assert (left.run.run_id[8:10], left.why) == ("03", "surpassed")
    assert left.instead
    assert left.instead.run_id[8:10] == "01"


def test_what_is_no_ground_for_a_comparison_is_left_out_with_the_reason() -> None:
    theirs = Run(on_card(2, OTHER).manifest, on_card(2, OTHER).launches, (), "contributed")
    experiment = on_card(3, OTHER, experiment="equal_kv_cache")
    empty = Run(on_card(4, OTHER).manifest, ())
    published = Run(replaced(reported().manifest, run_id="2026-01-05-reported"), reported().launches)
    impossible = on_card(6, OTHER, environment_sha256="1" * 64)
    runs = (on_card(1), theirs, experiment, empty, published, impossible)

    assert cards(*runs) == []
    assert reasons(*runs) == {
        "01": "alone",
        "02": "contributed",
        "03": "experiment",
        "04": "figures",
        "05": "reported",
        "06": "impossible",
    }


def test_a_demo_is_told_where_nothing_else_is_there() -> None:
    def demo(day: int, card: str) -> Run:
        run = on_card(day, card, model="Example demo")
        return Run(replaced(run.manifest, profile=replaced(profile_of(run), purpose="demo")), run.launches)

    demos = (demo(1, "A"), demo(2, "B"))

    assert cards(*demos) == [["02", "01"]]
    assert cards(*demos, on_card(3), on_card(4, OTHER)) == [["04", "03"]]
    assert reasons(*demos, on_card(3), on_card(4, OTHER)) == {"01": "demo", "02": "demo"}


def test_however_many_machines_there_are_as_many_runs_are_read_whole() -> None:
    whole = tuple(run_findings(on_card(day, f"GPU {day}", model=f"Model {day % 5}", rounds=1)) for day in range(1, 29))
    found = choose(tuple(brief_of(run) for run in whole), whole)
    asked: set[int] = set()

    class Asked(tuple[RunFindings, ...]):
        __slots__ = ()

        def __getitem__(self, at: Any) -> Any:
            asked.add(at)
            return super().__getitem__(at)

    told = matrix_of(replace(found, runs=Asked(whole)), groups=2, sides=3, left=4)

    assert len(asked) == 6
    assert [len(group.sides) for group in told.groups["machine"]] == [3, 3]
    assert {side.run.manifest.model_name for group in told.groups["machine"] for side in group.sides} == {
        "Model 2",
        "Model 3",
    }
    assert ([one.why for one in told.left], told.more) == (["crowded"] * 4, 18)


def test_the_base_is_told_however_old_it_is() -> None:
    few = [Run(on_card(day, f"GPU {day}").manifest, on_card(day, f"GPU {day}").launches[:7]) for day in range(2, 9)]
    (group,) = matrix(on_card(1), *few, sides=3).groups["machine"]

    assert [side.run.manifest.run_id[8:10] for side in group.sides] == ["01", "08", "07"]


def test_a_run_without_fp16_has_figures_and_no_ratios_to_it() -> None:
    lone = Run(
        replaced(manifest("2026-01-01-example", ("awq", "gptq"), OTHER), profile=profile_of(on_card(1))),
        (completed("awq"), completed("gptq")),
    )
    group = only(on_card(2), lone)

    assert group.held[SPEED].against[1] == {}
    assert group.sides[1].figures[SPEED].keys() == {cell("awq"), cell("gptq")}
    assert group.sides[1].against[SPEED][cell("awq")].low is None
