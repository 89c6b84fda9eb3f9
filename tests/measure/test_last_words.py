"""What the page says of an engine that died without a reason: real deaths, and the message of each, word for word."""

import subprocess
import sys
from pathlib import Path

import pytest
from examples import LAUNCH_REQUEST

from generator.measure import launcher
from generator.measure.last_words import innermost_frame, root_cause
from generator.measure.launcher import NoAnswer, launch

PROLOGUE = """
import ctypes, json, os, signal, sys
from generator.measure.last_words import answer_with_stacks
answer_with_stacks()
replies = os.fdopen(int(sys.argv[1]), "w", buffering=1)
def say(**message):
    print(json.dumps(message), file=replies)
sys.stdin.readline()
say(stage="load")
print("Loading weights: 100%", flush=True)
def load():
"""

VLLM = """
(EngineCore_0 pid=77) ERROR 12-01 10:00:00 [core.py:700] EngineCore failed to start.
(EngineCore_0 pid=77) ERROR 12-01 10:00:00 [core.py:700] Traceback (most recent call last):
(EngineCore_0 pid=77) ERROR 12-01 10:00:00 [core.py:700]   File "core.py", line 691, in run_engine_core
(EngineCore_0 pid=77) ERROR 12-01 10:00:00 [core.py:700] torch.OutOfMemoryError: CUDA out of memory. Tried 2 GiB.
(EngineCore_0 pid=77) Process EngineCore_0:
Traceback (most recent call last):
  File "worker.py", line 1, in <module>
RuntimeError: Engine core initialization failed. See root cause above. Failed core proc(s): {}
"""

OUT_OF_MEMORY = "as when the system is out of memory"


@pytest.mark.parametrize(
    ("death", "message"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", f"killed by SIGKILL, {OUT_OF_MEMORY}: Loading weights: 100%"),
        ("os._exit(137)", f"exit status 137, {OUT_OF_MEMORY}: Loading weights: 100%"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "killed by SIGSEGV, in worker.load: Loading weights: 100%"),
        ("ctypes.string_at(0)", "killed by SIGSEGV, in ctypes.string_at: Loading weights: 100%"),
        ("os.abort()", "killed by SIGABRT, in worker.load: Loading weights: 100%"),
        ("os.kill(os.getpid(), signal.SIGTERM)", "killed by SIGTERM: Loading weights: 100%"),
        ("os._exit(0)", "it ended without an answer: Loading weights: 100%"),
        ("os._exit(3)", "exit status 3: Loading weights: 100%"),
        ("raise ValueError('the weights\\nare torn')", "exit status 1: ValueError: the weights"),
        (
            "try: 1 / 0\n    except ZeroDivisionError: raise OSError(5, 'torn')",
            "exit status 1: OSError: [Errno 5] torn",
        ),
        (
            f"print({VLLM!r}); sys.exit(1)",
            "exit status 1: torch.OutOfMemoryError: CUDA out of memory. Tried 2 GiB.",
        ),
    ],
)
def test_an_engine_that_dies_shows_its_root_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, death: str, message: str
) -> None:
    script = tmp_path / "worker.py"
    script.write_text(f"{PROLOGUE}    {death}\nload()\n")
    monkeypatch.setattr(launcher, "COMMAND", (sys.executable, str(script)))

    answer = launch(LAUNCH_REQUEST, tmp_path / "r01.log", lambda _: None)

    assert answer == NoAnswer("load", "crashed", message)


def test_an_engine_s_error_that_points_elsewhere_is_told_by_its_cause(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = tmp_path / "worker.py"
    failed = {
        "reason": "engine_error",
        "message": "RuntimeError: Engine core initialization failed. See root cause above.",
    }
    script.write_text(f"{PROLOGUE}    print({VLLM!r}, flush=True); say(failed={failed!r})\nload()\n")
    monkeypatch.setattr(launcher, "COMMAND", (sys.executable, str(script)))

    answer = launch(LAUNCH_REQUEST, tmp_path / "r01.log", lambda _: None)

    assert isinstance(answer, NoAnswer)
    assert answer.message == "torch.OutOfMemoryError: CUDA out of memory. Tried 2 GiB."


def test_a_frame_is_told_by_its_module_without_a_path(tmp_path: Path) -> None:
    log = tmp_path / "log"
    code = "import faulthandler, json; json.JSONEncoder.encode = faulthandler.dump_traceback; json.dumps(1, indent=1)"
    with log.open("w") as output:  # 1, which `dumps` gives its encoder, is the file that the stacks are written to
        subprocess.run([sys.executable, "-c", code], stdout=output, stderr=subprocess.DEVNULL, check=False)

    assert innermost_frame(log) == "json.dumps"


def test_a_log_that_is_gone_does_not_cost_the_record(tmp_path: Path) -> None:
    assert root_cause(tmp_path / "log") == "its log can't be read: No such file or directory"
    assert innermost_frame(tmp_path / "log") is None
