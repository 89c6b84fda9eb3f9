"""`quantpress check`: all that is wrong with a submitted run, in one report that nobody's words can break out of."""

import json
import random
import re
import shutil
from pathlib import Path
from typing import Any, get_args

import pytest
from breaking import CARD, DEMO, EDITS, run_of

from generator import cli
from generator.analyse.physics.contradiction import Law
from generator.check import check, status_of
from generator.errors import RecordError
from generator.folders import CHECKOUT, TEMPLATES, templates_in
from generator.measurements import examine
from generator.render.check import for_terminal, report
from generator.render.pages import environment_of


def submitted(folder: Path, name: str = DEMO) -> Path:
    return Path(shutil.copytree(CHECKOUT / "measurements" / name, folder / name))


def edit(path: Path, **changes: Any) -> None:
    path.write_text(json.dumps(json.loads(path.read_bytes()) | changes))


def launch(folder: Path, name: str = "r01-awq-vllm-eager") -> Path:
    return folder / "launches" / f"{name}.json"


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as ended:
        cli.main(["check", *words])
    told = capsys.readouterr()
    assert isinstance(ended.value.code, int)
    return ended.value.code, told.out, told.err


def test_a_sound_run_is_told_with_what_it_is_and_its_launches(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    status, out, _ = said(capsys, str(submitted(tmp_path)))

    assert status == 0
    assert out.startswith("1 run: nothing wrong.\n")
    assert "Command: quantpress measure --profile demo --new\n" in out
    assert "Launches: 4 of 4, 0 failed, 0 invalid\n" in out
    assert "contradictions, not lies" in out


def test_runs_are_found_in_a_folder_of_them_and_by_a_relative_name(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted(tmp_path / "runs")
    submitted(tmp_path / "runs", CARD)
    monkeypatch.chdir(tmp_path / "runs" / DEMO)

    assert said(capsys, str(tmp_path / "runs"))[1].startswith("2 runs: nothing wrong.\n")
    assert said(capsys, ".", "../")[1].startswith("3 runs: nothing wrong.\n")


@pytest.mark.parametrize("path", ["nowhere", "empty"])
def test_a_folder_without_a_run_is_a_wrong_word(path: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty").mkdir()

    status, out, err = said(capsys, str(tmp_path / path))

    assert (status, out, err.count("\n")) == (2, "", 1)
    assert "name a run's folder, or one of runs" in err


def test_every_file_that_is_no_record_is_told_not_only_the_first(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = submitted(tmp_path)
    edit(launch(folder), duration_s=-1)
    launch(folder, "r01-gptq-vllm-eager").write_text("{")
    edit(folder / "manifest.json", rounds=3)

    status, out, _ = said(capsys, str(folder))

    assert status == RecordError.exit_status
    assert out.startswith("1 run: not a record.\n")
    assert "field duration_s" in out
    assert "not valid JSON" in out
    assert "field rounds: there is no such field" in out
    assert out.count("\n    - ") == 3


def test_what_can_be_read_of_a_run_is_judged_all_the_same(tmp_path: Path) -> None:
    folder = submitted(tmp_path)
    edit(launch(folder), duration_s=-1)
    edit(launch(folder, "r01-gptq-vllm-eager"), round=1, started_at="2020-01-01T00:00:00Z")

    run, faults = examine(folder)
    (checked,) = check([folder])

    assert run is not None
    assert (len(run.launches), len(faults)) == (3, 1)
    assert checked.run is not None
    assert "after_its_run" in {one.law for one in checked.run.contradictions}
    assert status_of([checked]) == RecordError.exit_status


def test_figures_that_cannot_be_true_have_a_status_of_their_own(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = submitted(tmp_path)
    record = json.loads(launch(folder).read_bytes())
    record["quantities"]["weights_gib"] *= 0.7
    launch(folder).write_text(json.dumps(record))

    status, out, _ = said(capsys, str(folder))

    assert status == 20
    assert out.startswith("1 run: figures that can’t be true.\n")
    assert re.search(
        r"- launches/r01-awq-vllm-eager.json, quantities.weights_gib: [\d.]+, where at least [\d.]+ is pos", out
    )


def test_a_run_from_the_future_is_told_though_pages_know_no_clock(tmp_path: Path) -> None:
    folder = submitted(tmp_path)
    edit(folder / "manifest.json", created_at="2999-01-01T00:00:00Z")

    (checked,) = check([folder])

    assert checked.run is not None
    assert "not_in_future" in {one.law for one in checked.run.contradictions}


def test_launches_that_the_plan_has_and_nobody_made_are_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = submitted(tmp_path)
    launch(folder).unlink()

    status, out, _ = said(capsys, str(folder))

    assert status == 0
    assert out.startswith("1 run: nothing wrong, but not complete.\n")
    assert "- launches/r01-awq-vllm-eager.json\n" in out


HOSTILE = (
    "</code></table><script>alert(1)</script> [x](javascript:alert(1)) @somebody #1 www.example.org | `a` {{ 7*7 }}"
)


def test_what_strangers_wrote_can_not_break_out_of_the_report(tmp_path: Path) -> None:
    folder = submitted(tmp_path)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    manifest["command"] = manifest["hardware"]["cpu_model"] = manifest["profile"]["model_name"] = HOSTILE
    manifest["versions"] = {HOSTILE: HOSTILE}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    edit(launch(folder), **{HOSTILE: 1})

    markdown = report(check([folder]), environment_of(templates_in(TEMPLATES)))

    within = re.sub(r"<code>[^<]*</code>", "", markdown)
    known = ["p", "strong", "details", "summary", "table", "tr", "th", "td", "code", "ul", "li"]
    assert set(re.findall(r"</?([a-z]+)", markdown)) <= set(known)
    assert "example" not in within
    assert "somebody" not in within
    body = markdown[markdown.index("<details") : markdown.index("</details>")]
    assert "\n\n" not in body, "an empty line would begin Markdown"


def test_a_terminal_is_given_nothing_that_it_would_obey(tmp_path: Path) -> None:
    folder = submitted(tmp_path)
    (folder / "launches" / "r01-\x1b[2Jx.json").write_text("{}")

    told = for_terminal(report(check([folder]), environment_of(templates_in(TEMPLATES))))

    assert "\x1b" not in told
    assert all(one.isprintable() or one == "\n" for one in told)


def test_every_law_has_a_sentence() -> None:
    laws = environment_of(templates_in(TEMPLATES)).get_template("contradictions.md.j2").module.laws  # type: ignore[attr-defined]

    assert set(laws) == set(get_args(Law))


@pytest.mark.parametrize("name", [CARD, DEMO])
def test_no_figure_however_odd_ends_the_check(name: str, tmp_path: Path) -> None:
    """Each time some figures of every record become the least or the most that a file may say."""
    folder, dice = submitted(tmp_path, name), random.Random(0)
    originals = {path: json.loads(path.read_bytes()) for path in sorted(folder.glob("launches/*.json"))[:4]}
    environment = environment_of(templates_in(TEMPLATES))
    for _ in range(25):
        for path, record in originals.items():
            path.write_text(json.dumps(_odd(record, dice)))
        assert report(check([folder]), environment)


def _odd(value: Any, dice: random.Random) -> Any:
    if isinstance(value, dict):
        return {key: _odd(one, dice) for key, one in value.items()}
    if isinstance(value, list):
        return [_odd(one, dice) for one in value]
    if dice.random() > 0.02 or isinstance(value, bool | str) or value is None:
        return value
    return dice.choice([0, 1, 10**12] if isinstance(value, int) else [0.0, 1e-12, 1e8])


def test_edits_are_of_every_law_that_needs_no_clock() -> None:
    assert set(EDITS) == set(get_args(Law)) - {"not_in_future"}
    assert run_of(CARD).manifest["run_id"] == CARD
