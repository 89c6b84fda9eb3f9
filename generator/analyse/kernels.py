"""Kernels that a run did without, and what ran in their place."""

from dataclasses import dataclass

from generator.analyse.cell import CellFindings
from generator.manifest import MeasuredRun, ReportedRun


@dataclass(frozen=True, slots=True)
class Disabled:
    """A `kernel` that vLLM was told not to take, the `cells` whose methods it could have served, and the kernels that
    `ran` in them."""

    kernel: str
    cells: tuple[CellFindings, ...]
    ran: tuple[str, ...]


def disabled_of(manifest: MeasuredRun | ReportedRun, cells: tuple[CellFindings, ...]) -> tuple[Disabled, ...]:
    """Those of the manifest that any of the cells could have been served by."""
    names = () if isinstance(manifest, ReportedRun) else manifest.profile.engine.disabled_kernels
    found = ((name, tuple(one for one in cells if name in one.method.kernels[one.cell.engine])) for name in names)
    return tuple(Disabled(name, of, _kernels(of)) for name, of in found if of)


def _kernels(cells: tuple[CellFindings, ...]) -> tuple[str, ...]:
    configurations = (one.configuration for one in cells)
    return tuple(dict.fromkeys(kernel for one in configurations if one for kernel in one.kernels))
