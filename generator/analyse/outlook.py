"""What a sweep will take before any of it runs: what is measured already, what has room, how long the rest may last.

Nothing is invented: a time comes from launches on record, and says how near those are; what no record tells is unknown.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Final, Literal, get_args

from generator.analyse.fit import Device, Fit, fit
from generator.analyse.fit_bytes import model_bytes
from generator.analyse.fit_check import load_of
from generator.analyse.fit_evidence import Evidence
from generator.analyse.memory import GIB, GIB_IN_MIB
from generator.analyse.physics.cards import CARDS
from generator.analyse.planning import device_of
from generator.cells import Cell
from generator.manifest import MeasuredRun
from generator.measurements import Run
from generator.methods import MethodId, method_of
from generator.model import Model
from generator.order import Order
from generator.profiles import Batch, Profile
from generator.record import Completed
from generator.sweep import Wanted

# Whose launches a time is taken from, from the nearest on: of the cell itself; of another method in its engine and mode
# on its card; of the cell on another card; of any method in its engine and mode with another model. All did its work.
Basis = Literal["cell", "method", "card", "model"]

# Why it can't be planned whether a cell has room: its KV cache has a fixed size, several cards share its layers, its
# model or its card is not known, or it is not known how its engine stores the format.
Unplanned = Literal["cache", "ranks", "model", "card", "format"]

State = Literal["measured", "begun", "open"]


@dataclass(frozen=True, slots=True)
class Here:
    """This machine: what its runs are told from others by. `card` is its processor where it has no card."""

    card: str
    has_gpu: bool
    environment_sha256: str
    versions: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a run. `made` are its launches by cell, failed and invalid ones too; `outdated` is a complete
    run of just this that another environment of this machine made, which is why it is measured anew."""

    state: State
    run_id: str | None = None
    made: Mapping[Cell, int] | None = None
    failed: int = 0
    invalid: int = 0
    outdated: str | None = None

    @property
    def again(self) -> int:
        """How many of its launches have no figure that counts."""
        return self.failed + self.invalid


@dataclass(frozen=True, slots=True)
class Lasting:
    """How long launches are likely to last, and the farthest basis of any of them."""

    duration_s: float
    basis: Basis


@dataclass(frozen=True, slots=True)
class Outlook:
    """One run of a sweep, by its number as people count. `rooms` are the plans of its cells, or why there is none;
    `left` the launches that it lacks; `lasting` is None where no launch on record did such work."""

    number: int
    wanted: Wanted
    order: Order
    card: str
    here: bool
    standing: Standing
    rooms: Mapping[Cell, Fit | Unplanned]
    left: int
    lasting: Lasting | None

    @property
    def plans(self) -> Mapping[Cell, Fit]:
        """The plans that could be made, by cell."""
        return {cell: plan for cell, plan in self.rooms.items() if isinstance(plan, Fit)}

    @property
    def without_room(self) -> tuple[MethodId, ...]:
        """The methods of which no cell has room."""
        with_room = {cell.method for cell in self.rooms if cell not in self.plans or not self.plans[cell].obstacle}
        return tuple(method for method in self.methods if method not in with_room)

    @property
    def over_card_gib(self) -> float | None:
        """The memory of the card by its data sheet, where the budget is more than that; None where it is not."""
        sheet, budget_gib = CARDS.get(self.card), self.order.memory_budget_gib
        return sheet.memory_gib if sheet and budget_gib is not None and budget_gib > sheet.memory_gib else None

    @property
    def methods(self) -> tuple[MethodId, ...]:
        """Those of its cells."""
        return tuple(dict.fromkeys(cell.method for cell in self.order.cells))


class Durations:
    """How long the launches on record lasted."""

    def __init__(self, runs: Iterable[Run]) -> None:
        self._found: dict[tuple[object, ...], list[float]] = defaultdict(list)
        for run in runs:
            if isinstance(run.manifest, MeasuredRun) and run.manifest.experiment is None:
                keys = {cell: _keys(run.manifest.profile, run.manifest.hardware.name, cell) for cell in _cells_of(run)}
                for launch in run.launches:
                    if isinstance(launch, Completed):
                        for key in keys[launch.cell]:
                            self._found[key].append(launch.duration_s)

    def of(self, profile: Profile, card: str, cell: Cell) -> Lasting | None:
        """The median of the nearest; None where nothing did such work."""
        for basis, key in zip(get_args(Basis), _keys(profile, card, cell), strict=True):
            if found := self._found.get(key):
                return Lasting(median(found), basis)
        return None


def _cells_of(run: Run) -> set[Cell]:
    return {launch.cell for launch in run.launches}


def _keys(profile: Profile, card: str, cell: Cell) -> tuple[tuple[object, ...], ...]:
    """A launch's keys for each basis, from the nearest on."""
    suited = tuple(workload for workload in profile.workloads if workload.suits(cell))
    work, where = (suited, profile.quality, profile.tasks), (cell.engine, cell.mode)
    own = (cell.method, *where)
    return (
        ("cell", work, card, profile.model_name, own),
        ("method", work, card, profile.model_name, where),
        ("card", work, profile.model_name, own),
        ("model", work, where),
    )


def standing_of(order: Order, card: str, here: Here, runs: Sequence[Run]) -> Standing:
    """The newest own run of just this order on such a card. On this machine one of another environment does not count,
    for figures are not mixed; whether a card elsewhere is as it was nobody knows here."""
    outdated = None
    for run in reversed(runs):
        manifest = run.manifest
        if (
            not isinstance(manifest, MeasuredRun)
            or run.trust != "own"
            or manifest.hardware.name != card
            or not order.is_of(manifest)
        ):
            continue
        made: dict[Cell, int] = dict.fromkeys(order.cells, 0)
        for launch in run.launches:
            made[launch.cell] += 1
        complete = all(count >= order.profile.rounds for count in made.values())
        if card == here.card and manifest.environment_sha256 != here.environment_sha256:
            outdated = outdated or (manifest.run_id if complete else None)
            continue
        failed = sum(launch.status == "failed" for launch in run.launches)
        invalid = sum(isinstance(launch, Completed) and not launch.valid for launch in run.launches)
        return Standing("measured" if complete else "begun", manifest.run_id, made, failed, invalid)
    return Standing("open", outdated=outdated)


def rooms_of(order: Order, card: str, model: Model | None, evidence: Evidence) -> dict[Cell, Fit | Unplanned]:
    """Whether each cell's first work has room on the card, or in the budget, or why that can't be planned."""
    engine, sheet = order.profile.engine, CARDS.get(card)
    rooms: dict[Cell, Fit | Unplanned] = {}
    for cell in order.cells:
        if engine.kv_cache_gib is not None:
            rooms[cell] = "cache"
            continue
        if engine.tensor_parallel_size > 1:
            rooms[cell] = "ranks"
            continue
        if model is None or sheet is None:
            rooms[cell] = "card" if sheet is None else "model"
            continue
        if cell.engine not in method_of(cell.method).stored:
            rooms[cell] = "format"
            continue
        device = device_of(sheet.shown_mib / GIB_IN_MIB, sheet.bandwidth_gb_per_s, evidence)
        budget_gib = min(order.memory_budget_gib or device.memory_gib, device.memory_gib)
        users, context_tokens = _asked(order.profile, cell)
        load = load_of(engine, context_tokens, users, anew=True)
        rooms[cell] = fit(model, cell, Device(budget_gib, device.bandwidth_gb_per_s), load, evidence)
    return rooms


def _asked(profile: Profile, cell: Cell) -> tuple[int, int]:
    """The users and the tokens of each that a launch can't do without: vLLM lets requests wait, and starts where one of
    the longest has room; Transformers answers a batch at once. Of a prompt in words the tokens are not known here, and
    count nothing."""
    batches = [one for one in profile.workloads if isinstance(one, Batch) and one.suits(cell)]
    tokens = max(one.random_prompt_tokens + one.output_tokens for one in batches)
    longest = profile.engine.max_model_len
    if cell.engine == "vllm":
        return 1, tokens if longest == "auto" else longest
    return max(concurrency for one in batches for concurrency in one.concurrencies), tokens


def outlook_of(
    number: int,
    wanted: Wanted,
    order: Order,
    here: Here,
    runs: Sequence[Run],
    durations: Durations,
    model: Model | None,
    evidence: Evidence,
) -> Outlook:
    """What one run of a sweep will take."""
    card = wanted.card or here.card
    standing = standing_of(order, card, here, runs)
    left = {cell: max(0, order.profile.rounds - (standing.made or {}).get(cell, 0)) for cell in order.cells}
    lasting = [
        Lasting(count * found.duration_s, found.basis) if (found := durations.of(order.profile, card, cell)) else None
        for cell, count in left.items()
        if count
    ]
    rooms = rooms_of(order, card, model, evidence)
    return Outlook(
        number, wanted, order, card, card == here.card, standing, rooms, sum(left.values()), together(lasting)
    )


def together(several: Sequence[Lasting | None]) -> Lasting | None:
    """One after the other; None where one of them is not known, or there is none."""
    known = [one for one in several if one is not None]
    if not known or len(known) < len(several):
        return None
    bases: Final = get_args(Basis)
    return Lasting(sum(one.duration_s for one in known), max((one.basis for one in known), key=bases.index))


@dataclass(frozen=True, slots=True)
class Total:
    """Of all runs: launches; those left, and those of them here; how long these take, None where it is not known."""

    launches: int
    left: int
    here_left: int
    here: Lasting | None


def total_of(looks: Sequence[Outlook]) -> Total:
    """What a sweep takes in all."""
    at_home = [look for look in looks if look.here and look.left]
    return Total(
        launches=sum(look.order.size for look in looks),
        left=sum(look.left for look in looks),
        here_left=sum(look.left for look in at_home),
        here=together([look.lasting for look in at_home]),
    )


@dataclass(frozen=True, slots=True)
class Need:
    """What a cell of a profile needs: a card whose driver shows so much. `lacking` are the numbers of the runs, as
    people count, in which it has no room."""

    profile: str
    cell: Cell
    card_gib: float
    lacking: tuple[int, ...]


def needs_of(looks: Sequence[Outlook]) -> tuple[Need, ...]:
    """Each cell that a plan can be made of, once for each profile."""
    found: dict[tuple[str, Cell], list[tuple[int, Fit]]] = defaultdict(list)
    for look in looks:
        for cell, plan in look.plans.items():
            if not cell.twin:
                found[look.order.profile.name, cell].append((look.number, plan))
    return tuple(
        Need(profile, cell, plans[0][1].card_gib, tuple(number for number, plan in plans if plan.obstacle))
        for (profile, cell), plans in found.items()
    )


def unplanned(looks: Sequence[Outlook]) -> dict[Unplanned, tuple[int, ...]]:
    """The numbers of the runs, as people count, of some cell of which no plan can be made, by why."""
    found: dict[Unplanned, list[int]] = {}
    for look in looks:
        for why in sorted({room for room in look.rooms.values() if not isinstance(room, Fit)}):
            found.setdefault(why, []).append(look.number)
    return {why: tuple(numbers) for why, numbers in found.items()}


def checkpoint_gib(model: Model, method: MethodId) -> float | None:
    """About what the files of a checkpoint take; None of a format whose bytes are not known."""
    stored = method_of(method).stored.get("vllm")
    return model_bytes(model, stored) / GIB if stored else None
