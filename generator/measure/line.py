"""Launches one after the other: started, run, and made into records. It knows no plan and writes no file."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path
from time import monotonic
from typing import Final, Protocol

from pydantic import ValidationError

from generator.manifest import MeasuredRun
from generator.measure import environment
from generator.measure.checkpoints import Ready, Unavailable
from generator.measure.engine import LaunchRequest, QualityRequest
from generator.measure.failures import MENDS
from generator.measure.launcher import Answer, Launch, NoAnswer
from generator.measure.schedule import Slot
from generator.methods import MethodId
from generator.profiles import first_fault
from generator.record import SCHEMA_VERSION, Completed, Failed, Stage

# The measuring process paces an engine with one core; on fewer than these, a second import would take its share.
CORES_TO_IMPORT_AHEAD: Final = 8

LIMITS_DEADLINE_S: Final = 120


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


class Line:
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
        started_at, start = now(), monotonic()
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


def now() -> str:
    """The time in UTC, to the second, as records have it."""
    return f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}"
