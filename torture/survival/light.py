"""`quantpress` with an engine that takes milliseconds, in a tree of processes like a real one.

All is real but the model: the command, its guardian, the worker that speaks the protocol, the engine's core in a
process of its own, and a daemon that the core started. What QUANTPRESS_LIGHT_FAULT names goes wrong, once.
"""

import ctypes
import itertools
import json
import os
import signal
import struct
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, NoReturn

from generator.folders import CHECKOUT
from generator.measure.engine import EngineMemory, LaunchRequest, Loaded
from generator.methods import MethodId, method_of
from generator.record import Configuration, Stage
from torture.survival import light_core

# A fault is "stage=kind"; it happens to the process that removes the file.
FAULT: Final = "QUANTPRESS_LIGHT_FAULT"
ONCE: Final = "QUANTPRESS_LIGHT_ONCE"
# In the environment of all that a measurement starts.
MARK: Final = "QUANTPRESS_LIGHT_MARK"
# Which start of a process fails in the measuring command, and with what error: "3=11".
START: Final = "QUANTPRESS_LIGHT_START"
# Instead of the deadlines of all stages, in seconds.
DEADLINE: Final = "QUANTPRESS_LIGHT_DEADLINE_S"

PROFILE: Final = """
name = "light"
model_name = "No model at all"
weights = "random"
purpose = "demo"
rounds = {rounds}
[[workloads]]
name = "two"
kind = "batch"
output_tokens = 2
repeats = 2
warmup_repeats = 0
random_prompts = 2
random_prompt_tokens = 4
[engine]
max_model_len = 64
"""

# What prints a device's limits.
LIMITS: Final = """print('{"copy_gb_per_s": 1.0, "matmul_tflop_per_s": 1.0}')"""


def write_profile(folder: Path, rounds: int, methods: Sequence[MethodId] = ("fp16", "awq")) -> Path:
    """A profile of so many rounds, and the checkpoint that it names."""
    checkpoint = folder / "checkpoint"
    checkpoint.mkdir(parents=True, exist_ok=True)
    (checkpoint / "config.json").write_text('{"vocab_size": 64}')
    (checkpoint / "model.safetensors").write_bytes(struct.pack("<Q", 2) + b"{}")  # whole, with no tensor in it
    profile = folder / "light.toml"
    paths = "".join(f'[checkpoints.{method}]\npath = "checkpoint"\n' for method in methods)
    profile.write_text(PROFILE.format(rounds=rounds) + paths)
    return profile


def command(*words: str) -> list[str]:
    """`quantpress` with the light engine."""
    return [sys.executable, "-m", "torture.survival.light", *words]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """That of a command which writes into `folder`, and can be told by its mark."""
    return os.environ | {
        "PYTHONPATH": str(CHECKOUT),
        "QUANTPRESS_MEASUREMENTS": str(folder / "measurements"),
        "CUDA_VISIBLE_DEVICES": "",
        MARK: str(folder),
        **more,
    }


class LightEngine:
    """As much of an `Engine` as a batch needs."""

    def __init__(self, request: LaunchRequest) -> None:
        self._request = request
        self._calls = 0
        fail_where_asked("wait")

    def load(self) -> Loaded:
        """Start the core."""
        fail_where_asked("load")
        self._core = subprocess.Popen(
            [sys.executable, "-IS", light_core.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        method = method_of(self._request.cell.method)
        configuration = Configuration(
            engine_version="0",
            framework="light",
            model_source=self._request.model_source,
            model_revision=None,
            weight_bits=method.weight_bits,
            weight_format=method.weight_format,
            dtype=self._request.engine.dtype,
            kernels={method.kernels[self._request.cell.engine][0]: 1},
            attention_backend=None,
            kv_cache_bytes_per_token=None,
            shape=None,
            arguments={},
        )
        return Loaded(configuration, None, 0.001, None, None)

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        """Ask the core."""
        self._calls += 1
        fail_where_asked("warm-up" if self._calls == 1 else "generate")
        assert self._core.stdin
        assert self._core.stdout
        self._core.stdin.write(json.dumps({"prompts": len(prompts), "output_tokens": output_tokens}) + "\n")
        self._core.stdin.flush()
        answer: list[list[int]] = json.loads(self._core.stdout.readline())
        return answer

    def memory(self) -> EngineMemory:
        return EngineMemory(1, 1, 1, None, None, None, None)

    def close(self) -> None:
        fail_where_asked("close")


def engine_for(request: LaunchRequest) -> LightEngine:
    """What the worker asks an engine's module for."""
    return LightEngine(request)


def fail_where_asked(stage: Stage) -> None:
    """Let go wrong what the environment asks for, if it is for this stage and has not been yet."""
    where, _, kind = os.environ.get(FAULT, "").partition("=")
    if where == stage:
        try:
            Path(os.environ[ONCE]).unlink()
        except FileNotFoundError:
            return
        FAULTS[kind]()


def _raise() -> NoReturn:
    raise RuntimeError("the light engine was asked to fail")


def _out_of_memory() -> NoReturn:
    raise MemoryError("the light engine was asked to need too much")


def _hang_in_c() -> None:
    """Python's lock is held meanwhile."""
    while True:
        ctypes.PyDLL(None).sleep(3600)


FAULTS: Final[dict[str, Callable[[], object]]] = {
    "exception": _raise,
    "memory": _out_of_memory,
    "exit-0": lambda: os._exit(0),
    "exit-1": lambda: os._exit(1),
    "killed": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "segfault": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "silence": lambda: time.sleep(3600),
    "silence-in-c": _hang_in_c,
}


def _work(arguments: list[str]) -> None:
    """A worker, which finds the light engine in vLLM's place."""
    from generator.measure import engines, worker

    fail_where_asked("prepare")
    engines.__path__.insert(0, str(Path(__file__).parent / "light_engines"))
    sys.argv[1:] = arguments
    worker.main()


def _quantpress(words: list[str]) -> None:
    from generator import cli
    from generator.measure import launcher, line

    vars(launcher)["COMMAND"] = (sys.executable, "-m", "torture.survival.light", "worker")
    vars(line)["LIMITS_COMMAND"] = (sys.executable, "-IS", "-c", LIMITS)
    if DEADLINE in os.environ:
        vars(launcher)["DEADLINES_S"] = dict.fromkeys(launcher.DEADLINES_S, float(os.environ[DEADLINE]))
        vars(launcher)["LOOK_S"] = 0.1
    if START in os.environ:
        _fail_a_start(*map(int, os.environ[START].split("=")))
    cli.main(words)


def _fail_a_start(number: int, error: int) -> None:
    start, count = subprocess.Popen, itertools.count(1)

    def starting(*arguments: Any, **options: Any) -> "subprocess.Popen[Any]":
        if next(count) == number:
            raise OSError(error, os.strerror(error))
        return start(*arguments, **options)

    vars(subprocess)["Popen"] = starting


if __name__ == "__main__":
    if sys.argv[1:2] == ["worker"]:
        _work(sys.argv[2:])
    else:
        _quantpress(sys.argv[1:])
