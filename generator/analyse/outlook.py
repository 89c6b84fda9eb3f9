"""What a sweep will take before any of it runs: what is measured already, what has room, how long the rest may last."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from generator.analyse.durations import Durations, Lasting, together
from generator.analyse.fit import Device, Fit, fit
from generator.analyse.fit_bytes import model_bytes
from generator.analyse.fit_check import load_of
from generator.analyse.fit_evidence import Evidence
from generator.analyse.memory import GIB, GIB_IN_MIB
from generator.analyse.physics.cards import CARDS
from generator.analyse.planning import device_of
from generator.cells import Cell
from generator.fingerprint import TASKS_PACKAGE
from generator.manifest import MeasuredRun
from generator.measurements import Run
from generator.methods import MethodId, method_of
from generator.model import Model
from generator.order import Order
from generator.profiles import Batch, Profile
from generator.record import Completed
from generator.sweep import Wanted

# Why it can't be planned whether a cell has room: its KV cache has a fixed size, several cards share its layers, its
# model or its card is not known, or it is not known how its engine stores the format.
Unplanned = Literal["cache", "ranks", "model", "card", "format"]

State = Literal["measured", "begun", "open"]


@dataclass(frozen=True, slots=True)
class Here:
    """This machine: what its runs are told from others by. `card` is its processor where it has no card. Where a plan
    is made `across` a cluster, each of whose machines has these `versions`, the rest of their environments is not
    known."""

    card: str
    has_gpu: bool
    environment_sha256: str
    versions: Mapping[str, str]
    across: bool = False

    def differs(self, manifest: MeasuredRun) -> bool:
        """Whether a run is known not to be of the environment that would go on with it: figures are not mixed."""
        if self.across:
            known = {name: version for name, version in manifest.versions.items() if name != TASKS_PACKAGE}
            return known != dict(self.versions)
        return manifest.hardware.name == self.card and manifest.environment_sha256 != self.environment_sha256


@dataclass(frozen=True, slots=True)
class Standing:
    """What there is of a run. `made` are its launches by cell, failed and invalid ones too; `rounds` those
    that it is to have, at least; `outdated` is a complete
    run of just this in another environment, which is why it is measured anew."""

    state: State
    run_id: str | None = None
    made: Mapping[Cell, int] | None = None
    rounds: int = 0
    failed: int = 0
    invalid: int = 0
    outdated: str | None = None

    @property
    def again(self) -> int:
        """How many of its launches have no figure that counts."""
        return self.failed + self.invalid


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


def standing_of(order: Order, card: str, here: Here, runs: Sequence[Run]) -> Standing:
    """The newest own run of just this order on such a card that has all its launches, or else the newest one, which is
    gone on with. One that `here` is known to differ from does not count; whether a card elsewhere is as it was nobody
    knows."""
    begun = outdated = None
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
        if here.differs(manifest):
            outdated = outdated or (manifest.run_id if complete else None)
            continue
        failed = sum(launch.status == "failed" for launch in run.launches)
        invalid = sum(isinstance(launch, Completed) and not launch.valid for launch in run.launches)
        found = Standing(
            "measured" if complete else "begun", manifest.run_id, made, manifest.profile.rounds, failed, invalid
        )
        if complete:
            return found
        begun = begun or found
    return begun or Standing("open", outdated=outdated)


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
    rounds = 0 if standing.state == "measured" else max(order.profile.rounds, standing.rounds)
    left = {cell: max(0, rounds - (standing.made or {}).get(cell, 0)) for cell in order.cells}
    lasting = [
        Lasting(count * found.duration_s, found.basis) if (found := durations.of(order.profile, card, cell)) else None
        for cell, count in left.items()
        if count
    ]
    rooms = rooms_of(order, card, model, evidence)
    return Outlook(
        number, wanted, order, card, card == here.card, standing, rooms, sum(left.values()), together(lasting)
    )


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
