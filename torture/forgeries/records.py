"""A run as a cheat has it in an editor: JSON, changed at will, and what must be changed with it to be read at all."""

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from random import Random
from statistics import median
from typing import Any

from generator.cells import Cell
from generator.folders import records_in
from generator.manifest import MANIFEST
from generator.measurements import Run
from generator.record import LAUNCH

Json = dict[str, Any]

# The method that a cheat would make look better.
FAVOURITE = "awq"


@dataclass
class Records:
    """The records of one run; `dice` are the cheat's, the same each time."""

    manifest: Json
    launches: list[Json]
    dice: Random

    @property
    def completed(self) -> list[Json]:
        """The launches that have figures."""
        return [launch for launch in self.launches if launch["status"] == "completed"]

    @property
    def favoured(self) -> list[Json]:
        """The launches of the method that is to look better; of the last one where the run lacks it."""
        mine = [launch for launch in self.completed if launch["cell"]["method"] == FAVOURITE]
        last = self.completed[-1]["cell"]
        return mine or [launch for launch in self.completed if launch["cell"] == last]


class DoesNotApplyError(Exception):
    """The run has nothing that this forgery is about."""


Forge = Callable[[Records], None]


def records_of(folder: Path) -> Records:
    """The records in a run's folder."""
    launches = [json.loads(path.read_bytes()) for path in records_in(folder / "launches")]
    return Records(json.loads((folder / "manifest.json").read_bytes()), launches, Random(0))  # noqa: S311, no secret


def forged(folder: Path, forge: Forge) -> Run:
    """The run in `folder` after the forgery, as it is read. Raises `DoesNotApplyError`."""
    records = records_of(folder)
    before = json.dumps([records.manifest, records.launches])
    forge(records)
    if json.dumps([records.manifest, records.launches]) == before:
        raise DoesNotApplyError
    return as_read(records)


def as_read(records: Records) -> Run:
    """The records as the reader takes them."""
    for launch in records.completed:
        mend_headline(launch)
    launches = [LAUNCH.validate_json(json.dumps(launch)) for launch in records.launches]
    order = [Cell.model_validate(cell).id for cell in records.manifest["cells"]]
    launches.sort(key=lambda launch: (launch.round, order.index(launch.cell.id)))
    return Run(MANIFEST.validate_json(json.dumps(records.manifest)), tuple(launches))


def mend_headline(launch: Json) -> None:
    """The one thing that the reader recomputes, so every cheat learns to correct it."""
    samples = launch["points"][0]["samples"]
    launch["quantities"]["output_tokens_per_s"] = median(one["output_tokens"] / one["duration_s"] for one in samples)
    launch["quantities"]["output_tokens_total"] = sum(one["output_tokens"] for one in samples)
