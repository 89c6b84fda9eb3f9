"""Whether an order of methods holds: pairs that two sides tell apart, in the same order or in another."""

from collections.abc import Mapping, Sequence

from examples import cell

from generator.analyse.hold import Hold, hold
from generator.analyse.statistics import Comparison, Stat, compare, compare_all
from generator.cells import Cell
from generator.methods import MethodId

NOISE = (1.0, 1.002, 0.999)


def speeds(fp16: float, noise: Sequence[float] = NOISE, **others: float) -> dict[Cell, Stat]:
    found: dict[MethodId, float] = {"fp16": fp16} | others
    return {
        cell(method): Stat({round_: speed * one * (1 + 0.001 * index) for round_, one in enumerate(noise)})
        for index, (method, speed) in enumerate(found.items())
    }


def against_fp16(figures: Mapping[Cell, Stat]) -> dict[Cell, Comparison]:
    others = {one: stat for one, stat in figures.items() if not one.is_baseline}
    return compare_all(others, figures[cell("fp16")])


def held(*sides: Mapping[Cell, Stat]) -> Hold:
    return hold(sides, [against_fp16(side) for side in sides], [0.02] * len(sides))


def pairs(found: Hold) -> list[tuple[MethodId, MethodId]]:
    return [(turn.one.method, turn.other.method) for turn in found.turned]


def test_pairs_that_both_sides_tell_apart_in_one_order_agree() -> None:
    found = held(speeds(100, awq=150, gptq=200), speeds(300, awq=400, gptq=500))

    assert (found.pairs, found.agreed, found.turned) == (3, 3, ())


def test_a_pair_in_another_order_elsewhere_turns_and_names_both_ratios() -> None:
    found = held(speeds(100, awq=150, gptq=200), speeds(100, awq=150, gptq=120))

    assert pairs(found) == [("awq", "gptq")]
    assert found.agreed == 2
    (turn,) = found.turned
    assert [round(turn.behind[0].ratio, 2), round(turn.ahead[1].ratio, 2)] == [0.75, 1.25]


def test_a_method_that_is_faster_than_fp16_on_one_side_and_slower_on_another_turns() -> None:
    assert pairs(held(speeds(100, awq=150), speeds(100, awq=80))) == [("fp16", "awq")]


def test_a_pair_with_fp16_is_judged_as_in_its_run_and_no_part_of_the_others_family() -> None:
    mine = speeds(100, awq=150, gptq=151)
    said = {one: Comparison(0.5, 0.4, 0.6, "lower") for one in (cell("awq"), cell("gptq"))}
    found = hold([mine, mine], [said, against_fp16(mine)], [0.02] * 2)

    assert pairs(found) == [("fp16", "awq"), ("fp16", "gptq")]
    assert [turn.ahead[0].ratio for turn in found.turned] == [2, 2]


def test_pairs_without_fp16_share_the_risk_among_themselves_alone() -> None:
    mine = {
        cell("fp16"): Stat({0: 100.0, 1: 104.0, 2: 97.0}),
        cell("awq"): Stat({0: 150.0, 1: 150.3, 2: 149.9}),
        cell("gptq"): Stat({0: 170.0, 1: 170.1, 2: 170.2}),
    }
    (turn,) = held(mine, speeds(100, awq=170, gptq=150)).turned

    assert turn.behind[0] == compare(mine[cell("awq")], mine[cell("gptq")])


def test_an_order_that_one_side_does_not_prove_neither_agrees_nor_turns() -> None:
    close, loud = speeds(100, awq=100.5), speeds(100, noise=(1.0, 1.4, 0.8), awq=80)
    loud[cell("awq")] = Stat(dict(enumerate((80.0, 40.0, 130.0))))

    for other in (close, loud):
        found = held(speeds(100, awq=150), other)
        assert (found.pairs, found.agreed, found.turned) == (1, 0, ())


def test_one_side_that_proves_an_order_is_not_enough_whichever_way_it_is() -> None:
    for speed in (150, 70):
        found = held(speeds(100, awq=speed), speeds(100, awq=100.5))
        assert (found.pairs, found.agreed, found.turned) == (1, 0, ())


def test_a_pair_that_turns_has_not_agreed_however_many_sides_have_it_in_one_order() -> None:
    for fast, slow in ((150, 70), (70, 150)):
        found = held(speeds(100, awq=fast), speeds(100, awq=fast), speeds(100, awq=slow))
        assert (found.agreed, len(found.turned)) == (0, 1)


def test_fp16_is_known_wherever_it_stands_among_the_cells_and_need_not_be_there() -> None:
    mine = speeds(100, awq=150, gptq=200)
    turned_round = dict(reversed(mine.items()))
    without = {one: stat for one, stat in mine.items() if not one.is_baseline}

    found = hold([turned_round, without], [against_fp16(turned_round), {}], [0.02] * 2)

    assert (found.pairs, found.agreed, found.turned) == (1, 1, ())
    assert [place.leads for place in found.orders[0]] == [True, True, None]
    assert [place.leads for place in found.orders[1]] == [True, None]


def test_two_cells_whose_ratio_nobody_knows_are_not_told_apart() -> None:
    mine = speeds(100, awq=150)

    found = hold([mine, mine], [{}, {}], [0.02] * 2)

    assert (found.pairs, found.agreed) == (0, 0)
    assert [place.leads for place in found.orders[0]] == [False, None]


def test_a_single_launch_proves_no_order() -> None:
    found = held(speeds(100, noise=(1.0,), awq=150), speeds(100, noise=(1.0,), awq=80))

    assert (found.pairs, found.agreed, found.turned) == (1, 0, ())
    assert [place.leads for place in found.orders[0]] == [False, None]


def test_a_method_of_one_side_alone_is_in_no_pair() -> None:
    found = held(speeds(100, awq=150, gptq=170), speeds(100, awq=150))

    assert found.pairs == 1


def test_of_three_sides_two_that_tell_a_pair_apart_are_enough() -> None:
    agreed = held(speeds(100, awq=150), speeds(100, awq=100.5), speeds(100, awq=120))
    turned = held(speeds(100, awq=150), speeds(100, awq=100.5), speeds(100, awq=70))

    assert (agreed.agreed, agreed.turned) == (1, ())
    (turn,) = turned.turned
    assert (set(turn.ahead), set(turn.behind)) == ({2}, {0})


def test_an_order_goes_from_the_fastest_on_and_says_which_leads_are_proven() -> None:
    found = held(speeds(100, awq=150, gptq=150.5), speeds(100, awq=150))

    assert [place.cell.method for place in found.orders[0]] == ["gptq", "awq", "fp16"]
    assert [place.leads for place in found.orders[0]] == [False, True, None]


def test_an_order_is_that_of_the_ratios_where_medians_have_another() -> None:
    mine = speeds(100) | {cell("awq"): Stat({0: 99.0, 1: 99.0, 2: 400.0})}
    found = held(mine, speeds(100, awq=150))

    assert found.against[0][cell("awq")].ratio > 1
    assert [place.cell.method for place in found.orders[0]] == ["awq", "fp16"]


def test_a_side_that_did_other_work_has_no_part_in_it() -> None:
    mine = speeds(100, awq=150)
    found = hold([mine, {}], [against_fp16(mine)] * 2, [0.02] * 2)

    assert found.against[1] == {}
    assert (found.pairs, found.orders[1]) == (0, ())
