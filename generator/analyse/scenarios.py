"""Which method for which use: the rules as rows, and the one function that applies them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from generator.analyse.memory import CHAT_TOKENS
from generator.analyse.statistics import LAUNCHES_TO_DECIDE, MATERIAL, Comparison, Stat, compare_all
from generator.cells import Cell

ScenarioId = Literal["chat", "batch", "documents", "development", "production", "constrained"]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A use, and the quantities that decide for it, the first before the second: each with the better direction.

    `at_least` excludes methods that have less than the given figure, before anything is compared.
    """

    id: ScenarioId
    decides: tuple[tuple[str, Literal["high", "low"]], ...]
    at_least: tuple[str, float] | None = None


# The fewest users that a service is judged with.
SERVICE_USERS: Final = 8

SCENARIOS: Final[tuple[Scenario, ...]] = (
    Scenario("chat", (("per_user_tokens_per_s", "high"), ("context_capacity_tokens", "high"))),
    Scenario("batch", (("crowd_tokens_per_s", "high"),)),
    # 32,768 tokens: the length from which the article calls a document long.
    Scenario(
        "documents",
        (("document_tokens", "high"), ("output_tokens_per_s", "high")),
        at_least=("document_tokens", 32_768),
    ),
    Scenario("development", (("load_time_s", "low"), ("output_tokens_per_s", "high"))),
    # Room for so many chats, or it is no service.
    Scenario(
        "production",
        (("service_tokens_per_s", "high"), ("context_capacity_tokens", "high")),
        at_least=("context_capacity_tokens", SERVICE_USERS * CHAT_TOKENS),
    ),
    Scenario("constrained", (("smallest_card_gib", "low"), ("output_tokens_per_s", "high"))),
)


@dataclass(frozen=True, slots=True)
class Candidate:
    """A cell as a scenario sees it: a figure for each quantity that it has one for."""

    cell: Cell
    stats: Mapping[str, Stat]


@dataclass(frozen=True, slots=True)
class Excluded:
    """A cell that a scenario can't choose: it lacks the figure `quantity`, or has less than `needed` of it."""

    cell: Cell
    quantity: str
    needed: float | None
    found: float | None


@dataclass(frozen=True, slots=True)
class Margin:
    """By how much the answer differs from `over` in `quantity`; of a tie, the one of it with the best figure."""

    answer: Candidate
    over: Candidate
    quantity: str
    comparison: Comparison


@dataclass(frozen=True, slots=True)
class Recommendation:
    """What the rule of a scenario says, `floors` having by quantity the share below which a difference decides nothing.
    `tied` are the cells that it can't tell apart, in the order in which they came; several mean a tie, none that none
    qualifies. `decided_by` is the quantity that decided, None where only one cell qualified or none did, and
    `against_best` has what was then out, against the best of the answer. `undecided` is a quantity of which there are
    too few launches to decide by it, or by what comes after it. `ranking` has every candidate by the first quantity,
    best first.
    """

    scenario: Scenario
    floors: Mapping[str, float]
    tied: tuple[Candidate, ...]
    decided_by: str | None
    against_best: Mapping[Cell, Comparison]
    undecided: str | None
    ranking: tuple[Candidate, ...]
    excluded: tuple[Excluded, ...]

    @property
    def overruled(self) -> Candidate | None:
        """The candidate with the best figure, where the answer is another: its lead is below the floor, or unproven."""
        if not self.ranking or self.ranking[0] in self.tied:
            return None
        first, _ = self.scenario.decides[0]
        best = self.ranking[0].stats[first].median
        return None if any(one.stats[first].median == best for one in self.tied) else self.ranking[0]

    @property
    def margin(self) -> Margin | None:
        """The answer against FP16 in what decided, or where it is FP16 against the next best; None without a rival."""
        if self.decided_by is None or not self.against_best:
            return None
        quantity = self.decided_by
        rivals = [one for one in self.ranking if one.cell in self.against_best]
        over = next((one for one in rivals if one.cell.is_baseline), rivals[0])
        pick = max if dict(self.scenario.decides)[quantity] == "high" else min
        answer = pick(self.tied, key=lambda one: one.stats[quantity].median)
        return Margin(answer, over, quantity, self.against_best[over.cell].inverted)

    @property
    def floor(self) -> float:
        """That of the first quantity."""
        return self.floors.get(self.scenario.decides[0][0], MATERIAL)

    @property
    def narrow(self) -> bool:
        """Whether the overruled candidate's figure leads the nearest of the answer by less than the floor."""
        if self.overruled is None:
            return False
        quantity, _ = self.scenario.decides[0]
        best = self.overruled.stats[quantity].median
        return any(abs(one.stats[quantity].median / best - 1) < self.floor for one in self.tied)


def recommend(
    scenario: Scenario, candidates: Sequence[Candidate], floors: Mapping[str, float] | None = None
) -> Recommendation:
    """Apply a scenario's rule. The order of the candidates does not matter, except for the order within a tie.
    Differences in a quantity below its floor, or else `MATERIAL`, as a share, decide nothing."""
    floors = floors or {}
    first, _ = scenario.decides[0]
    excluded = [found for candidate in candidates if (found := _exclusion(scenario, candidate))]
    out = {entry.cell for entry in excluded}
    tied = [candidate for candidate in candidates if candidate.cell not in out]
    direction = -1 if scenario.decides[0][1] == "high" else 1
    ranking = tuple(sorted(tied, key=lambda candidate: direction * candidate.stats[first].median))
    decided_by = undecided = None
    against_best: dict[Cell, Comparison] = {}
    for quantity, better in scenario.decides:
        if len(tied) < 2 or not all(quantity in candidate.stats for candidate in tied):
            break
        if any(1 < candidate.stats[quantity].count < LAUNCHES_TO_DECIDE for candidate in tied):
            undecided = quantity
            break
        still, out_now = _best(tied, quantity, better, floors.get(quantity, MATERIAL))
        if out_now:
            decided_by, against_best = quantity, out_now
        tied = still
    return Recommendation(scenario, floors, tuple(tied), decided_by, against_best, undecided, ranking, tuple(excluded))


def _exclusion(scenario: Scenario, candidate: Candidate) -> Excluded | None:
    first, _ = scenario.decides[0]
    if first not in candidate.stats:
        return Excluded(candidate.cell, first, None, None)
    if scenario.at_least is None:
        return None
    quantity, needed = scenario.at_least
    found = candidate.stats.get(quantity)
    if found is None or found.median < needed:
        return Excluded(candidate.cell, quantity, needed, found.median if found else None)
    return None


def _best(
    candidates: Sequence[Candidate], quantity: str, better: Literal["high", "low"], floor: float
) -> tuple[list[Candidate], dict[Cell, Comparison]]:
    """The candidate with the best median, and all that it is not proven to lead; and the others, against it."""
    pick = max if better == "high" else min
    best = pick(candidates, key=lambda candidate: candidate.stats[quantity].median)
    others = {one.cell: one.stats[quantity] for one in candidates if one is not best}
    found = compare_all(others, best.stats[quantity], floor)
    worse = "lower" if better == "high" else "higher"
    out = {cell: comparison for cell, comparison in found.items() if comparison.verdict == worse}
    return [one for one in candidates if one.cell not in out], out
