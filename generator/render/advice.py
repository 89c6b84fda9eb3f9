"""What the panel "For your own card" has besides the findings: the offers of a run as the page reads them, the JSON of
`data-advice`, for site/pages/assets/advice.js; and leads as ratios, as advice-panel.js has them too."""

import json
from dataclasses import asdict, dataclass
from math import exp

from generator.analyse.noise import SPEED
from generator.analyse.offers import Advising
from generator.analyse.rule import Ranked
from generator.render.units import bare


@dataclass(frozen=True, slots=True)
class Seen:
    """By what factor the best is ahead of another in what they are ranked by, and its interval, where there is one."""

    ratio: float
    low: float | None
    high: float | None


def as_json(advising: Advising) -> str:
    """The rule and the offers, each with the name of its cell, its method, and its speeds as they are written."""
    offers = [
        {"name": one.name, "method": one.cell.method, "speed_texts": _texts(advising, offer.cell), **asdict(offer)}
        for one, offer in zip(advising.cells, advising.offers, strict=True)
    ]
    return json.dumps({"rule": asdict(advising.rule), "offers": offers}, separators=(",", ":"), allow_nan=False)


def _texts(advising: Advising, cell: str) -> dict[int, str]:
    return {users: bare(speed, SPEED) for users, speed in advising.speeds[cell].items()}


def seen(best: Ranked, other: Ranked) -> Seen:
    """The ratio that was seen, with its interval; without an interval that of the figures themselves."""
    if other.lead is None or other.lead_low is None or other.lead_high is None:
        return Seen(exp(best.score - other.score), None, None)
    return Seen(exp(other.lead), exp(other.lead_low), exp(other.lead_high))
