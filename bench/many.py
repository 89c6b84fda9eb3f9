"""Many runs to build a site of: copies of the committed records under new ids and dates, their times scaled a little.

They are no measurements, and are written to a folder that is thrown away.
"""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path
from random import Random
from typing import Any

from generator.folders import CHECKOUT

# The records that ship, whatever the environment says of others.
ORIGINALS = CHECKOUT / "measurements"
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)
SEED = 0


def write_many(count: int, folder: Path) -> None:
    """Write `count` runs below `folder`, a day apart, the committed ones in turn. Equal calls write equal bytes."""
    originals = sorted(path for path in ORIGINALS.iterdir() if (path / "manifest.json").is_file())
    for number, original in enumerate(islice(cycle(originals), count)):
        write_copy(original, folder, number)


def write_copy(original: Path, folder: Path, number: int) -> Path:
    """Write the run in `original` as the one of day `number`, all of its times longer or shorter by up to a tenth."""
    factor = Random(SEED + number).uniform(0.9, 1.1)  # noqa: S311, no secret
    began = FIRST_DAY + timedelta(days=number)
    run_id = f"{began:%Y-%m-%d}-{original.name.lstrip('0123456789-')}"
    for path in original.glob("**/*.json"):
        record = json.loads(path.read_bytes())
        if path.name == "manifest.json":
            record |= {"run_id": run_id, "created_at": f"{began:%Y-%m-%dT%H:%M:%SZ}"}
        else:
            _scale(record, factor)
        target = folder / run_id / path.relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return folder / run_id


def _scale(launch: dict[str, Any], factor: float) -> None:
    """What a machine that is slower by `factor` would have recorded, its memory and its predictions unchanged."""
    quantities = launch.get("quantities", {})
    if quantities.get("output_tokens_per_s"):
        quantities["output_tokens_per_s"] /= factor
    for name in ("load_time_s", "weights_load_time_s", "first_token_time_s"):
        if quantities.get(name):
            quantities[name] *= factor
    for times, name in _times(launch):
        times[name] = [one * factor for one in times[name]] if isinstance(times[name], list) else times[name] * factor


def _times(launch: dict[str, Any]) -> Iterator[tuple[dict[str, Any], str]]:
    for point in launch.get("points", ()):
        for sample in point["samples"]:
            yield sample, "duration_s"
        if point["requests"]:
            yield point["requests"], "ttft_s"
            yield point["requests"], "latency_s"
