"""The parent's side of a launch: a fresh process, a deadline a stage, an answer or a reason. It knows no engine."""

import json
import os
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic
from typing import Any, Final

from generator.errors import UnfitError
from generator.measure.engine import LaunchRequest
from generator.measure.last_words import await_stacks, innermost_frame, points_elsewhere, root_cause
from generator.measure.redaction import SECRET_NAME
from generator.methods import EngineId
from generator.orphan import PASSED_ON, Guarded
from generator.profiles import EngineSettings
from generator.record import STAGES, FailureReason, Stage

# Long enough for a cold disk and a first compilation; a launch that takes longer hangs. That of "generate" begins anew
# with each point, and the tasks of lm_eval may be as many as the user likes.
DEADLINES_S: Final[dict[Stage, float]] = {
    "prepare": 60,
    "import": 600,
    "wait": 60,
    "load": 1800,
    "warm-up": 1800,
    "generate": 1800,
    "tasks": 86_400,
    "close": 60,
}

# How often a silent worker is looked at, and how long one that says no more may take to end.
LOOK_S: Final = 1.0
LAST_S: Final = 10.0

# What ends a program when a system, or a container, is out of memory; the second as a shell tells of the first.
OUT_OF_MEMORY: Final = (-signal.SIGKILL, 128 + signal.SIGKILL)

# What a worker is; the file descriptor for its replies and its engine are added.
COMMAND: Final = (sys.executable, "-m", "generator.measure.worker")

# The worker works offline, in one process, reports to nobody, and gets no token. Gloo would ask the name server for
# this host's own name, and wait for it.
WORKER_ENVIRONMENT: Final = {
    "HF_HUB_OFFLINE": "1",
    "HF_DATASETS_OFFLINE": "1",
    "HF_EVALUATE_OFFLINE": "1",
    "HF_HUB_DISABLE_TELEMETRY": "1",
    "HF_HUB_DISABLE_IMPLICIT_TOKEN": "1",
    "DO_NOT_TRACK": "1",
    "VLLM_NO_USAGE_STATS": "1",
    "VLLM_ENABLE_V1_MULTIPROCESSING": "0",
    "VLLM_HOST_IP": "127.0.0.1",
    "GLOO_SOCKET_IFNAME": "lo",
    "TOKENIZERS_PARALLELISM": "false",
    "PYTHONUNBUFFERED": "1",
    "PYTHONIOENCODING": "utf-8",
}


@dataclass(frozen=True, slots=True)
class Answer:
    """What the worker measured, as its JSON says it, and how long its parent waited in each stage."""

    completed: dict[str, Any]
    stages_s: dict[Stage, float]


@dataclass(frozen=True, slots=True)
class NoAnswer:
    """Why there is nothing measured."""

    stage: Stage
    reason: FailureReason
    message: str


class Worker:
    """A process that was started: it imports `engine`, and waits for what it is to measure. Whoever made it must `run`
    or `end` it."""

    def __init__(self, engine: EngineId, settings: EngineSettings, log: Path) -> None:
        log.parent.mkdir(parents=True, exist_ok=True)
        self.engine = engine
        self._log = log
        read_end, write_end = os.pipe()
        self._replies = os.fdopen(read_end, "rb", buffering=0)
        try:
            with log.open("wb") as output:
                self._guarded = _started(
                    [*COMMAND, str(write_end), engine],
                    stdin=subprocess.PIPE,
                    stdout=output,
                    stderr=subprocess.STDOUT,
                    pass_fds=[write_end],
                    env=worker_environment(settings),
                )
        except BaseException:
            self._replies.close()
            raise
        finally:
            os.close(write_end)

    def run(self, request: LaunchRequest, log: Path, on_stage: Callable[[Stage], None]) -> Answer | NoAnswer:
        """Let it measure, to its end; its log is `log` from now on. Whatever happens, KeyboardInterrupt included, no
        process of it is left."""
        try:
            self._log = self._log.rename(log)
            line = request.model_dump_json().encode() + b"\n"
            return _conversation(self._guarded.process, line, self._replies.fileno(), self._log, on_stage)
        finally:
            self.end()

    def end(self) -> None:
        """End the worker and whatever it started."""
        self._guarded.end()
        self._replies.close()


def _started(command: Sequence[str], **options: Any) -> Guarded:
    try:
        return Guarded(command, **options)
    except OSError as error:
        raise UnfitError(
            f"no worker could be started: {error.strerror}; end other programs, or allow this user more processes and "
            "open files, and run the command again: finished launches are kept"
        ) from None


def launch(request: LaunchRequest, log: Path, on_stage: Callable[[Stage], None]) -> Answer | NoAnswer:
    """Start a worker and run it at once."""
    return Worker(request.cell.engine, request.engine, log).run(request, log, on_stage)


def worker_environment(settings: EngineSettings) -> dict[str, str]:
    """The parent's environment without its secrets, and with what keeps a launch alone and quiet."""
    kept = {name: value for name, value in os.environ.items() if not SECRET_NAME.search(name)}
    if settings.disabled_kernels:
        kept["VLLM_DISABLED_KERNELS"] = ",".join(settings.disabled_kernels)
    return kept | WORKER_ENVIRONMENT


class _Stages:
    """Which stage a worker is in, since when, and how long it was in those before."""

    def __init__(self) -> None:
        self.current: Stage = "prepare"
        self.durations_s: dict[Stage, float] = {}
        self._since = monotonic()
        self.extend()

    def begin(self, stage: Stage) -> None:
        """A stage ends and another begins."""
        now = monotonic()
        self.durations_s[self.current], self._since = now - self._since, now
        self.current = stage
        self.extend()

    def extend(self) -> None:
        """The deadline counts from now."""
        self._deadline = monotonic() + DEADLINES_S[self.current]

    def left_s(self) -> float:
        """The time to the deadline."""
        return max(0.0, self._deadline - monotonic())


def _conversation(
    process: "subprocess.Popen[bytes]", request: bytes, replies: int, log: Path, on_stage: Callable[[Stage], None]
) -> Answer | NoAnswer:
    stages = _Stages()
    answer: Answer | NoAnswer | None = None
    for message in _messages(process, request, replies, stages):
        if "completed" in message:
            answer = Answer(message["completed"], stages.durations_s)
        elif "failed" in message:
            # A measurement that is complete is not lost because its engine fails, or hangs, while it closes.
            answer = answer or NoAnswer(stages.current, message["failed"]["reason"], _cause(message["failed"], log))
        elif "alive" in message:
            stages.extend()
        elif message.get("stage") in STAGES:
            stages.begin(message["stage"])
            on_stage(stages.current)
    hangs = stages.left_s() == 0
    stages.begin(stages.current)
    if answer is not None:
        return answer
    if hangs:
        return NoAnswer(stages.current, "time_out", _how_it_hangs(process, log, DEADLINES_S[stages.current]))
    return NoAnswer(stages.current, "crashed", _how_it_ended(process, log))


def _messages(
    process: "subprocess.Popen[bytes]", request: bytes, replies: int, stages: _Stages
) -> Iterator[dict[str, Any]]:
    """What the worker says, until it has ended or its deadline has passed; it is told the request when it listens. Its
    end is looked for, too: a process that it has left behind would keep the pipe open."""
    assert process.stdin is not None
    listens = process.stdin.fileno()
    os.set_blocking(listens, False)
    pending = b""
    while left_s := stages.left_s():
        has_ended = process.poll() is not None  # looked at first: what it said last is still read
        patience_s = 0 if has_ended else min(left_s, LOOK_S)
        ready, listening, _ = select.select([replies], [listens] if request else [], [], patience_s)
        if listening:
            try:
                request = request[os.write(listens, request) :]
            except BrokenPipeError:  # it is gone; its replies, or their end, say why
                request = b""
        if ready:
            chunk = os.read(replies, 65536)
            if not chunk:
                return
            *lines, pending = (pending + chunk).split(b"\n")
            yield from filter(None, map(_message, lines))
        elif has_ended:
            return


def _message(line: bytes) -> dict[str, Any] | None:
    """A line of the worker's replies; None where something else wrote there."""
    with suppress(ValueError):
        message = json.loads(line)
        return message if isinstance(message, dict) else None
    return None


def _cause(failed: dict[str, str], log: Path) -> str:
    return root_cause(log) if points_elsewhere(failed["message"]) else failed["message"]


def _how_it_hangs(process: "subprocess.Popen[bytes]", log: Path, limit_s: float) -> str:
    """The worker is asked for its stacks, which its log then has; where it hangs is named."""
    last_words = root_cause(log)
    process.send_signal(PASSED_ON)
    await_stacks(log)
    frame = innermost_frame(log)
    return f"no sign of life for {limit_s:g} s{f', in {frame}' if frame else ''}; last words: {last_words}"


def _how_it_ended(process: "subprocess.Popen[bytes]", log: Path) -> str:
    last_words = root_cause(log)
    try:
        status = process.wait(timeout=LAST_S)
    except subprocess.TimeoutExpired:
        return f"it closed its replies and went on: {last_words}"
    if status == 0:
        return f"it ended without an answer: {last_words}"
    how = f"killed by {signal.Signals(-status).name}" if status < 0 else f"exit status {status}"
    if status in OUT_OF_MEMORY:
        how += ", as when the system is out of memory"
    frame = innermost_frame(log)
    return f"{how}{f', in {frame}' if frame else ''}: {last_words}"
