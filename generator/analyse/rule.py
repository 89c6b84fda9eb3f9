"""The rule for a card and a use of one's own: as data, and the one function that ranks by it.

The page applies the same rule to the same offers, in site/pages/assets/advice.js: the same operations in the same
order, the logarithm among them, so that both decide alike to the last bit. Nothing is rounded before it decides.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from math import frexp, inf
from typing import Final, Literal, NamedTuple

from generator.analyse.memory import GIB
from generator.analyse.statistics import MATERIAL

LN_2: Final = 0.6931471805599453
SQRT_HALF: Final = 0.7071067811865476

Constraint = Literal["users", "memory", "quality"]
Term = Literal["speed", "memory"]


@dataclass(frozen=True, slots=True)
class Rule:
    """What is out, what is best, and what is a tie.

    constraints  asked in this order; the first that a cell misses is the reason why it is out
    objective    two quantities with the better direction. The first weighs `speed_weight` percent, the second the rest;
                 the best cell has the highest weighted sum of their logarithms
    floor        as a share: a cell is tied with the best whose distance to it is below this, or is not proven; all that
                 qualify are compared with the best together, by Holm's rule
    floors       by the number of users: what stands for `floor` with so many
    reach        by degrees of freedom: how many standard errors the interval of a distance extends to either side when
                 1, 2, … comparisons share the risk of error
    """

    constraints: tuple[Constraint, ...] = ("users", "memory", "quality")
    objective: tuple[tuple[Term, Literal["high", "low"]], ...] = (("speed", "high"), ("memory", "low"))
    floor: float = MATERIAL
    floors: Mapping[int, float] = field(default_factory=dict)
    reach: Mapping[int, tuple[float, ...]] = field(default_factory=dict)


class LogRatio(NamedTuple):
    """The logarithm of a ratio: its mean, the standard error of that, and its degrees of freedom."""

    mean: float
    error: float
    freedom: int


@dataclass(frozen=True, slots=True)
class Reason:
    """Why an offer lacks a figure: `record` has it in the record's own words, `text`; the others say all themselves."""

    kind: Literal["record", "unrecorded", "random_weights", "no_comparison", "no_long_prompts"]
    text: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """What the rule needs of one cell.

    cell                the id of the cell
    overhead_gib        device memory besides the weights and the KV cache: activations, CUDA graphs, context, the rest
    kv_bytes_per_token  of KV cache, for one token of one user
    activation_bytes_per_token  of activations, for the same; 0 where the engine reserved its largest step
    speeds              median tokens/s of all users together, by the number of users
    log_ratios          by the number of users, then by the other cell: that of this speed to the other's
    perplexity_rise_high_percent  the upper end of the interval of the perplexity's rise against FP16
    absent              why a figure is None, by its name
    """

    cell: str
    weights_gib: float | None
    overhead_gib: float | None
    kv_bytes_per_token: float | None
    activation_bytes_per_token: float | None
    speeds: Mapping[int, float]
    log_ratios: Mapping[int, Mapping[str, LogRatio]]
    perplexity_rise_high_percent: float | None
    absent: Mapping[str, Reason]


@dataclass(frozen=True, slots=True)
class Wishes:
    """What is asked for. `quality_percent` is the largest rise of the perplexity that is accepted, None for any;
    `speed_weight` is 100 for speed alone and 0 for memory alone."""

    card_gib: float
    context_tokens: float
    users: int
    quality_percent: float | None
    speed_weight: float


@dataclass(frozen=True, slots=True)
class Ranked:
    """A cell that qualifies. `lead` is what the best is ahead of it, in the unit of the objective, a logarithm, between
    `lead_low` and `lead_high`, the ends of its interval; None where there is no interval to say so."""

    cell: str
    tokens_per_s: float
    besides_gib: float
    kv_cache_gib: float
    needed_gib: float
    score: float
    lead: float | None
    lead_low: float | None
    lead_high: float | None
    tied: bool


@dataclass(frozen=True, slots=True)
class Excluded:
    """A cell that is out. `missing` is the figure that it would have to have. Else `needed` and `found` are users, GiB,
    or percent: what was needed, and what there is, which of users is None where nobody was measured."""

    cell: str
    constraint: Constraint
    missing: str | None
    needed: float | None
    found: float | None


def kv_cache_gib(offer: Offer, wishes: Wishes) -> float | None:
    """What the KV cache of all users takes, each with the whole context."""
    return _grown_gib(offer.kv_bytes_per_token, wishes)


def besides_gib(offer: Offer, wishes: Wishes) -> float | None:
    """What is taken besides weights and KV cache, with what grows of it."""
    growing = _grown_gib(offer.activation_bytes_per_token, wishes)
    return None if offer.overhead_gib is None or growing is None else offer.overhead_gib + growing


def needed_gib(offer: Offer, wishes: Wishes) -> float | None:
    """The smallest card that has room for what is asked for; None where a part of it is not known."""
    cache, besides = kv_cache_gib(offer, wishes), besides_gib(offer, wishes)
    if offer.weights_gib is None or besides is None or cache is None:
        return None
    return offer.weights_gib + besides + cache


def _grown_gib(bytes_per_token: float | None, wishes: Wishes) -> float | None:
    return None if bytes_per_token is None else float(wishes.users) * wishes.context_tokens * bytes_per_token / GIB


def ln(value: float) -> float:
    """The natural logarithm of a positive number. Of our own, because libraries differ in the last bit, and the four
    operations don't: here and in the page it is the same number."""
    mantissa, exponent = frexp(value)
    if mantissa < SQRT_HALF:
        mantissa, exponent = mantissa * 2, exponent - 1
    z = (mantissa - 1) / (mantissa + 1)
    square, series = z * z, 0.0
    for k in range(23, 0, -2):
        series = series * square + 1 / k
    return exponent * LN_2 + 2 * z * series


def ranked(offers: Sequence[Offer], wishes: Wishes, rule: Rule) -> tuple[tuple[Ranked, ...], tuple[Excluded, ...]]:
    """The offers that qualify, best first, and those that are out, in their order."""
    excluded = tuple(found for offer in offers if (found := _exclusion(offer, wishes, rule)))
    out = {entry.cell for entry in excluded}
    admitted = {offer.cell: offer for offer in offers if offer.cell not in out}
    scored = sorted(
        (_scored(offer, wishes, rule) for offer in admitted.values()), key=lambda entry: (-entry.score, entry.cell)
    )
    if not scored:
        return (), excluded
    best, others, floor = scored[0], scored[1:], ln(1 + rule.floors.get(wishes.users, rule.floor))
    leads = _leads(admitted[best.cell], others, best, wishes, rule)
    ranking = [replace(best, lead=0.0, lead_low=0.0, lead_high=0.0, tied=True)]
    for other in others:
        lead = leads.get(other.cell)
        if lead is None:
            ranking.append(replace(other, tied=True))
        else:
            tied = not (lead.proven and lead.mean >= floor)
            ranking.append(replace(other, lead=lead.mean, lead_low=lead.low, lead_high=lead.high, tied=tied))
    return tuple(ranking), excluded


def _exclusion(offer: Offer, wishes: Wishes, rule: Rule) -> Excluded | None:
    for constraint in rule.constraints:
        if constraint == "users" and wishes.users not in offer.speeds:
            return Excluded(offer.cell, constraint, None, wishes.users, max(offer.speeds, default=None))
        if constraint == "memory":
            parts = ("weights_gib", "overhead_gib", "kv_bytes_per_token", "activation_bytes_per_token")
            missing = next((part for part in parts if getattr(offer, part) is None), None)
            needed = needed_gib(offer, wishes)
            if needed is None:
                return Excluded(offer.cell, constraint, missing, None, None)
            if needed > wishes.card_gib:
                return Excluded(offer.cell, constraint, None, needed, wishes.card_gib)
        if constraint == "quality" and wishes.quality_percent is not None:
            found = offer.perplexity_rise_high_percent
            if found is None:
                return Excluded(offer.cell, constraint, "perplexity_rise_high_percent", None, None)
            if found > wishes.quality_percent:
                return Excluded(offer.cell, constraint, None, wishes.quality_percent, found)
    return None


def _scored(offer: Offer, wishes: Wishes, rule: Rule) -> Ranked:
    speed, cache, needed = offer.speeds[wishes.users], kv_cache_gib(offer, wishes), needed_gib(offer, wishes)
    besides = besides_gib(offer, wishes)
    assert cache is not None
    assert besides is not None
    assert needed is not None
    logs: dict[Term, float] = {"speed": ln(speed), "memory": ln(needed)}
    score = 0.0
    for (term, better), share in zip(rule.objective, _shares(wishes), strict=True):
        score += share * (logs[term] if better == "high" else -logs[term])
    return Ranked(
        offer.cell, speed, besides, cache, needed, score, lead=None, lead_low=None, lead_high=None, tied=False
    )


@dataclass(frozen=True, slots=True)
class _Lead:
    """What the best is ahead of another, in the unit of the objective, and the ends of its interval."""

    mean: float
    low: float
    high: float
    proven: bool


def _leads(offer: Offer, others: Sequence[Ranked], best: Ranked, wishes: Wishes, rule: Rule) -> dict[str, _Lead]:
    """What `best`, which is of `offer`, is ahead of each other, decided together: from the surest to the least sure,
    until one is not proven. Others whose speeds have no interval are left out, unless speed weighs nothing."""
    left = {other.cell: ahead for other in others if (ahead := _ahead(offer, best, other, wishes, rule)) is not None}
    leads: dict[str, _Lead] = {}
    while left:
        margins = {cell: _margin(ahead, len(left), rule) for cell, ahead in left.items()}
        sureness = {cell: _sureness(ahead.mean, margins[cell]) for cell, ahead in left.items()}
        surest = max(left, key=lambda cell: sureness[cell])
        proven = sureness[surest] > 1
        for cell in [surest] if proven else list(left):
            mean, margin = left.pop(cell).mean, margins[cell]
            leads[cell] = _Lead(mean, mean - margin, mean + margin, proven)
    return leads


def _ahead(offer: Offer, best: Ranked, other: Ranked, wishes: Wishes, rule: Rule) -> LogRatio | None:
    memory = LogRatio(ln(best.needed_gib) - ln(other.needed_gib), 0.0, 0)
    terms = {"speed": offer.log_ratios.get(wishes.users, {}).get(other.cell), "memory": memory}
    mean, error, freedom = 0.0, 0.0, 0
    for (term, better), share in zip(rule.objective, _shares(wishes), strict=True):
        if share == 0:
            continue
        found = terms[term]
        if found is None:
            return None
        mean += share * (found.mean if better == "high" else -found.mean)
        error += share * found.error  # that of one term alone: memory has none
        freedom += found.freedom
    return LogRatio(mean, error, freedom)


def _margin(ahead: LogRatio, comparisons: int, rule: Rule) -> float:
    return rule.reach[ahead.freedom][comparisons - 1] * ahead.error if ahead.error > 0 else 0.0


def _sureness(mean: float, margin: float) -> float:
    """Above 1 where the interval leaves out 0, on the side on which the best is ahead."""
    if margin > 0:
        return mean / margin
    return inf if mean > 0 else -inf


def _shares(wishes: Wishes) -> tuple[float, float]:
    speed = wishes.speed_weight / 100
    return speed, 1 - speed
