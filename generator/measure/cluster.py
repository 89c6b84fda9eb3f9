"""A Ray cluster: joined, or started here and ended again; its stations, chosen by card and held to the same versions.

Only this imports Ray. It knows no plan and no measurements/.
"""

import os
import signal
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

from generator.errors import ClusterError, UsageError
from generator.measure.station import Station, Told, packages

# A cluster that is started here: what ends with the command, tells nobody of itself, and leaves memory to the engines.
LOCAL: Final = "local"
OBJECT_STORE_BYTES: Final = 256 * 2**20
OF_LOCAL: Final = {"RAY_memory_monitor_refresh_ms": "0"}  # it would end a station when an engine fills the memory

# Of our own process: Ray reports nothing to anybody, and prints nothing of nodes and their addresses between our lines.
OF_DRIVERS: Final = {"RAY_USAGE_STATS_ENABLED": "0", "RAY_DEDUP_LOGS_SKIP_REGEX": "."}

# Of a station's process: Ray gives its workers what is left by others (nice), numbers cards by speed, and would end our
# guardian before what that guards.
OF_STATIONS: Final = {
    "RAY_worker_niceness": "0",
    "CUDA_DEVICE_ORDER": "PCI_BUS_ID",
    "RAY_kill_child_processes_on_worker_exit": "0",
}

# How long a station may take to start, imports from a network's disk included, and to leave. Cards that others use by
# then are left to them.
START_S: Final = 120.0
LEAVE_S: Final = 10.0


@dataclass(frozen=True, slots=True)
class Node:
    """A machine of the cluster, with its name for the user's eyes; `card` is what Ray calls its kind of card."""

    id: str
    name: str
    gpus: int
    cpus: float
    card: str | None


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A station, its node, and what it said of itself."""

    actor: Any
    node: Node
    told: Told


class Cluster:
    """The nodes of a cluster that is joined."""

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._actors: list[Any] = []
        self.nodes = tuple(_node(one) for one in ray.nodes() if one["Alive"])
        self.has_gpu = any(node.gpus for node in self.nodes)

    def hold(self, gpus: int, card: str | None, notes: Callable[[str], None]) -> list[Held]:
        """A station for every `gpus` cards of the kind `card`, or of any kind; where the cluster has no card, one for
        each node. What can't be used is told to `notes`. Raises `ClusterError` where nothing is left."""
        places = [node for node in self.nodes for _ in range(self._stations_of(node, gpus))]
        if not places:
            most = max((node.gpus for node in self.nodes), default=0)
            raise ClusterError(
                f"field engine.tensor_parallel_size: {gpus} GPUs of one node for each launch, and no node of this "
                f"cluster has more than {most}; lower it, or join a larger cluster"
            )
        if card is not None and any(_is(card, node.card) for node in places):
            places = [node for node in places if _is(card, node.card)]
        found = self._started(places, gpus, notes)
        kinds = Counter(one.told.hardware.name for one in found)
        if card is not None:
            found = [one for one in found if _is(card, one.node.card) or _is(card, one.told.hardware.gpu_name)]
        if not found and card is None:
            raise ClusterError(
                "no node of the cluster can be used; mend what is said of each, and run the command again"
            )
        if not found:
            has = ", ".join(f"{count} × {kind}" for kind, count in kinds.items()) or "no card that answers"
            raise ClusterError(f"--card {card}: this cluster has {has}; name one of these, or leave it out")
        ours = packages()
        alike = []
        for one in found:
            if differs := tuple(_differences(one.told.packages, ours)):
                notes(f"{one.node.name} is not used, for figures are not mixed: {'; '.join(differs)}")
            else:
                alike.append(one)
        if not alike:
            raise ClusterError(
                "every node of the cluster has other versions than this one; install the same locks and the same "
                "Quantpress everywhere"
            )
        return alike

    def _stations_of(self, node: Node, gpus: int) -> int:
        if self.has_gpu or gpus > 1:
            return node.gpus // gpus
        return 1 if node.cpus else 0

    def _started(self, places: Sequence[Node], gpus: int, notes: Callable[[str], None]) -> list[Held]:
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        kind = self._ray.remote(Station)
        asked = {}
        for node in places:
            actor = kind.options(
                num_gpus=gpus if self.has_gpu else 0,
                num_cpus=0 if self.has_gpu else node.cpus,
                max_restarts=0,
                max_concurrency=4,  # a launch, the news of it and of the one before, and the leave
                scheduling_strategy=NodeAffinitySchedulingStrategy(node.id, soft=False),
                runtime_env={"env_vars": OF_STATIONS},
            ).remote(node.id)
            self._actors.append(actor)
            asked[actor.tell.remote()] = (actor, node)
        answered, _ = self._ray.wait(list(asked), num_returns=len(asked), timeout=START_S)
        found = []
        for answer, (actor, node) in asked.items():
            why = "its card is in use, or its station did not start in time"
            if answer in answered:
                try:
                    found.append(Held(actor, node, self.answer(answer)))
                    continue
                except ClusterError as error:
                    why = str(error)
            notes(f"{node.name} is not used: {why}")
            self._actors.remove(actor)
            self._ray.kill(actor)
        return found

    def wait(self, calls: Collection[Any]) -> Any:
        """The first of the calls to be answered."""
        (answered, *_), _ = self._ray.wait(list(calls))
        return answered

    def answer(self, call: Any) -> Any:
        """What a station answers; raises `ClusterError` where it, its node or its card is lost."""
        try:
            return self._ray.get(call)
        except self._ray.exceptions.RayError as error:
            raise ClusterError(_why(error)) from None

    def share(self, value: bytes) -> Any:
        """A reference to the value, by which each node gets it once."""
        return self._ray.put(value)

    def let_go(self) -> None:
        """End all stations, and what they have started."""
        leaving = [actor.leave.remote() for actor in self._actors]
        if leaving:
            self._ray.wait(leaving, num_returns=len(leaving), timeout=LEAVE_S)
        for actor in self._actors:
            self._ray.kill(actor)


@contextmanager
def joined(address: str) -> Iterator[Cluster]:
    """The cluster at `address` ("auto": that of this machine), or one that lasts as long as this, "local". Raises
    `ClusterError` where it can't be joined, and `UsageError` where there is no Ray."""
    os.environ.update(OF_DRIVERS)
    try:
        import ray  # an extra, and heavy
    except ImportError:
        raise UsageError("--ray: Ray is not installed; install it with `make ray`, or measure without --ray") from None
    if address.startswith("ray://"):
        raise UsageError(
            f"--ray {address}: Ray's client protocol is not spoken; run the command on a node of the cluster, with "
            "--ray auto"
        )
    try:
        with _ending_as_we_do():
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
        ray.init(address=address, **options)
    except Exception as error:  # of many kinds, for one reason: nothing answers as it must
        raise ClusterError(
            f"--ray {address}: the cluster can't be joined: {_first_line(error)}; on one of its nodes, `ray status` "
            "says whether it runs"
        ) from None


@contextmanager
def _ending_as_we_do() -> Iterator[None]:
    """Ray takes SIGTERM for itself, and leaves the program in its own way: it is ours again afterwards."""
    ours, asked = signal.getsignal(signal.SIGTERM), False
    try:
        yield
    except SystemExit:
        asked = True
    finally:
        signal.signal(signal.SIGTERM, ours)
    if asked:
        signal.raise_signal(signal.SIGTERM)


def _node(told: dict[str, Any]) -> Node:
    resources = told["Resources"]
    card = next((name.partition(":")[2] for name in resources if name.startswith("accelerator_type:")), None)
    return Node(
        id=told["NodeID"],
        name=f"node {told['NodeName']}",
        gpus=int(resources.get("GPU", 0)),
        cpus=resources.get("CPU", 0),
        card=card,
    )


def _is(asked: str, name: str | None) -> bool:
    return name is not None and asked.casefold() == name.casefold()


def _differences(theirs: dict[str, str], ours: dict[str, str]) -> Iterator[str]:
    for package in sorted({*theirs, *ours}):
        its, here = theirs.get(package), ours.get(package)
        if its != here:
            yield f"{package} is {its or 'not there'}, and {here or 'not there'} here"


def _why(error: Exception) -> str:
    """Of what a station raised, its own words; of Ray's errors, which tell of addresses, what they mean."""
    cause = getattr(error, "cause", None)
    return "its process or its node was lost" if cause is None else _first_line(cause)


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [type(error).__name__])[0].rstrip(".")
