"""A Ray cluster's nodes, and the stations on them, chosen by card and held to the same versions.

It knows no plan and no measurements/; who has joined the cluster gives it Ray.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from generator.errors import ClusterError
from generator.measure.station import Station, Told, packages

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
            has = ", ".join(f"{count} × {kind}" for kind, count in sorted(kinds.items())) or "no card that answers"
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
        on_node = self._ray.util.scheduling_strategies.NodeAffinitySchedulingStrategy
        kind = self._ray.remote(Station)
        asked = {}
        for node in places:
            actor = kind.options(
                num_gpus=gpus if self.has_gpu else 0,
                num_cpus=0 if self.has_gpu else node.cpus,
                max_restarts=0,
                max_concurrency=4,  # a launch, the news of it and of the one before, and the leave
                scheduling_strategy=on_node(node.id, soft=False),
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
    if cause is not None:
        return first_line(str(cause) or type(cause).__name__)
    if "creation task" in str(error):
        return f"its station did not start: {str(error).strip().splitlines()[-1]}"
    return "its process or its node was lost"


def first_line(words: str) -> str:
    """Of what Ray says at length, what fits into a line of ours."""
    return words.strip().partition("\n")[0].rstrip(".")
