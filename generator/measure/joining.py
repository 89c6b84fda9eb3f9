"""A Ray cluster joined, or started here and ended again. Only this imports Ray, and only when it is asked for."""

import os
import re
import signal
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Final

from generator.errors import ClusterError, UsageError
from generator.measure.cluster import Cluster, first_line

LOCAL: Final = "local"
AUTO: Final = "auto"
HOST_AND_PORT: Final = re.compile(r"^([\w.-]+|\[[0-9a-f:]+\]):([0-9]{1,5})$")
CONNECT_S: Final = 10.0

# Of a cluster that is started here: memory is for the engines, and when one fills it, no station must be ended for it.
OBJECT_STORE_BYTES: Final = 256 * 2**20
OF_LOCAL: Final = {"RAY_memory_monitor_refresh_ms": "0"}

# Of our own process: Ray reports nothing to anybody, and prints nothing of nodes and their addresses between our lines.
OF_DRIVERS: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}


@contextmanager
def joined(address: str) -> Iterator[Cluster]:
    """The cluster at `address` ("auto": that of this machine), or one that lasts as long as this, "local". Raises
    `ClusterError` where it can't be joined, and `UsageError` where there is no Ray."""
    os.environ.update(OF_DRIVERS)
    try:
        import ray  # an extra, and heavy
    except ImportError:
        raise UsageError("--ray: Ray is not installed; install it with `make ray`, or measure without --ray") from None
    if address not in {LOCAL, AUTO} and not HOST_AND_PORT.match(address):
        raise UsageError(
            f"--ray {address}: expected HOST:PORT, auto or local; give the address that `ray start --head` has said, "
            "and run the command on a node of the cluster"
        )
    try:
        with _interruptions_wait(ray):
            _join(ray, address)
        cluster = Cluster(ray)
        try:
            yield cluster
        finally:
            cluster.let_go()
    finally:
        ray.shutdown()


def _join(ray: Any, address: str) -> None:
    options: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False, "configure_logging": False}
    if address == LOCAL:
        os.environ.update(OF_LOCAL)
        options |= {"include_dashboard": False, "object_store_memory": OBJECT_STORE_BYTES}
    try:
        place = HOST_AND_PORT.match(os.environ.get("RAY_ADDRESS", "") if address == AUTO else address)
        if place:  # where nothing listens Ray would try for minutes
            socket.create_connection((place[1], int(place[2])), CONNECT_S).close()
        ray.init(address=address, **options)
    except Exception as error:  # of many kinds, for one reason: nothing answers as it must
        raise ClusterError(
            f"--ray {address}: the cluster can't be joined: {first_line(error)}; on one of its nodes, `ray status` "
            "says whether it runs"
        ) from None


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
