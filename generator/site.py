"""From `measurements/` to the files that MkDocs builds: reads the records and the templates, renders, and can write."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from generator import measurements
from generator.analyse.findings import find
from generator.measurements import Run
from generator.record import LAUNCH, MANIFEST, json_schemas
from generator.render.pages import render_pages

ROOT: Final = Path(__file__).parent.parent
TEMPLATES: Final = ROOT / "templates"

# Generated files that are on disk are listed here, so that the next writing removes what is no longer generated.
LEDGER: Final = ".generated"


def site_files(featured: str | None = None, root: Path = measurements.ROOT) -> dict[str, str]:
    """Every generated file of the site, by its path below `docs_dir`; the same records give the same bytes.

    Raises `RecordError` at a record that is not as the schema says, before anything is built from the others.
    """
    runs = measurements.read_runs(root)
    data = _data(runs)
    templates = {path.name: path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.j2"))}
    return render_pages(find(runs, featured), templates, tuple(data)) | data


def _data(runs: tuple[Run, ...]) -> dict[str, str]:
    """The raw records and their schemas, for download. Written anew from what was validated, not copied."""
    files = {
        f"data/schema/{kind}.schema.json": json.dumps(schema, indent=2) + "\n"
        for kind, schema in json_schemas().items()
    }
    for run in runs:
        folder = f"data/{run.manifest.run_id}"
        files[f"{folder}/manifest.json"] = MANIFEST.dump_json(run.manifest, indent=2).decode() + "\n"
        for launch in run.launches:
            name = measurements.launch_name(launch.method, launch.round)
            files[f"{folder}/{name}"] = LAUNCH.dump_json(launch, indent=2).decode() + "\n"
    return files


def write_files(files: Mapping[str, str], folder: Path) -> int:
    """Write what changed below `folder` and remove what an earlier call wrote and is no longer there; how many did."""
    ledger = folder / LEDGER
    before = set(ledger.read_text(encoding="utf-8").splitlines()) if ledger.is_file() else set()
    changed = 0
    for path, text in files.items():
        target = folder / path
        if not target.is_file() or target.read_text(encoding="utf-8") != text:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
            changed += 1
    for stale in before - set(files):
        (folder / stale).unlink(missing_ok=True)
        changed += 1
    ledger.write_text("".join(f"{path}\n" for path in sorted(files)), encoding="utf-8")
    return changed
