"""What two runs of their own make may have in common, and what is said where they have little."""

from dataclasses import replace

from examples import cell, completed, failed, manifest, replaced, reported, with_controls

from generator.analyse.cell import CellFindings
from generator.analyse.findings import find
from generator.analyse.pairs import HEADLINE, Pair, pair_of, pairs_of
from generator.analyse.run import RunFindings
from generator.analyse.statistics import Stat
from generator.cells import Cell
from generator.measurements import Run

FP16, AWQ, TWIN = cell("fp16"), cell("awq"), cell("fp16", twin=True)

Figures = dict[Cell, dict[str, float]]


def run_with(figures: Figures) -> RunFindings:
    """A run whose cells have these figures alone, the same in each of three launches."""
    (run,) = find((with_controls(),)).runs
    like = {one.cell: one for one in run.cells}

    def of(which: Cell) -> CellFindings:
        stats = {name: Stat(dict.fromkeys(range(3), figure)) for name, figure in figures[which].items()}
        return replace(like[which], stats=stats)

    return replace(run, cells=tuple(of(which) for which in figures))


def compared(one: Figures, base: Figures) -> Pair | None:
    return pair_of(run_with(one), run_with(base))


def verdict(one: RunFindings, base: RunFindings) -> str:
    pair = pair_of(one, base)
    assert pair is not None
    return pair.cells[FP16]["output_tokens_per_s"].verdict


def test_a_pair_tells_of_speed_loading_memory_and_energy() -> None:
    figures: Figures = {
        FP16: dict.fromkeys(
            (
                "output_tokens_per_s",
                "one_user_tokens_per_s",
                "load_time_s",
                "cold_load_time_s",
                "weights_gib",
                "kv_cache_tokens",
                "energy_per_token_j",
                "energy_total_per_token_j",
            ),
            5.0,
        )
    }
    pair = compared(figures, {FP16: figures[FP16] | {"ttft_s": 1.0}})

    assert pair is not None
    assert set(pair.cells[FP16]) == set(figures[FP16])


def test_the_quantities_of_a_pair_are_those_that_a_run_finds() -> None:
    (run,) = find((with_controls(),)).runs
    found = {name for one in run.cells for name in (*one.stats, *one.absent)}

    assert set(HEADLINE) <= found


def test_a_quantity_that_only_one_has_is_not_compared() -> None:
    both, more = {"weights_gib": 5.0}, {"weights_gib": 5.0, "load_time_s": 9.0}

    for one, base in ((both, more), (more, both)):
        pair = compared({FP16: one}, {FP16: base})
        assert pair is not None
        assert set(pair.cells[FP16]) == {"weights_gib"}


def test_runs_with_no_quantity_in_common_are_no_pair_and_one_cell_that_has_one_is_enough() -> None:
    assert compared({FP16: {"weights_gib": 5.0}}, {FP16: {"load_time_s": 5.0}}) is None
    assert compared({FP16: {"weights_gib": 5.0}}, {AWQ: {"weights_gib": 5.0}}) is None

    pair = compared(
        {FP16: {"weights_gib": 5.0}, AWQ: {"weights_gib": 5.0}}, {FP16: {"load_time_s": 5.0}, AWQ: {"weights_gib": 5.0}}
    )
    assert pair is not None
    assert pair.cells[FP16] == {}


def test_a_cell_without_figures_in_one_of_the_two_is_named_as_lacking_there() -> None:
    figures = {"weights_gib": 5.0}
    lacks, has = {FP16: figures, AWQ: {}}, {FP16: figures, AWQ: figures}

    gone, new = compared(lacks, has), compared(has, lacks)

    assert gone is not None
    assert new is not None
    assert (gone.lacking, gone.added) == ((AWQ,), ())
    assert (new.lacking, new.added) == ((), (AWQ,))


def test_the_larger_floor_of_the_two_runs_holds() -> None:
    def run(speed: float, of_twin: float) -> RunFindings:
        return run_with({FP16: {"output_tokens_per_s": speed}, TWIN: {"output_tokens_per_s": of_twin}})

    assert verdict(run(105, 105), run(100, 100)) == "higher"
    assert verdict(run(105, 105), run(100, 110)) == "same"  # equal cells of the base lie 10% apart
    assert verdict(run(105, 115), run(100, 100)) == "same"


def test_runs_are_alike_where_model_and_headline_workload_are() -> None:
    def alike(one: Run, base: Run) -> bool:
        pair = pair_of(find((one,)).runs[0], find((base,)).runs[0])
        assert pair is not None
        return pair.alike

    run = with_controls()
    of_another = Run(manifest(cells=run.manifest.cells, model_name="Another"), run.launches)

    assert alike(run, run)
    assert not alike(of_another, run)
    assert not alike(reported(), run)
    assert not alike(run, reported())
    assert not alike(reported(), reported())


def dated(run: Run, day: int) -> Run:
    name = f"2026-01-{day:02d}-example"
    return Run(replaced(run.manifest, run_id=name, created_at=f"{name[:10]}T00:00:00Z"), run.launches)


def days(*runs: Run) -> list[tuple[int, int]]:
    found = find([dated(run, day) for day, run in enumerate(runs, 1)])
    return [
        (int(pair.one.manifest.run_id[8:10]), int(pair.base.manifest.run_id[8:10]))
        for pair in pairs_of(found, len(runs))
    ]


def test_a_run_without_figures_stands_between_two_others_and_is_passed_over() -> None:
    whole, nothing = with_controls(), Run(manifest(), (failed("awq"),))

    assert days(whole, nothing, whole, whole) == [(4, 3), (4, 1), (3, 1)]


def test_runs_of_other_cells_and_runs_that_all_failed_make_no_pairs() -> None:
    one, other = (Run(manifest(methods=(method,)), (completed(method),)) for method in ("fp16", "awq"))

    assert days(one, other) == []
    assert days(*[Run(manifest(), (failed("awq"),))] * 2) == []
