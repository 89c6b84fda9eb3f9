"""Runs against runs: equal ones are noise, scaled ones have the scale, and the interval covers what it says."""

from math import exp
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.analyse.statistics import Comparison, Stat
from generator.analyse.unpaired import compare_unpaired

figures = st.floats(0.5, 1e6)
launches = st.lists(figures, min_size=3, max_size=8)


def stat(*values: float) -> Stat:
    return Stat(dict(enumerate(values)))


def found(value: Stat, base: Stat, floor: float = 0.02) -> Comparison:
    return compare_unpaired({"": (value, base)}, floor)[""]


@given(launches)
def test_two_equal_runs_are_noise(values: list[float]) -> None:
    comparison = found(stat(*values), stat(*values), floor=0)

    assert comparison.verdict == "same"
    assert comparison.ratio == pytest.approx(1)


@given(launches, st.floats(0.001, 1000))
def test_scaling_all_figures_scales_the_ratio_and_its_interval(values: list[float], factor: float) -> None:
    plain, scaled = found(stat(*values), stat(*values)), found(stat(*values).map(factor), stat(*values))

    assert scaled.ratio == pytest.approx(factor)
    assert plain.low is not None
    assert scaled.low == pytest.approx(factor * plain.low)


def test_twice_the_figures_is_a_ratio_of_two() -> None:
    comparison = found(stat(200, 202, 204), stat(100, 101, 102))

    assert comparison.ratio == pytest.approx(2)
    assert comparison.verdict == "higher"


@given(launches, launches)
def test_swapping_the_two_inverts_the_ratio_and_its_interval(values: list[float], others: list[float]) -> None:
    one, other = found(stat(*values), stat(*others)), found(stat(*others), stat(*values))

    assert one.ratio * other.ratio == pytest.approx(1)
    assert one.low is not None
    assert other.high is not None
    assert one.low * other.high == pytest.approx(1)


@given(launches)
def test_the_order_of_the_launches_does_not_matter(values: list[float]) -> None:
    base = stat(1, 2, 3)

    forth, back = found(stat(*values), base), found(stat(*reversed(values)), base)

    assert forth.ratio == pytest.approx(back.ratio)
    assert forth.low == pytest.approx(back.low)


def test_the_interval_is_that_of_a_worked_example() -> None:
    """Means 0.3 and 0 of the logarithms, variances 0.04 and 0.01 over four launches each: an error of 0.1118, 4.41
    degrees of freedom by Welch, of which four count, whose t is 2.776."""
    spread = [-1.0, -0.5, 0.5, 1.0]
    scale = (sum(one**2 for one in spread) / 3) ** 0.5
    mine = stat(*(exp(0.3 + 0.2 * one / scale) for one in spread))
    its = stat(*(exp(0.1 * one / scale) for one in spread))

    comparison = found(mine, its)

    assert comparison.ratio == pytest.approx(exp(0.3))
    assert comparison.low == pytest.approx(exp(0.3 - 2.776 * 0.1118), rel=1e-3)
    assert comparison.high == pytest.approx(exp(0.3 + 2.776 * 0.1118), rel=1e-3)


@pytest.mark.parametrize(("mine", "its"), [(3, 3), (3, 8), (8, 8)])
def test_the_interval_covers_the_truth_at_least_as_often_as_it_says(mine: int, its: int) -> None:
    """Two runs that spread differently, the true ratio 1.07; rounding the degrees of freedom down errs to the safe
    side."""
    random, truth, covered, trials = Random(mine * its), 1.07, 0, 3_000
    for _ in range(trials):
        value = stat(*(truth * exp(random.gauss(0, 0.01)) for _ in range(mine)))
        comparison = found(value, stat(*(exp(random.gauss(0, 0.02)) for _ in range(its))))
        assert comparison.low is not None
        assert comparison.high is not None
        covered += comparison.low <= truth <= comparison.high

    assert 0.94 <= covered / trials <= 0.985


def test_equal_runs_are_told_apart_in_one_trial_of_twenty_at_most() -> None:
    """Seven equal cells, as one family, with no floor to hide behind."""
    random, false, trials = Random(7), 0, 800
    for _ in range(trials):
        pairs = {
            cell: (
                stat(*(exp(random.gauss(0, 0.01)) for _ in range(3))),
                stat(*(exp(random.gauss(0, 0.01)) for _ in range(3))),
            )
            for cell in range(7)
        }
        false += any(one.verdict != "same" for one in compare_unpaired(pairs, floor=0).values())

    assert false / trials <= 0.05


@pytest.mark.parametrize(("value", "base"), [(stat(170), stat(100, 101, 102)), (stat(170, 171), stat(100))])
def test_a_single_launch_has_a_ratio_no_interval_and_no_verdict(value: Stat, base: Stat) -> None:
    comparison = found(value, base)

    assert comparison.ratio == pytest.approx(value.median / base.median)
    assert (comparison.low, comparison.high, comparison.verdict) == (None, None, "same")


def test_figures_that_do_not_vary_need_no_interval() -> None:
    assert found(stat(5.5, 5.5), stat(5.5, 5.5, 5.5)).verdict == "same"
    assert found(stat(5.5, 5.5), stat(15.0, 15.0)).verdict == "lower"


def test_a_proven_difference_below_the_floor_is_a_tie() -> None:
    assert found(stat(101, 101, 101), stat(100, 100, 100)).verdict == "same"


def test_what_has_no_ratio_is_left_out() -> None:
    assert compare_unpaired({"zero": (stat(0, 1), stat(1, 1)), "less": (stat(1, 1), stat(-1, 1))}) == {}
