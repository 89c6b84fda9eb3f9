"""The parent's side of a launch with workers that misbehave: real processes, each with a fault of its own."""

import os
import sys
import time
from pathlib import Path
from typing import Protocol

import pytest
from examples import LAUNCH_REQUEST, profile

from generator.measure import launcher
from generator.measure.launcher import Answer, NoAnswer, Worker, worker_environment
from generator.profiles import EngineSettings
from generator.record import Stage

# A worker that speaks the protocol; what it then does is the test's. `child` starts a process that outlives it, unless
# somebody ends it, and keeps its replies open.
PROLOGUE = """
import ctypes, json, os, signal, subprocess, sys, time
from generator.measure.last_words import answer_with_stacks
answer_with_stacks()
replies = os.fdopen(int(sys.argv[1]), "w", buffering=1)
def say(**message):
    print(json.dumps(message), file=replies)
def child():
    code = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    process = subprocess.Popen([sys.executable, "-c", code], pass_fds=[int(sys.argv[1])])
    print("child", process.pid, flush=True)
say(stage="import"); say(stage="wait")
request = json.loads(sys.stdin.readline())
"""

# One that never reads what it is to measure.
DEAF = PROLOGUE.replace("request = json.loads(sys.stdin.readline())", "")


class Run(Protocol):
    def __call__(self, text: str, prologue: str = PROLOGUE) -> Answer | NoAnswer: ...


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Run:
    """Runs a worker that does what its text says; nothing of it may be left afterwards."""
    stages: tuple[Stage, ...] = ("prepare", "import", "wait", "load", "warm-up", "generate", "tasks", "close")
    monkeypatch.setattr(launcher, "DEADLINES_S", dict.fromkeys(stages, 2.0))
    monkeypatch.setattr(launcher, "LOOK_S", 0.1)
    monkeypatch.setattr(launcher, "LAST_S", 0.5)

    def run(text: str, prologue: str = PROLOGUE) -> Answer | NoAnswer:
        script, log = tmp_path / "worker.py", tmp_path / "r01.log"
        script.write_text(prologue + text)
        monkeypatch.setattr(launcher, "COMMAND", (sys.executable, str(script)))
        worker = Worker("vllm", EngineSettings(max_model_len=64), tmp_path / "next.log")
        answer = worker.run(LAUNCH_REQUEST, log, lambda _: None)
        left = [int(line.split()[1]) for line in log.read_text().splitlines() if line.startswith("child ")]
        assert not any(alive(pid) for pid in left), "a process of the worker is left"
        return answer

    return run


def alive(pid: int) -> bool:
    """Whether the process runs; one that has ended and waits for its parent does not."""
    for _ in range(20):
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
        except OSError:
            return False
        if state == "Z":
            return False
        time.sleep(0.05)
    return True


def test_a_result_is_kept_though_the_engine_never_ends(run: Run) -> None:
    answer = run('say(stage="load"); child(); say(completed={"speed": 1}); say(stage="close"); time.sleep(600)')

    assert isinstance(answer, Answer)
    assert answer.completed == {"speed": 1}
    assert answer.stages_s["close"] == pytest.approx(2, abs=0.5)


def test_a_result_is_kept_though_the_engine_fails_while_it_closes(run: Run) -> None:
    failed = '{"reason": "engine_error", "message": "no"}'
    answer = run(f'say(completed={{"speed": 1}}); say(stage="close"); say(failed={failed}); os._exit(1)')

    assert isinstance(answer, Answer)


def test_a_worker_that_hangs_meets_the_deadline_of_its_stage(run: Run) -> None:
    answer = run('say(stage="load"); child(); print("waiting for a lock", flush=True); time.sleep(600)')

    assert isinstance(answer, NoAnswer)
    assert (answer.stage, answer.reason) == ("load", "time_out")
    assert answer.message == "no sign of life for 2 s, in worker.<module>; last words: waiting for a lock"


def test_the_log_of_a_worker_that_hangs_has_the_stacks_of_all_its_threads(run: Run, tmp_path: Path) -> None:
    answer = run(
        "import threading, queue\n"
        'threading.Thread(target=queue.Queue().get, daemon=True).start(); say(stage="load")\n'
        "def load_the_weights():\n    time.sleep(600)\nload_the_weights()"
    )

    assert isinstance(answer, NoAnswer)
    assert answer.message == "no sign of life for 2 s, in worker.load_the_weights; last words: it said nothing"
    dump = (tmp_path / "r01.log").read_text()
    assert dump.count("(most recent call first)") == 2
    assert "queue.py" in dump


def test_a_worker_that_hangs_in_c_with_python_s_lock_tells_where_all_the_same(run: Run) -> None:
    answer = run(
        'say(stage="warm-up")\ndef compute():\n    while True:\n        ctypes.PyDLL(None).sleep(600)\ncompute()'
    )

    assert isinstance(answer, NoAnswer)
    assert answer.message == "no sign of life for 2 s, in worker.compute; last words: it said nothing"


def test_a_worker_that_heeds_no_signal_is_ended_all_the_same(run: Run) -> None:
    answer = run(
        'signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGUSR2]); say(stage="load"); child(); time.sleep(600)'
    )

    assert isinstance(answer, NoAnswer)
    assert answer.message.startswith("no sign of life for 2 s; last words: child ")


def test_a_request_that_no_pipe_holds_does_not_hang_on_a_worker_that_does_not_listen(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    workload = profile().headline.model_copy(update={"prompts": ("x" * 2000,) * 100, "random_prompts": 0})
    monkeypatch.setitem(globals(), "LAUNCH_REQUEST", LAUNCH_REQUEST.model_copy(update={"workloads": (workload,)}))

    answer = run('say(completed={"prompts": len(request["workloads"][0]["prompts"])})')
    deaf = run('sys.stdin = None; say(stage="import"); time.sleep(600)', prologue=DEAF)

    assert isinstance(answer, Answer)
    assert answer.completed == {"prompts": 100}
    assert isinstance(deaf, NoAnswer)
    assert (deaf.stage, deaf.reason) == ("import", "time_out")


def test_what_is_no_reply_is_passed_over(run: Run) -> None:
    answer = run('print("loading: 10%", file=replies); print("[]", file=replies); say(completed={"speed": 1})')

    assert isinstance(answer, Answer)


def test_a_point_that_begins_gives_its_stage_another_deadline(run: Run) -> None:
    points = "for number in range(4):\n    say(alive=str(number)); time.sleep(1)\nsay(completed={}); os._exit(0)"
    answer = run(f'say(stage="generate")\n{points}')

    assert isinstance(answer, Answer)
    assert answer.stages_s["generate"] == pytest.approx(4, abs=0.5)


def test_a_process_that_a_dead_worker_leaves_behind_hides_nothing(run: Run) -> None:
    start = time.monotonic()
    answer = run('say(stage="load"); child(); sys.exit(3)')

    assert isinstance(answer, NoAnswer)
    assert (answer.stage, answer.reason) == ("load", "crashed")
    assert answer.message.startswith("exit status 3")
    assert time.monotonic() - start < 2  # it was not waited for


def test_a_worker_that_stops_talking_is_ended(run: Run) -> None:
    answer = run('say(stage="load"); print("bye", flush=True); replies.close(); time.sleep(600)')

    assert answer == NoAnswer("load", "crashed", "it closed its replies and went on: bye")


def test_what_the_engine_says_of_its_failure_is_passed_on(run: Run) -> None:
    answer = run('say(stage="load"); say(failed={"reason": "out_of_memory", "message": "CUDA out of memory"})')

    assert answer == NoAnswer("load", "out_of_memory", "CUDA out of memory")


def test_a_worker_gets_no_secret_and_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HF_TOKEN", "hf_example")
    monkeypatch.setenv("MY_API_KEY", "example")

    given = worker_environment(EngineSettings(max_model_len=64, disabled_kernels=("MacheteLinearKernel",)))

    assert "example" not in " ".join(given.values())
    assert given["HF_HUB_OFFLINE"] == "1"
    assert given["VLLM_DISABLED_KERNELS"] == "MacheteLinearKernel"
    assert given["PATH"] == os.environ["PATH"]
