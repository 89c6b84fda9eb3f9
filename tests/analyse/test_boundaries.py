"""Statistics at their boundaries: where a figure begins to count, and what is said on either side of it."""

from math import exp, log, sqrt
from statistics import fmean, stdev

import pytest

from generator.analyse.statistics import (
    CONFIDENCE,
    LAUNCHES_TO_DECIDE,
    MATERIAL,
    ROUNDING,
    Comparison,
    Decision,
    Estimate,
    Stat,
    compare,
    compare_all,
    estimate,
    holm,
    judge,
    smallest_detectable,
    t_probability,
    t_quantile,
)


def stat(*values: float) -> Stat:
    return Stat(dict(enumerate(values)))


def verdict(value: Stat, base: Stat, floor: float = MATERIAL) -> str | None:
    comparison = compare(value, base, floor)
    return comparison.verdict if comparison else None


def test_what_decides_is_what_the_methodology_says() -> None:
    assert (CONFIDENCE, MATERIAL, LAUNCHES_TO_DECIDE) == (0.95, 0.02, 3)


def test_a_figure_is_the_median_between_the_lowest_and_the_highest_of_its_launches() -> None:
    of_three = stat(3, 1, 9)

    assert (of_three.low, of_three.median, of_three.high, of_three.count) == (1, 3, 9, 3)


def test_the_interval_of_a_figure_is_that_of_students_t_over_the_logarithms() -> None:
    launches = (90.0, 100.0, 115.0, 99.0)
    logs = [log(value) for value in launches]
    margin = 3.182446 * stdev(logs) / sqrt(4)  # t at 97.5% with 3 degrees of freedom

    assert stat(*launches).interval == pytest.approx((exp(fmean(logs) - margin), exp(fmean(logs) + margin)))
    assert stat(90, 100, 115).interval is not None


@pytest.mark.parametrize("launches", [(1.0, 2.0), (1.0, 2.0, 0.0), (0.0, 1.0, 2.0, 3.0), (1.0, 2.0, -3.0)])
def test_a_figure_of_two_launches_or_with_one_that_is_not_above_0_has_no_interval(launches: tuple[float, ...]) -> None:
    assert stat(*launches).interval is None


def test_launches_below_1_have_an_interval_too() -> None:
    assert stat(0.5, 0.6, 0.7).interval is not None


@pytest.mark.parametrize("lowest", [0.0, -0.5])
def test_a_figure_of_0_or_less_has_no_ratio_on_either_side(lowest: float) -> None:
    assert estimate(stat(lowest, 1), stat(1, 1)) is None
    assert estimate(stat(1, 1), stat(lowest, 1)) is None


def test_estimates_without_an_error_have_no_freedom_no_chance_and_no_ends() -> None:
    single, two = estimate(stat(3), stat(2)), estimate(stat(4, 9), stat(2, 3))

    assert single == Estimate(log(1.5), None, 0)
    assert two == Estimate(pytest.approx(log(6) / 2), None, 0)  # type: ignore[arg-type]
    assert two is not None
    assert (two.p, two.ends()) == (None, None)


def test_three_rounds_have_an_error_with_two_degrees_of_freedom() -> None:
    found = estimate(stat(1, 2, 4), stat(1, 1, 1))

    assert found == Estimate(pytest.approx(log(2)), pytest.approx(log(2) / sqrt(3)), 2)  # type: ignore[arg-type]


@pytest.mark.parametrize(("error", "exact"), [(0.9e-14, True), (ROUNDING, False), (1.1e-14, False)])
def test_what_spreads_by_less_than_its_rounding_is_exact(error: float, *, exact: bool) -> None:
    found = Estimate(1e-13, error, 2)

    assert (found.ends() == (1e-13, 1e-13)) == exact
    assert (found.p == 0.0) == exact


def test_exact_figures_that_are_equal_differ_by_chance_and_others_do_not() -> None:
    assert Estimate(ROUNDING * 0.9, 0.0, 2).p == 1.0
    assert Estimate(ROUNDING, 0.0, 2).p == 0.0
    assert Estimate(-0.1, 0.0, 2).p == 0.0


def test_the_chance_of_a_mean_is_two_sided() -> None:
    assert Estimate(4.302653, 1.0, 2).p == pytest.approx(0.05, abs=1e-6)
    assert Estimate(-4.302653, 1.0, 2).p == pytest.approx(0.05, abs=1e-6)


def test_ends_lie_further_out_the_more_comparisons_share_the_risk() -> None:
    one, of_two = Estimate(1.0, 0.1, 2).ends(), Estimate(1.0, 0.1, 2).ends(2)

    assert one == pytest.approx((1 - 0.4302653, 1 + 0.4302653))  # t at 97.5%
    assert of_two == pytest.approx((1 - 0.6205347, 1 + 0.6205347))  # t at 98.75%


def test_two_equal_rounds_are_exact_and_two_that_differ_are_not() -> None:
    assert estimate(stat(2, 4), stat(1, 2)) == Estimate(log(2), 0.0, 1)


@pytest.mark.parametrize(("value", "said"), [(102, "higher"), (101.9, "same"), (98.1, "same"), (98, "lower")])
def test_a_difference_counts_from_the_floor_on(value: float, said: str) -> None:
    assert verdict(stat(value), stat(100)) == said


def test_a_floor_of_ones_own_is_heeded() -> None:
    assert verdict(stat(110, 110, 110), stat(100, 100, 100), floor=0.2) == "same"
    assert verdict(stat(70, 70, 70), stat(100, 100, 100), floor=0.2) == "lower"
    assert verdict(stat(110), stat(100), floor=0.2) == "same"


def test_a_single_launch_against_several_proves_nothing() -> None:
    assert verdict(stat(200), stat(100, 100, 100)) == "same"
    assert verdict(stat(200, 200, 200), stat(100)) == "same"


def test_the_other_way_round_ratio_interval_and_verdict_are_turned() -> None:
    assert Comparison(2.0, 1.6, 2.5, "higher").inverted == Comparison(0.5, 0.4, 0.625, "lower")
    assert Comparison(0.5, 0.4, 0.625, "lower").inverted == Comparison(2.0, 1.6, 2.5, "higher")
    assert Comparison(1.25, None, None, "same").inverted == Comparison(0.8, None, None, "same")


def test_a_change_is_the_share_above_the_other_figure() -> None:
    assert Comparison(1.5, None, None, "higher").change_percent == 50
    assert Comparison(0.75, None, None, "lower").change_percent == -25


def test_holm_goes_from_the_surest_on_and_stops_for_good() -> None:
    assert holm({"c": 0.04, "a": 0.01, "b": 0.03}) == {
        "a": Decision(proven=True, among=3),
        "b": Decision(proven=False, among=2),
        "c": Decision(proven=False, among=2),
    }
    # The last would be proven by itself, had the one before not failed.
    assert holm({"a": 0.06, "b": 0.04}) == {
        "b": Decision(proven=False, among=2),
        "a": Decision(proven=False, among=2),
    }
    assert holm({"a": 0.03, "b": 0.03, "c": 0.001})["a"] == Decision(proven=False, among=2)
    assert holm({"exactly": 1 - CONFIDENCE})["exactly"].proven


def test_one_that_is_proven_by_itself_is_not_among_others_unless_they_are_surer() -> None:
    sure, unsure = Estimate(1.0, 0.01, 7), Estimate(1.0, 0.4, 7)  # p of 0.04, where a family of two asks 0.025

    assert judge({"unsure": unsure}, MATERIAL)["unsure"].verdict == "higher"
    assert judge({"unsure": unsure, "other": unsure}, MATERIAL)["unsure"].verdict == "same"
    assert judge({"unsure": unsure, "sure": sure}, MATERIAL)["unsure"].verdict == "higher"


def test_single_launches_among_others_have_the_floor_alone() -> None:
    found = compare_all({"single": stat(200), "several": stat(200, 210)}, stat(100))

    assert found["single"] == Comparison(2.0, None, None, "higher")
    assert found["several"].verdict == "same"


def test_what_is_detectable_is_by_default_that_of_one_comparison() -> None:
    logs = [0.0, 0.01, 0.02]

    assert smallest_detectable(logs) == smallest_detectable(logs, 1)
    assert smallest_detectable(logs) < smallest_detectable(logs, 2)
    # (t at 97.5% + t at 80%) standard errors, with 2 degrees of freedom
    assert smallest_detectable(logs) == pytest.approx(exp((4.302653 + 1.060660) * 0.01 / sqrt(3)) - 1, rel=1e-6)


def test_half_of_students_t_is_below_0() -> None:
    assert t_probability(0, 3) == 0.5
    assert t_probability(-1, 1) == pytest.approx(0.25)


@pytest.mark.parametrize(("freedom", "quantile"), [(1, 636.619249), (2, 31.599055), (30, 3.64595864)])
def test_quantiles_far_out_are_found_too(freedom: int, quantile: float) -> None:
    assert t_quantile(0.9995, freedom) == pytest.approx(quantile, rel=1e-7)
