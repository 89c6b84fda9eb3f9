"""A measurement across the stations of a cluster: a run for each kind of card, its launches handed out one by one.

It alone reads and writes measurements/, as a local measurement does. A station that is lost costs the launch that it
was at, which is no failure of the method: it is made again elsewhere.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from generator import measurements
from generator.errors import ClusterError
from generator.folders import CHECKOUT
from generator.measure.checkpoints import revisions_of
from generator.measure.cluster import Cluster, Held
from generator.measure.line import Watcher, log_of, predictions_in
from generator.measure.places import resolved
from generator.measure.redaction import redact_logs
from generator.measure.schedule import Rounds, Slot
from generator.measure.session import alone, begin, open_run, refuse_what_is_missing
from generator.measure.sharing import Sharing
from generator.measure.station import Launched, Readiness, paths_of
from generator.order import Order
from generator.record import Completed, Stage

# A launch that was lost with so many stations may be what ends them: it is left for another sitting.
LOSSES: Final = 2


@dataclass(frozen=True, slots=True)
class Call:
    """What a station was asked: to make ready, or about the launch of `slot`."""

    station: Held
    slot: Slot | None = None


# Calls to stations, by the references by which Ray tells of their answers.
Calls = dict[Any, Call]


def measure_across(
    order: Order,
    cluster: Cluster,
    card: str | None,
    notes: Callable[[str], None],
    watcher: Callable[[str | None], Watcher],
    root: Path,
) -> tuple[measurements.Run, ...]:
    """Make every launch of the order that has not been made yet, on each kind of card of the cluster, or on `card`
    alone; the runs as they then stand. `watcher` makes one for each run, and is told the kind of card where there are
    more; `notes` is told what can't be used.

    Raises `ClusterError` where the cluster has not what is asked for, or has lost it before all launches were made.
    """
    with alone(root):
        refuse_what_is_missing(order.profile, order.profile_file)
        kinds: dict[str, list[Held]] = {}
        for station in cluster.hold(order.profile.engine.tensor_parallel_size, card, notes):
            kinds.setdefault(_kind(station), []).append(station)
        shared = [
            SharedRun(order, stations, cluster, watcher(_name(stations) if len(kinds) > 1 else None), root)
            for stations in kinds.values()
        ]
        calls: dict[Any, tuple[SharedRun, Call]] = {}
        try:
            for run in shared:
                calls |= {made: (run, call) for made, call in run.begin().items()}
            while calls:
                answered = cluster.wait(calls)
                run, call = calls.pop(answered)
                calls |= {made: (run, call) for made, call in run.hear(answered, call).items()}
        finally:
            for run in shared:
                redact_logs(run.folder)
        for run in shared:
            run.end()
        return tuple(measurements.read_run(run.folder) for run in shared)


def _kind(station: Held) -> str:
    """Equal where figures may stand in one run. How much RAM the system leaves to programs differs a little among equal
    machines."""
    return station.told.hardware.model_copy(update={"ram_gib": None}).model_dump_json()


def _name(stations: Sequence[Held]) -> str:
    return stations[0].told.hardware.name


class SharedRun:
    """One run, and the stations of one kind that make its launches. What it asks of them it returns, and is told the
    answers."""

    def __init__(self, order: Order, stations: list[Held], cluster: Cluster, watcher: Watcher, root: Path) -> None:
        least = min(stations, key=lambda one: one.told.hardware.ram_gib or 0).told.hardware
        self.folder, self._manifest, self._made = open_run(order, least, root)
        plan = Rounds(self._manifest.cells, self._manifest.profile.rounds)
        self._watcher = watcher
        begin(order, self._manifest, self._made, plan.size, self._watcher, root)
        self._cluster, self._stations = cluster, list(stations)
        self._profile_folder = order.profile_file.parent
        self._sharing = Sharing(plan.slots, self._made, awaits_predictions=self._manifest.profile.quality is not None)
        self._revisions = revisions_of(self._made)
        self._ready: dict[Held, Readiness] = {}
        self._asked: set[Held] = set()
        self._at_work: dict[Held, Slot] = {}
        self._launches: Counter[Held] = Counter()
        self._losses: Counter[Slot] = Counter()
        self._predictions: Any = None
        self._have_predictions: set[Held] = set()

    def begin(self) -> Calls:
        """Let one station make ready: the others are held to the commits that it finds."""
        if not self._sharing.left:
            return {}
        kept = predictions_in(self.folder)
        if kept.is_file():
            self._share_predictions(kept.read_bytes())
        return self._make_ready(self._stations[:1])

    def hear(self, answered: Any, call: Call) -> Calls:
        """Do what follows from the answer."""
        try:
            answer = self._cluster.answer(answered)
        except ClusterError as error:
            return self._lose(call.station, str(error)) if call.station in self._stations else {}
        if isinstance(answer, Readiness):
            return self._is_ready(call.station, answer)
        assert call.slot is not None
        if isinstance(answer, Launched):
            return self._keep(call.station, call.slot, answer)
        return self._tell_stage(call.station, call.slot, answer)

    def end(self) -> None:
        """Forget what no launch is left to need. Raises `ClusterError` where some were not made."""
        left = len(self._sharing.left) + sum(losses >= LOSSES for losses in self._losses.values())
        if left:
            raise ClusterError(
                f"{self._manifest.run_id} lacks {left} of its launches, whose stations were lost; mend what is said of "
                "them, and run the same command again: finished launches are kept"
            )
        if all(isinstance(one, Completed) for one in self._made):
            predictions_in(self.folder).unlink(missing_ok=True)

    def _make_ready(self, stations: Iterable[Held]) -> Calls:
        manifest = self._manifest.model_copy(update={"profile": resolved(self._manifest.profile)})
        folder = self._profile_folder
        if folder.is_relative_to(CHECKOUT):  # of which each node has its own
            folder = folder.relative_to(CHECKOUT)
        first = self._sharing.left[0].cell.engine if self._sharing.left else None
        calls: Calls = {}
        for station in stations:
            self._asked.add(station)
            calls[station.actor.make_ready.remote(manifest, folder, self._revisions, first)] = Call(station)
        return calls

    def _is_ready(self, station: Held, readiness: Readiness) -> Calls:
        self._ready[station] = readiness
        self._revisions |= readiness.revisions
        return self._make_ready(self._not_asked()) | self._hand_out()

    def _not_asked(self) -> list[Held]:
        return [one for one in self._stations if one not in self._asked]

    def _hand_out(self) -> Calls:
        """Give every station that is free a launch, if there is one for it."""
        self._leave_out_what_lacks_something()
        calls: Calls = {}
        for station in self._free():
            slot = self._following(station)
            if slot is not None:
                self._sharing.begin(slot, station.told.card)
                self._at_work[station] = slot
                calls |= self._launch(station, slot)
        return calls

    def _free(self) -> list[Held]:
        """What lacks something waits until it is known whether all lack it, so that a launch can only fail."""
        all_told = len(self._ready) == len(self._stations)
        return [one for one, it in self._ready.items() if one not in self._at_work and (all_told or not it.lacks)]

    def _leave_out_what_lacks_something(self) -> None:
        had = {*paths_of(self._manifest.profile)}.union(*(one.has for one in self._ready.values()))
        for station, readiness in list(self._ready.items()):
            if lacking := [message for name, message in readiness.lacks.items() if name in had]:
                self._drop(station)
                self._watcher.notes(f"{station.node.name} is not used: {lacking[0]}")

    def _following(self, station: Held) -> Slot | None:
        return self._sharing.following(station.told.card, {one.told.card for one in self._stations})

    def _launch(self, station: Held, slot: Slot) -> Calls:
        after = self._following(station)
        predictions = None if station in self._have_predictions else self._predictions
        if predictions is not None:
            self._have_predictions.add(station)
        wanted = self._sharing.awaits_predictions
        launch = station.actor.launch.remote(slot, after and after.cell.engine, predictions, wanted=wanted)
        self._launches[station] += 1
        return {launch: Call(station, slot)} | self._ask_stage(station, slot, None)

    def _ask_stage(self, station: Held, slot: Slot, known: Stage | None) -> Calls:
        return {station.actor.news.remote(self._launches[station], known): Call(station, slot)}

    def _tell_stage(self, station: Held, slot: Slot, stage: Stage | None) -> Calls:
        if stage is None or self._at_work.get(station) != slot:
            return {}
        self._watcher.stage(slot, stage)
        return self._ask_stage(station, slot, stage)

    def _keep(self, station: Held, slot: Slot, launched: Launched) -> Calls:
        log = log_of(self.folder, slot)
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(launched.log)
        measurements.write_launch(self.folder, launched.outcome)
        self._made.append(launched.outcome)
        if launched.predictions is not None and self._sharing.awaits_predictions:
            _write_whole(predictions_in(self.folder), launched.predictions)
            self._share_predictions(launched.predictions)
            self._have_predictions.add(station)
        self._sharing.end(slot)
        del self._at_work[station]
        self._watcher.ends(slot, launched.outcome)
        return self._hand_out()

    def _share_predictions(self, predictions: bytes) -> None:
        self._predictions = self._cluster.share(predictions)
        self._sharing.awaits_predictions = False

    def _lose(self, station: Held, why: str) -> Calls:
        self._drop(station)
        slot = self._at_work.pop(station, None)
        if slot is None:
            self._watcher.notes(f"{station.node.name} is no longer used: {why}")
            return self._make_ready(self._not_asked()[:1]) | self._hand_out()
        self._losses[slot] += 1
        if self._losses[slot] < LOSSES:
            self._sharing.take_back(slot)
            self._watcher.loses(slot, f"{station.node.name}: {why}; it is left to the others")
        else:
            self._sharing.end(slot)
            self._watcher.loses(slot, f"{station.node.name}: {why}; for the second time, so it is left for another day")
        return self._hand_out()

    def _drop(self, station: Held) -> None:
        self._stations.remove(station)
        self._ready.pop(station, None)


def _write_whole(path: Path, content: bytes) -> None:
    temporary = path.with_name(f".{path.name}.tmp")
    temporary.write_bytes(content)
    temporary.replace(path)
