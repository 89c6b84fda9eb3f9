"""One engine on several cards: a rank for each card, in a process of its own; all ranks make the same calls in step.

Tensor parallelism as vLLM has it under an external launcher, torchrun say: each rank holds its share of every layer,
and the shares meet in collectives (https://docs.vllm.ai/en/latest/serving/parallelism_scaling/). Rank 0 is the worker
itself, whose clocks are those that count, and no message stands between it and its engine; the others follow: each is
told a call just before rank 0 makes it, so that none needs to decide anything by a clock of its own.
"""

import importlib
import os
import pickle
import socket
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import suppress
from time import sleep
from typing import Any, Final

from generator.measure.engine import Ask, Engine, EngineMemory, LaunchRequest, Loaded, NoRoomError, Served
from generator.orphan import die_with_the_parent

# A call that fails for one rank fails for all, as a rule: so long rank 0 may take to say why, before it is ended.
LAST_WORDS_S: Final = 10.0


class InStep:
    """An `Engine` whose calls other ranks make too. What it returns is rank 0's own."""

    def __init__(self, engine: Engine, engine_id: str, request: LaunchRequest) -> None:
        self._engine, self._engine_id, self._request = engine, engine_id, request
        self._followers: list[subprocess.Popen[bytes]] = []
        self._closing = False

    def load(self) -> Loaded:
        """See `Engine.load`."""
        ranks = self._request.engine.tensor_parallel_size
        place = {"WORLD_SIZE": str(ranks), "MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port())}
        for rank in range(1, ranks):
            self._followers.append(self._follower(place | _rank(rank)))
        os.environ.update(place | _rank(0))
        self._tell(self._request.model_dump_json())
        self._tell(("load",))
        return self._engine.load()

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        """See `Engine.generate`."""
        self._tell(("generate", prompts, output_tokens))
        return self._engine.generate(prompts, output_tokens)

    def serve(self, asks: Sequence[Ask], users: int) -> Served:
        """See `Engine.serve`."""
        self._tell(("serve", asks, users))
        return self._engine.serve(asks, users)

    def score(self, windows: Sequence[Sequence[int]]) -> Iterator[Any]:
        """See `Engine.score`."""
        self._tell(("score", windows))
        return self._engine.score(windows)

    def context_tokens(self) -> int:
        """See `Engine.context_tokens`."""
        return self._engine.context_tokens()

    def memory(self) -> EngineMemory:
        """See `Engine.memory`; that of rank 0's card, of which each other holds as much."""
        return self._engine.memory()

    def close(self) -> None:
        """See `Engine.close`. The followers end when they are told no more."""
        self._closing = True
        for follower in self._followers:
            assert follower.stdin is not None
            with suppress(OSError):
                follower.stdin.close()
        self._engine.close()

    def _follower(self, place: dict[str, str]) -> "subprocess.Popen[bytes]":
        command = [sys.executable, "-m", __spec__.name, self._engine_id, str(os.getpid())]
        follower = subprocess.Popen(command, stdin=subprocess.PIPE, env=os.environ | place)
        threading.Thread(target=self._watch, args=(follower, place["RANK"]), daemon=True).start()
        return follower

    def _watch(self, follower: "subprocess.Popen[bytes]", rank: str) -> None:
        """Without a rank the others would wait for it in a collective, until their deadline."""
        status = follower.wait()
        if self._closing:
            return
        sleep(LAST_WORDS_S)
        print(f"RuntimeError: rank {rank} of {self._request.engine.tensor_parallel_size} ended, status {status}")
        sys.stdout.flush()
        os._exit(1)

    def _tell(self, call: object) -> None:
        for follower in self._followers:
            assert follower.stdin is not None
            pickle.dump(call, follower.stdin)
            follower.stdin.flush()


def in_step(engine: Engine, engine_id: str, request: LaunchRequest) -> Engine:
    """The engine, in step with those of the other ranks where there are any."""
    return InStep(engine, engine_id, request) if request.engine.tensor_parallel_size > 1 else engine


def follow(engine_id: str, parent: int) -> None:
    """Be a rank but the first: make each call that comes on standard input, until there are no more."""
    die_with_the_parent(parent)
    calls = os.fdopen(os.dup(sys.stdin.fileno()), "rb")
    module: Any = importlib.import_module(f"generator.measure.engines.{engine_id}")
    engine: Engine = module.engine_for(LaunchRequest.model_validate_json(pickle.load(calls)))  # noqa: S301, our parent's
    with suppress(EOFError):
        while True:
            name, *arguments = pickle.load(calls)  # noqa: S301
            with suppress(NoRoomError):  # rank 0 raises it too, and goes on
                made = getattr(engine, name)(*arguments)
                if isinstance(made, Iterator):
                    deque(made, maxlen=0)
    sys.stdout.flush()
    os._exit(0)  # as the worker ends: an engine's own clean-up can hang


def _rank(rank: int) -> dict[str, str]:
    return {"RANK": str(rank), "LOCAL_RANK": str(rank)}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


if __name__ == "__main__":
    follow(sys.argv[1], int(sys.argv[2]))
