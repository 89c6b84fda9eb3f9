"""What a sweep will take, held against runs that were really made."""

import shlex
from collections.abc import Sequence
from dataclasses import replace

import pytest
from examples import failed, replaced

from generator.analyse.durations import Durations, Lasting, together
from generator.analyse.findings import find
from generator.analyse.fit import Fit, fit
from generator.analyse.fit_check import load_of
from generator.analyse.fit_evidence import evidence_of
from generator.analyse.outlook import (
    Here,
    Outlook,
    Standing,
    checkpoint_gib,
    needs_of,
    outlook_of,
    rooms_of,
    standing_of,
    total_of,
    unplanned,
)
from generator.analyse.physics.cards import CARDS
from generator.analyse.planning import device_of
from generator.cells import Cell
from generator.folders import CHECKOUT
from generator.manifest import MeasuredRun
from generator.measurements import Run, read_runs
from generator.model import Model
from generator.order import Order
from generator.ordering import order_of
from generator.record import Completed
from generator.shapes import PUBLIC
from generator.sweep import Wanted
from generator.words import parser

RUNS = read_runs(CHECKOUT / "measurements")
EVIDENCE = evidence_of(find(RUNS).briefs)
H100, H200, RTX_4090 = "NVIDIA H100 80GB HBM3", "NVIDIA H200", "NVIDIA GeForce RTX 4090"
SIX = "2026-11-26-llama-3.1-8b-synthetic-2"
ELSEWHERE = Here(card="a processor", has_gpu=False, environment_sha256="0" * 64, versions={})
LLAMA, LLAMA_13B = PUBLIC["llama-3.1-8b"].model, PUBLIC["llama-2-13b"].model


def manifest_of(run_id: str) -> MeasuredRun:
    (found,) = (run.manifest for run in RUNS if run.manifest.run_id == run_id)
    assert isinstance(found, MeasuredRun)
    return found


def ordered(*words: str) -> Order:
    return order_of(parser().parse_args(words), words, of_cluster=True)


def again(run_id: str, *more: str) -> Order:
    """The order that a run on record was made by."""
    return ordered(*shlex.split(manifest_of(run_id).command)[1:], *more)


def here_as(run_id: str, sha256: str | None = None) -> Here:
    manifest = manifest_of(run_id)
    return Here(
        card=manifest.hardware.name,
        has_gpu=True,
        environment_sha256=sha256 or manifest.environment_sha256,
        versions=manifest.versions,
    )


def looked(order: Order, card: str, runs: Sequence[Run] = RUNS) -> Outlook:
    wanted = Wanted(order.profile.name, card, order.memory_budget_gib, (), ())
    return outlook_of(1, wanted, order, ELSEWHERE, runs, Durations(runs), LLAMA, EVIDENCE)


def test_a_run_on_record_is_known_by_its_order_on_its_card_and_lacks_what_more_rounds_ask() -> None:
    done = standing_of(again(SIX), H200, ELSEWHERE, RUNS)
    more = standing_of(again(SIX, "--rounds", "8"), H200, ELSEWHERE, RUNS)

    assert (done.state, done.run_id, done.failed, done.invalid) == ("measured", SIX, 0, 0)
    assert (more.state, more.run_id) == ("begun", SIX)
    assert set((more.made or {}).values()) == {3}
    assert standing_of(again(SIX), H100, ELSEWHERE, RUNS).state == "open"
    assert standing_of(again(SIX, "--mode", "eager"), H200, ELSEWHERE, RUNS).state == "open"


def test_a_run_that_is_complete_counts_before_a_newer_one_that_was_begun() -> None:
    (complete,) = (run for run in RUNS if run.manifest.run_id == SIX)
    newer = replace(complete, manifest=replaced(complete.manifest, run_id="newer"), launches=complete.launches[:4])

    assert standing_of(again(SIX), H200, ELSEWHERE, [complete, newer]).run_id == SIX
    begun = standing_of(again(SIX, "--rounds", "8"), H200, ELSEWHERE, [complete, newer])
    assert (begun.state, begun.run_id) == ("begun", "newer")


def test_what_is_left_of_a_run_is_what_it_was_begun_for() -> None:
    (run,) = (run for run in RUNS if run.manifest.run_id == SIX)
    begun = replace(run, launches=run.launches[:1])

    assert looked(again(SIX, "--rounds", "2"), H200, [begun]).left == 17
    assert looked(again(SIX, "--rounds", "2"), H200, [run]).left == 0


def test_here_a_run_of_other_versions_does_not_count_and_is_named() -> None:
    assert standing_of(again(SIX), H200, here_as(SIX), RUNS).state == "measured"

    anew = standing_of(again(SIX), H200, here_as(SIX, "1" * 64), RUNS)

    assert (anew.state, anew.run_id, anew.outdated) == ("open", None, SIX)


def test_across_a_cluster_a_run_of_the_same_versions_counts_whatever_its_machine_was() -> None:
    same = replace(here_as(SIX, "1" * 64), card="a processor", across=True)
    other = replace(same, versions={**same.versions, "torch": "0.1"})

    assert standing_of(again(SIX), H200, same, RUNS).state == "measured"
    assert standing_of(again(SIX), H200, other, RUNS).outdated == SIX


def test_somebody_elses_run_does_not_count() -> None:
    theirs = [replace(run, trust="contributed") for run in RUNS]

    assert standing_of(again(SIX), H200, ELSEWHERE, theirs).state == "open"


def test_failed_and_invalid_launches_are_counted() -> None:
    (eager,) = (run for run in RUNS if run.manifest.run_id == "2026-11-26-llama-3.1-8b-synthetic")
    found = standing_of(again(eager.manifest.run_id, "--rounds", "8"), H100, ELSEWHERE, RUNS)

    assert found.state == "begun"
    assert found.failed == sum(launch.status == "failed" for launch in eager.launches)
    assert found.invalid == sum(isinstance(launch, Completed) and not launch.valid for launch in eager.launches)
    assert sum((found.made or {}).values()) == len(eager.launches)


def test_a_time_is_the_median_of_the_nearest_launches_and_says_how_near_they_are() -> None:
    order, found = again(SIX), Durations(RUNS)
    awq = next(cell for cell in order.cells if cell.method == "awq")
    int8 = Cell(method="int8", engine="vllm", mode="eager")
    other = replaced(order.profile, model_name="Another model")

    bases = {
        "cell": found.of(order.profile, H200, awq),
        "method": found.of(order.profile, H200, int8),
        "card": found.of(order.profile, RTX_4090, awq),
        "model": found.of(other, RTX_4090, awq),
    }

    assert {basis: one and one.basis for basis, one in bases.items()} == {basis: basis for basis in bases}
    assert all(one and 20 < one.duration_s < 200 for one in bases.values())
    assert found.of(replaced(order.profile, workloads=order.profile.workloads[:1]), H200, awq) is None


def test_a_workload_that_a_cell_is_not_given_does_not_tell_its_times_apart() -> None:
    profile = again(SIX).profile
    found, cell = Durations(RUNS), Cell(method="awq", engine="vllm", mode="graphs")
    other = replaced(profile.headline, name="others", engines=("transformers",))

    assert found.of(replaced(profile, workloads=(*profile.workloads, other)), H200, cell) == found.of(
        profile, H200, cell
    )


def test_launches_of_an_experiment_say_nothing_of_those_of_a_run() -> None:
    (run,) = (run for run in RUNS if run.manifest.run_id == SIX)
    cell = run.launches[0].cell

    assert Durations([run]).of(again(SIX).profile, H200, cell)
    of_experiment = replace(run, manifest=replaced(run.manifest, experiment="long_context"))
    assert Durations([of_experiment]).of(again(SIX).profile, H200, cell) is None


def test_a_launch_that_failed_says_nothing_of_how_long_one_lasts() -> None:
    (run,) = (run for run in RUNS if run.manifest.run_id == SIX)
    launches = [one for one in run.launches if isinstance(one, Completed)]
    awq = next(one.cell for one in launches if one.cell.method == "awq")
    broken = failed("awq")
    broken = replaced(broken, cell=awq, duration_s=1.0)

    found = Durations([replace(run, launches=(*launches, *[broken] * 9))]).of(again(SIX).profile, H200, awq)

    assert found == Durations([run]).of(again(SIX).profile, H200, awq)


def test_what_is_planned_is_near_what_the_run_itself_took_without_being_told_of_it() -> None:
    before = [run for run in RUNS if run.manifest.run_id != SIX]
    (itself,) = (run for run in RUNS if run.manifest.run_id == SIX)
    planned = looked(again(SIX), H200, before)
    took_s = sum(launch.duration_s for launch in itself.launches if isinstance(launch, Completed))

    assert planned.left == 18
    assert planned.lasting
    assert planned.lasting.duration_s == pytest.approx(took_s, rel=0.25)


def test_a_part_that_nobody_knows_makes_the_whole_unknown() -> None:
    a, b = Lasting(10, "cell"), Lasting(5, "card")

    assert together([a, b]) == Lasting(15, "card")
    assert together([a, None]) is None
    assert together([]) is None


def test_room_is_that_of_the_planner_on_the_card_or_in_the_budget() -> None:
    order = ordered("measure", "--profile", "llama-2-13b-synthetic", "--method", "fp16", "--method", "awq")
    small = replace(order, memory_budget_gib=24.0)
    fp16, awq = order.cells

    def obstacles(asked: Order) -> list[object]:
        rooms = rooms_of(asked, H200, LLAMA_13B, EVIDENCE)
        return [room.obstacle for cell in (fp16, awq) if isinstance(room := rooms[cell], Fit)]

    assert obstacles(order) == [None, None]
    assert obstacles(small) == ["memory", None]


def test_vllm_must_have_room_for_one_of_the_longest_and_transformers_for_the_batch_at_once() -> None:
    order = ordered(
        "measure", "--profile", "llama-3.1-8b-synthetic", "--controls", "--method", "fp16", "--mode", "graphs"
    )
    vllm, transformers = order.cells
    headline, engine = order.profile.headline, order.profile.engine
    shorter = replaced(headline, name="shorter", output_tokens=8, random_prompts=2)
    of_users = next(one for one in order.profile.workloads if one.kind != "batch")

    def cache_tokens(cell: Cell, **changes: object) -> float:
        asked = replace(order, profile=replaced(order.profile, **changes))
        room = rooms_of(asked, H200, LLAMA, EVIDENCE)[cell]
        assert isinstance(room, Fit)
        return room.kv_cache_gib * 2**30 / room.kv_bytes_per_token

    several = {"workloads": (headline, shorter, replaced(of_users, output_tokens=2000))}
    assert cache_tokens(vllm) == 4096 + 16
    assert cache_tokens(vllm, engine=replaced(engine, max_model_len="auto"), **several) == 64 + 256 + 16
    assert cache_tokens(transformers, **several) == 7 * (64 + 256)


def test_room_is_planned_for_the_memory_and_the_bandwidth_of_the_card() -> None:
    order = ordered("measure", "--profile", "llama-3.1-8b-synthetic", "--method", "awq", "--mode", "graphs")
    sheet = CARDS[RTX_4090]

    def planned(asked: Order) -> Fit:
        (room,) = rooms_of(asked, RTX_4090, LLAMA, EVIDENCE).values()
        assert isinstance(room, Fit)
        return room

    whole, held = planned(order), planned(replace(order, memory_budget_gib=12.0))
    device = device_of(sheet.shown_mib / 1024, sheet.bandwidth_gb_per_s, EVIDENCE)
    assert whole == fit(LLAMA, order.cells[0], device, load_of(order.profile.engine, 4096, 1, anew=True), EVIDENCE)
    assert held.kv_cache_tokens < whole.kv_cache_tokens
    assert planned(replace(order, memory_budget_gib=100.0)) == whole


def test_what_is_measured_or_elsewhere_takes_no_time_here() -> None:
    here = here_as(SIX)
    wanted = Wanted("llama-3.1-8b-synthetic", None, 24.0, (), ())
    orders = [again(SIX), again(SIX, "--twin")]
    looks = [
        outlook_of(number, wanted, order, here, RUNS, Durations(RUNS), LLAMA, EVIDENCE)
        for number, order in enumerate(orders, 1)
    ]

    assert [look.left for look in looks] == [0, 21]
    assert total_of(looks).here == looks[1].lasting
    assert looks[0].lasting is None


def test_a_run_that_has_what_is_asked_lacks_nothing_though_it_was_begun_for_more() -> None:
    (run,) = (run for run in RUNS if run.manifest.run_id == SIX)
    manifest = run.manifest
    assert isinstance(manifest, MeasuredRun)
    longer = replace(run, manifest=replaced(manifest, profile=replaced(manifest.profile, rounds=8)))

    assert looked(again(SIX), H200, [longer]).left == 0


def test_every_cell_is_told_why_it_can_not_be_planned() -> None:
    order = ordered("measure", "--profile", "llama-3.1-8b-synthetic", "--mode", "graphs")
    engine = order.profile.engine

    for why, model, settings in (
        ("cache", LLAMA, {"kv_cache_gib": 2.0}),
        ("ranks", LLAMA, {"tensor_parallel_size": 2}),
        ("model", None, {}),
    ):
        asked = replace(order, profile=replaced(order.profile, engine=replaced(engine, **settings)))
        assert rooms_of(asked, H200, model, EVIDENCE) == dict.fromkeys(order.cells, why)


def test_a_budget_is_held_against_the_memory_that_the_card_is_sold_with() -> None:
    order = again(SIX)

    def over(budget_gib: float | None, card: str = RTX_4090) -> float | None:
        return looked(replace(order, memory_budget_gib=budget_gib), card).over_card_gib

    assert [over(None), over(23), over(24), over(24.1)] == [None, None, None, 24]
    assert over(100, "a card that nobody knows") is None


def test_what_can_not_be_planned_is_not_without_room() -> None:
    look = looked(again(SIX), H200)
    unknown = replace(look, rooms={**look.rooms, look.order.cells[0]: "format", look.order.cells[1]: "format"})

    assert len(unknown.plans) == len(look.rooms) - 2
    assert unknown.without_room == ()


def test_the_newest_complete_run_of_another_environment_is_the_one_that_is_named() -> None:
    (run,) = (run for run in RUNS if run.manifest.run_id == SIX)
    runs = [run, replace(run, manifest=replaced(run.manifest, run_id="newer"))]
    begun = replace(run, manifest=replaced(run.manifest, run_id="begun"), launches=run.launches[:2])

    assert standing_of(again(SIX), H200, here_as(SIX, "1" * 64), [*runs, begun]).outdated == "newer"


def test_what_failed_or_is_invalid_can_be_launched_again() -> None:
    assert Standing("measured", failed=2, invalid=3).again == 5


def test_what_can_not_be_planned_says_why() -> None:
    order = ordered("measure", "--profile", "llama-3.1-8b-synthetic", "--method", "awq", "--mode", "graphs")
    engine = order.profile.engine

    def why(card: str = H200, model: Model | None = LLAMA, **settings: object) -> object:
        changed = replace(order, profile=replaced(order.profile, engine=replaced(engine, **settings)))
        (room,) = rooms_of(changed, card, model, EVIDENCE).values()
        return room

    assert isinstance(why(), Fit)
    assert why(card="a card that nobody knows") == "card"
    assert why(model=None) == "model"
    assert why(kv_cache_gib=2.0) == "cache"
    assert why(tensor_parallel_size=2) == "ranks"


def test_every_run_on_record_is_planned_to_have_the_room_that_it_had() -> None:
    planned = 0
    for run in RUNS:
        manifest = run.manifest
        if isinstance(manifest, MeasuredRun) and manifest.hardware.device == "cuda" and manifest.experiment is None:
            order = again(manifest.run_id)
            for cell, plan in rooms_of(order, manifest.hardware.name, LLAMA, EVIDENCE).items():
                served = [one for one in run.launches if one.cell == cell and isinstance(one, Completed)]
                if isinstance(plan, Fit) and served:
                    planned += 1
                    assert plan.obstacle is None, (manifest.run_id, cell.label)
    assert planned > 20


def test_a_method_is_without_room_where_none_of_its_cells_has_any() -> None:
    order = ordered("measure", "--profile", "llama-3.1-8b-synthetic", "--controls", "--mode", "graphs")
    look = looked(replace(order, memory_budget_gib=17.5), RTX_4090)

    fp16 = {cell.engine: plan.obstacle for cell, plan in look.plans.items() if cell.method == "fp16"}
    assert fp16 == {"vllm": "memory", "transformers": None}
    assert look.without_room == ()
    assert looked(replace(order, memory_budget_gib=12.0), RTX_4090).without_room == ("fp16",)


def test_the_whole_is_the_sum_and_needs_are_told_once_for_each_profile() -> None:
    here = here_as(SIX, "1" * 64)
    wanted = Wanted("llama-3.1-8b-synthetic", None, 24.0, (), ())
    order = again(SIX)
    looks = [
        outlook_of(number, one, order, here, RUNS, Durations(RUNS), LLAMA, EVIDENCE)
        for number, one in enumerate((wanted, replace(wanted, card=RTX_4090)), 1)
    ]
    total = total_of(looks)

    assert (total.launches, total.left, total.here_left) == (36, 36, 18)
    assert total.here == looks[0].lasting
    assert [need.cell for need in needs_of(looks)] == list(order.cells)
    assert unplanned(looks) == {}
    assert unplanned([replace(look, rooms=dict.fromkeys(order.cells, "model")) for look in looks]) == {"model": (1, 2)}


def test_files_take_about_what_the_model_takes() -> None:
    sizes = {method: checkpoint_gib(LLAMA, method) for method in ("fp16", "awq", "int8")}

    told = {method: size and round(size, 1) for method, size in sizes.items()}
    assert told == {"fp16": 15.0, "awq": 5.3, "int8": 8.5}
