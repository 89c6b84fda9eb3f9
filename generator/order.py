"""What a measurement is to carry out, and which runs are of just that."""

from dataclasses import dataclass
from pathlib import Path

from generator.cells import Cell
from generator.manifest import Experiment, MeasuredRun
from generator.profiles import Profile


@dataclass(frozen=True, slots=True)
class Order:
    """What the user asked for. `command` is how, for the reader who wants to repeat it. The paths of the profile start
    at the folder of its file."""

    profile: Profile
    profile_file: Path
    cells: tuple[Cell, ...]
    memory_budget_gib: float | None
    command: str
    experiment: Experiment | None = None
    begin_anew: bool = False
    retry_failed: bool = False

    @property
    def size(self) -> int:
        """How many launches it has, unless it is a search."""
        return len(self.cells) * self.profile.rounds

    def is_of(self, manifest: MeasuredRun) -> bool:
        """Whether the run was made by this order, on whatever machine and in however many rounds."""
        rounds = {"rounds": max(manifest.profile.rounds, self.profile.rounds)}
        methods = {cell.method for cell in manifest.cells}
        mine, its = (one.with_methods(methods).model_copy(update=rounds) for one in (self.profile, manifest.profile))
        return (mine, self.cells, self.memory_budget_gib, self.experiment) == (
            its,
            manifest.cells,
            manifest.memory_budget_gib,
            manifest.experiment,
        )
