"""`quantpress plan`: what it prints before anything runs, what it makes and goes on with, and how it refuses."""

import json
import shlex
import shutil
import subprocess
from pathlib import Path
from typing import NamedTuple

import pytest
from running import command, environment, tiny_profile

from generator import cli, sweeping
from generator.folders import CHECKOUT
from generator.measure.environment import hardware
from generator.measurements import Run, read_runs

COMMITTED = read_runs(CHECKOUT / "measurements")


class Usage(NamedTuple):
    free: int


@pytest.fixture
def on_record(monkeypatch: pytest.MonkeyPatch) -> None:
    """The runs that ship, at a terminal that breaks no line."""

    def committed(_: Path) -> tuple[Run, ...]:
        return COMMITTED

    monkeypatch.setattr(sweeping, "read_runs", committed)
    monkeypatch.setenv("COLUMNS", "240")


def status_of(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(("plan", *words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def written(folder: Path, text: str) -> str:
    path = folder / "many.toml"
    path.write_text(text)
    return str(path)


@pytest.mark.usefixtures("on_record")
def test_it_tells_what_is_measured_what_is_left_and_what_that_takes(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("synthetic-models", "--card", "NVIDIA H200", "--card", "4090") == 0

    told = capsys.readouterr().out
    assert "6 runs of 102 launches. 18 made, 84 left, none of them for this machine." in told
    assert "Run 1 is 2026-11-26-llama-3.1-8b-synthetic-2." in told
    assert "Time of run 2: by launches on other cards." in told
    assert "Elsewhere: runs 2, 3, 4, 5, 6" in told
    assert "Left out for want of room: FP16 of llama-2-13b-synthetic on NVIDIA H200, with 24 GiB." in told
    assert "unknown" in told
    assert "llama-2-13b-synthetic, int8 (elsewhere)" in told


@pytest.mark.usefixtures("on_record")
def test_as_markdown_it_is_a_page_whose_text_means_nothing_but_itself(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    tiny_profile(tmp_path, ("fp16",))
    name = tmp_path / "a_[b](c)<i>.toml"
    name.write_text('profiles = ["tiny.toml"]')

    assert status_of(str(name), "--markdown") == 0

    told = capsys.readouterr().out
    assert told.startswith("# a&#95;&#91;b&#93;(c)&#60;i&#62;.toml\n")
    assert "| 1 | tiny |" in told
    assert "\n\n| Run | Profile |" in told
    assert not told.endswith("\n\n")


@pytest.mark.usefixtures("on_record")
def test_what_has_no_room_is_refused_with_the_mend_after_it_is_shown(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sweep = written(tmp_path, 'profiles = ["llama-2-13b-synthetic"]\ncards = ["4090"]\nmethods = ["fp16", "awq"]\n')

    assert status_of(sweep) == 24

    shown = capsys.readouterr()
    assert "FP16, vLLM, CUDA graphs" in shown.out
    assert shown.err.count("\n") == 1
    assert "many.toml: fp16 of llama-2-13b-synthetic has no room on NVIDIA GeForce RTX 4090" in shown.err
    assert "leave_out_what_has_no_room = true" in shown.err


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('cards = ["T4"]\nmethods = ["fp16"]\nleave_out_what_has_no_room = true', "nothing of it has room on Tesla T4"),
        ('cards = ["T4"]\nmemory_budgets_gib = [100]', "100 is more than Tesla T4 has, 16 GiB"),
    ],
)
@pytest.mark.usefixtures("on_record")
def test_what_no_run_is_left_of_is_an_error(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, told: str
) -> None:
    assert status_of(written(tmp_path, f'profiles = ["llama-3.1-8b-synthetic"]\n{text}\n')) == 24
    assert told in capsys.readouterr().err


@pytest.mark.usefixtures("on_record")
def test_where_every_card_is_elsewhere_running_it_is_an_error_and_no_next_step_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert status_of("synthetic-models", "--card", "4090") == 0
    assert "Next:" not in capsys.readouterr().out

    assert status_of("synthetic-models", "--card", "4090", "--run") == 24
    assert "this machine has no NVIDIA GeForce RTX 4090; run it on one that has" in capsys.readouterr().err


@pytest.mark.usefixtures("on_record")
def test_the_next_step_is_told_as_it_can_be_typed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    card = hardware(None).name
    file = tmp_path / "my sweep.toml"
    file.write_text('profiles = ["demo"]\n')

    assert status_of(str(file), "--card", card) == 0
    assert shlex.join(["quantpress", "plan", str(file), "--card", card, "--run"]) in capsys.readouterr().out


@pytest.mark.usefixtures("on_record")
def test_without_a_gpu_a_card_must_be_named_for_a_profile_that_needs_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("synthetic-models") == 3
    assert "name the card that it is planned for, --card NAME" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "status", "told"),
    [
        (("none.toml",), 24, "no shipped sweep"),
        (("synthetic-models", "--card", "H1000"), 24, "--card: no card that is known is called 'H1000'"),
        (("synthetic-models", "--ray", "local"), 24, "--ray and --retry-failed: they say how to measure; add --run"),
    ],
)
@pytest.mark.usefixtures("on_record")
def test_what_can_not_be_planned_is_one_line(
    words: tuple[str, ...], status: int, told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert status_of(*words) == status

    shown = capsys.readouterr()
    assert told in shown.err
    assert (shown.out, shown.err.count("\n")) == ("", 1)


@pytest.mark.usefixtures("on_record")
def test_where_the_disk_has_not_the_room_nothing_is_begun(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_profile(tmp_path, ("fp16",))
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(free=2**20))

    assert status_of(written(tmp_path, 'profiles = ["tiny.toml"]'), "--run") == 8
    assert "its disk has 0 GiB free" in capsys.readouterr().err


def test_its_runs_are_made_one_after_the_other_and_gone_on_with(tmp_path: Path) -> None:
    tiny_profile(tmp_path, ("fp16", "awq"))
    longer = (tmp_path / "tiny.toml").read_text().replace('name = "tiny"', 'name = "longer"')
    (tmp_path / "longer.toml").write_text(longer.replace("output_tokens = 8", "output_tokens = 12"))
    both = 'profiles = ["tiny.toml", "longer.toml"]\n[[without]]\nmethod = "awq"\n'
    sweep = written(tmp_path, both)

    def planned(*words: str) -> str:
        done = subprocess.run(
            command("plan", sweep, *words),
            capture_output=True,
            text=True,
            check=False,
            env=environment(tmp_path) | {"COLUMNS": "160"},
        )
        assert done.returncode == 0, done.stderr
        return " ".join(done.stdout.split())

    def manifests() -> list[dict[str, object]]:
        return [json.loads(path.read_text()) for path in sorted((tmp_path / "measurements").glob("*/manifest.json"))]

    assert "2 runs of 2 launches. None made, 2 left, 2 of them for this machine" in planned()
    assert manifests() == []

    planned("--run")
    commands = {str(one["command"]) for one in manifests()}
    assert commands == {f"quantpress measure --profile {name}.toml --method fp16" for name in ("tiny", "longer")}

    (tmp_path / "many.toml").write_text(f"rounds = 2\n{both}")
    assert "4 launches. 2 made, 2 left, 2 of them for this machine, which takes about" in planned()

    planned("--run")
    assert len(manifests()) == 2
    assert "All are made." in planned("--run")
    assert len(list((tmp_path / "measurements").glob("*/launches/*.json"))) == 4
    written_models = (tmp_path / "cache" / "quantpress" / "tiny-synthetic").iterdir()
    assert [model.name for model in written_models] == ["fp16"]
