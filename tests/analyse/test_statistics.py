"""Statistics: held against tables, and against simulated trials whose truth is known."""

from math import exp, inf
from random import Random
from statistics import stdev

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.analyse.statistics import (
    MATERIAL,
    Comparison,
    Stat,
    compare,
    compare_all,
    holm,
    smallest_detectable,
    t_probability,
    t_quantile,
)

figures = st.floats(0.5, 1e6)


def stat(*values: float) -> Stat:
    return Stat(dict(enumerate(values)))


def found(value: Stat, base: Stat) -> Comparison:
    comparison = compare(value, base)
    assert comparison is not None
    return comparison


# A table of Student's t, as printed in any textbook.
@pytest.mark.parametrize(
    ("probability", "freedom", "value"),
    [(0.975, 1, 12.706), (0.975, 2, 4.303), (0.975, 7, 2.365), (0.975, 30, 2.042), (0.95, 4, 2.132), (0.8, 7, 0.896)],
)
def test_quantiles_of_students_t_are_those_of_the_table(probability: float, freedom: int, value: float) -> None:
    assert t_quantile(probability, freedom) == pytest.approx(value, abs=6e-4)


@given(st.floats(0.51, 0.999), st.integers(1, 60))
def test_quantile_and_probability_undo_each_other(probability: float, freedom: int) -> None:
    assert t_probability(t_quantile(probability, freedom), freedom) == pytest.approx(probability, abs=1e-9)


@pytest.mark.parametrize("launches", [3, 5, 8])
def test_the_interval_covers_the_truth_as_often_as_it_says(launches: int) -> None:
    """Rounds drift by 3%, launches spread by 1%, the true ratio is 1.07; 4,000 trials tell 95% from 94 and 96."""
    random, truth, covered, trials = Random(launches), 1.07, 0, 4_000
    for _ in range(trials):
        drift = [1 + 0.03 * round_ / launches for round_ in range(launches)]
        base = stat(*(100 * change * exp(random.gauss(0, 0.01)) for change in drift))
        value = stat(*(100 * truth * change * exp(random.gauss(0, 0.01)) for change in drift))
        comparison = found(value, base)
        assert comparison.low is not None
        assert comparison.high is not None
        covered += comparison.low <= truth <= comparison.high

    assert 0.94 <= covered / trials <= 0.96


@pytest.mark.parametrize("launches", [3, 8])
def test_equal_cells_are_told_apart_in_one_trial_of_twenty_at_most(launches: int) -> None:
    """Five equal cells against a base, as one family, with no floor to hide behind."""
    random, false, trials = Random(7 * launches), 0, 1_500
    for _ in range(trials):
        values = {name: stat(*(exp(random.gauss(0, 0.01)) for _ in range(launches))) for name in "abcde"}
        base = stat(*(exp(random.gauss(0, 0.01)) for _ in range(launches)))
        false += any(one.verdict != "same" for one in compare_all(values, base, floor=0).values())

    assert false / trials <= 0.05


@pytest.mark.parametrize(("launches", "comparisons"), [(8, 1), (8, 3), (8, 5), (4, 3)])
def test_a_difference_of_the_smallest_detectable_size_is_proven_in_four_of_five_trials(
    launches: int, comparisons: int
) -> None:
    """One cell differs from the baseline, the others do not, and all are judged as one family."""
    random, trials, proven = Random(5), 1_500, 0
    logs = [0.01 * sign for sign in (1, -1) * (launches // 2)]
    size = smallest_detectable(logs, comparisons)
    spread = stdev(logs) / 2**0.5  # of one launch, so that the ratios spread as those above
    for _ in range(trials):
        figures_ = [[exp(random.gauss(0, spread)) for _ in range(launches)] for _ in range(comparisons + 1)]
        base, first, *others = figures_
        values = {0: stat(*(figure * (1 + size) for figure in first))}
        values |= {number: stat(*other) for number, other in enumerate(others, 1)}
        proven += compare_all(values, stat(*base), floor=0)[0].verdict == "higher"

    assert 0.73 <= proven / trials <= 0.88


@given(st.lists(figures, min_size=1, max_size=8), st.floats(0.001, 1000))
def test_scaling_all_launches_scales_the_figures_and_leaves_the_comparison(values: list[float], factor: float) -> None:
    one, scaled = stat(*values), stat(*values).map(factor)

    for mine, its in ((one.median, scaled.median), (one.low, scaled.low), (one.high, scaled.high)):
        assert mine * factor == pytest.approx(its)
    assert found(scaled, one).ratio == pytest.approx(factor)


def test_two_rounds_that_differ_have_a_ratio_and_no_interval_and_prove_nothing() -> None:
    two, same = found(stat(200, 210), stat(100, 101)), found(stat(200, 200), stat(100, 100))

    assert two.ratio == pytest.approx((2 * 210 / 101) ** 0.5)
    assert (two.low, two.high, two.verdict) == (None, None, "same")
    assert (same.low, same.high, same.verdict) == (same.ratio, same.ratio, "higher")


@given(st.lists(figures, min_size=3, max_size=8), st.data())
def test_swapping_the_two_inverts_the_ratio_and_its_interval(values: list[float], data: st.DataObject) -> None:
    others = data.draw(st.lists(figures, min_size=len(values), max_size=len(values)))

    one, other = found(stat(*values), stat(*others)), found(stat(*others), stat(*values))

    assert one.ratio * other.ratio == pytest.approx(1)
    assert one.low is not None
    assert other.high is not None
    assert one.low * other.high == pytest.approx(1)


def test_drift_that_both_share_falls_out() -> None:
    comparison = found(stat(110, 121, 133.1), stat(100, 110, 121))

    assert comparison.ratio == pytest.approx(1.1)
    assert comparison.low == pytest.approx(1.1)
    assert comparison.verdict == "higher"


def test_launches_of_other_rounds_are_not_paired() -> None:
    comparison = found(Stat({1: 200.0, 2: 100.0, 3: 100.0}), Stat({2: 50.0, 3: 50.0, 4: 999.0}))

    assert comparison.ratio == pytest.approx(2.0)


def test_a_proven_difference_below_the_floor_is_a_tie() -> None:
    comparison = found(stat(*[100 * (1 + MATERIAL / 2)] * 3), stat(100, 100, 100))

    assert comparison.low == comparison.high
    assert comparison.verdict == "same"


def test_one_launch_each_has_a_ratio_and_no_interval() -> None:
    comparison = found(stat(170), stat(100))

    assert comparison.ratio == pytest.approx(1.7)
    assert (comparison.low, comparison.high) == (None, None)
    assert comparison.verdict == "higher"


def test_what_has_no_ratio_is_not_compared() -> None:
    assert compare(stat(1, 2), stat(0, 1)) is None
    assert compare(stat(-1), stat(1)) is None


def test_holm_stops_at_the_first_that_is_not_proven() -> None:
    def proven(**p_values: float) -> set[str]:
        return {key for key, decision in holm(p_values).items() if decision.proven}

    assert proven(a=0.01, b=0.03, c=0.04) == {"a"}
    assert proven(a=0.01, b=0.02, c=0.04) == {"a", "b", "c"}
    assert proven() == set()


@given(st.lists(st.lists(st.floats(0.9, 1.1), min_size=3, max_size=3), min_size=1, max_size=6))
def test_an_interval_leaves_out_1_just_where_the_difference_is_proven(launches: list[list[float]]) -> None:
    values = {number: stat(*figures_) for number, figures_ in enumerate(launches)}
    for comparison in compare_all(values, stat(1.0, 1.01, 0.99), floor=0).values():
        assert comparison.low is not None
        assert comparison.high is not None
        assert (comparison.verdict == "same") == (comparison.low <= 1 <= comparison.high)


def test_the_interval_of_one_of_many_is_wider_than_by_itself() -> None:
    base, values = stat(1.0, 1.01, 0.99), {number: stat(1.0, 1.0 + number / 100, 1.02) for number in (1, 2, 3)}
    together, alone = compare_all(values, base)[2], found(values[2], base)

    assert together.ratio == alone.ratio
    assert together.low is not None
    assert alone.low is not None
    assert together.low < alone.low


def test_nothing_can_be_detected_with_one_round() -> None:
    assert smallest_detectable([0.1]) == inf


def test_of_two_rounds_nothing_is_detectable() -> None:
    assert smallest_detectable([0.01, 0.02]) == inf
    assert smallest_detectable([0.01, 0.02, 0.03]) < inf
