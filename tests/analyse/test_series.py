"""Series: which runs belong together, what is followed in them, and what is put beside a change."""

import pytest
from examples import cell, four_methods, hardware, manifest, replaced, reported, with_controls
from over_time import in_budget, on_day, with_a_change, with_other_work

from generator.analyse.findings import find
from generator.analyse.series import Series, anchor_of, series_of
from generator.measurements import Run

SPEED, ONE_USER = "output_tokens_per_s", "one_user_tokens_per_s"

NAMES = {1: "Model 1", 2: "Model-1", 3: "模型", 4: "型模"}


def series(*runs: Run, newest: int = 30) -> tuple[Series, ...]:
    return series_of(find(runs), newest)


def days(one: Series) -> list[str]:
    return [run.manifest.run_id[8:10] for run in one.runs]


def test_runs_of_one_model_card_budget_and_mode_are_a_series_the_newest_first() -> None:
    another_card = on_day(3, hardware=hardware("Another GPU"))
    found = series(on_day(1), in_budget(24.0, 2), another_card, on_day(4), in_budget(24.0, 5), in_budget(16.0, 6))

    assert [days(one) for one in found] == [["06"], ["02", "05"], ["01", "04"], ["03"]]
    assert len({one.anchor for one in found}) == 4


def test_models_whose_names_differ_in_signs_alone_are_series_of_their_own() -> None:
    runs = [Run(manifest(f"2026-01-0{day}-a", model_name=name), on_day(day).launches) for day, name in NAMES.items()]

    assert len(series(*runs)) == len(NAMES)


def test_versions_and_settings_may_differ_within_a_series() -> None:
    (found,) = series(on_day(1), on_day(2, versions={"vllm": "0.0.1"}))

    assert [change.name for change in found.changes[1]] == ["versions.vllm"]
    assert found.changes[0] == ()


def test_experiments_other_modes_and_more_cards_are_series_of_their_own() -> None:
    profile = with_controls().manifest.profile  # type: ignore[union-attr]
    shared = replaced(profile, engine=replaced(profile.engine, tensor_parallel_size=2))
    graphs = tuple(one.model_copy(update={"mode": "graphs"}) for one in (cell("fp16"), cell("awq")))
    runs = [on_day(1), on_day(2, experiment="equal_kv_cache"), on_day(3, profile=shared)]
    runs.append(Run(replaced(on_day(4).manifest, cells=graphs), on_day(4).launches))

    assert len({anchor_of(run) for run in find(runs).runs}) == 4


def test_a_runs_brief_is_in_the_series_of_the_run() -> None:
    found = find((on_day(1), in_budget(24.0, 2)))

    assert [anchor_of(brief) for brief in found.briefs] == [anchor_of(run) for run in found.runs]


def test_reported_and_contributed_runs_are_in_no_series() -> None:
    theirs = Run(replaced(on_day(2).manifest), on_day(2).launches, (), "contributed")

    assert [days(one) for one in series(reported(), on_day(1), theirs)] == [["01"]]


def test_only_the_newest_runs_are_followed() -> None:
    (found,) = series(*(on_day(day) for day in range(1, 6)), newest=2)

    assert days(found) == ["04", "05"]


def test_twins_are_not_followed() -> None:
    (found,) = series(on_day(1), on_day(2))

    assert not any(one.twin for lines in found.lines.values() for one in lines)


def test_a_change_is_told_with_every_cell_that_it_moved_and_what_else_differed() -> None:
    (found,) = series(*with_a_change())

    by_kind = {shift.against: shift for shift in found.shifts}
    assert by_kind["previous"].base == (0, 1, 2, 3)
    assert {one.quantity for one in by_kind["previous"].figures} == {SPEED, ONE_USER}
    assert len([one for one in by_kind["previous"].figures if one.quantity == SPEED]) == 6
    assert {one.basis for one in by_kind["previous"].figures} == {"between"}
    assert {one.comparison.verdict for one in by_kind["previous"].figures} == {"lower"}
    assert [change.name for change in by_kind["previous"].candidates] == ["versions.vllm"]
    assert by_kind["first"].base == (0,)


def test_a_standing_difference_from_the_first_run_is_told_of_the_newest_run_alone() -> None:
    (found,) = series(*with_a_change(), on_day(6, 0.67, versions={"vllm": "0.0.1"}))

    assert {(shift.at, shift.against) for shift in found.shifts} == {
        (5, "first"),
        (5, "before_change"),
        (4, "previous"),
    }


def test_equal_runs_have_no_change() -> None:
    (found,) = series(*(on_day(day) for day in (1, 2, 3)))

    assert found.shifts == ()
    assert found.lines[SPEED][cell("fp16")].trend.spread


def test_a_figure_is_followed_through_the_runs_that_did_the_newest_ones_work() -> None:
    (found,) = series(on_day(1), on_day(2), with_other_work(3))

    assert set(found.lines[SPEED][cell("fp16")].points) == {2}
    assert set(found.lines[ONE_USER][cell("fp16")].points) == {0, 1, 2}
    assert set(found.lines["weights_gib"][cell("fp16")].points) == {0, 1, 2}


def test_runs_with_fewer_than_three_launches_are_counted() -> None:
    (found,) = series(on_day(1), on_day(2, rounds=1))

    assert found.few == 1
    assert found.shifts == ()


def test_perplexity_is_followed() -> None:
    (found,) = series(on_day(1), on_day(2))

    assert found.lines["perplexity"][cell("awq")].points[1].stat.count == 3


def test_a_site_without_measured_runs_has_no_series() -> None:
    assert series() == ()
    assert series(reported()) == ()


@pytest.mark.parametrize("run", [four_methods(), with_controls()])
def test_one_run_is_a_series_of_one(run: Run) -> None:
    (found,) = series(run)

    assert (len(found.runs), found.shifts) == (1, ())
