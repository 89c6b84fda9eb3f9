"""A Ray cluster joined, or started here and ended again. This and `ray_here` alone import Ray, when it is asked for."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from types import FrameType
from typing import Any, Final

from generator.errors import ClusterError, UsageError
from generator.measure.cluster import Cluster, first_line
from generator.orphan import Guarded

LOCAL: Final = "local"
AUTO: Final = "auto"
HOST_AND_PORT: Final = re.compile(r"^([\w.-]+|\[[0-9a-f:]+\]):([0-9]{1,5})$")
CONNECT_S: Final = 10.0
STANDARD_ERROR: Final = 2
STARTED_HERE: Final = (sys.executable, "-m", "generator.measure.ray_here")

# Of our own process: Ray reports nothing to anybody, and prints nothing of nodes and their addresses between our lines.
OF_DRIVERS: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}


@contextmanager
def joined(address: str) -> Iterator[Cluster]:
    """The cluster at `address` ("auto": that of this machine), or one that lasts as long as this, "local". Raises
    `ClusterError` where it can't be joined, and `UsageError` where there is no Ray."""
    os.environ.update(OF_DRIVERS)
    if address == LOCAL:  # nobody else on this machine may use it; Ray keeps the token in the user's home
        os.environ.setdefault("RAY_AUTH_MODE", "token")
    try:
        import ray  # an extra, and heavy
    except ImportError:
        raise UsageError("--ray: Ray is not installed; install it with `make ray`, or measure without --ray") from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    if address not in {LOCAL, AUTO} and not HOST_AND_PORT.match(address):
        raise UsageError(
            f"--ray {address}: expected HOST:PORT, auto or local; give the address that `ray start --head` has said, "
            "and run the command on a node of the cluster"
        )
    with ExitStack() as ending:
        if address == LOCAL:
            address = ending.enter_context(_started_here())
        ending.callback(ray.shutdown)
        with _interruptions_wait(ray), _nothing_said():
            _join(ray, address)
        cluster = Cluster(ray)
        ending.callback(cluster.let_go)
        yield cluster


@contextmanager
def _started_here() -> Iterator[str]:
    """The address of a Ray that ends with this."""
    guarded = Guarded(STARTED_HERE, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    try:
        assert guarded.process.stdout is not None
        told = json.loads(guarded.process.stdout.readline() or '{"failed": "it ended without a word"}')
        if "failed" in told:
            raise ClusterError(
                f"--ray local: Ray can't be started here: {first_line(told['failed'])}; mend that, or measure without "
                "--ray"
            )
        yield told["address"]
    finally:
        guarded.end()


def _join(ray: Any, address: str) -> None:
    try:
        place = HOST_AND_PORT.match(os.environ.get("RAY_ADDRESS", "") if address == AUTO else address)
        if place:  # where nothing listens Ray would try for minutes
            socket.create_connection((place[1], int(place[2])), CONNECT_S).close()
        ray.init(address=address, logging_level="ERROR", log_to_driver=False, configure_logging=False)
    except Exception as error:  # of many kinds, for one reason: nothing answers as it must
        why = first_line(str(error) or type(error).__name__)
        raise ClusterError(
            f"--ray {address}: the cluster can't be joined: {why}; look at `ray status` on one of its "
            "nodes, and have its ~/.ray/auth_token here"
        ) from None


@contextmanager
def _nothing_said() -> Iterator[None]:
    """Of a cluster that refuses us Ray's core says so every second, past Python, and then tells why by an exception."""
    sys.stderr.flush()
    kept, nowhere = os.dup(STANDARD_ERROR), os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, STANDARD_ERROR)
    try:
        yield
    finally:
        os.dup2(kept, STANDARD_ERROR)
        os.close(kept)
        os.close(nowhere)


@contextmanager
def _interruptions_wait(ray: Any) -> Iterator[None]:
    """While Ray starts it takes SIGTERM for itself, and forks, where an exception out of a handler is lost: a signal is
    heeded afterwards, the next one at once."""
    asked: list[int] = []

    def remember(number: int, frame: FrameType | None) -> None:
        asked.append(number)
        heeds = before[number]
        if len(asked) > 1 and callable(heeds):
            heeds(number, frame)

    numbers = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) != signal.SIG_IGN]
    before: dict[int, Any] = {number: signal.signal(number, remember) for number in numbers}
    utils = ray._private.utils  # noqa: SLF001, there is no other way
    theirs, utils.set_sigterm_handler = utils.set_sigterm_handler, lambda _: None
    try:
        yield
    finally:
        utils.set_sigterm_handler = theirs
        for number, handler in before.items():
            signal.signal(number, handler)
    if asked:
        signal.raise_signal(asked[0])
