"""A run from its plan to its last record: begun or gone on with, launched, written, resumable."""

import fcntl
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import zip_longest
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from pydantic import ValidationError

from generator import measurements
from generator.cells import Cell
from generator.errors import StorageError, UsageError
from generator.folders import MEASUREMENTS
from generator.measure import environment
from generator.measure.checkpoints import Ready, Unavailable, prepare
from generator.measure.engine import LaunchRequest, QualityRequest
from generator.measure.failures import MENDS
from generator.measure.launcher import Answer, Launch, NoAnswer
from generator.measure.schedule import Slot, plan, remaining
from generator.methods import MethodId
from generator.profiles import Profile, first_fault
from generator.record import SCHEMA_VERSION, Completed, Failed, MeasuredRun, Stage

# The measuring process paces an engine with one core; on fewer than these, a second import would take its share.
CORES_TO_IMPORT_AHEAD: Final = 8

LIMITS_DEADLINE_S: Final = 120


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for. `command` is how, for the reader who wants to repeat it."""

    profile: Profile
    profile_folder: Path
    cells: tuple[Cell, ...]
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
        environment.refuse_unfit(environment.find_gpu())
        folder, manifest = _open_run(order, root)
        measurements.sweep(folder)
        slots = plan(manifest.cells, manifest.profile.rounds)
        to_do = remaining(slots, _done(folder, order))
        watcher.begins(manifest.run_id, len(slots), len(slots) - len(to_do))
        checkpoints = _checkpoints(to_do, manifest, order, watcher)
        line = _Line(manifest, checkpoints, folder, order.profile_folder, watcher)
        try:
            if any(isinstance(checkpoint, Ready) for checkpoint in checkpoints.values()):
                line.measure_limits()
            for slot, following in zip_longest(to_do, to_do[1:]):
                outcome = line.launch(slot, following)
                measurements.write_launch(folder, outcome)
                watcher.ends(slot, outcome)
            line.forget_the_baseline()
        finally:
            line.clear()
        return measurements.read_run(folder)


def _checkpoints(
    slots: Sequence[Slot], manifest: MeasuredRun, order: Order, watcher: Watcher
) -> dict[MethodId, Ready | Unavailable]:
    found: dict[MethodId, Ready | Unavailable] = {}
    for method in dict.fromkeys(slot.cell.method for slot in slots):
        watcher.prepares(method)
        found[method] = prepare(method, manifest.profile.checkpoints[method], order.profile_folder)
    return found


def _done(folder: Path, order: Order) -> frozenset[Slot]:
    kept = [
        launch_
        for launch_ in measurements.read_run(folder).launches
        if not (order.retry_failed and launch_.status == "failed")
    ]
    return frozenset(Slot(launch_.round, launch_.cell) for launch_ in kept)


class _Line:
    """Launches one after the other. On a GPU the next worker imports its engine while this one measures: the card need
    not wait for that, and the import leaves it alone."""

    def __init__(
        self,
        manifest: MeasuredRun,
        checkpoints: Mapping[MethodId, Ready | Unavailable],
        folder: Path,
        profile_folder: Path,
        watcher: Watcher,
    ) -> None:
        self._manifest, self._checkpoints, self._folder, self._watcher = manifest, checkpoints, folder, watcher
        self._imports_ahead = manifest.hardware.device == "cuda" and (os.cpu_count() or 1) >= CORES_TO_IMPORT_AHEAD
        self._ahead: Launch | None = None
        self._gpu = environment.find_gpu() if manifest.hardware.device == "cuda" else None
        self._idle_bytes = self._gpu.used_bytes() if self._gpu else 0
        self._limits: dict[str, float] | None = None
        text = manifest.profile.quality
        self._quality = (
            None
            if text is None
            else QualityRequest(
                text=str((profile_folder / text.text).resolve()),
                window_tokens=text.window_tokens,
                windows=text.windows,
                reference=str(folder / "logs" / "baseline.safetensors"),
            )
        )

    def launch(self, slot: Slot, following: Slot | None) -> Completed | Failed:
        """Make the launch of `slot`; `following` is the one that may be started meanwhile."""
        started_at, start = _now(), monotonic()
        checkpoint = self._checkpoints[slot.cell.method]
        if isinstance(checkpoint, Unavailable):
            answer: Answer | NoAnswer = NoAnswer("prepare", "checkpoint_unavailable", checkpoint.message)
        else:
            current, self._ahead = self._ahead or self._start(slot), None
            assert current is not None

            def on_stage(stage: Stage) -> None:
                self._watcher.stage(slot, stage)
                if stage == "warm-up" and following is not None and self._imports_ahead:
                    self._ahead = self._start(following)

            answer = current.run(on_stage)
            if self._gpu is not None:
                environment.wait_for_release(self._gpu, self._idle_bytes)
        head = {
            "schema_version": SCHEMA_VERSION,
            "cell": slot.cell.model_dump(mode="json"),
            "round": slot.round,
            "started_at": started_at,
            "duration_s": monotonic() - start,
        }
        if isinstance(answer, Answer):
            completed = answer.completed | {"limits": self._limits, "status": "completed"}
            try:
                return Completed.model_validate_json(json.dumps(head | completed))
            except ValidationError as error:
                answer = NoAnswer("close", "engine_error", f"the worker's answer is no record: {first_fault(error)}")
        failed = {
            "stage": answer.stage,
            "reason": answer.reason,
            "message": answer.message,
            "mend": MENDS[answer.reason],
        }
        return Failed.model_validate_json(json.dumps(head | failed | {"status": "failed"}))

    def measure_limits(self) -> None:
        """What the device can do at best, once a sitting, in a process of its own; without it there is no roofline."""
        arguments = [self._manifest.hardware.device, self._manifest.profile.engine.dtype]
        command = [sys.executable, "-m", "generator.measure.meters.limits", *arguments]
        with suppress(subprocess.SubprocessError, ValueError):
            done = subprocess.run(command, capture_output=True, check=True, timeout=LIMITS_DEADLINE_S)
            self._limits = json.loads(done.stdout.splitlines()[-1])

    def forget_the_baseline(self) -> None:
        """Its predictions are large, and no launch is left that would be compared with them."""
        if self._quality is not None:
            Path(self._quality.reference).unlink(missing_ok=True)

    def clear(self) -> None:
        """Leave no worker behind."""
        if self._ahead is not None:
            self._ahead.end()
            self._ahead = None

    def _start(self, slot: Slot) -> Launch | None:
        checkpoint, profile = self._checkpoints[slot.cell.method], self._manifest.profile
        if isinstance(checkpoint, Unavailable):
            return None
        request = LaunchRequest(
            cell=slot.cell,
            checkpoint=str(checkpoint.folder),
            model_source=checkpoint.source,
            model_revision=checkpoint.revision,
            device=self._manifest.hardware.device,
            memory_budget_gib=self._manifest.memory_budget_gib,
            workloads=tuple(workload for workload in profile.workloads if workload.suits(slot.cell)),
            quality=self._quality,
            engine=profile.engine,
        )
        return Launch(request, self._folder / "logs" / f"r{slot.round:02d}-{slot.cell.id}.log")


def _open_run(order: Order, root: Path) -> tuple[Path, MeasuredRun]:
    """The newest run of just this order in just this environment that still lacks launches, or else a new one. More
    rounds than a run had are launches that it lacks: what was made for a quick look counts for a thorough one."""
    gpu = environment.find_gpu()
    hardware, versions = environment.hardware(gpu), environment.versions()
    sha256 = environment.environment_sha256(hardware, versions)
    for run in reversed(measurements.read_runs(root)):
        manifest = run.manifest
        if (
            not order.begin_anew
            and isinstance(manifest, MeasuredRun)
            and manifest.environment_sha256 == sha256
            and _same_but_for_rounds(manifest, order)
            and (
                len(run.launches) < len(manifest.cells) * order.profile.rounds
                or (order.retry_failed and any(launch_.status == "failed" for launch_ in run.launches))
            )
        ):
            folder = root / manifest.run_id
            if order.profile.rounds > manifest.profile.rounds:
                manifest = manifest.model_copy(update={"profile": order.profile})
                measurements.write_manifest(folder, manifest)
            return folder, manifest
    if order.retry_failed:
        raise UsageError("--retry-failed: no run of this profile in this environment has failed launches; leave it out")
    manifest = MeasuredRun(
        schema_version=SCHEMA_VERSION,
        origin="measured",
        run_id=_free_id(root, order.profile.name),
        created_at=_now(),
        profile=order.profile,
        cells=order.cells,
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


def _same_but_for_rounds(manifest: MeasuredRun, order: Order) -> bool:
    at_least = max(manifest.profile.rounds, order.profile.rounds)
    mine, its = (profile.model_copy(update={"rounds": at_least}) for profile in (manifest.profile, order.profile))
    return (mine, manifest.cells, manifest.memory_budget_gib) == (its, order.cells, order.memory_budget_gib)


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
