"""What the page of plans has besides its findings: the JSON of `data-fit`, for site/pages/assets/fit-panel.js, and the
lengths of its bars, which that works out as well."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import get_args

from generator.analyse.findings import Findings
from generator.analyse.fit import PARTS, Fit
from generator.analyse.fit_check import QUANTITIES, Checked, Quantity, Summary
from generator.analyse.fit_evidence import Evidence, Measured
from generator.analyse.memory import GIB_IN_MIB
from generator.analyse.physics.cards import CARDS
from generator.analyse.planning import Planning, planning_of
from generator.cells import MODES, Mode
from generator.methods import METHODS
from generator.model import KINDS, OTHERWISE, Why
from generator.shapes import PUBLIC

# How each part looks: as the same part of a measured memory does, see `looks`.
PART_LOOKS = dict(
    zip(PARTS, ("weights", "kv-cache", "activation-peak", "cuda-graphs", "non-torch", "unexplained"), strict=True)
)
BESIDES = PARTS[2:]


def as_json(planning: Planning) -> str:
    """All that the rule needs, and what the page opens with. The runs behind the evidence stand in the page itself."""
    models = {
        key: {"shape": public.model.shape.model_dump(), "vectors": public.model.vectors}
        for key, public in PUBLIC.items()
    }
    methods = [
        {
            "id": method.id,
            "name": method.name,
            "engine": method.engine,
            "stored": {engine: asdict(stored) for engine, stored in method.stored.items()},
        }
        for method in METHODS
    ]
    cards = {
        name: {"shown_gib": card.shown_mib / GIB_IN_MIB, "bandwidth_gb_per_s": card.bandwidth_gb_per_s}
        for name, card in CARDS.items()
    }
    data = {
        "models": models,
        "methods": methods,
        "cards": cards,
        "evidence": _without_runs(planning.evidence),
        "kinds": {name: asdict(kind) for name, kind in KINDS.items()},
        "otherwise": OTHERWISE,
        "load": asdict(planning.load),
        "looks": PART_LOOKS,
    }
    return json.dumps(data, separators=(",", ":"), allow_nan=False)


def page(findings: Findings) -> dict[str, object]:
    """What the template of the page is given."""
    planning = planning_of(findings)
    return {
        "planning": planning,
        "public": PUBLIC,
        "cards": CARDS,
        "kinds": KINDS,
        "whys": get_args(Why),
        "figures": (told := tuple(figures(planning.evidence))),
        "told": sorted({run_id for *_, runs in told for run_id in runs}),
        "errors": tuple(errors(planning.checks)),
    }


def figures(evidence: Evidence) -> Iterator[tuple[str, str, float, float | None, tuple[str, ...]]]:
    """Each measured figure: its name, what it is for, for each layer or whole, what is fixed besides, and the runs
    that it is from. Times are in milliseconds."""
    for name in Evidence.__dataclass_fields__:
        found = getattr(evidence, name)
        scale = 1e3 if name == "overhead_s" else 1.0
        for key, one in ({"": found} if isinstance(found, Measured) else found or {}).items():
            grows = one.per_layer > 0
            yield (
                name,
                key,
                scale * (one.per_layer if grows else one.fixed),
                scale * one.fixed if grows else None,
                one.runs,
            )


def errors(checks: Sequence[Checked]) -> Iterator[tuple[Quantity, Mode, list[tuple[Summary, float]]]]:
    """Each quantity's error, in each mode: by what was left out, and the worst in percent, with its sign."""
    for quantity in QUANTITIES:
        for mode in MODES:
            found = [summary for checked in checks if (summary := checked.summary(quantity, mode))]
            if len(found) == len(checks):
                yield quantity, mode, [(one, 100 * one.worst.error) for one in found]


def _without_runs(evidence: Evidence) -> dict[str, object]:
    def figure(found: object) -> object:
        if isinstance(found, Measured):
            return {"fixed": found.fixed, "per_layer": found.per_layer}
        return {key: figure(one) for key, one in found.items()} if isinstance(found, dict) else None

    return {name: figure(getattr(evidence, name)) for name in Evidence.__dataclass_fields__}


def bars(plans: Sequence[Fit], memory_gib: float) -> Iterator[tuple[Fit, float, list[tuple[str, float]]]]:
    """Each plan with the length of the card and of its parts, by the look of each, in percent of the longest bar."""
    longest_gib = max(memory_gib, *(plan.parts_gib for plan in plans))
    for plan in plans:
        parts = [(PART_LOOKS[part], 100 * getattr(plan, part) / longest_gib) for part in PARTS]
        yield plan, 100 * memory_gib / longest_gib, parts


def besides_gib(plan: Fit) -> float:
    """What a plan takes besides weights and KV cache."""
    return float(sum(getattr(plan, part) for part in BESIDES))
