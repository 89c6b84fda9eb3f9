"""What a run offers to whoever asks for a card and a use of their own: its cells as the rule of `advice` sees them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import combinations
from typing import Final

from generator.analyse.advice import Advice, advise
from generator.analyse.cell import CellFindings
from generator.analyse.memory import CHAT_TOKENS
from generator.analyse.noise import SPEED
from generator.analyse.point import PointFindings
from generator.analyse.rule import LogRatio, Offer, Reason, Rule, Wishes
from generator.analyse.run import RunFindings
from generator.analyse.statistics import Stat, estimate, reach
from generator.manifest import ReportedRun

# What a page asks for before its reader does; the card is the run's budget, where it had one.
CARD_GIB: Final = 24.0


@dataclass(frozen=True)
class Advising:
    """A run's offers, the rule with the run's own floor, and the wishes that a page opens with. `users` are the numbers
    of users that were measured; there is no advice without one. `cells` are those of the offers, in their order;
    `speeds` are theirs by the id of the cell and the number of users, launch by launch."""

    cells: tuple[CellFindings, ...]
    offers: tuple[Offer, ...]
    speeds: Mapping[str, Mapping[int, Stat]]
    rule: Rule
    users: tuple[int, ...]
    prompts: Mapping[int, tuple[int, ...]]
    wishes: Wishes | None

    @cached_property
    def advice(self) -> Advice | None:
        """The answer to the page's own wishes."""
        return advise(self.offers, self.wishes, self.rule) if self.wishes else None

    @cached_property
    def by_cell(self) -> dict[str, tuple[CellFindings, Offer]]:
        """Each cell and its offer, by the id of the cell."""
        return {offer.cell: (one, offer) for one, offer in zip(self.cells, self.offers, strict=True)}

    @property
    def knows_quality(self) -> bool:
        """Whether any cell's quality was compared with that of another."""
        pairs = zip(self.cells, self.offers, strict=True)
        return any(offer.perplexity_rise_high_percent is not None for one, offer in pairs if not one.cell.is_baseline)

    @property
    def absent(self) -> dict[str, Reason]:
        """Each figure that some cell lacks, with the first reason."""
        found: dict[str, Reason] = {}
        for offer in self.offers:
            for name, reason in offer.absent.items():
                found.setdefault(name, reason)
        return found


def advising_of(run: RunFindings) -> Advising | None:
    """None from a run that advises nobody, see `RunFindings.advises`."""
    if not run.advises:
        return None
    points = _points(run.shown)
    speeds = {
        cell_id: {users: point.stats[SPEED] for users, point in of_cell.items()} for cell_id, of_cell in points.items()
    }
    users = tuple(sorted({users for of_cell in speeds.values() for users in of_cell}))
    ratios = {number: _log_ratios({id_: of[number] for id_, of in speeds.items() if number in of}) for number in users}
    budget_gib = None if isinstance(run.manifest, ReportedRun) else run.manifest.memory_budget_gib
    context_tokens = min(CHAT_TOKENS, run.context_limit_tokens or CHAT_TOKENS)
    offers = tuple(_offer(run, one, speeds[one.cell.id], ratios) for one in run.shown)
    return Advising(
        cells=run.shown,
        offers=offers,
        speeds=speeds,
        rule=Rule(floor=run.floor, floors=run.floors, reach=reaches(offers)),
        users=users,
        prompts=_prompts(points.values()),
        wishes=Wishes(budget_gib or CARD_GIB, context_tokens, users[0], None, 100) if users else None,
    )


def _points(cells: Sequence[CellFindings]) -> dict[str, dict[int, PointFindings]]:
    """Of each cell, the point for each number of users: closed loops, or batches in a run that has none of those."""
    if any(one.served for one in cells):
        return {one.cell.id: {point.concurrency: point for point in one.served} for one in cells}
    return {one.cell.id: {point.concurrency: point for point in one.points if point.kind == "batch"} for one in cells}


def _prompts(points: Iterable[Mapping[int, PointFindings]]) -> dict[int, tuple[int, ...]]:
    """The numbers of users that were measured with prompts of so many tokens."""
    found: dict[int, set[int]] = {}
    for of_cell in points:
        for users, point in of_cell.items():
            found.setdefault(point.prompt_tokens, set()).add(users)
    return {tokens: tuple(sorted(users)) for tokens, users in sorted(found.items())}


def _log_ratios(speeds: Mapping[str, Stat]) -> dict[str, dict[str, LogRatio]]:
    """For each cell and each other, the logarithm of their ratio, paired by round; pairs without three rounds in common
    have none."""
    found: dict[str, dict[str, LogRatio]] = {}
    for one, other in combinations(sorted(speeds), 2):
        ratio = estimate(speeds[one], speeds[other])
        if ratio is not None and ratio.error is not None:
            found.setdefault(one, {})[other] = LogRatio(ratio.mean, ratio.error, ratio.freedom)
            found.setdefault(other, {})[one] = LogRatio(-ratio.mean, ratio.error, ratio.freedom)
    return found


def reaches(offers: Sequence[Offer]) -> dict[int, tuple[float, ...]]:
    """The `Rule.reach` that these offers need."""
    ratios = (ratio for one in offers for others in one.log_ratios.values() for ratio in others.values())
    freedoms = sorted({ratio.freedom for ratio in ratios})
    return {freedom: tuple(reach(among, freedom) for among in range(1, len(offers))) for freedom in freedoms}


def _offer(
    run: RunFindings,
    one: CellFindings,
    speeds: Mapping[int, Stat],
    ratios: Mapping[int, Mapping[str, Mapping[str, LogRatio]]],
) -> Offer:
    weights, parts, configuration = one.stats.get("weights_gib"), one.memory_parts, one.configuration
    kv_bytes = configuration.kv_cache_bytes_per_token if configuration else None
    rise_percent = _rise_percent(run, one)
    absent = {}
    if weights is None:
        absent["weights_gib"] = _reason(one, "weights_gib")
    if parts is None:
        absent["overhead_gib"] = _reason(one, "gpu_memory_used_mib", "gpu_memory_free_mib", "weights_gib")
    if kv_bytes is None:
        absent["kv_bytes_per_token"] = Reason("unrecorded")
    activation_bytes = _activation_bytes(run, one)
    if activation_bytes is None:
        absent["activation_bytes_per_token"] = Reason("no_long_prompts")
    if not speeds:
        absent["speeds"] = Reason("unrecorded")
    if rise_percent is None:
        absent["perplexity_rise_high_percent"] = _why_no_quality(run, one)
    overhead_gib = None
    if parts is not None:
        overhead_gib = parts.activation_peak_gib + parts.cuda_graphs_gib + parts.non_torch_gib + parts.unexplained_gib
    return Offer(
        cell=one.cell.id,
        weights_gib=weights.median if weights else None,
        overhead_gib=overhead_gib,
        kv_bytes_per_token=kv_bytes,
        activation_bytes_per_token=activation_bytes,
        speeds={users: stat.median for users, stat in sorted(speeds.items())},
        log_ratios={users: of[one.cell.id] for users, of in ratios.items() if one.cell.id in of},
        perplexity_rise_high_percent=rise_percent,
        absent=absent,
    )


def _activation_bytes(run: RunFindings, one: CellFindings) -> float | None:
    """What activations grow by for a token; None where the engine reserves none, and no run says by how much."""
    if one.reserves:
        return 0.0
    return run.growth.activation_bytes_per_token if run.growth and run.growth.cell.engine == one.cell.engine else None


def _rise_percent(run: RunFindings, one: CellFindings) -> float | None:
    """The upper end of the interval of the perplexity's rise against the baseline's; the baseline's own is 0 whether it
    was measured or not."""
    if one.cell.is_baseline:
        return 0.0
    found = run.quality.get(one.cell)
    ratio = found.perplexity_ratio if found else None
    return 100 * (ratio.high - 1) if ratio else None


def _why_no_quality(run: RunFindings, one: CellFindings) -> Reason:
    if not isinstance(run.manifest, ReportedRun) and run.manifest.profile.weights == "random":
        return Reason("random_weights")
    return Reason("no_comparison" if one.cell in run.quality else "unrecorded")


def _reason(one: CellFindings, *names: str) -> Reason:
    """The record's own reason for the first of these quantities that it lacks."""
    text = next((one.absent[name] for name in names if name in one.absent), None)
    return Reason("record", text) if text else Reason("unrecorded")
