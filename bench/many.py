"""Many runs to build a site of: copies of the committed records under new ids and dates.

They are no measurements, and are written to a folder that is thrown away. Their figures stay as they are: scaled ones
contradict one another, and pages tell of such runs in another way.
"""

import json
from datetime import UTC, datetime, timedelta
from itertools import cycle, islice
from pathlib import Path

from generator.folders import CHECKOUT

# The records that ship, whatever the environment says of others.
ORIGINALS = CHECKOUT / "measurements"
FIRST_DAY = datetime(2024, 1, 1, tzinfo=UTC)


def write_many(count: int, folder: Path) -> None:
    """Write `count` runs below `folder`, a day apart, the committed ones in turn. Equal calls write equal bytes."""
    originals = sorted(path for path in ORIGINALS.iterdir() if (path / "manifest.json").is_file())
    for number, original in enumerate(islice(cycle(originals), count)):
        write_copy(original, folder, number)


def write_copy(original: Path, folder: Path, number: int) -> Path:
    """Write the run in `original` as the one of day `number`, its launches as long after its beginning as they were."""
    manifest = json.loads((original / "manifest.json").read_bytes())
    began = FIRST_DAY + timedelta(days=number)
    later = began - datetime.fromisoformat(manifest["created_at"])
    run_id = f"{began:%Y-%m-%d}-{original.name.lstrip('0123456789-')}"
    for path in original.glob("**/*.json"):
        record = json.loads(path.read_bytes())
        for name in {"created_at", "started_at", "measured_at"} & record.keys():
            record[name] = f"{datetime.fromisoformat(record[name]) + later:%Y-%m-%dT%H:%M:%SZ}"
        if path.name == "manifest.json":
            record["run_id"] = run_id
        target = folder / run_id / path.relative_to(original)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
    return folder / run_id
