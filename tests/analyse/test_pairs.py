"""Pairs of runs, what changed between them, and each cell of a run against FP16."""

from examples import cell, completed, failed, four_methods, manifest, replaced, with_controls

from generator.analyse import pairs
from generator.analyse.against import against_fp16
from generator.analyse.findings import find
from generator.analyse.listing import rows_of
from generator.analyse.pairs import pairs_of
from generator.analyse.settings import Change, changes, settings_of
from generator.measurements import Run
from generator.record import Fault, Launch


def dated(run: Run, day: int, **changed: object) -> Run:
    """The same run on another day of January."""
    name = {"run_id": f"2026-01-{day:02d}-example", "created_at": f"2026-01-{day:02d}T00:00:00Z"}
    return Run(replaced(run.manifest, **name, **changed), run.launches)


def named(*runs: Run, featured: str | None = None) -> list[tuple[str, str]]:
    found = find(runs, featured)
    return [(one.one.manifest.run_id[8:10], one.base.manifest.run_id[8:10]) for one in pairs_of(found, len(runs))]


def scaled(run: Run, factor: float) -> Run:
    launches: list[Launch] = []
    for one in run.launches:
        again = completed(of=one.cell, round_=one.round, speed=factor * one.quantities.output_tokens_per_s)  # type: ignore[union-attr, operator]
        launches.append(again)
    return Run(run.manifest, tuple(launches))


def test_each_run_is_beside_the_one_before_it_and_the_featured_one() -> None:
    runs = [dated(with_controls(), day) for day in (1, 2, 3, 4)]

    assert named(*runs) == [("04", "03"), ("04", "02"), ("04", "01"), ("03", "02"), ("02", "01")]
    assert named(*runs, featured="2026-01-01-example") == [
        ("04", "03"),
        ("04", "01"),
        ("03", "02"),
        ("03", "01"),
        ("02", "01"),
    ]


def test_the_pairs_of_many_runs_are_two_a_run_at_most() -> None:
    runs = [dated(four_methods(), day) for day in range(1, 31)]

    assert len(named(*runs)) <= 2 * len(runs)


def test_a_run_of_another_card_is_beside_the_featured_one_alone() -> None:
    hardware = replaced(manifest().hardware, gpu_name="Another GPU")
    runs = [dated(with_controls(), 1), dated(with_controls(), 2, hardware=hardware), dated(with_controls(), 3)]

    assert named(*runs) == [("03", "02"), ("03", "01")]


def test_a_run_without_figures_is_beside_no_other() -> None:
    nothing = Run(manifest(), tuple(failed(method) for method in ("fp16", "nf4", "awq", "gptq")))

    assert named(dated(four_methods(), 1), dated(nothing, 2), dated(four_methods(), 3)) == [("03", "01")]


def test_a_run_twice_as_fast_is_that_in_every_cell_and_an_equal_one_is_a_tie() -> None:
    runs = find((dated(with_controls(), 1), dated(scaled(with_controls(), 2), 2), dated(with_controls(), 3))).runs

    faster, equal = pairs.pair_of(runs[1], runs[0]), pairs.pair_of(runs[2], runs[0])

    assert faster
    assert equal
    assert {round(of["output_tokens_per_s"].ratio, 6) for of in faster.cells.values()} == {2.0}
    assert {of["output_tokens_per_s"].verdict for of in faster.cells.values()} == {"higher"}
    assert {one.verdict for of in equal.cells.values() for one in of.values()} == {"same"}


def test_cells_that_only_one_run_has_are_named() -> None:
    few = Run(manifest(methods=("fp16", "awq")), (completed("fp16"), completed("awq")))
    runs = find((dated(few, 1), dated(four_methods(), 2))).runs

    pair = pairs.pair_of(runs[1], runs[0])

    assert pair
    assert pair.added == (cell("nf4"), cell("gptq"))
    assert pair.lacking == ()
    assert pair.alike


def test_changes_name_the_setting_and_both_values() -> None:
    before = manifest()
    engine = replaced(before.profile.engine, max_num_seqs=8)
    after = replaced(
        before,
        versions={"vllm": "0.0.1", "torch": "2"},
        memory_budget_gib=24.0,
        profile=replaced(before.profile, rounds=9, engine=engine, workloads=before.profile.workloads[:1]),
    )

    found = changes(after, before)

    assert changes(before, before) == ()
    assert Change("versions.vllm", "0.0.0", "0.0.1") in found
    assert Change("versions.torch", None, "2") in found
    assert Change("memory_budget_gib", None, 24.0) in found
    assert Change("profile.engine.max_num_seqs", before.profile.engine.max_num_seqs, 8) in found
    assert any(one.name == "profile.workloads.one-user" and one.after is None for one in found)


def test_settings_are_told_apart_by_the_names_of_the_workloads() -> None:
    profile = manifest().profile
    names = dict(settings_of(profile.model_dump()))

    assert names["engine.max_num_seqs"] == profile.engine.max_num_seqs
    assert names["workloads.one-user.kind"] == "closed-loop"
    assert None not in names.values()


def test_a_cell_counts_its_launches_and_says_why_some_are_of_no_use() -> None:
    throttled = Fault(kind="throttled", detail="the card slowed itself down")
    run = Run(
        manifest(),
        (
            completed("fp16"),
            completed("fp16", 2, faults=[throttled]),
            failed("awq"),
            completed("gptq", faults=[throttled]),
        ),
    )

    rows = {row.one.cell.method: row for row in rows_of(find((run,)).runs[0])}

    assert {method: row.state for method, row in rows.items()} == {
        "fp16": "valid",
        "nf4": "not measured",
        "awq": "failed",
        "gptq": "invalid",
    }
    assert (rows["fp16"].launches, rows["fp16"].valid) == (2, 1)
    assert rows["awq"].reasons == ("CUDA out of memory",)
    assert rows["gptq"].reasons == ("the card slowed itself down",)


def test_against_fp16_says_what_the_other_pages_say() -> None:
    (run,) = find((with_controls(),)).runs
    base = run.baseline
    assert base

    found = against_fp16(run)

    assert base.cell not in found
    for one in run.shown:
        for quantity, comparison in (found[one.cell].by_quantity if one is not base else {}).items():
            assert comparison == run.comparison(one, base, quantity)
    twin = cell("fp16", twin=True)
    assert found[twin].by_quantity["output_tokens_per_s"].verdict == "same"


def test_a_cell_in_another_mode_is_compared_with_fp16_in_its_own() -> None:
    both = [
        one.model_copy(update={"mode": mode}) for one in (cell("fp16"), cell("awq")) for mode in ("eager", "graphs")
    ]
    launches = tuple(completed(of=one, speed=100.0 + at) for at, one in enumerate(both))
    (run,) = find((Run(manifest(cells=both), launches),)).runs

    bases = {one.id: against.base.id for one, against in against_fp16(run).items()}

    assert bases["awq-vllm-eager"] == "fp16-vllm-eager"
    assert bases["awq-vllm-graphs"] == "fp16-vllm-graphs"
