"""What the page of plans opens with: the evidence of the newest runs, a model, a card and a load, and their plans."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from generator.analyse.brief import Brief
from generator.analyse.findings import Findings
from generator.analyse.fit import Device, Fit, Load, fit
from generator.analyse.fit_check import Checked, check
from generator.analyse.fit_evidence import Evidence, evidence_of
from generator.analyse.memory import CHAT_TOKENS, GIB_IN_MIB
from generator.analyse.physics.cards import CARDS
from generator.analyse.run import RunFindings
from generator.cells import Cell, Mode
from generator.methods import METHODS, EngineId
from generator.profiles import EngineSettings
from generator.record import Completed
from generator.shapes import PUBLIC, with_positions

# So many runs are asked, the newest: each is planned from all others, which of a thousand would take a minute.
ASKED: Final = 50
# As many sequences as the profiles that ship allow: what graphs take was measured with that.
SEQUENCES: Final = 64

CARD: Final = "NVIDIA GeForce RTX 4090"
COMMON: Final = (
    "NVIDIA L4",
    CARD,
    "NVIDIA GeForce RTX 5090",
    "NVIDIA L40S",
    "NVIDIA A100-SXM4-80GB",
    "NVIDIA H100 80GB HBM3",
)


@dataclass(frozen=True)
class Planning:
    """`model` is the key of a public model, `card` the name of a card, with `shown_gib` of memory of which `memory_gib`
    count; `plans` are those for them, `common` those for each of the common cards."""

    evidence: Evidence
    checks: tuple[Checked, ...]
    model: str
    card: str
    shown_gib: float
    memory_gib: float
    load: Load
    plans: tuple[Fit, ...]
    common: tuple[tuple[str, tuple[Fit, ...]], ...]


def planning_of(findings: Findings) -> Planning:
    """For the featured run's model, where it is a public one."""
    briefs = asked(findings)
    evidence, model, load = evidence_of(briefs), _model_of(findings.featured), load_of(CHAT_TOKENS, 1)
    return Planning(
        evidence=evidence,
        checks=(check(briefs), check(briefs, "card")),
        model=model,
        card=CARD,
        shown_gib=CARDS[CARD].shown_mib / GIB_IN_MIB,
        memory_gib=_device(CARD, evidence).memory_gib,
        load=load,
        plans=_plans(model, CARD, load, evidence),
        common=tuple((card, _plans(model, card, load, evidence)) for card in COMMON),
    )


def asked(findings: Findings) -> Sequence[Brief]:
    """The newest runs on a card that may be concluded from."""
    return [one for one in findings.briefs if one.sound and one.manifest.hardware.device == "cuda"][-ASKED:]


def load_of(context_tokens: int, users: int) -> Load:
    """A load, with the engine settings that profiles have where they say nothing."""
    settings = EngineSettings(max_model_len="auto")
    return Load(context_tokens, users, settings.gpu_memory_utilization, SEQUENCES, settings.max_num_batched_tokens)


def device_of(shown_gib: float, bandwidth_gb_per_s: float | None, evidence: Evidence) -> Device:
    """A card by what its driver shows, as an engine counts it."""
    return Device(shown_gib * (evidence.seen_share.fixed if evidence.seen_share else 1.0), bandwidth_gb_per_s)


def cells_in(engine: EngineId | None, mode: Mode) -> tuple[Cell, ...]:
    """Each method at home, or as far as it can be planned there in `engine`; in `mode` where the engine has it."""
    wheres = [(method, engine or method.engine) for method in METHODS]
    return tuple(
        Cell(method=method.id, engine=where, mode="eager" if where == "transformers" else mode)
        for method, where in wheres
        if where in method.stored
    )


def _model_of(featured: RunFindings | None) -> str:
    launches = featured.run.launches if featured else ()
    shapes = [one.configuration.shape for one in launches if isinstance(one, Completed) and one.configuration.shape]
    known = (key for key, public in PUBLIC.items() if shapes and public.model.shape == with_positions(shapes[0]))
    return next(known, next(iter(PUBLIC)))


def _plans(model: str, card: str, load: Load, evidence: Evidence) -> tuple[Fit, ...]:
    device = _device(card, evidence)
    return tuple(fit(PUBLIC[model].model, cell, device, load, evidence) for cell in cells_in(None, "graphs"))


def _device(card: str, evidence: Evidence) -> Device:
    return device_of(CARDS[card].shown_mib / GIB_IN_MIB, CARDS[card].bandwidth_gb_per_s, evidence)
