"""Recommendations: rules that follow from figures alone."""

from collections.abc import Sequence
from random import Random

from examples import completed, failed, four_methods, manifest
from hypothesis import given
from hypothesis import strategies as st

from generator.analyse.findings import find
from generator.analyse.scenarios import SCENARIOS, Candidate, Scenario, recommend
from generator.analyse.summary import Stat, compare, summarise
from generator.measurements import Run
from generator.methods import METHODS

QUANTITIES = (
    "output_tokens_per_s",
    "output_tokens_per_s_per_user",
    "context_capacity_tokens",
    "load_time_s",
    "weights_gib",
)
figures = st.floats(0.5, 1e6)
candidates = st.tuples(*(st.dictionaries(st.sampled_from(QUANTITIES), figures) for _ in METHODS)).map(
    lambda rows: [
        Candidate(method, {name: Stat(value, value, value, 1) for name, value in row.items()})
        for method, row in zip(METHODS, rows, strict=True)
    ]
)


@given(candidates, st.sampled_from(SCENARIOS), st.randoms())
def test_the_order_of_the_candidates_does_not_matter(
    given_: list[Candidate], scenario: Scenario, random: Random
) -> None:
    shuffled = list(given_)
    random.shuffle(shuffled)

    one, other = recommend(scenario, given_), recommend(scenario, shuffled)

    assert {entry.method.id for entry in one.tied} == {entry.method.id for entry in other.tied}
    assert one.decided_by == other.decided_by


@given(candidates, st.sampled_from(SCENARIOS))
def test_nobody_is_chosen_who_lacks_what_is_required(given_: list[Candidate], scenario: Scenario) -> None:
    result = recommend(scenario, given_)

    out = {entry.method.id for entry in result.excluded}
    assert out.isdisjoint(candidate.method.id for candidate in result.tied)
    assert len(result.excluded) + len(result.ranking) == len(given_)
    for candidate in result.tied:
        assert scenario.decides[0][0] in candidate.stats
        if scenario.at_least:
            assert candidate.stats[scenario.at_least[0]].median >= scenario.at_least[1]


@given(st.lists(figures, min_size=1), st.floats(0.001, 1000))
def test_scaling_all_launches_scales_the_summary(values: list[float], factor: float) -> None:
    one, scaled = summarise(values), summarise([value * factor for value in values])

    for mine, its in ((one.median, scaled.median), (one.low, scaled.low), (one.high, scaled.high)):
        assert abs(mine * factor - its) <= 1e-9 * its


@given(st.lists(figures, min_size=1), st.lists(figures, min_size=1))
def test_overlapping_launches_are_a_tie(mine: Sequence[float], its: Sequence[float]) -> None:
    comparison = compare(summarise(mine), summarise(its))

    assert comparison is not None
    if min(mine) <= max(its) and min(its) <= max(mine):
        assert comparison.verdict == "same"


def test_methods_that_differ_by_one_percent_are_a_tie() -> None:
    comparison = compare(summarise([101.0]), summarise([100.0]))

    assert comparison is not None
    assert comparison.verdict == "same"


def test_a_failed_method_is_never_recommended() -> None:
    run = Run(manifest(), (completed("fp16"), failed("awq"), failed("gptq"), failed("nf4")))

    (found,) = find((run,)).runs

    for recommendation in found.recommendations:
        assert {candidate.method.id for candidate in recommendation.tied} <= {"fp16"}


def test_a_demo_recommends_nothing() -> None:
    example = four_methods()
    profile = example.manifest.profile.model_copy(update={"purpose": "demo"})  # type: ignore[union-attr]
    run = Run(example.manifest.model_copy(update={"profile": profile}), example.launches)

    findings = find((run,))

    assert findings.featured is None
    assert findings.runs[0].recommendations == ()


def test_memory_parts_add_up_to_what_is_used() -> None:
    parts = find((four_methods(),)).runs[0].methods[0].memory_parts

    assert parts is not None
    assert abs(parts.weights_gib + parts.kv_cache_gib + parts.other_gib - 22000 / 1024) < 1e-9
