"""Mutants that behave as their module does, so that no test could fail: by module and slip, with the reason."""

from collections.abc import Mapping
from typing import Final

BOTH_OR_NEITHER: Final = "an interval has both ends or none; the type checker is told of each"
EQUALLY_LONG: Final = "what was asked before: the columns are equally long"
NO_NULL: Final = "a TOML file has no null that could be refused"
NEVER_ASKED: Final = "read only where there is an error, and of these there is none"

EQUIVALENT: Final[Mapping[str, Mapping[str, str]]] = {
    "generator.analyse.statistics": {
        "high = (None, None) if self.low is None and self.high is None else (1 / self.high,": BOTH_OR_NEITHER,
        "high = (None, None) if self.low is None else (1 / self.high, 1 / self.low)": BOTH_OR_NEITHER,
        "low, high = (None, None) if self.high is None else (1 / self.high, 1 / se": BOTH_OR_NEITHER,
        "isions.get(key, Decision(key in single, 0))": NEVER_ASKED,
        "isions.get(key, Decision(key in single, 2))": NEVER_ASKED,
        "return 1 - tail if t >= 0 else tail": "at 0 both are a half",
        "ility(float(t), freedom) - probability, 0.5))": "the root is found from any start near it",
        "def t_quantile(probability: float, freed": "what is kept is what would be worked out again",
    },
    "generator.analyse.rule": {
        "square, series = (z * z, 1.0)": "its part, the square's twelfth power, is below the last bit",
        "for k in range(23, -1, -2):": "either ends after 1",
        "ne, lead_low=None, lead_high=None, tied=True)": "whoever ranks says who is tied, of every one",
        "e in zip(rule.objective, _shares(wishes)):": "the scores before asked for as many",
        "rule.objective, _shares(wishes), strict=False):": "the scores before asked for as many",
    },
    "generator.samples": {
        "last in zip(self.ttft_s, self.latency_s))):": EQUALLY_LONG,
        "zip(self.ttft_s, self.latency_s, strict=False))):": EQUALLY_LONG,
        "tput_tokens, self.ttft_s, self.latency_s)": EQUALLY_LONG,
        "ns, self.ttft_s, self.latency_s, strict=False)": EQUALLY_LONG,
    },
    "generator.analyse.hold": {
        "for side, ratios in zip(figures, against)]": EQUALLY_LONG,
        "ratios in zip(figures, against, strict=False)]": EQUALLY_LONG,
        "for side in zip(figures, against, floors)]": EQUALLY_LONG,
        "in zip(figures, against, floors, strict=False)]": EQUALLY_LONG,
        "er(*side) for side in zip(figures, sides))), pairs=len(shared), agreed=sum((len(": EQUALLY_LONG,
        "for side in zip(figures, sides, strict=False))), pairs=len(shared), agreed=sum((len": EQUALLY_LONG,
        "n zip(cells, [*leads, None][:len(cells)])))": EQUALLY_LONG,
        "ls, [*leads, None][:len(cells)], strict=False)))": EQUALLY_LONG,
    },
    "generator.analyse.durations": {
        "_args(Basis), _keys(profile, card, cell)):": EQUALLY_LONG,
        "is), _keys(profile, card, cell), strict=False):": EQUALLY_LONG,
    },
    "generator.sweep": {
        "rofile) in enumerate(zip(words, profiles)):": EQUALLY_LONG,
        "n enumerate(zip(words, profiles, strict=False)):": EQUALLY_LONG,
        "ed = [method for method in sweep.methods]": "what names all has ended before",
        "profile: Label = None": NO_NULL,
        "card: Name = None": NO_NULL,
        "memory_budget_gib: Budget = None": NO_NULL,
        "method: MethodId = None": NO_NULL,
        "engine: EngineId = None": NO_NULL,
        "ds: Annotated[int, Field(ge=1, le=100)] = None": NO_NULL,
    },
}
