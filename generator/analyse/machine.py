"""The machine of a run, as far as figures of one model and one workload depend on it."""

from dataclasses import dataclass

from generator.manifest import MeasuredRun, ReportedRun


@dataclass(frozen=True, slots=True)
class Machine:
    """A kind of card, or of processor where there is none; the memory that it was held to, in GiB, or None for all of
    it; and how many of them share each layer."""

    card: str
    budget_gib: float | None
    ranks: int


def machine_of(manifest: MeasuredRun | ReportedRun) -> Machine:
    """Equal for runs whose figures may be taken for those of one machine."""
    if isinstance(manifest, ReportedRun):
        return Machine(manifest.hardware.name, None, 1)
    return Machine(manifest.hardware.name, manifest.memory_budget_gib, manifest.ranks)
