"""The offers of a run as the page reads them: the JSON of `data-advice`, for site/pages/assets/advice.js."""

import json
from dataclasses import asdict
from math import exp

from generator.analyse.offers import Advising


def as_json(advising: Advising) -> str:
    """The rule and the offers, each with the name of its cell and its method."""
    offers = [
        {"name": one.name, "method": one.cell.method, **asdict(offer)}
        for one, offer in zip(advising.cells, advising.offers, strict=True)
    ]
    return json.dumps({"rule": asdict(advising.rule), "offers": offers}, separators=(",", ":"), allow_nan=False)


def factor(lead: float) -> float:
    """A lead as a ratio."""
    return exp(lead)
