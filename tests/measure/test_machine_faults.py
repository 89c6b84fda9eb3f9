"""The page of troubles says what happens: each of its rows is provoked, and seen to be as it says."""

import inspect
import shutil
import subprocess
from pathlib import Path

import light
import pytest
import troubles
from troubles import Stage

from generator.errors import SOME_LAUNCHES_FAILED, ClusterError
from generator.render.troubles import INTERRUPTED, TROUBLES, Trouble


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder in which a run was made, from beginning to end."""
    stage = Stage(tmp_path_factory.mktemp("finished"))
    seen = stage.measure("--profile", light.profile(stage.folder))
    assert seen.status == 0, seen
    return stage.folder


@pytest.fixture
def stage(finished: Path, tmp_path: Path) -> Stage:
    shutil.copytree(finished, tmp_path / "stage")
    return Stage(tmp_path / "stage")


@pytest.mark.parametrize("trouble", TROUBLES, ids=lambda trouble: trouble.name)
def test_a_trouble_is_as_its_row_on_the_page_says(stage: Stage, trouble: Trouble) -> None:
    if trouble.status == ClusterError.exit_status:
        pytest.importorskip("ray", reason="Ray is not installed: run `make ray`")
    before = stage.kept()

    seen = getattr(troubles, trouble.name)(stage)

    assert seen.status == trouble.status, seen
    line = seen.said if trouble.status in {0, SOME_LAUNCHES_FAILED} else seen.errors
    assert trouble.says in " ".join(line.split())
    if trouble.mend is not None:
        assert f"Mend: {trouble.mend}." in seen.said
    if trouble.status not in {0, SOME_LAUNCHES_FAILED}:
        assert seen.errors.startswith("quantpress: ")
        assert seen.errors.count("\n") == 1
        assert trouble.status == INTERRUPTED or ";" in seen.errors, "the line says what mends it"
    assert {path: stage.kept().get(path) for path in before} == before


def test_each_row_has_its_scenario_and_no_scenario_is_left_over() -> None:
    provoked = {
        name
        for name, one in vars(troubles).items()
        if inspect.isfunction(one) and one.__annotations__ == {"stage": Stage, "return": troubles.Seen}
    }

    assert provoked == {trouble.name for trouble in TROUBLES}


def test_one_of_ten_measurements_at_once_runs_and_the_others_say_so(stage: Stage) -> None:
    words = light.command("measure", "--profile", light.profile(stage.folder), "--new")
    environment = light.environment(stage.folder, LIGHT_ENGINE_S="3")
    started = [
        subprocess.Popen(words, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
        for _ in range(10)
    ]
    ended = [(one.communicate(timeout=60)[1], one.returncode) for one in started]

    assert sorted(status for _, status in ended) == [0, *[7] * 9]
    assert sum("another quantpress measure is running" in errors for errors, _ in ended) == 9
