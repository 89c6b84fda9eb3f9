"""Quantpress as its user runs it, with an engine that is light: real processes, records and faults, and no model.

    python tests/light.py cli measure --profile … ; python tests/light.py worker 3 vllm

`LIGHT_ENGINE` says what goes wrong in the engine, `PLAYED_CARD` what the GPU says.
"""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any

import psutil

sys.path.insert(0, str(Path(__file__).parent))
import examples
import played
from hub import safetensors

from generator.measure.engine import (
    Ask,
    EngineMemory,
    LaunchRequest,
    Loaded,
    NoRoomError,
    Served,
    UnsupportedError,
)
from torture.survival import light_core

PROFILE = """
name = "light"
model_name = "Light model"
weights = "random"
purpose = "demo"
rounds = {rounds}
[[workloads]]
name = "two"
kind = "batch"
output_tokens = 4
repeats = 1
random_prompts = 2
random_prompt_tokens = 4
[engine]
max_model_len = 64
max_num_batched_tokens = 64
"""


class LightEngine:
    """Makes tokens of nothing, a little slower than at once. `fault` is what goes wrong in it."""

    def __init__(self, request: LaunchRequest) -> None:
        self._request = request
        self._fault = os.environ.get("LIGHT_ENGINE", "")

    def load(self) -> Loaded:
        self._fail()
        known = examples.completed(of=self._request.cell).configuration
        source = {"model_source": self._request.model_source, "model_revision": self._request.model_revision}
        kernels = {"SlowLinear": 1} if self._fault == "wrong_kernel" else known.kernels
        return Loaded(known.model_copy(update={**source, "kernels": kernels, "shape": None}), None, 0.01, None, None)

    def _fail(self) -> None:
        raised: dict[str, Exception] = {
            "out_of_memory": RuntimeError("CUDA out of memory. Tried to allocate 2.00 GiB"),
            "missing_package": ModuleNotFoundError("No module named 'vllm'"),
            "unsupported": UnsupportedError("vLLM has no bitsandbytes on a CPU"),
            "no_room": NoRoomError("of 8 users, 7 had room at once"),
            "engine_error": ValueError("the weights are torn"),
        }
        if self._fault in raised:
            raise raised[self._fault]
        if self._fault == "stubborn":  # with a daemon below, in a session of its own
            subprocess.Popen([sys.executable, "-IS", light_core.__file__], stdin=subprocess.PIPE)
        if self._fault == "ends_awq_stations" and self._request.cell.method == "awq":
            guardian = psutil.Process().parent()
            assert guardian
            guardian.parent().kill()  # type: ignore[union-attr]
            time.sleep(60)
        if self._fault == "tells":
            print("niceness", os.nice(0), "threads", os.environ.get("OMP_NUM_THREADS"), flush=True)
        if self._fault == "crashed":
            print("ValueError: the weights are torn", flush=True)
            os.kill(os.getpid(), signal.SIGSEGV)
        if self._fault == "time_out":
            print("waiting for a lock", flush=True)
            time.sleep(600)

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        time.sleep(float(os.environ.get("LIGHT_ENGINE_S", "0.01")))
        if self._fault == "suspended":
            sleep_for(30)
        return [[0] * output_tokens for _ in prompts]

    def serve(self, asks: Sequence[Ask], users: int) -> Served:
        raise NotImplementedError

    def score(self, windows: Sequence[Sequence[int]]) -> Iterator[Any]:
        raise NotImplementedError

    def context_tokens(self) -> int:
        return 64

    def memory(self) -> EngineMemory:
        return EngineMemory(2**20, None, None, None, None, None, None)

    def close(self) -> None:
        pass


def sleep_for(seconds: float) -> None:
    """As if the machine had slept meanwhile: the clock of the programs stood still, the others went on."""
    boottime, wall = time.clock_gettime, time.time
    time.clock_gettime = lambda clock: boottime(clock) + seconds
    time.time = lambda: wall() + seconds


def checkpoint(folder: Path) -> Path:
    """A model's folder that may be loaded."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "config.json").write_text('{"vocab_size": 100}')
    (folder / "model.safetensors").write_bytes(safetensors(b"weights"))
    return folder


def profile(folder: Path, methods: Sequence[str] = ("fp16",), rounds: int = 1, where: str = 'path = "model"') -> str:
    """The path of a profile in `folder` whose methods all have one checkpoint."""
    checkpoint(folder / "model")
    path = folder / "light.toml"
    path.write_text(
        PROFILE.format(rounds=rounds) + "".join(f"[checkpoints.{method}]\n{where}\n" for method in methods),
        encoding="utf-8",
    )
    return str(path)


def command(*words: str) -> list[str]:
    return [sys.executable, __file__, "cli", *words]


def environment(folder: Path, **more: str) -> dict[str, str]:
    """Everything that is written lies below `folder`."""
    return {
        **os.environ,
        "QUANTPRESS_MEASUREMENTS": str(folder / "measurements"),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "COLUMNS": "400",
        "PYTHONPATH": os.pathsep.join(filter(None, [str(Path(__file__).parent), os.environ.get("PYTHONPATH")])),
        **more,
    }


def launch_lightly() -> None:
    """Let this process launch workers with the light engine."""
    from generator.measure import launcher
    from generator.measure.line import Line

    launcher.COMMAND = (sys.executable, __file__, "worker")  # type: ignore[misc]
    if "LIGHT_DEADLINE_S" in os.environ:
        launcher.DEADLINES_S["load"] = float(os.environ["LIGHT_DEADLINE_S"])
    setattr(Line, "measure_limits", no_limits)  # noqa: B010, a method is not assigned to otherwise


def let_ray_launch_lightly() -> None:
    """Let the stations of the clusters that this process joins launch so too."""
    from generator.measure import joining

    setattr(joining, "_join", partial(join_lightly, joining._join))  # noqa: B010, SLF001


def join_lightly(join: Callable[[Any, str], None], ray: Any, address: str) -> None:
    """Join a cluster whose stations launch lightly too."""
    ray.init = partial(ray.init, runtime_env={"worker_process_setup_hook": "light.in_a_station"})
    join(ray, address)


def in_a_station() -> None:
    """What a Ray worker does before it becomes a station."""
    played.play("station")
    launch_lightly()


def no_limits(_: object) -> None:
    """Limits are measured with torch, which is heavy."""


def main(role: str, *words: str) -> None:
    played.play(role)
    if role == "worker":
        from generator.measure import worker

        engine: Any = ModuleType("light")
        engine.engine_for = LightEngine
        for name in ("vllm", "transformers"):
            sys.modules[f"generator.measure.engines.{name}"] = engine
        sys.argv[1:] = words
        worker.main()
    else:
        from generator import cli

        launch_lightly()
        if "--ray" in words:
            let_ray_launch_lightly()
        if "LIGHT_BATTERY" in os.environ:
            vars(psutil)["sensors_battery"] = lambda: SimpleNamespace(power_plugged=False)
        cli.main(words)


if __name__ == "__main__":
    main(*sys.argv[1:])
