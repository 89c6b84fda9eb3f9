"""Numbers as text: as many digits as their spread supports, and no more."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from generator.analyse.quality import Interval
from generator.analyse.statistics import Stat, compare
from generator.render.chart import Axis, Mark
from generator.render.units import bare, change, half_width, number, share, times, with_unit


def stat(*launches: float) -> Stat:
    return Stat(dict(enumerate(launches, 1)))


@pytest.mark.parametrize(
    ("value", "digits", "spread", "said"),
    [
        (3193.1, 1, 494.0, "3,190"),
        (1254.8, 1, 130.0, "1,250"),
        (2072.3, 1, 29.0, "2,072"),
        (2072.3, 1, 31.0, "2,072"),
        (2072.3, 1, 9.0, "2,072.3"),
        (203.7, 1, 0.3, "203.7"),
        (203.7, 1, 0.000001, "203.7"),  # never more digits than the quantity has
        (203.7, 1, 0.0, "203.7"),  # nothing varied, or nobody knows
        (16.9, 1, 6.8, "16.9"),
        (16.9, 1, 68.0, "17"),
        (40.0, 1, 740.0, "40"),  # never rounded away
        (0.0, 1, 5.0, "0.0"),
        (0.0402, 4, 0.0052, "0.0402"),
        (0.0402, 4, 0.052, "0.040"),
        (0.0284, 2, 0.011, "0.028"),
        (-338.2, 0, 40.0, "-338"),
        (-338.2, 0, 400.0, "-340"),
    ],
)
def test_a_number_has_the_digits_that_its_spread_supports(value: float, digits: int, spread: float, said: str) -> None:
    assert number(value, digits, spread) == said


@given(st.floats(1e-3, 1e6), st.floats(1e-3, 1e6))
def test_what_rounding_takes_is_little_beside_the_spread(value: float, spread: float) -> None:
    written = float(number(value, 6, spread).replace(",", ""))

    assert abs(written - value) <= max(spread / 20, 10.0**-6) * 1.001
    assert written > 0


def test_a_figure_of_launches_brings_its_own_spread() -> None:
    wide, narrow, few = stat(3193.1, 2873.6, 3226.3), stat(203.5, 203.7, 203.7), stat(3193.1, 2873.6)

    assert with_unit(wide, "output_tokens_per_s") == "3,190 tokens/s"
    assert bare(narrow, "output_tokens_per_s") == "203.7"
    assert bare(few, "output_tokens_per_s") == "3,033.3"  # two launches have no interval
    assert bare(wide.median, "output_tokens_per_s") == "3,193.1"


def test_a_difference_in_percent_has_the_digits_that_its_spread_supports() -> None:
    sure = compare(stat(110.0, 110.1, 110.2), stat(100.0, 100.1, 100.2))
    unsure = compare(stat(2300.0, 2500.0, 2900.0), stat(100.0, 103.0, 99.0))
    assert sure
    assert unsure

    assert change(sure) == "+10%"
    assert change(unsure) == "+2,440%"
    assert change(-3.26) == "−3.3%"
    assert change(-71.4) == "−71%"
    assert change(0.0) == change(-0.04) == "+0.0%"


def test_a_chart_s_label_and_its_interval_end_at_the_same_digit_and_its_launches_keep_theirs() -> None:
    axis = Axis("Speed", "tokens/s", 1)
    mark = Mark("FP16", 3193.1, "fp16", 2638.3, 3627.2)

    assert axis.amount(mark) == "3,190 tokens/s"
    assert axis.interval(mark) == "2,640 to 3,630"
    assert axis.interval(Mark("FP16", 3193.1, "fp16")) is None
    assert axis.text(2873.6) == "2,873.6"


def test_a_ratio_keeps_its_digits_because_the_distance_from_1_counts() -> None:
    axis = Axis("Speed", "×", 2, is_exact=True)

    assert axis.interval(Mark("AWQ", 1.09, "awq", 0.97, 1.22)) == "0.97 to 1.22"


def test_the_spread_is_half_the_interval_of_whatever_has_one() -> None:
    assert half_width(Interval(1.0, 0.5, 1.75)) == 0.625
    assert half_width(stat(1.0)) == 0.0
    alone = compare(stat(2.0), stat(1.0))
    assert alone
    assert half_width(alone) == 0.0


@pytest.mark.parametrize(("part", "said"), [(0.02, "2.0%"), (0.099, "9.9%"), (0.0996, "10%"), (0.676, "68%")])
def test_a_share_has_two_digits(part: float, said: str) -> None:
    assert share(part) == said


@pytest.mark.parametrize(
    ("ratio", "said"),
    [(12.4, "12×"), (2.34, "2.3×"), (1.764, "1.76×"), (0.5, "0.50×"), (0.0997, "0.10×"), (0.0162, "0.016×")],
)
def test_a_factor_has_two_significant_digits_or_three(ratio: float, said: str) -> None:
    assert times(ratio) == said
