"""The rows of the table of all cells: their order, and what their ratios are made of."""

from dataclasses import replace

import pytest
from examples import cell, completed, failed, manifest, replaced, with_controls

from generator.analyse.findings import run_findings
from generator.analyse.listing import CellRow, measured_first, rows_of
from generator.analyse.statistics import Stat, compare
from generator.measurements import Run
from generator.record import Fault

SPEED = "output_tokens_per_s"


def of(run: Run) -> dict[str, CellRow]:
    return {row.one.cell.id: row for row in rows_of(run_findings(run))}


def three_rounds(**speeds: tuple[float, ...]) -> Run:
    launches = [
        completed(method, round_, speed)
        for method, of_rounds in speeds.items()
        for round_, speed in enumerate(of_rounds, 1)
    ]
    return Run(manifest(methods=tuple(speeds)), tuple(launches))


def test_measured_cells_come_first_and_those_that_were_never_launched_last() -> None:
    hot = Fault(kind="throttled", detail="slowed down")
    launches = (failed("nf4"), completed("awq", faults=[hot]), completed("gptq"), completed("fp16"))
    methods = manifest().cells
    never = replaced(cell("fp16"), mode="graphs")
    rows = rows_of(run_findings(Run(manifest(cells=(never, *methods)), launches)))

    assert [row.state for row in rows] == ["not measured", "valid", "failed", "invalid", "valid"]
    assert [row.state for row in measured_first(rows)] == ["valid", "valid", "invalid", "failed", "not measured"]
    assert [row.one.cell.method for row in measured_first(rows)][:2] == ["fp16", "gptq"]  # as the manifest has them


def test_cells_with_the_same_rounds_have_the_ratio_of_their_means_and_not_that_of_their_medians() -> None:
    rows = of(three_rounds(fp16=(100.0, 400.0, 410.0), awq=(150.0, 380.0, 460.0)))
    awq, fp16 = rows["awq-vllm-eager"], rows["fp16-vllm-eager"]
    paired = compare(awq.one.stats[SPEED], fp16.one.stats[SPEED])

    assert paired is not None
    assert awq.means[SPEED] / fp16.means[SPEED] == pytest.approx(paired.ratio, rel=1e-12)
    assert paired.ratio > 1 > awq.one.stats[SPEED].median / fp16.one.stats[SPEED].median


def test_a_mean_is_told_only_where_it_is_not_the_median_as_well() -> None:
    several, single = of(with_controls())["awq-vllm-eager"], of(Run(manifest(), (completed("awq", speed=333.3),)))

    assert SPEED in several.means
    assert "weights_gib" not in several.means  # it does not vary
    assert single["awq-vllm-eager"].means == {}


def test_a_figure_that_is_0_in_any_launch_has_a_mean_of_0_and_so_no_ratio() -> None:
    row = of(with_controls())["awq-vllm-eager"]
    one = replace(row.one, stats={"energy_per_token_j": Stat({1: 0.0, 2: 0.3, 3: 0.4})})

    assert replace(row, one=one).means == {"energy_per_token_j": 0.0}
