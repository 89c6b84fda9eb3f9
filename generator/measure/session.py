"""A run from its plan to its last record: begun or gone on with, launched, written, resumable."""

import fcntl
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Protocol

from pydantic import ValidationError

from generator import measurements
from generator.errors import StorageError, UsageError
from generator.folders import MEASUREMENTS
from generator.measure import environment
from generator.measure.checkpoints import Ready, Unavailable, prepare
from generator.measure.engine import LaunchRequest
from generator.measure.failures import MENDS
from generator.measure.launcher import Answer, NoAnswer, launch
from generator.measure.schedule import Slot, plan, remaining
from generator.methods import MethodId
from generator.profiles import Profile
from generator.record import SCHEMA_VERSION, Completed, Failed, MeasuredRun, Stage


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for. `command` is how, for the reader who wants to repeat it."""

    profile: Profile
    profile_folder: Path
    methods: tuple[MethodId, ...]
    memory_budget_gib: float | None
    command: str
    begin_anew: bool = False
    retry_failed: bool = False


class Watcher(Protocol):
    """Is told what happens, to show it."""

    def begins(self, run_id: str, slots: int, done: int) -> None:
        """The plan has `slots` launches, of which `done` have been made before."""

    def prepares(self, method: MethodId) -> None:
        """The method's checkpoint is being found, downloaded or written."""

    def stage(self, slot: Slot, stage: Stage) -> None:
        """A launch has come to `stage`."""

    def ends(self, slot: Slot, outcome: Completed | Failed) -> None:
        """A launch is over, and its record is on disk."""


def measure(order: Order, watcher: Watcher, root: Path = MEASUREMENTS) -> measurements.Run:
    """Make every launch of the order that has not been made yet; the run as it then stands."""
    with _alone(root):
        folder, manifest = _open_run(order, root)
        measurements.sweep(folder)
        slots = plan(manifest.methods, manifest.profile.rounds)
        to_do = remaining(slots, _done(folder, order))
        watcher.begins(manifest.run_id, len(slots), len(slots) - len(to_do))
        checkpoints: dict[MethodId, Ready | Unavailable] = {}
        for slot in to_do:
            if slot.method not in checkpoints:
                watcher.prepares(slot.method)
                checkpoint = manifest.profile.checkpoints[slot.method]
                checkpoints[slot.method] = prepare(slot.method, checkpoint, order.profile_folder)
            outcome = _launch_one(slot, checkpoints[slot.method], manifest, folder, watcher)
            measurements.write_launch(folder, outcome)
            watcher.ends(slot, outcome)
        return measurements.read_run(folder)


def _done(folder: Path, order: Order) -> frozenset[Slot]:
    kept = [
        launch_
        for launch_ in measurements.read_run(folder).launches
        if not (order.retry_failed and launch_.status == "failed")
    ]
    return frozenset(Slot(launch_.round, launch_.method) for launch_ in kept)


def _launch_one(
    slot: Slot, checkpoint: Ready | Unavailable, manifest: MeasuredRun, folder: Path, watcher: Watcher
) -> Completed | Failed:
    started_at, start = _now(), monotonic()
    if isinstance(checkpoint, Unavailable):
        answer: Answer | NoAnswer = NoAnswer("prepare", "checkpoint_unavailable", checkpoint.message)
    else:
        request = LaunchRequest(
            method=slot.method,
            checkpoint=str(checkpoint.folder),
            model_source=checkpoint.source,
            model_revision=checkpoint.revision,
            device=manifest.hardware.device,
            memory_budget_gib=manifest.memory_budget_gib,
            workload=manifest.profile.workload,
            engine=manifest.profile.engine,
        )
        log = folder / "logs" / f"r{slot.round:02d}-{slot.method}.log"
        answer = launch(request, log, lambda stage: watcher.stage(slot, stage))
    head = {
        "schema_version": SCHEMA_VERSION,
        "method": slot.method,
        "round": slot.round,
        "started_at": started_at,
        "duration_s": monotonic() - start,
    }
    if isinstance(answer, Answer):
        try:
            return Completed.model_validate_json(json.dumps(head | answer.completed | {"status": "completed"}))
        except ValidationError as error:
            answer = NoAnswer("close", "engine_error", f"the worker's answer is no record: {error.errors()[0]['msg']}")
    failed = {
        "stage": answer.stage,
        "reason": answer.reason,
        "message": answer.message,
        "mend": MENDS[answer.reason],
    }
    return Failed.model_validate(head | failed | {"status": "failed"})


def _open_run(order: Order, root: Path) -> tuple[Path, MeasuredRun]:
    """The newest run of just this order in just this environment that still lacks launches, or else a new one."""
    gpu = environment.find_gpu()
    hardware, versions = environment.hardware(gpu), environment.versions()
    sha256 = environment.environment_sha256(hardware, versions)
    for run in reversed(measurements.read_runs(root)):
        manifest = run.manifest
        if (
            not order.begin_anew
            and isinstance(manifest, MeasuredRun)
            and manifest.environment_sha256 == sha256
            and (manifest.profile, manifest.methods, manifest.memory_budget_gib)
            == (order.profile, order.methods, order.memory_budget_gib)
            and (
                len(run.launches) < len(manifest.methods) * manifest.profile.rounds
                or (order.retry_failed and any(launch_.status == "failed" for launch_ in run.launches))
            )
        ):
            return root / manifest.run_id, manifest
    if order.retry_failed:
        raise UsageError("--retry-failed: no run of this profile in this environment has failed launches; leave it out")
    manifest = MeasuredRun(
        schema_version=SCHEMA_VERSION,
        origin="measured",
        run_id=_free_id(root, order.profile.name),
        created_at=_now(),
        profile=order.profile,
        methods=order.methods,
        memory_budget_gib=order.memory_budget_gib,
        hardware=hardware,
        versions=versions,
        git_revision=environment.git_revision(),
        environment_sha256=sha256,
        command=order.command,
    )
    folder = root / manifest.run_id
    measurements.write_manifest(folder, manifest)
    return folder, manifest


def _free_id(root: Path, profile: str) -> str:
    """The day and the profile, with a number when that day has one already."""
    stem = f"{datetime.now(UTC):%Y-%m-%d}-{profile}"
    number = 1
    while (root / (run_id := stem if number == 1 else f"{stem}-{number}")).exists():
        number += 1
    return run_id


@contextmanager
def _alone(root: Path) -> Iterator[None]:
    """Two measurements at once would measure each other."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / ".lock", os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise StorageError(f"measurements/: {error.strerror}; give permission to write there") from None
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise UsageError("another `quantpress measure` is running on these measurements; wait for it to end") from None
    finally:
        os.close(descriptor)


def _now() -> str:
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
