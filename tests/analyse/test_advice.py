"""The advice for a card of one's own: laws of the rule, and what a run offers to it."""

from dataclasses import replace
from math import exp, inf, log
from random import Random

import pytest
from examples import FOUR, cell, completed, four_methods, manifest, replaced, with_controls
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.analyse.advice import Advice, advise
from generator.analyse.findings import find
from generator.analyse.offers import Advising, advising_of
from generator.analyse.rule import LogRatio, Offer, Reason, Rule, Wishes, ln, needed_gib
from generator.analyse.statistics import MATERIAL, compare_all, reach
from generator.measurements import Run

CELLS = ("fp16", "awq", "gptq", "nf4")
USERS = (1, 4, 16)
RULE = Rule(reach={2: tuple(reach(among, 2) for among in range(1, len(CELLS)))})
WISHES = Wishes(card_gib=24, context_tokens=4096, users=1, quality_percent=None, speed_weight=100)

sizes = st.sampled_from([0.5, 5.0, 5.5, 15.0]) | st.floats(0.1, 1e3)


def offer(
    cell: str,
    speed: float = 100.0,
    weights_gib: float | None = 5.0,
    *,
    ahead: dict[str, LogRatio] | None = None,
    rise_percent: float | None = 0.0,
) -> Offer:
    return Offer(
        cell=cell,
        weights_gib=weights_gib,
        overhead_gib=1.0,
        kv_bytes_per_token=131072,
        activation_bytes_per_token=0.0,
        speeds={1: speed},
        log_ratios={1: ahead} if ahead else {},
        perplexity_rise_high_percent=rise_percent,
        absent={},
    )


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    """Cells whose ratios are those of their speeds; some have no error, and some lack a figure."""
    cells = draw(st.lists(st.sampled_from(CELLS), unique=True))
    speeds = {cell: {users: draw(sizes) for users in USERS if draw(st.booleans())} for cell in cells}
    error = draw(st.sampled_from([None, 0.0, 0.001, 0.05]))

    def ratio(users: int, one: str, other: str) -> LogRatio:
        return LogRatio(log(speeds[one][users] / speeds[other][users]), error or 0, 2)

    return [
        Offer(
            cell=cell,
            weights_gib=draw(sizes),
            overhead_gib=draw(st.none() | sizes),
            kv_bytes_per_token=draw(st.none() | st.integers(1, 10**6)),
            activation_bytes_per_token=draw(st.none() | st.floats(0, 10**6)),
            speeds=speeds[cell],
            log_ratios={
                users: {other: ratio(users, cell, other) for other in cells if other != cell and users in speeds[other]}
                for users in (speeds[cell] if error is not None else ())
            },
            perplexity_rise_high_percent=draw(st.none() | st.floats(-1, 20)),
            absent={},
        )
        for cell in cells
    ]


wishes = st.builds(
    Wishes,
    card_gib=sizes,
    context_tokens=st.integers(1, 10**6),
    users=st.sampled_from(USERS),
    quality_percent=st.none() | st.floats(0, 20),
    speed_weight=st.sampled_from([0, 50, 100]) | st.integers(0, 100),
)


def as_a_set(advice: Advice) -> object:
    return replace(advice, excluded=tuple(sorted(advice.excluded, key=lambda entry: entry.cell)))


@given(offers(), wishes, st.randoms())
def test_the_order_of_the_offers_does_not_matter(given_: list[Offer], wished: Wishes, random: Random) -> None:
    shuffled = list(given_)
    random.shuffle(shuffled)

    assert as_a_set(advise(given_, wished, RULE)) == as_a_set(advise(shuffled, wished, RULE))


@given(offers(), wishes, st.floats(1, 100))
def test_a_larger_card_never_excludes_more(given_: list[Offer], wished: Wishes, factor: float) -> None:
    small, large = (
        advise(given_, replace(wished, card_gib=card), RULE) for card in (wished.card_gib, wished.card_gib * factor)
    )

    assert {entry.cell for entry in large.excluded} <= {entry.cell for entry in small.excluded}


@given(offers(), wishes)
def test_every_offer_is_either_ranked_or_out_and_only_the_ranked_are_advised(
    given_: list[Offer], wished: Wishes
) -> None:
    advice = advise(given_, wished, RULE)

    ranked, out = [entry.cell for entry in advice.ranking], [entry.cell for entry in advice.excluded]
    assert sorted([*ranked, *out]) == sorted(one.cell for one in given_)
    assert set(advice.tied) <= set(ranked)
    assert bool(advice.tied) == bool(ranked)
    assert advice.tied[:1] == tuple(ranked[:1])


@given(offers(), wishes)
def test_a_cell_that_another_beats_in_speed_and_in_memory_never_wins_alone(given_: list[Offer], wished: Wishes) -> None:
    advice = advise(given_, wished, RULE)

    if len(advice.tied) == 1:
        alone = next(entry for entry in advice.ranking if entry.tied)
        for other in advice.ranking:
            beaten = other.tokens_per_s >= alone.tokens_per_s and other.needed_gib <= alone.needed_gib
            assert other is alone or not beaten


@given(offers(), wishes)
def test_without_an_interval_nothing_is_ahead_unless_memory_alone_decides(given_: list[Offer], wished: Wishes) -> None:
    single = [replace(one, log_ratios={}) for one in given_]

    advice = advise(single, wished, RULE)

    if wished.speed_weight > 0:
        assert all(entry.tied for entry in advice.ranking)
    else:
        assert all(entry.lead is not None for entry in advice.ranking)


@given(offers(), wishes)
def test_a_lead_lies_between_its_ends_and_both_are_known_or_neither(given_: list[Offer], wished: Wishes) -> None:
    for entry in advise(given_, wished, RULE).ranking:
        if entry.lead is None:
            assert entry.lead_low is None
            assert entry.lead_high is None
        else:
            assert entry.lead_low is not None
            assert entry.lead_high is not None
            assert entry.lead_low <= entry.lead <= entry.lead_high


@given(offers(), wishes)
def test_what_is_said_to_change_the_answer_changes_it(given_: list[Offer], wished: Wishes) -> None:
    advice = advise(given_, wished, RULE)

    if advice.more_users:
        more = advise(given_, replace(wished, users=int(advice.more_users.at)), RULE)
        assert more.tied == advice.more_users.tied
        assert set(more.tied) != set(advice.tied)
    if advice.larger_card:
        larger = advise(given_, replace(wished, card_gib=advice.larger_card.at), RULE)
        assert larger.tied == advice.larger_card.tied
        assert set(larger.tied) != set(advice.tied)
    if advice.smaller_card:
        at = advice.smaller_card.at
        assert set(advise(given_, replace(wished, card_gib=at), RULE).tied) == set(advice.tied)
        below = advise(given_, replace(wished, card_gib=at * (1 - 1e-15)), RULE)
        assert set(below.tied) == set(advice.smaller_card.tied)
        assert set(below.tied) != set(advice.tied)


@given(offers(), wishes, st.floats(1, 1000))
def test_between_a_card_and_the_one_that_changes_the_answer_nothing_does(
    given_: list[Offer], wished: Wishes, factor: float
) -> None:
    advice = advise(given_, wished, RULE)
    card = wished.card_gib * factor

    if card < (advice.larger_card.at if advice.larger_card else inf):
        assert set(advise(given_, replace(wished, card_gib=card), RULE).tied) == set(advice.tied)


@given(st.floats(1e-300, 1e300))
def test_the_logarithm_is_the_logarithm(value: float) -> None:
    assert ln(value) == pytest.approx(log(value), rel=4e-16, abs=1e-18)


def test_a_lead_that_is_proven_and_above_the_floor_decides() -> None:
    def tied(lead: float, error: float) -> tuple[str, ...]:
        ahead = {"awq": LogRatio(lead, error, 2)}
        return advise([offer("awq", 100.0), offer("gptq", 110.0, ahead=ahead)], WISHES, RULE).tied

    assert tied(log(1.1), 0.02) == ("gptq",)
    assert tied(log(1.1), 0.03) == ("gptq", "awq")  # 4.30 standard errors reach below 0
    assert tied(log(1.01), 0.0) == ("gptq", "awq")
    assert tied(log(0.9), 0.0) == ("gptq", "awq")


def test_more_rivals_need_surer_leads_and_the_surest_of_them_goes_first() -> None:
    ahead = {"awq": LogRatio(0.1, 0.02, 2), "nf4": LogRatio(0.1, 0.01, 2), "fp16": LogRatio(0.0, 0.01, 2)}
    first, *others = [offer("gptq", 110.0, ahead=ahead), *(offer(name) for name in ahead)]

    def tied(*rivals: str) -> set[str]:
        return set(advise([first, *(one for one in others if one.cell in rivals)], WISHES, RULE).tied)

    assert tied("awq", "nf4") == {"gptq"}  # with nf4 out of the way, awq is judged alone
    assert tied("awq", "fp16") == {"gptq", "awq", "fp16"}
    assert tied("awq", "nf4", "fp16") == {"gptq", "awq", "fp16"}


def test_the_weight_of_speed_turns_the_answer_towards_the_fast_or_the_small() -> None:
    apart = log(1.5)
    fast = offer("fp16", 150.0, weights_gib=15.0, ahead={"awq": LogRatio(apart, 0.0, 2)})
    small = offer("awq", 100.0, weights_gib=5.0, ahead={"fp16": LogRatio(-apart, 0.0, 2)})

    def answer(weight: float) -> tuple[str, ...]:
        return advise([fast, small], replace(WISHES, speed_weight=weight), RULE).tied

    assert answer(100) == ("fp16",)
    assert answer(0) == ("awq",)


def test_what_is_out_says_what_it_needed_and_what_there_is() -> None:
    wished = replace(WISHES, card_gib=10, quality_percent=1.0)
    given_ = [
        offer("fp16", weights_gib=15.0),
        offer("awq", rise_percent=2.5),
        offer("gptq", rise_percent=None),
        offer("nf4", weights_gib=None),
    ]

    found = {entry.cell: entry for entry in advise(given_, wished, RULE).excluded}

    assert (found["fp16"].constraint, found["fp16"].needed, found["fp16"].found) == ("memory", 16.5, 10)
    assert (found["awq"].constraint, found["awq"].needed, found["awq"].found) == ("quality", 1.0, 2.5)
    assert found["gptq"].missing == "perplexity_rise_high_percent"
    assert found["nf4"].missing == "weights_gib"
    (unmeasured,) = advise(given_[:1], replace(WISHES, users=8), RULE).excluded
    assert (unmeasured.constraint, unmeasured.needed, unmeasured.found) == ("users", 8, 1)


def test_a_card_that_is_just_large_enough_fits() -> None:
    given_ = [offer("awq")]
    needed = needed_gib(given_[0], WISHES)
    assert needed is not None

    assert advise(given_, replace(WISHES, card_gib=needed), RULE).tied == ("awq",)
    assert advise(given_, replace(WISHES, card_gib=needed * (1 - 1e-15)), RULE).tied == ()


def advising(run: Run) -> Advising | None:
    return advising_of(find((run,)).runs[0])


def test_a_run_offers_its_shown_cells_with_the_numbers_of_users_that_it_measured() -> None:
    found = advising(with_controls())

    assert found is not None
    assert found.users == (1, 4, 16)
    assert [one.cell for one in found.offers] == [one.cell.id for one in found.cells]
    assert not any(one.cell.twin for one in found.cells)
    assert found.wishes == Wishes(24.0, 4096, 1, None, 100)
    assert found.offers[0].overhead_gib == pytest.approx(22000 / 1024 - 15 - 40_000 * 131072 / 2**30)


def test_the_ratios_of_a_pair_are_each_other_s_mirror() -> None:
    found = advising(with_controls())
    assert found is not None

    for offer_ in found.offers:
        for users, others in offer_.log_ratios.items():
            for other, (mean, error, freedom) in others.items():
                assert found.by_cell[other][1].log_ratios[users][offer_.cell] == (-mean, error, freedom)


@settings(deadline=None)  # the first quantile of t takes its time
@given(st.lists(st.lists(st.floats(90, 110), min_size=4, max_size=4), min_size=4, max_size=4))
def test_advice_by_speed_alone_ties_what_a_comparison_with_the_best_ties(speeds: list[list[float]]) -> None:
    launches = [
        completed(of=cell(method), round_=round_, speed=speed)
        for method, of_method in zip(FOUR, speeds, strict=True)
        for round_, speed in enumerate(of_method, 1)
    ]
    (run,) = find((Run(manifest(), tuple(launches)),)).runs
    found = advising_of(run)
    assert found is not None
    assert found.wishes is not None

    answer = advise(found.offers, replace(found.wishes, card_gib=1000), found.rule)

    by_median = {one.cell.id: one.stats["output_tokens_per_s"] for one in run.shown}
    best = answer.ranking[0].cell
    compared = compare_all({id_: stat for id_, stat in by_median.items() if id_ != best}, by_median[best], run.floor)
    assert set(answer.tied) == {best} | {id_ for id_, one in compared.items() if one.verdict != "lower"}
    if not any(one.verdict == "higher" for one in compared.values()):  # by median it is behind, by the mean ahead
        ends = sorted(exp(-entry.lead_low) for entry in answer.ranking[1:] if entry.lead_low is not None)
        assert ends == pytest.approx(sorted(one.high or 0 for one in compared.values()))


def test_the_smallest_card_of_a_cell_is_what_its_offer_needs_for_one_user() -> None:
    (run,) = find((with_controls(),)).runs
    found = advising_of(run)
    assert found is not None

    for one, of_cell in zip(found.cells, found.offers, strict=True):
        assert one.stats["smallest_card_gib"].median == pytest.approx(needed_gib(of_cell, WISHES))


def test_random_weights_have_no_quality_and_say_so() -> None:
    found = advising(with_controls())
    assert found is not None
    whole = with_controls()
    without = [replaced(launch, quality=None) for launch in whole.launches]

    bare = advising(Run(whole.manifest, tuple(without)))

    assert found.knows_quality
    assert bare is not None
    assert not bare.knows_quality
    assert bare.absent["perplexity_rise_high_percent"] == Reason("random_weights")
    assert bare.by_cell["fp16-vllm-eager"][1].perplexity_rise_high_percent == 0


def test_too_few_launches_advise_nobody() -> None:
    assert advising(four_methods()) is None
    assert advising(Run(manifest(), (completed("fp16"),))) is None


def test_the_rule_takes_the_run_s_own_floor() -> None:
    noisy = with_controls()
    launches = [
        completed(of=one.cell, round_=one.round, speed=360 + one.round) if one.cell.twin else one
        for one in noisy.launches
    ]

    found = advising(Run(noisy.manifest, tuple(launches)))

    assert found is not None
    assert found.rule.floor > MATERIAL
    assert exp(ln(1 + found.rule.floor)) == pytest.approx(1 + found.rule.floor)
