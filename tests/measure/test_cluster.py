"""Launches on a real Ray, of several nodes on this machine: nothing is lost, mixed, made twice or left behind."""

import importlib.util
import os
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import hub
import light
import pytest
import running

from generator.analyse.physics.course import of_run
from generator.folders import CHECKOUT
from generator.manifest import MeasuredRun
from generator.measure.session import alone
from generator.measurements import Run, read_runs
from generator.record import Completed, Failed

if importlib.util.find_spec("ray") is None:
    pytest.skip("Ray is not installed: run `make ray`", allow_module_level=True)

from nodes import Nodes

ONE, TWO = {"name": "one"}, {"name": "two"}
SLOW = {"LIGHT_ENGINE_S": "0.25"}


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Nodes]:
    """A head, to which each test adds its nodes."""
    nodes = Nodes(tmp_path_factory.mktemp("cluster"))
    yield nodes
    nodes.cluster.shutdown()


@pytest.fixture
def nodes(cluster: Nodes) -> Nodes:
    cluster.forget()
    return cluster


def profile(nodes: Nodes, rounds: int = 2, more: str = "", **options: Any) -> str:
    path = Path(light.profile(nodes.folder, ("fp16", "awq"), rounds, **options))
    path.write_text(path.read_text().replace("[engine]\n", f"[engine]\n{more}"))
    return str(path)


def runs(nodes: Nodes) -> tuple[Run, ...]:
    return read_runs(nodes.folder / "measurements")


def launches(nodes: Nodes) -> list[Completed | Failed]:
    (run,) = runs(nodes)
    return [one for one in run.launches if isinstance(one, Completed | Failed)]


def records(nodes: Nodes) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in nodes.folder.glob("measurements/*/launches/*.json")}


def marked(nodes: Nodes, *words: str) -> set[int]:
    """The processes of these nodes whose command has one of the words."""
    mark = f"QUANTPRESS_MEASUREMENTS={nodes.folder / 'measurements'}".encode()
    found = set()
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            command = (path / "cmdline").read_bytes().decode(errors="replace")
            if any(word in command for word in words) and mark in (path / "environ").read_bytes().split(b"\0"):
                found.add(int(path.name))
    return found


def engines(nodes: Nodes) -> set[int]:
    return marked(nodes, "light.py\0worker", "light_core.py", "orphan.py")


def stations(nodes: Nodes) -> set[int]:
    return marked(nodes, "ray::Station")


def until(what: Callable[[], object], within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_each_round_is_one_cards_and_the_records_are_as_of_one_machine(nodes: Nodes) -> None:
    with nodes.added({**ONE, **SLOW}, {**TWO, **SLOW}):
        done = nodes.measure("--profile", profile(nodes))
        until(lambda: not stations(nodes) and not engines(nodes))

    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = runs(nodes)
    made = launches(nodes)
    assert len({one.card for one in made}) == 2
    assert all(len({one.card for one in made if one.round == round_}) == 1 for round_ in (1, 2))
    assert isinstance(run.manifest, MeasuredRun)
    assert list(of_run(run.manifest, made)) == []
    assert run.manifest.command.endswith("--ray ADDRESS")
    folder = nodes.folder / "measurements" / run.manifest.run_id
    assert len(list(folder.glob("logs/r*.log"))) == 4
    said = "".join(path.read_text() for path in folder.glob("**/*") if path.is_file())
    assert nodes.cluster.address.partition(":")[0] not in said
    assert socket.gethostname() not in said
    assert "raylet" not in done.stdout + done.stderr


def test_a_station_launches_as_eagerly_as_a_machine_by_itself(nodes: Nodes) -> None:
    """Ray gives its workers a low priority, and a number of threads."""
    with nodes.added({**ONE, "LIGHT_ENGINE": "tells"}):
        nodes.measure("--profile", profile(nodes, rounds=1))

    logs = [path.read_text() for path in nodes.folder.glob("measurements/*/logs/r*.log")]
    assert [log.strip() for log in logs] == [f"niceness {os.nice(0)} threads None"] * 2


def test_a_fault_of_a_method_is_its_record_as_on_one_machine(nodes: Nodes) -> None:
    with nodes.added({**ONE, "LIGHT_ENGINE": "crashed"}):
        done = nodes.measure("--profile", profile(nodes, rounds=1))

    assert done.returncode == 6
    failed = launches(nodes)
    assert [one.reason for one in failed if isinstance(one, Failed)] == ["crashed"] * 2
    assert all("killed by SIGSEGV" in one.message for one in failed if isinstance(one, Failed))


def test_an_interrupted_run_leaves_no_engine_and_goes_on_with_each_round_at_its_card(nodes: Nodes) -> None:
    stubborn = {**SLOW, "LIGHT_ENGINE": "stubborn"}
    with nodes.added({**ONE, **stubborn}, {**TWO, **stubborn}):
        path = profile(nodes, rounds=2)
        first = nodes.start("--profile", path)
        until(lambda: len(records(nodes)) >= 2)
        until(lambda: marked(nodes, "light_core.py"))
        first.send_signal(signal.SIGINT)
        said = first.communicate(timeout=30)[0]
        assert first.returncode == 130, said
        assert "the same command goes on" in said
        until(lambda: not stations(nodes) and not engines(nodes), within_s=5)
        kept = records(nodes)
        begun = {one.round: one.card for one in launches(nodes)}

        second = nodes.measure("--profile", path)

    assert second.returncode == 0, second.stdout + second.stderr
    assert len(launches(nodes)) == 4
    assert kept.items() <= records(nodes).items()
    assert {(one.round, one.card) for one in launches(nodes)} == set(begun.items())


def test_two_measurements_never_write_at_once(nodes: Nodes) -> None:
    with nodes.added(ONE), alone(nodes.folder / "measurements"):
        done = nodes.measure("--profile", profile(nodes, rounds=1))

    assert done.returncode == 7
    assert "another quantpress measure is running" in done.stderr
    assert runs(nodes) == ()


@pytest.mark.parametrize("victim", ["station", "node"])
def test_what_a_killed_station_or_node_was_at_is_made_elsewhere_and_none_of_it_is_left(
    nodes: Nodes, victim: str
) -> None:
    stubborn = {**SLOW, "LIGHT_ENGINE": "stubborn"}
    with nodes.added(ONE | SLOW, TWO | stubborn) as (_, two):
        command = nodes.start("--profile", profile(nodes, rounds=2))
        until(lambda: marked(nodes, "light_core.py"))
        (core, *_) = marked(nodes, "light_core.py")
        if victim == "node":
            nodes.cluster.remove_node(two, allow_graceful=False)
        else:
            station = next(pid for pid in stations(nodes) if core in below(pid))
            os.kill(station, signal.SIGKILL)
        until(lambda: not marked(nodes, "light_core.py"), within_s=5)
        said = command.communicate(timeout=60)[0]

    assert command.returncode == 0, said
    assert "lost: node two: its process or its node was lost; it is left to the others." in said
    made = launches(nodes)
    assert len(made) == 4
    assert all(isinstance(one, Completed) for one in made)
    until(lambda: not engines(nodes), within_s=5)


def below(pid: int) -> set[int]:
    """The processes below one."""
    parents = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):
            parents[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    found = {pid}
    while more := {child for child, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def test_where_all_stations_are_lost_the_same_command_goes_on_later(nodes: Nodes) -> None:
    path = profile(nodes, rounds=2)
    with nodes.added(ONE | SLOW):
        command = nodes.start("--profile", path)
        until(lambda: records(nodes) and engines(nodes))
        for station in stations(nodes):
            os.kill(station, signal.SIGKILL)
        said = command.communicate(timeout=60)[0]
        kept = records(nodes)

        assert command.returncode == 10, said
        assert said.splitlines()[-1].startswith("quantpress: ")
        assert "of its launches, whose stations were lost" in said
        assert nodes.measure("--profile", path).returncode == 0

    assert len(launches(nodes)) == 4
    assert kept.items() <= records(nodes).items()


def test_a_launch_that_ends_two_stations_is_left_for_another_day(nodes: Nodes) -> None:
    with nodes.added(*({"name": name, "LIGHT_ENGINE": "ends_awq_stations"} for name in ("one", "two", "three"))):
        done = nodes.measure("--profile", profile(nodes, rounds=1))

    assert done.returncode == 10
    assert "for the second time, so it is left for another day" in done.stdout
    assert [one.method for one in launches(nodes)] == ["fp16"]


def test_a_node_with_other_code_is_not_used_and_without_another_there_is_none(nodes: Nodes) -> None:
    other = nodes.folder / "other"
    shutil.copytree(CHECKOUT / "generator", other / "generator", dirs_exist_ok=True)
    with (other / "generator" / "units.py").open("a", encoding="utf-8") as file:
        file.write("# another\n")
    with nodes.added(ONE, TWO | {"code": str(other)}):
        path = profile(nodes, rounds=2)
        done = nodes.measure("--profile", path)

        assert done.returncode == 0
        assert "node two is not used, for figures are not mixed: quantpress is 0.1.0, code " in done.stdout
        assert len({one.card for one in launches(nodes)}) == 1

    nodes.forget()
    with nodes.added(TWO | {"code": str(other)}):
        done = nodes.measure("--profile", path)

    assert done.returncode == 10
    assert "every node of the cluster has other versions" in done.stderr
    assert runs(nodes) == ()


def test_a_node_without_quantpress_is_not_used(nodes: Nodes) -> None:
    (nodes.folder / "nothing" / "generator").mkdir(parents=True)
    (nodes.folder / "nothing" / "generator" / "__init__.py").touch()
    with nodes.added(TWO | {"code": str(nodes.folder / "nothing")}):
        command = running.command("measure", "--profile", profile(nodes, rounds=1), "--ray", nodes.cluster.address)
        done = subprocess.run(
            command, cwd=nodes.folder, env=nodes.environment(), capture_output=True, text=True, check=False
        )

    assert done.returncode == 10
    assert "node two is not used: its station did not start: ModuleNotFoundError: No module named" in done.stdout
    assert done.stderr.startswith("quantpress: no node of the cluster can be used; ")


def test_a_node_that_lacks_a_checkpoint_which_others_have_is_not_used(nodes: Nodes) -> None:
    with hub.serving() as (address, it):
        it.files = hub.FILES | {"config.json": b'{"vocab_size": 100}'}
        has = hub.settings(address, nodes.folder / "hub")
        lacks = hub.settings("http://127.0.0.1:9", nodes.folder / "empty")
        with nodes.added(ONE | has, TWO | lacks):
            path = profile(nodes, rounds=2, where='hub = "example/model"')
            done = nodes.measure("--profile", path)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "node two is not used: example/model: " in done.stdout
    assert len({one.card for one in launches(nodes)}) == 1


OTHER_CARD = {"answers": {"nvmlDeviceGetName": "Other GPU"}}


def test_each_kind_of_card_gets_a_run_and_one_can_be_asked_for(nodes: Nodes) -> None:
    with nodes.added(ONE | {"gpus": 2, "card": {}}, TWO | {"gpus": 1, "card": OTHER_CARD}):
        done = nodes.measure("--profile", profile(nodes, rounds=1))

        assert done.returncode == 0, done.stdout + done.stderr
        found = {run.manifest.hardware.name: run.launches for run in runs(nodes)}
        assert {name: len(made) for name, made in found.items()} == {"Example GPU": 2, "Other GPU": 2}
        assert "Other GPU: Run " in done.stdout
        cards = {name: {one.card for one in made if isinstance(one, Completed)} for name, made in found.items()}
        assert [len(cards[name]) for name in ("Example GPU", "Other GPU")] == [2, 1]

        nodes.forget()
        path = profile(nodes, rounds=1)
        assert nodes.measure("--profile", path, "--card", "other gpu").returncode == 0
        assert [run.manifest.hardware.name for run in runs(nodes)] == ["Other GPU"]

        nodes.forget()
        done = nodes.measure("--profile", path, "--card", "H100")
        assert done.returncode == 10
        assert "--card H100: this cluster has 2 × Example GPU, 1 × Other GPU; name one of these" in done.stderr
        assert runs(nodes) == ()


def test_a_launch_on_several_cards_gets_them_of_one_node_or_is_refused(nodes: Nodes) -> None:
    with nodes.added(ONE | {"gpus": 3, "card": {}}, TWO | {"gpus": 1, "card": {}}):
        done = nodes.measure("--profile", profile(nodes, rounds=1, more="tensor_parallel_size = 2\n"))
        assert done.returncode == 0, done.stdout + done.stderr
        assert len({one.card for one in launches(nodes)}) == 1

        done = nodes.measure("--profile", profile(nodes, rounds=1, more="tensor_parallel_size = 4\n"))
        assert done.returncode == 10
        assert "4 GPUs of one node for each launch, and no node of this cluster has more than 3" in done.stderr


def test_a_card_that_is_lost_costs_its_station_and_no_method(nodes: Nodes) -> None:
    lost = {"lost_from": 0, "lost": str(nodes.folder / "lost"), "lost_after": str(nodes.folder / "measurements")}
    with nodes.added(ONE | {"gpus": 1, "card": {}} | SLOW, TWO | {"gpus": 1, "card": lost} | SLOW):
        done = nodes.measure("--profile", profile(nodes, rounds=1))

    assert done.returncode == 0, done.stdout + done.stderr
    assert "lost: node two: the GPU is lost: it no longer answers" in done.stdout
    assert [type(one) for one in launches(nodes)] == [Completed] * 2
