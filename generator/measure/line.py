"""Launches one after the other: started, run, and made into records. It knows no plan and writes no file."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from pydantic import ValidationError

from generator.faults import first_fault
from generator.manifest import MeasuredRun
from generator.measure import environment
from generator.measure.checkpoints import Ready, Unavailable
from generator.measure.engine import LaunchRequest, QualityRequest
from generator.measure.launcher import Answer, NoAnswer, Worker
from generator.measure.places import located
from generator.measure.schedule import Slot
from generator.mends import MENDS
from generator.methods import EngineId, MethodId
from generator.orphan import run_guarded
from generator.record import SCHEMA_VERSION, Completed, Failed, Stage

# The measuring process paces an engine with one core; on fewer than these, a second import would take its share.
CORES_TO_IMPORT_AHEAD: Final = 8

LIMITS_COMMAND: Final = (sys.executable, "-m", "generator.measure.meters.limits")
LIMITS_DEADLINE_S: Final = 120


class Watcher(Protocol):
    """Is told what happens, to show it."""

    def begins(self, run_id: str, launches: int, done: int) -> None:
        """The plan has so many launches, of which `done` have been made before."""

    def notes(self, what: str) -> None:
        """Something that the user should know of this run."""

    def prepares(self, method: MethodId) -> None:
        """The method's checkpoint is being found, downloaded or written."""

    def stage(self, slot: Slot, stage: Stage) -> None:
        """A launch has come to `stage`."""

    def loses(self, slot: Slot, why: str) -> None:
        """A launch was lost with the machine that made it; there is no record of it."""

    def ends(self, slot: Slot, outcome: Completed | Failed) -> None:
        """A launch is over, and its record is on disk."""


class Line:
    """Launches one after the other. On a GPU the next worker imports its engine while this one measures, or while the
    checkpoints are made ready: the card need not wait for that, and the import leaves it alone."""

    def __init__(
        self,
        manifest: MeasuredRun,
        folder: Path,
        profile_folder: Path,
        on_stage: Callable[[Slot, Stage], None],
        card: str | None = None,
    ) -> None:
        self._manifest, self._folder, self._on_stage, self._card = manifest, folder, on_stage, card
        self._imports_ahead = manifest.hardware.device == "cuda" and (os.cpu_count() or 1) >= CORES_TO_IMPORT_AHEAD
        self._ahead: Worker | None = None
        self._gpu = environment.find_gpu() if manifest.hardware.device == "cuda" else None
        self._idle_bytes = self._gpu.used_bytes() if self._gpu else 0
        self._limits: dict[str, float] | None = None
        text = manifest.profile.quality
        self._quality = (
            None
            if text is None
            else QualityRequest(
                text=str(located(text.text, profile_folder)),
                window_tokens=text.window_tokens,
                windows=text.windows,
                reference=str(predictions_in(folder)),
            )
        )
        tasks = manifest.profile.tasks
        if tasks is not None and tasks.folder is not None:
            tasks = tasks.model_copy(update={"folder": str(located(tasks.folder, profile_folder))})
        self._tasks = tasks

    def import_ahead(self, engine: EngineId | None) -> None:
        """Let a worker for a later launch import its engine now, where that disturbs nothing."""
        if engine is not None and self._imports_ahead and self._ahead is None:
            self._ahead = self._start(engine)

    def launch(self, slot: Slot, checkpoint: Ready | Unavailable, engine_after: EngineId | None) -> Completed | Failed:
        """Make the launch of `slot`; `engine_after` is the engine of the one after it."""
        started_at, start = now(), monotonic()
        if isinstance(checkpoint, Unavailable):
            answer: Answer | NoAnswer = NoAnswer("prepare", "checkpoint_unavailable", checkpoint.message)
        else:

            def on_stage(stage: Stage) -> None:
                self._on_stage(slot, stage)
                if stage == "warm-up":
                    self.import_ahead(engine_after)

            log = log_of(self._folder, slot)
            answer = self._worker(slot.cell.engine).run(self._request(slot, checkpoint), log, on_stage)
            if self._gpu is not None:
                environment.wait_for_release(self._gpu, self._idle_bytes)
            if isinstance(answer, NoAnswer):
                environment.refuse_lost(self._gpu)  # no failure of the method, so no record of it
        head = {
            "schema_version": SCHEMA_VERSION,
            "cell": slot.cell.model_dump(mode="json"),
            "round": slot.round,
            "card": self._card,
            "started_at": started_at,
            "duration_s": monotonic() - start,
        }
        if isinstance(answer, Answer):
            known = {"limits": self._limits, "stages_s": answer.stages_s, "status": "completed"}
            completed = answer.completed | known
            try:
                return Completed.model_validate_json(json.dumps(head | completed))
            except ValidationError as error:
                fault = first_fault(error, Completed.model_json_schema())
                answer = NoAnswer("close", "engine_error", f"the worker's answer is no record: {fault}")
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
        with suppress(subprocess.SubprocessError, OSError, ValueError, IndexError):
            done = run_guarded(
                [*LIMITS_COMMAND, *arguments], LIMITS_DEADLINE_S, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            done.check_returncode()
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

    def _worker(self, engine: EngineId) -> Worker:
        """The one that is ahead, if it has imported the right engine."""
        if self._ahead is not None and self._ahead.engine != engine:
            self.clear()
        worker, self._ahead = self._ahead or self._start(engine), None
        return worker

    def _start(self, engine: EngineId) -> Worker:
        return Worker(engine, self._manifest.profile.engine, self._folder / "logs" / "next.log")

    def _request(self, slot: Slot, checkpoint: Ready) -> LaunchRequest:
        profile = self._manifest.profile
        settings = profile.engine
        if slot.kv_cache_gib is not None:
            settings = settings.model_copy(update={"kv_cache_gib": slot.kv_cache_gib})
        return LaunchRequest(
            cell=slot.cell,
            checkpoint=str(checkpoint.folder),
            model_source=checkpoint.source,
            model_revision=checkpoint.revision,
            device=self._manifest.hardware.device,
            memory_budget_gib=self._manifest.memory_budget_gib,
            workloads=tuple(workload for workload in profile.workloads if workload.suits(slot.cell)),
            quality=self._quality,
            tasks=self._tasks,
            engine=settings,
        )


def log_of(folder: Path, slot: Slot) -> Path:
    """Where the log of the launch of `slot` lies, in the run's folder."""
    return folder / "logs" / f"r{slot.round:02d}-{slot.cell.id}.log"


def predictions_in(folder: Path) -> Path:
    """Where the baseline's predictions lie, in the run's folder, while launches are left to be compared with them."""
    return folder / "logs" / "baseline.safetensors"


def now() -> str:
    """The time in UTC, to the second, as records have it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
