"""One run: its cells beside one another, and what may be said of their differences."""

from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Final, Literal

from generator.analyse import crowd, noise
from generator.analyse.answers import Answers, answers_of
from generator.analyse.cards import CardShare, shares_of
from generator.analyse.cell import CellFindings
from generator.analyse.growth import Growth
from generator.analyse.kernels import Disabled, disabled_of
from generator.analyse.neutral import neutral_in
from generator.analyse.noise import Detectable, Points
from generator.analyse.peers import PeerFindings, peers_of
from generator.analyse.physics.contradiction import Contradiction
from generator.analyse.quality import QualityFindings, quality_of
from generator.analyse.scenarios import SCENARIOS, SERVICE_USERS, Candidate, Recommendation, ScenarioId, recommend
from generator.analyse.search import Trial, too_small, trials
from generator.analyse.split import Split, split_of
from generator.analyse.statistics import Comparison, Stat, Verdict, compare, compare_all
from generator.cells import Cell, Mode
from generator.manifest import Experiment, MeasuredRun, ReportedRun
from generator.measurements import Run
from generator.methods import BASELINE, METHOD_IDS, METHODS, EngineId, MethodId, method_of
from generator.profiles import SyntheticCheckpoint
from generator.record import Completed, Failed, Fault, Reported, Stage
from generator.samples import TaskScore

# Fewer launches than these give an interval, but a wide one: what they say is provisional.
ROUNDS_TO_BE_SURE: Final = 8
# With fewer than these, hardly anything is proven.
ROUNDS_TO_ADVISE: Final = 3

# In these stages the device belongs to an engine.
BUSY: Final[tuple[Stage, ...]] = ("load", "warm-up", "generate", "tasks")

# What kind of evidence a run is; only a measured one with a GPU, or a reported one, can carry a recommendation.
Kind = Literal["measured", "demo", "reported"]

# What lists call it: somebody else's run by how far it is known to be true, one's own by its kind.
Origin = Kind | Literal["attested", "contributed"]


@dataclass(frozen=True)
class RunFindings:
    """One run. `cells` are all of it; `shown` one for each method in each engine, in the mode that serves best.
    `contradictions` are what can't be true in it: with one, nothing is concluded from it. `growth` is what another run,
    with long prompts, says of the engine that reserves no memory."""

    run: Run
    kind: Kind
    cells: tuple[CellFindings, ...]
    contradictions: tuple[Contradiction, ...] = ()
    growth: Growth | None = None

    @property
    def manifest(self) -> MeasuredRun | ReportedRun:
        """What was measured, where and how."""
        return self.run.manifest

    @property
    def origin(self) -> Origin:
        """See `Origin`."""
        return self.kind if self.run.trust == "own" else self.run.trust

    @cached_property
    def shown(self) -> tuple[CellFindings, ...]:
        """The cells that have figures, without twins, and in CUDA graphs rather than eager where there are both."""
        chosen: dict[tuple[MethodId, EngineId], CellFindings] = {}
        for one in self.cells:
            key = (one.cell.method, one.cell.engine)
            if one.stats and not one.cell.twin and (key not in chosen or one.cell.mode == "graphs"):
                chosen[key] = one
        return tuple(
            one for method in METHODS for key, one in sorted(chosen.items(), key=_home_first) if key[0] == method.id
        )

    @property
    def methods(self) -> tuple[CellFindings, ...]:
        """The methods of the run, whether they have figures or not: at home, or else in the engine that the run has."""
        first = {one.cell.method: one for one in reversed(self.cells) if not one.cell.twin}
        first |= {one.cell.method: one for one in reversed(self.cells) if one.cell.at_home and not one.cell.twin}
        shown = {one.cell.method: one for one in reversed(self.shown)}
        at_home = {one.cell.method: one for one in self.shown if one.cell.at_home}
        return tuple((first | shown | at_home)[method.id] for method in METHODS if method.id in first)

    @property
    def measured(self) -> tuple[CellFindings, ...]:
        """The methods that have figures."""
        return tuple(one for one in self.methods if one.stats)

    @property
    def failed(self) -> tuple[Failed, ...]:
        """Every failed launch."""
        return tuple(failure for one in self.cells for failure in one.failed)

    @property
    def launches_per_cell(self) -> int:
        """The fewest valid launches that any shown cell has."""
        return min((len(one.valid) for one in self.shown), default=0)

    @property
    def modes(self) -> tuple[Mode, ...]:
        """The modes of the cells in the baseline's engine, as the plan has them."""
        engine = method_of(BASELINE).engine
        return tuple(dict.fromkeys(one.cell.mode for one in self.cells if one.cell.engine == engine))

    def cells_in(self, mode: Mode) -> tuple[CellFindings, ...]:
        """Those with figures in one mode of the baseline's engine, with those of other engines, without twins; in the
        order of the methods, each at home first."""
        engine = method_of(BASELINE).engine
        found = [
            one
            for one in self.cells
            if one.stats and not one.cell.twin and (one.cell.engine != engine or one.cell.mode == mode)
        ]
        if not any(one.cell.engine == engine for one in found):
            return ()
        return tuple(sorted(found, key=lambda one: (METHOD_IDS.index(one.cell.method), not one.cell.at_home)))

    @property
    def complete(self) -> bool:
        """Whether every launch of its plan was made; of a search, whether each cell's has ended."""
        if self.is_search:
            return all(one.failed or self.too_small(one) for one in self.cells)
        return len(self.run.launches) >= self.planned

    @property
    def planned(self) -> int:
        """How many launches its plan has; a search, whose length nobody knows, at least two for each cell."""
        if isinstance(self.manifest, ReportedRun):
            return len(self.run.launches)
        if self.is_search:
            return 2 * len(self.cells)
        return len(self.manifest.cells) * self.manifest.profile.rounds

    @property
    def context_limit_tokens(self) -> int | None:
        """The longest context that the model is made for; None where the records don't know."""
        shapes = [one.configuration.shape for one in self.shown if one.configuration and one.configuration.shape]
        known = [shape.positions for shape in shapes if shape.positions]
        if not isinstance(self.manifest, ReportedRun):
            checkpoints = self.manifest.profile.checkpoints.values()
            known += [one.positions for one in checkpoints if isinstance(one, SyntheticCheckpoint)]
        return min(known, default=None)

    @property
    def ordinary(self) -> bool:
        """Whether its settings are those that somebody serves with, and not a part of the paradox experiment's."""
        return self.experiment in {None, "equal_utilisation"}

    @property
    def experiment(self) -> Experiment | None:
        """The experiment that it is a part of, if it is."""
        return None if isinstance(self.manifest, ReportedRun) else self.manifest.experiment

    @property
    def is_search(self) -> bool:
        """Whether its launches tried ever smaller KV caches: of each cell one counts, see `search.found_by_search`."""
        return self.experiment == "smallest_budget"

    @property
    def advises(self) -> bool:
        """Whether it may recommend anything: with too few launches all is a tie, and a tie in speed then says nothing.
        Reported figures are one launch each, and are marked as that."""
        if self.contradictions:
            return False
        return self.kind == "reported" or (self.kind == "measured" and self.launches_per_cell >= ROUNDS_TO_ADVISE)

    @property
    def provisional(self) -> bool:
        """Whether there are too few launches to be sure of small differences."""
        return self.kind == "measured" and self.launches_per_cell < ROUNDS_TO_BE_SURE

    def of(self, method_id: MethodId, engine: EngineId | None = None) -> CellFindings | None:
        """The method's findings in `engine`, or as in `methods`; None where the run has no figures of it."""
        among = self.measured if engine is None else self.shown
        return next((one for one in among if one.cell.method == method_id and engine in {None, one.cell.engine}), None)

    def has(self, quantity: str) -> bool:
        """Whether any method has the quantity."""
        return any(quantity in one.stats for one in self.cells)

    def least(self, quantity: str) -> CellFindings | None:
        """The method with the lowest median of the quantity, None where no method has it."""
        having = [one for one in self.measured if quantity in one.stats]
        return min(having, key=lambda one: one.stats[quantity].median, default=None)

    @property
    def baseline(self) -> CellFindings | None:
        """FP16 in vLLM, in the mode that is shown."""
        return next((one for one in self.shown if one.cell.is_baseline), None)

    @cached_property
    def noise(self) -> Comparison | None:
        """See `noise.noise_of`."""
        return noise.noise_of(self.cells)

    @cached_property
    def floor(self) -> float:
        """The difference, as a share, below which this machine's figures decide nothing."""
        return noise.floor_of(self.noise)

    @cached_property
    def noise_by_users(self) -> dict[int, Comparison]:
        """See `noise.noise_by_users`."""
        return noise.noise_by_users(self.cells)

    def floor_with(self, users: int | None) -> float:
        """The floor with so many users, where the twin served as many; else that of the headline."""
        found = self.noise_by_users.get(users) if users else None
        return noise.floor_of(found) if found and found.low is not None else self.floor

    def floor_of(self, quantity: str) -> float:
        """The floor of a quantity: that of its own load, where it has one."""
        loads = {
            "one_user_tokens_per_s": 1,
            "per_user_tokens_per_s": 1,
            "crowd_tokens_per_s": self.crowd,
            "service_tokens_per_s": self.service,
        }
        return self.floor_with(loads.get(quantity))

    @property
    def floors(self) -> dict[int, float]:
        """The floor with each number of users that any shown cell served."""
        served = sorted({point.concurrency for one in self.shown for point in one.served})
        return {users: self.floor_with(users) for users in served}

    def detectable(self, quantity: str = "output_tokens_per_s") -> Detectable | None:
        """See `noise.detectable`."""
        return noise.detectable(self.baseline, self.shown, quantity, self.floor) if self.baseline else None

    def detectable_each(self, quantity: str = "output_tokens_per_s") -> dict[Cell, float]:
        """See `noise.detectable_each`."""
        return noise.detectable_each(self.baseline, self.shown, quantity, self.floor) if self.baseline else {}

    def detectable_by_point(self, quantity: str, points: Points) -> Detectable | None:
        """See `noise.detectable_by_point`."""
        if self.baseline is None:
            return None
        floor = self.floor_with if quantity == noise.SPEED else lambda _: self.floor
        return noise.detectable_by_point(self.baseline, self.shown, quantity, points, floor)

    @property
    def doubts(self) -> tuple[tuple[Completed, Fault, bool], ...]:
        """Every fault of a launch that ended well, and whether its figures are used all the same."""
        launches = [launch for launch in self.run.launches if isinstance(launch, Completed)]
        return tuple((launch, fault, launch.valid) for launch in launches for fault in launch.faults)

    def trials(self, one: CellFindings) -> tuple[Trial, ...]:
        """See `search.trials`; none where the run is no search."""
        return trials([launch for launch in self.run.launches if launch.cell == one.cell]) if self.is_search else ()

    def too_small(self, one: CellFindings) -> Trial | None:
        """See `search.too_small`."""
        return too_small(self.trials(one))

    @property
    def launches_s(self) -> float:
        """The time that the launches took, all together; where several cards shared them, less passed on the clock."""
        return sum(launch.duration_s for launch in self.run.launches if not isinstance(launch, Reported))

    @cached_property
    def cards(self) -> tuple[CardShare, ...]:
        """See `cards.shares_of`."""
        return shares_of([launch for launch in self.run.launches if not isinstance(launch, Reported)])

    @property
    def idle_share(self) -> float | None:
        """The share of the launches' time in which no engine was loading or at work; None where it is not known."""
        launches = [launch for launch in self.run.launches if isinstance(launch, Completed) and launch.stages_s]
        whole_s = sum(launch.duration_s for launch in launches)
        if not launches:
            return None
        busy_s = sum((launch.stages_s or {}).get(stage, 0) for launch in launches for stage in BUSY)
        return 1 - busy_s / whole_s

    @cached_property
    def peers(self) -> tuple[PeerFindings, ...]:
        """What other benchmarks found in the same configurations."""
        return tuple(peers_of(self.cells, self.run.peers))

    @cached_property
    def answers(self) -> dict[str, tuple[Answers, ...]]:
        """See `answers.answers_of`."""
        return answers_of(self.shown)

    @property
    def disabled_kernels(self) -> tuple[Disabled, ...]:
        """See `kernels.disabled_of`."""
        return disabled_of(self.manifest, self.shown)

    @cached_property
    def neutral(self) -> frozenset[str]:
        """The quantities without ratios; see `neutral.neutral_in`."""
        return neutral_in(self.manifest)

    def comparison(self, one: CellFindings, base: CellFindings, quantity: str) -> Comparison | None:
        """A cell's quantity against that of `base`, judged together with those of all other cells that are shown. None
        where one of the two lacks it, and of a quantity that is neutral."""
        if quantity in self.neutral or quantity not in one.stats or quantity not in base.stats:
            return None
        others = {other.cell: other.stats[quantity] for other in self.shown if quantity in other.stats}
        others |= {one.cell: one.stats[quantity]}
        others.pop(base.cell, None)
        return compare_all(others, base.stats[quantity], self.floor_of(quantity)).get(one.cell)

    @cached_property
    def quality(self) -> dict[Cell, QualityFindings]:
        """The quality of every shown cell that has one, against the baseline's."""
        launches = {one.cell: [launch for launch in one.valid if isinstance(launch, Completed)] for one in self.shown}
        base = launches[self.baseline.cell] if self.baseline else []
        found = {cell: quality_of(of_cell, base) for cell, of_cell in launches.items()}
        return {cell: quality for cell, quality in found.items() if quality}

    @cached_property
    def tasks(self) -> dict[str, dict[Cell, TaskScore]]:
        """The scores of every shown cell, by the name of the task and its metric."""
        found: dict[str, dict[Cell, TaskScore]] = {}
        for one in self.shown:
            launches = [launch for launch in one.valid if isinstance(launch, Completed) and launch.tasks]
            for score in launches[0].tasks if launches else ():
                name = ", ".join(filter(None, (score.task, score.metric, score.filter)))
                found.setdefault(name, {})[one.cell] = score
        return found

    @cached_property
    def fastest(self) -> tuple[crowd.Fastest, ...]:
        """See `crowd.fastest`; of a single cell nothing, as it races with nobody."""
        return crowd.fastest(self.shown, self.floors) if len(self.shown) > 1 else ()

    def by_users(self, cell: Cell) -> dict[int, Comparison]:
        """A shown cell's speed against that of the baseline, by the number of users; see `crowd.by_users`."""
        return self._by_users.get(cell, {})

    def comparison_with(self, users: int, one: CellFindings, base: CellFindings, quantity: str) -> Comparison | None:
        """A cell's quantity with so many users against that of `base`: speed against the baseline as in `by_users`, all
        else by itself. None where one of the two lacks it."""
        if quantity == noise.SPEED and base.cell.is_baseline:
            return self.by_users(one.cell).get(users)
        stats = [point.stats for of in (one, base) for point in of.served if point.concurrency == users]
        if len(stats) < 2 or not all(quantity in of for of in stats):
            return None
        return compare(stats[0][quantity], stats[1][quantity], self.floor_with(users))

    def standings(self, cell: Cell) -> dict[Verdict, tuple[int, ...]]:
        """See `crowd.standings`."""
        return crowd.standings(self.by_users(cell))

    def turns(self, cell: Cell) -> tuple[int, int] | None:
        """See `crowd.turns`."""
        return crowd.turns(self.by_users(cell))

    @cached_property
    def _by_users(self) -> dict[Cell, dict[int, Comparison]]:
        return crowd.by_users(self.baseline, self.shown, self.floors) if self.baseline else {}

    def split(self, method_id: MethodId) -> Split | None:
        """See `split.split_of`."""
        return split_of(self.cells, method_id, self.floor)

    def recommendation_for(self, scenario: ScenarioId) -> Recommendation | None:
        """The recommendation for a scenario, None from a demo."""
        return next((one for one in self.recommendations if one.scenario.id == scenario), None)

    @cached_property
    def recommendations(self) -> tuple[Recommendation, ...]:
        """One a scenario; none from a demo, which is too small to advise anybody, nor from what can't be true."""
        if self.kind == "demo" or self.contradictions:
            return ()
        candidates = [Candidate(one.cell, {**one.stats, **self._together(one)}) for one in self.shown]
        quantities = (quantity for scenario in SCENARIOS for quantity, _ in scenario.decides)
        floors = {quantity: self.floor_of(quantity) for quantity in quantities}
        return tuple(recommend(scenario, candidates, floors) for scenario in SCENARIOS)

    @cached_property
    def crowd(self) -> int | None:
        """The most requests at once that any cell of the run was measured with; None where that is not known."""
        return max((point.concurrency for one in self.shown for point in one.points), default=None)

    @cached_property
    def service(self) -> int | None:
        """The fewest users, `SERVICE_USERS` or more, that any cell served at once; None where none served so many."""
        return min(
            (point.concurrency for one in self.shown for point in one.served if point.concurrency >= SERVICE_USERS),
            default=None,
        )

    def _together(self, one: CellFindings) -> dict[str, Stat]:
        """`crowd_tokens_per_s`: what the cell makes with as many requests at once as any of the run had;
        `service_tokens_per_s`: with eight users, or the next more that were measured; `document_tokens`: the context
        that a single user can have, which ends where the model does."""
        speed = "output_tokens_per_s"
        found = {
            "crowd_tokens_per_s": [point for point in one.points if point.concurrency == self.crowd],
            "service_tokens_per_s": [point for point in one.served if point.concurrency == self.service],
        }
        stats = {name: points[0].stats[speed] for name, points in found.items() if points}
        if self.crowd is None and speed in one.stats:  # a reported run says of one load only
            stats = dict.fromkeys(found, one.stats[speed])
        if room := one.stats.get("context_capacity_tokens"):
            limit = self.context_limit_tokens or inf
            stats["document_tokens"] = Stat({round_: min(tokens, limit) for round_, tokens in room.by_round.items()})
        return stats


def _home_first(item: tuple[tuple[MethodId, EngineId], CellFindings]) -> bool:
    return not item[1].cell.at_home
