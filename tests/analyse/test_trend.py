"""Trends: equal runs are noise, also where runs differ by more than launches; what really changed is found."""

from collections.abc import Mapping, Sequence
from math import exp
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.analyse.statistics import MATERIAL, Stat
from generator.analyse.trend import Against, Point, Step, Trend, trends

# Standard deviations of logarithms, about as two committed runs of one card in CUDA graphs have them. Between those no
# more is known to have changed than the code that measured.
BETWEEN, WITHIN = 0.004, 0.004

figures = st.floats(0.5, 1e6)
launches = st.lists(figures, min_size=3, max_size=6)
several_runs = st.lists(launches, min_size=2, max_size=6)


def stat(*values: float) -> Stat:
    return Stat(dict(enumerate(values)))


def line(*runs: Sequence[float], changed: Sequence[int] = (), floor: float = MATERIAL) -> dict[int, Point]:
    """Runs in which nothing is known to have changed, but for those named."""
    return {at: Point(stat(*values), at not in changed, floor) for at, values in enumerate(runs)}


def trend(points: Mapping[int, Point]) -> Trend:
    return trends({"": points})[""]


def step(found: Trend, at: int, against: Against = "previous") -> Step:
    return next(one for one in found.steps if (one.at, one.against) == (at, against))


def noisy(
    random: Random, level: float, launches: int = 5, between: float = BETWEEN, within: float = WITHIN
) -> list[float]:
    """One run: an effect that all of its launches share, and one of each launch."""
    run = level * exp(random.gauss(0, between))
    return [run * exp(random.gauss(0, within)) for _ in range(launches)]


def of_equal_runs(random: Random, lines: int, between: float) -> list[Step]:
    """The steps of eight runs in which nothing changes; half of the machine's effect on a run is the same for all
    lines, which no line is told."""
    half = between / 2**0.5
    shared = [100 * exp(random.gauss(0, half)) for _ in range(8)]
    series = {name: line(*(noisy(random, level, between=half) for level in shared)) for name in range(lines)}
    return [one for of in trends(series).values() for one in of.steps]


def test_two_runs_are_told_apart_by_the_noise_within_them_and_the_verdict_says_so() -> None:
    found = step(trend(line([100, 101, 102], [120, 121, 122])), 1)

    assert found.comparison.verdict == "higher"
    assert found.comparison.ratio == pytest.approx(121 / 101, rel=1e-3)
    assert found.basis == "within"


def test_where_every_run_had_a_known_change_the_noise_between_runs_is_not_known() -> None:
    runs = ([100.0, 100.1, 100.2], [104.0, 104.1, 104.2], [97.0, 97.1, 97.2], [104.0, 104.1, 104.2])
    found = trend(line(*runs, changed=[1, 2, 3]))

    assert found.spread is None
    assert {one.basis for one in found.steps} == {"within"}


def test_a_difference_that_runs_show_without_a_change_is_none() -> None:
    runs = ([100.0, 101.0, 102.0], [101.5, 102.0, 103.0], [99.0, 100.0, 101.0], [103.9, 104.0, 104.1])
    alone, known = trend(line(runs[2], runs[3])), trend(line(*runs))

    assert step(alone, 1).comparison.verdict == "higher"
    assert step(known, 3).basis == "between"
    assert step(known, 3).comparison.verdict == "same"
    assert step(known, 3).base == (0, 1, 2)


def test_after_a_known_change_the_noise_between_runs_is_that_of_before() -> None:
    runs = [[100.0, 100.1, 100.2], [100.5, 100.6, 100.7], [99.9, 100.0, 100.1], [150.0, 150.1, 150.2]]
    found = trend(line(*runs, [150.0, 150.2, 150.1], changed=[3]))

    assert step(found, 3).is_change
    assert step(found, 3).basis == "between"
    assert step(found, 4).base == (3,)
    assert step(found, 4).basis == "between"
    assert not step(found, 4).is_change


def test_each_later_run_is_compared_with_the_first_and_with_the_one_before_the_last_change() -> None:
    runs = [[100.0, 100.1, 100.2], [100.5, 100.6, 100.7], [50.0, 50.1, 50.2], [100.0, 100.2, 100.3]]
    found = trend(line(*runs, changed=[2, 3]))

    assert [(one.at, one.against, one.base) for one in found.steps] == [
        (1, "previous", (0,)),
        (2, "previous", (0, 1)),
        (2, "first", (0,)),
        (3, "previous", (2,)),
        (3, "first", (0,)),
        (3, "before_change", (1,)),
    ]
    assert step(found, 3).comparison.verdict == "higher"
    assert step(found, 3, "before_change").comparison.verdict == "same"  # it is back


def test_a_slow_drift_is_found_against_the_first_run() -> None:
    runs = [[100 * 1.012**at + extra for extra in (-0.1, 0.0, 0.1)] for at in range(5)]
    found = trend(line(*runs, changed=range(1, 5)))

    assert not any(step(found, at).is_change for at in range(1, 5))
    assert step(found, 4, "first").comparison.verdict == "higher"


@pytest.mark.parametrize("few", [[100.0], [100.0, 101.0]])
def test_with_fewer_than_three_launches_there_is_no_verdict(few: list[float]) -> None:
    found = trend(line(few, [200.0, 201.0, 202.0], few))

    assert all(one.comparison.low is None for one in found.steps)
    assert not any(one.is_change for one in found.steps)


def test_runs_with_too_few_launches_say_nothing_of_the_noise_between_runs() -> None:
    full = [100.0, 100.1, 100.2]

    assert trend(line(full, [300.0], full, [20.0, 21.0])).spread is None
    assert trend(line(full, [300.0], full, full)).spread is not None


def test_a_proven_difference_below_the_floor_is_none() -> None:
    runs = ([100.0, 100.0, 100.0], [104.0, 104.0, 104.0])

    assert trend(line(*runs, floor=0.02)).steps[0].is_change
    assert not trend(line(*runs, floor=0.05)).steps[0].is_change


def test_a_run_before_that_was_noisier_keeps_its_floor() -> None:
    before, after = line([100.0] * 3, floor=0.05)[0], line([104.0] * 3)[0]

    assert not trend({0: before, 1: after}).steps[0].is_change


def test_figures_that_do_not_vary_change_when_they_are_others() -> None:
    found = trend(line([15.0, 15.0], [15.0, 15.0], [5.5, 5.5]))

    assert [step(found, at).comparison.verdict for at in (1, 2)] == ["same", "lower"]


def test_what_has_no_ratio_is_left_out() -> None:
    assert trend(line([0.0, 1.0, 2.0], [1.0, 1.0, 1.0])).steps == ()


@settings(deadline=None)
@given(several_runs)
def test_the_order_of_the_launches_does_not_matter(runs: list[list[float]]) -> None:
    forth, back = trend(line(*runs)), trend(line(*(run[::-1] for run in runs)))

    assert [(one.at, one.base, one.comparison.verdict) for one in forth.steps] == [
        (one.at, one.base, one.comparison.verdict) for one in back.steps
    ]


@settings(deadline=None)
@given(several_runs, st.sampled_from([2.0**-10, 2.0, 2.0**10]))
def test_another_unit_changes_no_ratio_and_no_verdict(runs: list[list[float]], factor: float) -> None:
    plain, scaled = trend(line(*runs)), trend(line(*([factor * one for one in run] for run in runs)))

    for one, other in zip(plain.steps, scaled.steps, strict=True):
        assert one.comparison.verdict == other.comparison.verdict
        assert one.comparison.ratio == pytest.approx(other.comparison.ratio)


@settings(deadline=None)
@given(st.lists(launches, min_size=3, max_size=6))
def test_a_later_run_changes_no_verdict(runs: list[list[float]]) -> None:
    assert trend(line(*runs)).steps[: len(trend(line(*runs[:-1])).steps)] == trend(line(*runs[:-1])).steps


@settings(deadline=None)  # the first t quantile takes its time
@given(st.lists(launches, min_size=4, max_size=4))
def test_knowing_the_noise_between_runs_never_narrows_an_interval(runs: list[list[float]]) -> None:
    alone, same = step(trend(line(runs[0], runs[3])), 1), step(trend(line(*runs)), 3, "first")

    assert (alone.basis, same.basis) == ("within", "between")
    assert alone.comparison.low is not None
    assert alone.comparison.high is not None
    assert same.comparison.low is not None
    assert same.comparison.high is not None
    assert same.comparison.low <= alone.comparison.low * (1 + 1e-9)
    assert same.comparison.high >= alone.comparison.high * (1 - 1e-9)


@pytest.mark.parametrize("lines", [1, 4])
def test_eight_equal_runs_have_no_change_in_nineteen_of_twenty_series(lines: int) -> None:
    """All steps of a series together, at the noise that runs in CUDA graphs have."""
    random, trials = Random(lines), 100

    false = sum(any(one.is_change for one in of_equal_runs(random, lines, BETWEEN)) for _ in range(trials))

    assert false / trials <= 0.05


def test_of_a_restless_machine_one_run_of_twenty_is_taken_for_changed_once_its_noise_is_known() -> None:
    """Runs that lie 3% apart by themselves: the noise within runs alone would tell most of them apart."""
    random, steps = Random(2), []
    for trial in range(200):
        steps += [(trial, one) for one in of_equal_runs(random, 1, 0.03)]
    judged = {basis: {(trial, one.at) for trial, one in steps if one.basis == basis} for basis in ("within", "between")}
    false = {
        basis: {(trial, one.at) for trial, one in steps if one.basis == basis and one.is_change}
        for basis in ("within", "between")
    }

    assert len(judged["between"]) >= 900
    assert len(false["between"]) / len(judged["between"]) <= 0.05
    assert len(false["within"]) / len(judged["within"]) >= 0.4


def test_a_change_of_a_twentieth_is_found_after_five_equal_runs_in_four_of_five_series() -> None:
    random, found, trials = Random(5), 0, 150
    for _ in range(trials):
        runs = [noisy(random, 100) for _ in range(5)] + [noisy(random, 95)]
        steps = trend(line(*runs, changed=[5]))
        found += step(steps, 5).comparison.verdict == "lower" and step(steps, 5).basis == "between"

    assert found / trials >= 0.8
