"""From `measurements/` to the files that MkDocs builds: made once, kept until something that they come from changes.

What makes them (pydantic, Plotly, the templates) is imported only then: importing it takes longer than MkDocs takes for
the pages.
"""

import base64
import hashlib
import json
import os
import sys
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from generator.errors import UsageError
from generator.folders import CACHE, MEASUREMENTS, TEMPLATES

if TYPE_CHECKING:
    from generator.analyse.run import RunFindings

# Generated files that are on disk are listed here, so that the next writing removes what is no longer generated.
LEDGER: Final = ".generated"

# The libraries whose output is in the files.
_MAKERS: Final = ("jinja2", "mpmath", "pillow", "plotly", "pydantic")

# Text, or what is none: pictures.
Content = str | bytes


@dataclass(frozen=True)
class Choices:
    """What the author of a site chooses in mkdocs.yml, under `extra.quantpress`: the run that is featured, and what an
    hour of the card costs, in a currency."""

    featured_run: str | None = None
    price_per_hour: float | None = None
    currency: str = "€"

    @classmethod
    def of(cls, written: object) -> "Choices":
        """From what mkdocs.yml has. Raises `UsageError`, with the field, where that is not a choice."""
        where = "mkdocs.yml: extra.quantpress"
        if not isinstance(written, dict):
            raise UsageError(f"{where}: expected fields, found {written!r}")
        for name in written:
            if name not in cls.__dataclass_fields__:
                raise UsageError(f"{where}: unknown field {name!r}; the fields: {', '.join(cls.__dataclass_fields__)}")
        price, currency = written.get("price_per_hour"), written.get("currency", cls.currency)
        if price is not None and (isinstance(price, bool) or not isinstance(price, int | float) or not 0 < price < 1e6):
            raise UsageError(f"{where}.price_per_hour: expected a number above 0, found {price!r}")
        if not isinstance(currency, str) or not 1 <= len(currency) <= 5:
            raise UsageError(f"{where}.currency: expected a sign or a short name, found {currency!r}")
        return cls(**written)


def site_files(
    choices: Choices = Choices(),
    root: Path = MEASUREMENTS,
    site_url: str = "",
    written: Mapping[str, str] = MappingProxyType({}),
) -> dict[str, Content]:
    """Every generated file of the site, by its path below `docs_dir`; the same records give the same bytes.

    `written` are the pages that the author wrote with references, by path; they come back with their figures.

    `site_url`, where the site will be found, ends with a slash; the feed and the descriptions of the records link
    relatively where it is empty. Raises `RecordError` at a record that is not as the schema says, before anything is
    built from the others, and `UsageError` at a reference that names nothing.
    """
    kept, key = CACHE / "site.json", _key(choices, root, site_url, written)
    files = _recall(kept, key)
    if files is None:
        files = _make(choices, root, site_url, written)
        _remember(kept, key, files)
    return files


def _key(choices: Choices, root: Path, site_url: str, written: Mapping[str, str]) -> str:
    """One hash of all that the files come from: the records, the templates, the choices, this code, its libraries."""
    made_with = (choices, site_url, sorted(written.items()), sys.version, [version(name) for name in _MAKERS])
    found = hashlib.sha256(repr(made_with).encode())
    code = Path(__file__).parent
    for folder, pattern in ((root, "*/**/*.json"), (TEMPLATES, "*.j2"), (code, "**/*.py")):
        for path in sorted(folder.glob(pattern)):
            content = path.read_bytes() if path.is_file() else b""
            found.update(f"\0{path.relative_to(folder)}\0{len(content)}\0".encode())
            found.update(content)
    return found.hexdigest()


def _recall(kept: Path, key: str) -> dict[str, Content] | None:
    try:
        content = json.loads(kept.read_bytes())
        if content["key"] != key:
            return None
        pictures = {path: base64.b64decode(text, validate=True) for path, text in content["pictures"].items()}
        return {**content["files"], **pictures}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # none yet, or not what `_remember` wrote
        return None


def _remember(kept: Path, key: str, files: Mapping[str, Content]) -> None:
    """A cache that can't be written (a read-only checkout) costs time, nothing else."""
    temporary = kept.with_name(f"{kept.name}.{os.getpid()}")
    content = {
        "key": key,
        "files": {path: text for path, text in files.items() if isinstance(text, str)},
        "pictures": {path: base64.b64encode(it).decode() for path, it in files.items() if isinstance(it, bytes)},
    }
    try:
        kept.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.replace(kept)
    except OSError:
        with suppress(OSError):
            temporary.unlink()


def _make(choices: Choices, root: Path, site_url: str, written: Mapping[str, str]) -> dict[str, Content]:
    from generator.analyse.cost import Price
    from generator.analyse.findings import find
    from generator.measurements import read_runs
    from generator.render import feed
    from generator.render.about import teller
    from generator.render.gallery import Gallery
    from generator.render.head import with_heads
    from generator.render.pages import environment_of, render_pages
    from generator.render.write_up import write_up

    runs = read_runs(root)
    price = Price(choices.price_per_hour, choices.currency) if choices.price_per_hour else None
    findings = find(runs, choices.featured_run)
    data = _data(findings.runs)
    templates = {path.name: path.read_text(encoding="utf-8") for path in sorted(TEMPLATES.glob("*.j2"))}
    gallery = Gallery()
    pages = render_pages(findings, templates, tuple(data), price, site_url, gallery)
    tell = teller(environment_of(templates))
    files = with_heads(pages, findings, tell, site_url, tuple(data))
    own = {path: write_up(path, text, findings, templates, gallery) for path, text in written.items()}
    return {**files, **own, feed.PATH: feed.feed(findings, tell, site_url), **gallery.files, **data}


def _data(runs: "Iterable[RunFindings]") -> dict[str, str]:
    """The raw records, their schemas, and each run's figures as a table, for download. Written anew from what was
    validated, not copied."""
    from generator.manifest import MANIFEST
    from generator.measurements import json_schemas, launch_name, peer_name
    from generator.peer import PEER
    from generator.record import LAUNCH
    from generator.render.sheet import cells_csv

    files = {
        f"data/schema/{kind}.schema.json": json.dumps(schema, indent=2) + "\n"
        for kind, schema in json_schemas().items()
    }
    for findings in runs:
        run = findings.run
        folder = f"data/{run.manifest.run_id}"
        files[f"{folder}/cells.csv"] = cells_csv(findings)
        files[f"{folder}/manifest.json"] = MANIFEST.dump_json(run.manifest, indent=2).decode() + "\n"
        for launch in run.launches:
            name = launch_name(launch.cell, launch.round)
            files[f"{folder}/{name}"] = LAUNCH.dump_json(launch, indent=2).decode() + "\n"
        for result in run.peers:
            files[f"{folder}/{peer_name(result)}"] = PEER.dump_json(result, indent=2).decode() + "\n"
    return files


def write_files(files: Mapping[str, Content], folder: Path) -> int:
    """Write what changed below `folder` and remove what an earlier call wrote and is no longer there; how many did."""
    ledger = folder / LEDGER
    before = set(ledger.read_text(encoding="utf-8").splitlines()) if ledger.is_file() else set()
    changed = 0
    for path, made in files.items():
        # As bytes, because a CSV file ends its lines otherwise.
        target, content = folder / path, made.encode() if isinstance(made, str) else made
        if not target.is_file() or target.read_bytes() != content:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(content)
            changed += 1
    for stale in before - set(files):
        (folder / stale).unlink(missing_ok=True)
        changed += 1
    ledger.write_text("".join(f"{path}\n" for path in sorted(files)), encoding="utf-8")
    return changed
