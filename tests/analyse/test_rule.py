"""The rule, step by step: what an offer needs, what is out and why, and what the best is ahead of the others."""

from dataclasses import replace
from math import log

import pytest

from generator.analyse.rule import (
    Excluded,
    LogRatio,
    Offer,
    Ranked,
    Reason,
    Rule,
    Wishes,
    besides_gib,
    kv_cache_gib,
    ln,
    needed_gib,
    ranked,
)

# Twelve standard errors among three, for figures that can be followed by eye.
RULE = Rule(reach={2: (4.0, 8.0, 12.0)})
WISHES = Wishes(card_gib=24, context_tokens=4096, users=2, quality_percent=None, speed_weight=100)

# For two users with 4,096 tokens each: a KV cache of 1 GiB, activations of 0.5 GiB; 8 GiB with the rest.
OFFER = Offer(
    cell="awq",
    weights_gib=4.5,
    overhead_gib=2.0,
    kv_bytes_per_token=131072,
    activation_bytes_per_token=65536.0,
    speeds={2: 100.0},
    log_ratios={},
    perplexity_rise_high_percent=1.0,
    absent={},
)


def beside(speed: float, **ahead: LogRatio) -> list[Offer]:
    """A best cell that is so far ahead of the others, which are all alike."""
    best = replace(OFFER, cell="best", speeds={2: speed}, log_ratios={2: ahead})
    return [best, *(replace(OFFER, cell=name) for name in ahead)]


def leads(offers: list[Offer], wishes: Wishes = WISHES, rule: Rule = RULE) -> dict[str, Ranked]:
    return {entry.cell: entry for entry in ranked(offers, wishes, rule)[0]}


def untied(offers: list[Offer], wishes: Wishes = WISHES, rule: Rule = RULE) -> set[str]:
    return {cell for cell, entry in leads(offers, wishes, rule).items() if not entry.tied}


def reason(offer: Offer, wishes: Wishes = WISHES, rule: Rule = RULE) -> Excluded | None:
    ranking, excluded = ranked([offer], wishes, rule)
    assert len(ranking) + len(excluded) == 1
    return excluded[0] if excluded else None


def test_the_rule_asks_for_users_memory_and_quality_and_weighs_speed_and_memory() -> None:
    assert Rule() == Rule(
        constraints=("users", "memory", "quality"),
        objective=(("speed", "high"), ("memory", "low")),
        floor=0.02,
        floors={},
        reach={},
    )
    assert Reason("random_weights").text == ""


def test_what_is_needed_is_weights_overhead_and_what_grows_with_users_and_context() -> None:
    assert kv_cache_gib(OFFER, WISHES) == 1.0
    assert besides_gib(OFFER, WISHES) == 2.5
    assert needed_gib(OFFER, WISHES) == 8.0
    assert needed_gib(OFFER, replace(WISHES, users=4)) == 9.5
    assert needed_gib(OFFER, replace(WISHES, context_tokens=2048)) == 7.25


@pytest.mark.parametrize("part", ["weights_gib", "overhead_gib", "kv_bytes_per_token", "activation_bytes_per_token"])
def test_what_lacks_a_part_of_its_memory_is_out_and_names_it(part: str) -> None:
    lacking = replace(OFFER, **{part: None})  # type: ignore[arg-type]

    assert needed_gib(lacking, WISHES) is None
    assert reason(lacking) == Excluded("awq", "memory", part, None, None)


def test_of_several_parts_that_lack_the_first_is_named() -> None:
    lacking = replace(OFFER, overhead_gib=None, kv_bytes_per_token=None)

    assert reason(lacking) == Excluded("awq", "memory", "overhead_gib", None, None)


@pytest.mark.parametrize("value", [2**-0.5, 1.0, 2.0, 3.0, 0.1, 1e-300, 1e300, 0.7071067811865475, 0.7071067811865476])
def test_the_logarithm_is_right_to_the_last_bits(value: float) -> None:
    assert ln(value) == pytest.approx(log(value), rel=3e-16, abs=1e-300)


def test_a_cell_alone_is_the_best_and_tied_with_itself() -> None:
    ((only,), excluded) = ranked([OFFER], WISHES, RULE)

    assert only == Ranked("awq", 100.0, 2.5, 1.0, 8.0, ln(100.0), 0.0, 0.0, 0.0, tied=True)
    assert excluded == ()


@pytest.mark.parametrize(("weight", "score"), [(100, ln(100)), (0, -ln(8)), (25, 0.25 * ln(100) - 0.75 * ln(8))])
def test_the_score_is_the_weighted_sum_of_the_logarithms(weight: float, score: float) -> None:
    ((only,), _) = ranked([OFFER], replace(WISHES, speed_weight=weight), RULE)

    assert only.score == pytest.approx(score)


def test_the_highest_score_is_first_and_equals_go_by_name() -> None:
    speeds = {"d": 90.0, "b": 100.0, "a": 100.0, "c": 110.0}
    ranking, _ = ranked([replace(OFFER, cell=name, speeds={2: speed}) for name, speed in speeds.items()], WISHES, RULE)

    assert [entry.cell for entry in ranking] == ["c", "a", "b", "d"]


def test_the_first_of_the_objective_has_the_weight_whatever_it_is() -> None:
    rule = replace(RULE, objective=(("memory", "low"), ("speed", "high")))
    small = replace(OFFER, cell="small", weights_gib=1.0, speeds={2: 1.0})

    assert ranked([OFFER, small], WISHES, rule)[0][0].cell == "small"
    assert ranked([OFFER, small], WISHES, RULE)[0][0].cell == "awq"


def test_a_quantity_may_be_better_low_or_high() -> None:
    slowest = replace(RULE, objective=(("speed", "low"), ("memory", "high")))
    fast = replace(OFFER, cell="fast", speeds={2: 200.0})
    slow = replace(OFFER, log_ratios={2: {"fast": LogRatio(-ln(2), 0.0, 2)}})
    found = leads([slow, fast], rule=slowest)

    assert list(found) == ["awq", "fast"]
    assert found["fast"].lead == pytest.approx(ln(2))
    large = replace(OFFER, cell="large", weights_gib=9.0)
    assert list(leads([OFFER, large], replace(WISHES, speed_weight=0), slowest)) == ["large", "awq"]


def test_an_objective_of_one_quantity_is_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        ranked([OFFER], WISHES, replace(RULE, objective=(("speed", "high"),)))


def test_a_number_of_users_that_was_not_measured_is_out_with_the_most_that_was() -> None:
    assert reason(replace(OFFER, speeds={1: 50.0, 4: 90.0})) == Excluded("awq", "users", None, 2, 4)
    assert reason(replace(OFFER, speeds={})) == Excluded("awq", "users", None, 2, None)


def test_a_card_has_room_from_what_is_needed_on() -> None:
    assert reason(OFFER, replace(WISHES, card_gib=8.0)) is None
    assert reason(OFFER, replace(WISHES, card_gib=7.9)) == Excluded("awq", "memory", None, 8.0, 7.9)


def test_quality_is_asked_for_only_where_a_limit_is_wished() -> None:
    unknown = replace(OFFER, perplexity_rise_high_percent=None)

    assert reason(unknown) is None
    assert reason(OFFER, replace(WISHES, quality_percent=1.0)) is None
    assert reason(OFFER, replace(WISHES, quality_percent=0.5)) == Excluded("awq", "quality", None, 0.5, 1.0)
    assert reason(unknown, replace(WISHES, quality_percent=0.5)) == Excluded(
        "awq", "quality", "perplexity_rise_high_percent", None, None
    )


def test_the_first_constraint_that_is_missed_is_the_reason() -> None:
    wishes = replace(WISHES, card_gib=1.0, quality_percent=0.5)

    def missed(offer: Offer, *constraints: str) -> str | None:
        rule = replace(RULE, constraints=constraints) if constraints else RULE  # type: ignore[arg-type]
        found = reason(offer, wishes, rule)
        return found.constraint if found else None

    assert missed(replace(OFFER, speeds={1: 1.0})) == "users"
    assert missed(OFFER) == "memory"
    assert missed(OFFER, "quality", "memory") == "quality"
    assert missed(OFFER, "users") is None
    assert missed(replace(OFFER, speeds={1: 1.0}, perplexity_rise_high_percent=0.1), "quality", "users") == "users"


def test_those_that_are_out_keep_their_order_and_leave_the_others() -> None:
    large = [replace(OFFER, cell=name, weights_gib=99.0) for name in ("z", "a")]
    ranking, excluded = ranked([large[0], OFFER, large[1]], WISHES, RULE)

    assert [entry.cell for entry in excluded] == ["z", "a"]
    assert [entry.cell for entry in ranking] == ["awq"]
    assert ranked(large, WISHES, RULE)[0] == ()
    assert ranked([], WISHES, RULE) == ((), ())


def test_a_lead_has_an_interval_of_as_many_errors_as_the_rule_says() -> None:
    found = leads(beside(110, awq=LogRatio(0.1, 0.02, 2)))["awq"]

    assert (found.lead, found.lead_low, found.lead_high) == pytest.approx((0.1, 0.02, 0.18))
    assert not found.tied


@pytest.mark.parametrize(("error", "tied"), [(0.0249, False), (0.025, True), (0.0251, True)])
def test_a_lead_is_proven_where_its_interval_leaves_out_0(error: float, *, tied: bool) -> None:
    assert leads(beside(110, awq=LogRatio(0.1, error, 2)))["awq"].tied == tied


@pytest.mark.parametrize(("mean", "tied"), [(ln(1.02), False), (ln(1.0199), True), (0.0, True), (-0.1, True)])
def test_a_lead_decides_from_the_floor_on(mean: float, *, tied: bool) -> None:
    assert leads(beside(110, awq=LogRatio(mean, 0.0, 2)))["awq"].tied == tied


def test_a_number_of_users_may_have_a_floor_of_its_own() -> None:
    offers = beside(110, awq=LogRatio(0.1, 0.0, 2))

    assert untied(offers, rule=replace(RULE, floors={2: 0.2})) == set()
    assert untied(offers, rule=replace(RULE, floors={4: 0.2})) == {"awq"}
    assert untied(offers, rule=replace(RULE, floor=0.2)) == set()


def test_leads_are_decided_from_the_surest_on_each_among_those_that_are_left() -> None:
    found = leads(beside(110, awq=LogRatio(0.1, 0.02, 2), nf4=LogRatio(0.1, 0.01, 2)))

    assert found["nf4"].lead_low == pytest.approx(0.1 - 8 * 0.01)
    assert found["awq"].lead_low == pytest.approx(0.1 - 4 * 0.02)
    assert untied(beside(110, awq=LogRatio(0.1, 0.02, 2), nf4=LogRatio(0.1, 0.01, 2))) == {"awq", "nf4"}


def test_after_the_first_lead_that_is_not_proven_none_is() -> None:
    found = leads(beside(110, awq=LogRatio(0.1, 0.02, 2), nf4=LogRatio(0.1, 0.03, 2)))

    assert [found[name].tied for name in ("awq", "nf4")] == [True, True]
    assert found["awq"].lead_low == pytest.approx(0.1 - 8 * 0.02)
    assert found["nf4"].lead_low == pytest.approx(0.1 - 8 * 0.03)


@pytest.mark.parametrize("behind", [0.0, -0.1])
def test_an_exact_tie_or_an_exact_lag_is_the_least_sure_of_all(behind: float) -> None:
    """Were it taken for proven, the other would be judged alone, and proven."""
    assert untied(beside(110, awq=LogRatio(0.1, 0.02, 2), nf4=LogRatio(behind, 0.0, 2))) == set()


def test_an_exact_lead_is_the_surest_of_all() -> None:
    found = leads(beside(110, awq=LogRatio(0.1, 0.02, 2), nf4=LogRatio(0.03, 0.0, 2)))

    assert [found[name].tied for name in ("awq", "nf4")] == [False, False]
    assert (found["nf4"].lead_low, found["nf4"].lead_high) == (0.03, 0.03)


def test_without_an_interval_there_is_no_lead_and_a_tie() -> None:
    offers = [replace(OFFER, cell="best", speeds={2: 900.0}), OFFER]

    assert leads(offers)["awq"] == Ranked("awq", 100.0, 2.5, 1.0, 8.0, ln(100), None, None, None, tied=True)


def test_memory_alone_needs_no_interval_and_is_exact() -> None:
    offers = [replace(OFFER, cell="best", weights_gib=0.5), OFFER]
    found = leads(offers, replace(WISHES, speed_weight=0))["awq"]

    assert found.lead == pytest.approx(ln(2))
    assert found.lead_low == found.lead == found.lead_high
    assert not found.tied


def test_both_terms_share_a_lead_and_speed_alone_has_an_error() -> None:
    best = replace(OFFER, cell="best", weights_gib=0.5, log_ratios={2: {"awq": LogRatio(0.2, 0.01, 2)}})
    found = leads([best, OFFER], replace(WISHES, speed_weight=25))["awq"]

    mean = 0.25 * 0.2 + 0.75 * ln(2)
    assert found.lead == pytest.approx(mean)
    assert (found.lead_low, found.lead_high) == pytest.approx((mean - 0.01, mean + 0.01))
