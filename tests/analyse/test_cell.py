"""One cell: which launches a quantity comes from, and the reason where it has none."""

import pytest
from examples import cell, completed, profile, replaced, reported

from generator.analyse.cell import COMPILED_ANEW, NEVER_COLD, NOT_REPORTED, WARM_UP_IN_IT, CellFindings, find_cell
from generator.analyse.findings import run_findings
from generator.analyse.point import ENERGIES
from generator.record import Completed
from generator.samples import Energy


def started(round_: int, load_time_s: float, *, compiled: bool | None) -> Completed:
    launch = completed(round_=round_)
    known = {"load_time_s": load_time_s, "compile_time_s": load_time_s / 2 if compiled else None}
    absent = launch.quantities.absent | {"compile_time_s": "nothing was compiled"}
    if compiled:
        del absent["compile_time_s"]
    return replaced(launch, compiled=compiled, quantities=replaced(launch.quantities, **known, absent=absent))


def took(energy: Energy | None, *, launch: Completed | None = None) -> Completed:
    whole = launch or completed()
    headline, *rest = whole.points
    absent = headline.absent if energy is None else {"requests": "a batch", "gaps": "a batch"}
    return replaced(whole, points=(replaced(headline, energy=energy, absent=absent), *rest))


def metered(energy_j: float, *, faults: tuple[str, ...] = ()) -> Energy:
    return Energy(window_s=10.0, energy_j=energy_j, idle_w=100.0, faults=faults)


def lone_user_with_warm_up() -> Completed:
    """As records had one that are older than a warm-up that is kept out."""
    launch = completed()
    return replaced(launch, points=(replaced(launch.points[1], warmup_requests=0), *launch.points[2:]))


def found(*launches: Completed) -> CellFindings:
    return find_cell(cell("fp16"), launches, profile())


def test_a_cell_whose_launches_all_compiled_anew_has_no_load_time_but_one_of_its_own_kind() -> None:
    one = found(started(1, 60.0, compiled=True), started(2, 70.0, compiled=True))

    assert one.stats["cold_load_time_s"].by_round == {1: 60.0, 2: 70.0}
    for quantity in ("load_time_s", "weights_load_time_s", "compile_time_s"):
        assert quantity not in one.stats
        assert one.absent[quantity] == COMPILED_ANEW
    assert one.absent["graph_capture_time_s"] == "not in this example"  # the records say why themselves


def test_a_cell_with_both_kinds_of_starts_has_a_load_time_of_each_and_the_reasons_of_the_warm_ones() -> None:
    one = found(started(1, 60.0, compiled=True), started(2, 12.0, compiled=False), started(3, 14.0, compiled=False))

    assert one.stats["load_time_s"].by_round == {2: 12.0, 3: 14.0}
    assert one.stats["cold_load_time_s"].by_round == {1: 60.0}
    assert one.absent["compile_time_s"] == "nothing was compiled"


def test_an_engine_that_compiles_nothing_has_a_load_time_and_no_cold_one() -> None:
    one = found(started(1, 3.0, compiled=None))

    assert one.stats["load_time_s"].median == 3.0
    assert "cold_load_time_s" not in one.stats
    assert one.absent["cold_load_time_s"] == NEVER_COLD


def test_energy_is_told_with_the_idle_power_and_without_it() -> None:
    one = found(took(metered(3_000.0)))

    assert one.stats["energy_total_per_token_j"].median == pytest.approx(3_000 / 1_792)
    assert one.stats["energy_per_token_j"].median == pytest.approx((3_000 - 10 * 100) / 1_792)
    assert not set(ENERGIES) & set(one.absent)


def test_the_order_of_two_methods_can_turn_with_the_idle_power() -> None:
    slow, fast = (found(took(replaced(metered(energy_j), window_s=s))) for energy_j, s in ((4_500, 30.0), (3_000, 6.0)))

    assert slow.stats["energy_per_token_j"].median < fast.stats["energy_per_token_j"].median
    assert slow.stats["energy_total_per_token_j"].median > fast.stats["energy_total_per_token_j"].median


@pytest.mark.parametrize(
    ("launch", "reason"),
    [
        (took(None), "not in this example"),
        (took(metered(3_000.0, faults=("the window is short",))), "the window is short"),
        (took(metered(3_000.0), launch=lone_user_with_warm_up()), WARM_UP_IN_IT),
    ],
)
def test_energy_that_is_not_known_is_absent_with_its_reason_and_never_0(launch: Completed, reason: str) -> None:
    one = found(launch)

    for quantity in ENERGIES:
        assert quantity not in one.stats
        assert one.absent[quantity] == reason


def test_a_reported_run_has_no_energy_and_no_cold_start_and_says_so() -> None:
    for one in run_findings(reported()).cells:
        assert {one.absent[quantity] for quantity in (*ENERGIES, "cold_load_time_s")} == {NOT_REPORTED}


def test_a_cell_without_a_valid_launch_gives_no_reasons() -> None:
    assert found().absent == {}


def test_a_start_that_compiled_anew_reserved_fewer_tokens_and_that_is_known() -> None:
    cold = replaced(completed(kv_cache_tokens=43_136), compiled=True)
    warm = replaced(completed(round_=2, kv_cache_tokens=45_008), compiled=False)

    assert find_cell(cold.cell, [cold, warm], None).kv_cache_lost_tokens == 1_872
    assert find_cell(cold.cell, [cold], None).kv_cache_lost_tokens is None
    assert find_cell(cold.cell, [completed()], None).kv_cache_lost_tokens is None
