"""A share of the faults of `python -m torture.survival.faults`: the same code, at points that a seed draws."""

import errno
import random
from itertools import product
from pathlib import Path

import pytest

from generator.errors import StorageError
from generator.measure import environment
from generator.measure.session import alone
from generator.measurements import read_runs
from generator.record import Failed
from torture.survival import light
from torture.survival.faults import Played, fail_a_stage, fail_a_start
from torture.survival.harm import Harm
from torture.survival.injection import CALLS, ERRORS
from torture.survival.sitting import Sitting

POINTS = 100


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Played:
    return Played(tmp_path_factory.mktemp("played"))


def test_whatever_call_of_the_system_fails_no_record_is_lost_and_the_run_goes_on(played: Played) -> None:
    calls = played.calls()
    points = list(product(range(1, len(calls) + 1), ERRORS))

    assert len(points) >= 1000
    harmed = {
        (calls[number - 1], number, errno.errorcode[error]): str(harm)
        for number, error in random.Random(1).sample(points, POINTS)
        if (harm := played.fail(number, error))
    }
    assert harmed == {}


def test_every_kind_of_call_that_storage_and_processes_need_is_among_them(played: Played) -> None:
    # A folder is removed, and a request torn, only where something had gone wrong before.
    assert {*CALLS, "start"} - {"rmdir"} == set(played.calls())


@pytest.mark.parametrize(("number", "error"), [(1, errno.EAGAIN), (3, errno.ENOMEM)])
def test_a_process_that_can_not_be_started_costs_no_more_than_its_launch(number: int, error: int) -> None:
    assert fail_a_start(number, error) == Harm()


@pytest.mark.parametrize(("stage", "kind"), [("prepare", "segfault"), ("warm-up", "killed"), ("close", "exception")])
def test_a_stage_that_fails_costs_no_more_than_its_launch(stage: str, kind: str) -> None:
    assert fail_a_stage(stage, kind) == Harm()


@pytest.mark.parametrize(
    ("stage", "kind", "reason", "message"),
    [
        ("import", "exception", "engine_error", "RuntimeError: the light engine was asked to fail"),
        ("wait", "exit-1", "crashed", "exit status 1: it said nothing"),
        (
            "load",
            "silence-in-c",
            "time_out",
            "no sign of life for 4 s, in torture.survival.light._hang_in_c; last words: it said nothing",
        ),
        ("warm-up", "memory", "out_of_memory", "MemoryError: the light engine was asked to need too much"),
        ("generate", "segfault", "crashed", "killed by SIGSEGV, in torture.survival.light.<lambda>: it said nothing"),
    ],
)
def test_a_stage_that_fails_is_a_record_that_names_it(
    tmp_path: Path, stage: str, kind: str, reason: str, message: str
) -> None:
    once = tmp_path / "once"
    once.touch()
    command = light.command("measure", "--profile", str(light.write_profile(tmp_path, rounds=1)))
    fault = {light.FAULT: f"{stage}={kind}", light.ONCE: str(once)}
    if reason == "time_out":
        fault[light.DEADLINE] = "4"

    sitting = Sitting(command, tmp_path, **fault)

    assert sitting.status() == 6, sitting.said()
    (run,) = read_runs(tmp_path / "measurements")
    (failed,) = (launch for launch in run.launches if isinstance(launch, Failed))
    assert (failed.stage, failed.reason, failed.message) == (stage, reason, message)
    assert len(run.launches) == 2


def test_a_worker_that_can_not_be_started_is_told_as_what_it_is(tmp_path: Path) -> None:
    command = light.command("measure", "--profile", str(light.write_profile(tmp_path, rounds=1)))

    sitting = Sitting(command, tmp_path, **{light.START: f"4={errno.EAGAIN}"})

    assert sitting.status() == 7
    assert sitting.said().splitlines()[-1] == (
        "quantpress: no worker could be started: Resource temporarily unavailable; end other programs, or allow this "
        "user more processes and open files, and run the command again: finished launches are kept"
    )


def test_a_package_whose_version_can_not_be_read_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(environment, "version", lambda _: None)

    with pytest.raises(StorageError, match="vllm: its version can't be read"):
        environment.versions()


def test_measurements_that_can_not_be_locked_are_told_with_the_mend(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def no_locks(*_: object) -> None:
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr("generator.measure.session.fcntl.flock", no_locks)

    with pytest.raises(StorageError, match="can't be locked: No locks available; put measurements/ on a local disk"):
        alone(tmp_path).__enter__()


def test_a_process_that_can_not_be_started_is_no_other_measurement(tmp_path: Path) -> None:
    with pytest.raises(BlockingIOError), alone(tmp_path):
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")
