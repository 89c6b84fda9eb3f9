"""`quantpress diff`: what it compares and what not, how it finds runs, and how it refuses, in one line each."""

import re
from itertools import pairwise
from pathlib import Path

import pytest
from examples import completed, four_methods, manifest, replaced, reported, with_controls

from generator import cli, diffing
from generator.analyse.difference import Difference, difference
from generator.analyse.findings import run_findings
from generator.diffing import folder_of
from generator.errors import UsageError
from generator.folders import CHECKOUT
from generator.measurements import Run, write_launch, write_manifest

SPEED = "output_tokens_per_s"
ONE, TWO = "2026-01-01-example", "2026-01-02-example"


def named(run: Run, name: str = TWO, **changes: object) -> Run:
    return Run(replaced(run.manifest, run_id=name, **changes), run.launches)


def faster(run: Run, factor: float) -> Run:
    launches = tuple(
        completed(of=one.cell, round_=one.round, speed=factor * (one.quantities.output_tokens_per_s or 0))
        for one in run.launches
        if one.status == "completed"
    )
    return Run(run.manifest, launches)


def between(first: Run, second: Run) -> Difference:
    return difference(run_findings(first), run_findings(second))


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for run in (with_controls(), named(faster(with_controls(), 2), versions={"vllm": "0.0.1"})):
        folder = tmp_path / run.manifest.run_id
        write_manifest(folder, run.manifest)
        for launch in run.launches:
            write_launch(folder, launch)
    real = folder_of
    monkeypatch.setattr(diffing, "folder_of", lambda word: real(word, tmp_path))
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def status_of(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(("diff", *words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def test_a_run_twice_as_fast_is_that_in_every_cell_and_the_same_weights_are_a_tie() -> None:
    found = between(with_controls(), faster(with_controls(), 2))

    comparisons = [lines[SPEED].comparison for lines in found.cells.values()]
    assert {one and (round(one.ratio, 6), one.verdict) for one in comparisons} == {(2.0, "higher")}
    assert {
        lines["weights_gib"].comparison.verdict for lines in found.cells.values() if lines["weights_gib"].comparison
    } == {"same"}
    assert found.comparable


def test_the_other_way_round_it_is_half_as_fast() -> None:
    found = between(faster(with_controls(), 2), with_controls())

    assert {round(one.comparison.ratio, 6) for lines in found.cells.values() if (one := lines[SPEED]).comparison} == {
        0.5
    }


def test_of_unlike_models_only_what_they_are_is_compared() -> None:
    other = Run(manifest(model_name="Another model"), four_methods().launches)
    lines = next(iter(between(four_methods(), other).cells.values()))

    assert lines[SPEED].comparison is None
    assert lines[SPEED].obstacle == "model"
    assert lines["weights_gib"].comparison
    assert lines["kv_cache_bytes_per_token"].comparison


def test_what_only_one_has_is_named() -> None:
    few = Run(manifest(methods=("fp16", "awq")), (completed("fp16"), completed("awq")))
    found = between(few, four_methods())

    assert [cell.method for cell in found.only_second] == ["nf4", "gptq"]
    assert found.only_first == ()


def test_a_figure_that_is_not_above_zero_has_no_ratio() -> None:
    run = with_controls()
    launches = tuple(
        replaced(one, quantities=replaced(one.quantities, system_ram_increase_mib=0.0))
        for one in run.launches
        if one.status == "completed"
    )
    line = next(iter(between(Run(run.manifest, launches), Run(run.manifest, launches)).cells.values()))

    assert line["system_ram_increase_mib"].comparison is None
    assert line["system_ram_increase_mib"].obstacle is None


@pytest.mark.usefixtures("root")
def test_the_terminal_has_means_ratio_interval_and_verdict(capsys: pytest.CaptureFixture[str]) -> None:
    status = status_of(ONE, TWO)
    printed = capsys.readouterr().out

    assert status == 0
    row, _ = [line.split() for line in printed.splitlines() if re.match(r" Speed, tokens/s +35", line)]  # the twin, too
    assert row[2:] == ["351", "703", "2.0×", row[5], "to", row[7], "higher"]
    assert re.search(r"versions\.vllm +0\.0\.0 +0\.0\.1", printed)
    assert max(map(len, printed.splitlines())) <= 200


def test_markdown_has_a_table_for_each_cell(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(ONE, str(root / TWO), "--markdown") == 0
    printed = capsys.readouterr().out

    assert printed.count("### ") == 7
    assert "| Weights, GiB | 15.00 | 15.00 | 1.00× | 1.00× to 1.00× | a tie |" in printed
    assert "\n\n\n" not in printed
    for table in re.findall(r"(?:^\|.*\n)+", printed, re.MULTILINE):
        assert len({line.count("|") for line in table.splitlines()}) == 1


def test_runs_with_nothing_in_common_end_with_a_status_of_their_own(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = Run(manifest(TWO, methods=("w4a16",)), (completed("w4a16"),))
    folder = root / "elsewhere" / TWO
    write_manifest(folder, run.manifest)
    write_launch(folder, run.launches[0])

    assert status_of(ONE, str(folder)) == 23
    assert capsys.readouterr().err.count("\n") == 1


def test_a_run_that_does_not_exist_is_told_with_the_nearest_name(
    root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of("2026-01-1-example", TWO) == 2
    assert "did you mean 2026-01-01-example?" in capsys.readouterr().err
    with pytest.raises(UsageError, match="`quantpress names` lists the runs"):
        folder_of("something else", root)


def test_one_run_twice_is_refused(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of(ONE, str(root / ONE)) == 2
    assert "name two runs" in capsys.readouterr().err


def test_a_name_can_not_act_on_the_terminal(root: Path) -> None:
    with pytest.raises(UsageError) as refused:
        folder_of("\x1b[2J", root)
    assert str(refused.value).isprintable()


def test_an_imported_run_is_compared_with_nothing(root: Path) -> None:
    (root / "imported" / "2026-01-03-theirs").mkdir(parents=True)
    (root / "imported" / "2026-01-03-theirs" / "manifest.json").write_text("{}")
    with pytest.raises(UsageError, match="compared with nothing"):
        folder_of("2026-01-03-theirs", root)


def test_reported_figures_are_shown_and_their_work_is_not_known() -> None:
    lines = next(iter(between(reported(), named(four_methods())).cells.values()))

    assert lines[SPEED].obstacle == "unknown"
    assert lines["weights_gib"].comparison


def test_every_pair_of_committed_runs_can_be_laid_side_by_side() -> None:
    """None of them ends in a fault of ours."""
    folders = sorted((CHECKOUT / "measurements").glob("2*"))
    for first, second in pairwise(folders):
        with pytest.raises(SystemExit) as ended:
            cli.main(("diff", str(first), str(second), "--markdown"))
        assert ended.value.code in {0, 23}
