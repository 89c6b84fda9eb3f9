"""The manifest of a run: what was measured, where and how; or who published its figures."""

from typing import Annotated, Final, Literal

from pydantic import AfterValidator, Discriminator, Field, TypeAdapter

from generator.cells import Cell
from generator.frozen import (
    Count,
    Frozen,
    PositiveGib,
    PositiveMib,
    PositiveWatts,
    SchemaVersion,
    Several,
    Sha256,
    Slug,
    Timestamp,
)
from generator.profiles import Profile
from generator.readable import Label, Name, Text

# A host by name, in ordinary letters, and a path: no user, port, query, escape or step upwards, and no "--", which
# begins the ASCII form of another script's letters.
Address = Annotated[
    str,
    Field(
        max_length=300,
        pattern=r"^https://([a-z0-9]+(-[a-z0-9]+)*\.)+[a-z]{2,20}(/[A-Za-z0-9_~-][A-Za-z0-9._~-]*)*/?$",
    ),
]


def _are_distinct(cells: tuple[Cell, ...]) -> tuple[Cell, ...]:
    if len(set(cells)) < len(cells):
        raise ValueError("should name each cell once")
    return cells


Cells = Annotated[Several[Cell], Field(min_length=1), AfterValidator(_are_distinct)]


class Hardware(Frozen):
    """The machine, by an allow-list: nothing in it names a user, a host or a path."""

    device: Literal["cuda", "cpu"]
    gpu_name: Name | None = None
    gpu_memory_mib: PositiveMib | None = None
    gpu_power_limit_w: PositiveWatts | None = None
    gpu_compute_capability: Annotated[str, Field(pattern=r"^[0-9]{1,3}\.[0-9]{1,3}$")] | None = None
    driver_version: Name | None = None
    cuda_version: Name | None = None
    cpu_model: Name | None = None
    cpu_cores: Count | None = None
    ram_gib: PositiveGib | None = None
    os: Name | None = None
    python_version: Name | None = None

    @property
    def name(self) -> str:
        """What it is called in a word: by its card, or where it has none by its processor."""
        return self.gpu_name or self.cpu_model or "a CPU"


class Source(Frozen):
    """Where reported figures were published."""

    author: Label
    title: Label
    url: Address
    note: Text


# The three runs of the paradox experiment, see `measure.paradox`; and one with long prompts, see `measure.context`.
Paradox = Literal["equal_utilisation", "equal_kv_cache", "smallest_budget"]
Experiment = Paradox | Literal["long_context"]


class MeasuredRun(Frozen):
    """The manifest of a run that Quantpress measured: the profile's `rounds` launches of each of `cells`; of a
    search, as many as it takes."""

    schema_version: SchemaVersion
    origin: Literal["measured"]
    run_id: Slug
    created_at: Timestamp
    profile: Profile
    cells: Cells
    memory_budget_gib: PositiveGib | None
    experiment: Experiment | None
    hardware: Hardware
    versions: dict[Name, Name]
    git_revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}(\+changes)?$")] | None
    environment_sha256: Sha256
    command: Text

    @property
    def model_name(self) -> str:
        """The model, as its profile names it."""
        return self.profile.model_name

    @property
    def ranks(self) -> int:
        """How many cards share each layer: tensor parallelism."""
        return self.profile.engine.tensor_parallel_size


class ReportedRun(Frozen):
    """The manifest of figures that somebody else published: one launch a method, no raw samples."""

    schema_version: SchemaVersion
    origin: Literal["reported"]
    run_id: Slug
    created_at: Timestamp
    model_name: Name
    cells: Cells
    hardware: Hardware
    versions: dict[Name, Name]
    source: Source


Manifest = Annotated[MeasuredRun | ReportedRun, Discriminator("origin")]


MANIFEST: Final[TypeAdapter[MeasuredRun | ReportedRun]] = TypeAdapter(Manifest)
