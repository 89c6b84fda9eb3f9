"""Each trouble of generator/render/troubles.py, provoked by a function of its name: real processes, a light engine."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import hub
import light
import psutil
import pynvml
import pytest

THERMAL = 0x20


@dataclass(frozen=True)
class Seen:
    """What a user sees of a command."""

    status: int
    said: str
    errors: str


@dataclass(frozen=True)
class Stage:
    """A folder with a run that is finished, and what is measured there."""

    folder: Path

    @property
    def records(self) -> Path:
        return self.folder / "measurements"

    def kept(self) -> dict[str, bytes]:
        """Every record, by its path."""
        return {str(path.relative_to(self.records)): path.read_bytes() for path in self.records.glob("*/**/*.json")}

    def launches(self) -> list[Path]:
        return sorted(self.records.glob("*/launches/*.json"))

    def measure(self, *words: str, **more: str) -> Seen:
        """Another run than the finished one."""
        return self.measure_in((), *words, **more)

    def measure_in(self, around: tuple[str, ...], *words: str, **more: str) -> Seen:
        """The same, run by other words."""
        if "--profile" not in words:
            words = ("--profile", light.profile(self.folder), "--new", *words)
        done = subprocess.run(
            [*around, *light.command("measure", *words)],
            env=light.environment(self.folder, **more),
            capture_output=True,
            text=True,
            timeout=120,
            check=False,
        )
        return Seen(done.returncode, done.stdout, done.stderr)

    def start(self, **more: str) -> "subprocess.Popen[str]":
        """Another run, which goes on while something else happens."""
        return subprocess.Popen(
            light.command("measure", "--profile", light.profile(self.folder, rounds=2), "--new"),
            env=light.environment(self.folder, **more),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
        )

    def wait_for(self, pattern: str) -> None:
        """Until such a record is there."""
        for _ in range(600):
            if any(self.records.glob(pattern)):
                return
            time.sleep(0.05)
        raise TimeoutError(pattern)

    def on_a_card(self, *words: str, card: Mapping[str, Any], **more: str) -> Seen:
        """The same on a GPU that is played."""
        return self.measure(*words, PLAYED_CARD=json.dumps(card), **more)

    def with_checkpoint(self, where: str, **more: str) -> Seen:
        """The same with another checkpoint."""
        path = light.profile(self.folder, where=where)
        return self.measure("--profile", path, "--new", **more)

    def from_a_hub(self, failure: str) -> Seen:
        with hub.serving() as (address, it):
            it.failure = failure
            return self.with_checkpoint('hub = "example/model"', **hub.settings(address, self.folder / "hub"))


def wrong_profile(stage: Stage) -> Seen:
    return stage.measure("--profile", "llama-9")


def no_gpu(stage: Stage) -> Seen:
    return stage.on_a_card("--require-gpu", card={"errors": {"nvmlInit": pynvml.NVML_ERROR_LIBRARY_NOT_FOUND}})


def driver_mismatch(stage: Stage) -> Seen:
    return stage.on_a_card(card={"errors": {"nvmlInit": pynvml.NVML_ERROR_LIB_RM_VERSION_MISMATCH}})


def gpu_lost_before(stage: Stage) -> Seen:
    return stage.on_a_card(card={"errors": {"nvmlDeviceGetHandleByIndex": pynvml.NVML_ERROR_GPU_IS_LOST}})


def no_permission(stage: Stage) -> Seen:
    return stage.on_a_card(card={"errors": {"nvmlInit": pynvml.NVML_ERROR_NO_PERMISSION}})


def bad_record(stage: Stage) -> Seen:
    run = stage.records / "2026-01-01-torn"
    run.mkdir()
    (run / "manifest.json").write_text('{"schema_version": 1, ')
    seen = stage.measure()
    shutil.rmtree(run)
    return seen


def gpu_busy(stage: Stage) -> Seen:
    return stage.on_a_card(card={"answers": {"nvmlDeviceGetComputeRunningProcesses": [{"pid": 1}]}})


def gpu_hot(stage: Stage) -> Seen:
    return stage.on_a_card(card={"answers": {"nvmlDeviceGetCurrentClocksEventReasons": THERMAL}})


def on_battery(stage: Stage) -> Seen:
    return stage.measure(LIGHT_BATTERY="1")


def already_measuring(stage: Stage) -> Seen:
    first = stage.start(LIGHT_ENGINE_S="1")
    stage.wait_for("*-2/manifest.json")
    seen = stage.measure("--profile", str(stage.folder / "light.toml"))  # as it is: the first one reads it
    first.communicate(timeout=60)
    assert first.returncode == 0
    return seen


def in_a_namespace(*script: str) -> tuple[str, ...]:
    """What runs a command with mounts of its own; skips the test where the machine allows none."""
    if subprocess.run(["unshare", "-rm", "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine allows no mounts in a namespace of one's own (unshare -rm)")
    return ("unshare", "-rm", "sh", "-c", "; ".join(script))


def read_only(stage: Stage) -> Seen:
    script = ('mount --bind "$0" "$0" && mount -o remount,ro,bind "$0"', '"$@"')
    return stage.measure_in((*in_a_namespace(*script), str(stage.records)))


def hub_gated(stage: Stage) -> Seen:
    return stage.from_a_hub("status 403 GatedRepo")


def hub_refuses(stage: Stage) -> Seen:
    return stage.from_a_hub("status 404 RepoNotFound")


def hub_unreachable(stage: Stage) -> Seen:
    return stage.with_checkpoint('hub = "example/model"', **hub.settings("http://127.0.0.1:9", stage.folder / "hub"))


def download_damaged(stage: Stage) -> Seen:
    return stage.from_a_hub("damage 30000")


def brings_code(stage: Stage) -> Seen:
    folder = light.checkpoint(stage.folder / "bringing-code")
    (folder / "config.json").write_text('{"vocab_size": 100, "auto_map": {"AutoModel": "modeling_own.Model"}}')
    return stage.with_checkpoint('path = "bringing-code"')


def pickled(stage: Stage) -> Seen:
    folder = light.checkpoint(stage.folder / "pickled")
    (folder / "model.safetensors").rename(folder / "pytorch_model.bin")
    return stage.with_checkpoint('path = "pickled"')


def not_whole(stage: Stage) -> Seen:
    weights = light.checkpoint(stage.folder / "cut") / "model.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    return stage.with_checkpoint('path = "cut"')


def goes_on(stage: Stage, seen: Seen, **more: str) -> Seen:
    """What the first command showed, once the same command has gone on and made what was missing."""
    before = stage.kept()
    again = stage.measure("--profile", str(stage.folder / "light.toml"), **more)
    assert again.status == 0, again
    assert "1 of them already made" in again.said
    assert {path: stage.kept()[path] for path in before} == before
    return seen


def gpu_lost(stage: Stage) -> Seen:
    mark, finished = stage.folder / "lost", len(stage.launches())
    first_of_two = (
        stage.records / f"{time.strftime('%Y-%m-%d', time.gmtime())}-light-2/launches/r01-fp16-vllm-eager.json"
    )
    card = {"lost_from": 10, "lost_after": str(first_of_two), "lost": str(mark)}
    seen = stage.on_a_card("--profile", light.profile(stage.folder, rounds=2), "--new", card=card)
    mark.unlink()
    assert len(stage.launches()) == finished + 1
    return goes_on(stage, seen, PLAYED_CARD="{}")


def no_cluster(stage: Stage) -> Seen:
    return stage.measure("--ray", "127.0.0.1:9")


def no_room_in_plan(stage: Stage) -> Seen:
    sweep = stage.folder / "many.toml"
    sweep.write_text('profiles = ["llama-2-13b-synthetic"]\ncards = ["4090"]\nmethods = ["fp16"]\n')
    done = subprocess.run(
        light.command("plan", str(sweep), "--run"),
        env=light.environment(stage.folder),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Seen(done.returncode, done.stdout, done.stderr)


def stations_lost(stage: Stage) -> Seen:
    words = ("measure", "--profile", light.profile(stage.folder, rounds=2), "--new", "--ray", "local")
    environment = light.environment(stage.folder, LIGHT_ENGINE_S="0.5")
    command = subprocess.Popen(
        light.command(*words), env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    )
    stage.wait_for("*-2/launches/*.json")
    for process in psutil.Process(command.pid).children(recursive=True):
        if process.name().startswith("ray::Station"):
            process.kill()
    _, errors = command.communicate(timeout=60)
    return goes_on(stage, Seen(command.returncode, "", errors))


def disk_full(stage: Stage) -> Seen:
    script = (
        'mount -t tmpfs -o size=80k none "$0"',
        'cp -a "$0.before/." "$0"',
        '"$@"; status=$?',
        'cp -a "$0/." "$0.after"',
        "exit $status",
    )
    shutil.copytree(stage.records, f"{stage.records}.before")
    path = light.profile(stage.folder, rounds=20)
    seen = stage.measure_in((*in_a_namespace(*script), str(stage.records)), "--profile", path, "--new")
    shutil.rmtree(stage.records)
    shutil.copytree(f"{stage.records}.after", stage.records)
    made = len(stage.launches()) - 1
    assert made > 0
    again = stage.measure("--profile", path)
    assert again.status == 0
    assert f"20 launches, {made} of them already made" in again.said
    return seen


def interrupted(stage: Stage) -> Seen:
    first = stage.start(LIGHT_ENGINE_S="0.5")
    stage.wait_for("*-2/launches/*.json")
    first.send_signal(signal.SIGINT)
    _, errors = first.communicate(timeout=60)
    return goes_on(stage, Seen(first.returncode, "", errors))


def out_of_memory(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="out_of_memory")


def missing_package(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="missing_package")


def unsupported(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="unsupported")


def wrong_kernel(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="wrong_kernel")


def no_room(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="no_room")


def time_out(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="time_out", LIGHT_DEADLINE_S="0.5")


def crashed(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="crashed")


def engine_error(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="engine_error")


def suspended(stage: Stage) -> Seen:
    return stage.measure(LIGHT_ENGINE="suspended")


def foreign_process(stage: Stage) -> Seen:
    return stage.on_a_card(card={"in_workers": {"nvmlDeviceGetComputeRunningProcesses": [{"pid": 1}, {"pid": 2}]}})


def throttled(stage: Stage) -> Seen:
    hot = {"in_workers": {"nvmlDeviceGetCurrentClocksEventReasons": THERMAL}}
    return stage.on_a_card(card=hot, LIGHT_ENGINE_S="0.4")


def busy_processor(stage: Stage) -> Seen:
    others = [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(os.cpu_count() or 1)]
    try:
        return stage.measure(LIGHT_ENGINE_S="1")
    finally:
        for one in others:
            one.kill()
            one.wait()


def another_driver(stage: Stage) -> Seen:
    path = light.profile(stage.folder, rounds=3)
    assert stage.on_a_card("--profile", path, "--new", "--rounds", "1", card={}).status == 0
    (manifest,) = stage.records.glob("*-2/manifest.json")
    planned = json.loads(manifest.read_text())
    planned["profile"]["rounds"] = 3  # as if two rounds had been left
    manifest.write_text(json.dumps(planned))
    return stage.on_a_card("--profile", path, card={"answers": {"nvmlSystemGetDriverVersion": "560.35.03"}})
