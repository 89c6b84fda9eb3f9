"""From `measurements/` to the files that MkDocs builds: made once, kept until something that they come from changes.

What makes them (pydantic, Plotly, the templates) is imported only then: importing it takes longer than MkDocs takes for
the pages.
"""

import base64
import hashlib
import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import Final

from generator.configuration import configuration_in
from generator.errors import UsageError
from generator.folders import CACHE, MEASUREMENTS, TEMPLATES, imported_folders, run_folders, templates_in
from generator.kept import Content, key_of

# The libraries whose output is in the files.
_MAKERS: Final = ("jinja2", "mpmath", "pillow", "plotly", "pydantic")


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
        if not isinstance(written.get("featured_run"), str | None):
            raise UsageError(f"{where}.featured_run: expected the name of a run, found {written['featured_run']!r}")
        price, currency = written.get("price_per_hour"), written.get("currency", cls.currency)
        if price is not None and (isinstance(price, bool) or not isinstance(price, int | float) or not 0 < price < 1e6):
            raise UsageError(f"{where}.price_per_hour: expected a number above 0, found {price!r}")
        if not isinstance(currency, str) or not 1 <= len(currency) <= 5:
            raise UsageError(f"{where}.currency: expected a sign or a short name, found {currency!r}")
        return cls(**written)

    @classmethod
    def in_file(cls, path: Path) -> "Choices":
        """From an mkdocs.yml itself. Raises `UsageError` where it can't be read."""
        return cls.of((configuration_in(path).get("extra") or {}).get("quantpress", {}))


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
    state = _state(site_url)
    keys = {folder: key_of(folder, state) for folder in run_folders(root)}
    imports = {folder: key_of(folder, state) for folder in imported_folders(root)}
    from_all = (state, [*keys.values(), *imports.values()], choices, sorted(written.items()))
    whole = hashlib.sha256(repr(from_all).encode()).hexdigest()
    remembered = CACHE / "site.json"
    files = _recall(remembered, whole)
    if files is None:
        files = _make(keys, [*imports], choices, site_url, written)
        _remember(remembered, whole, files)
    return files


def _state(site_url: str) -> str:
    """One hash of all that the files come from besides records and choices: the templates, this code, its libraries."""
    found = hashlib.sha256(f"{site_url}\0{_code()}".encode())
    _take_in(found, TEMPLATES, "*.j2")
    return found.hexdigest()


def _code() -> str:
    """One hash of this code and of its libraries."""
    found = hashlib.sha256(repr((sys.version, [version(name) for name in _MAKERS])).encode())
    _take_in(found, Path(__file__).parent, "**/*.py")
    return found.hexdigest()


def _take_in(found: "hashlib._Hash", folder: Path, pattern: str) -> None:
    for path in sorted(folder.glob(pattern)):
        content = path.read_bytes()
        found.update(f"\0{path.relative_to(folder)}\0{len(content)}\0".encode())
        found.update(content)


def _recall(remembered: Path, key: str) -> dict[str, Content] | None:
    try:
        content = json.loads(remembered.read_bytes())
        if content["key"] != key:
            return None
        pictures = {path: base64.b64decode(text, validate=True) for path, text in content["pictures"].items()}
        kept = {path: CACHE / lies for path, (lies, _) in content["kept"].items()}
        if not all(kept[path].stat().st_size == size for path, (_, size) in content["kept"].items()):
            return None
        return {**content["files"], **pictures, **kept}
    except (OSError, ValueError, LookupError, TypeError, AttributeError):  # none yet, or not what `_remember` wrote
        return None


def _remember(remembered: Path, key: str, files: Mapping[str, Content]) -> None:
    """A cache that can't be written (a read-only checkout) costs time, nothing else."""
    temporary = remembered.with_name(f"{remembered.name}.{os.getpid()}")
    try:
        content = {
            "key": key,
            "files": {path: text for path, text in files.items() if isinstance(text, str)},
            "pictures": {path: base64.b64encode(it).decode() for path, it in files.items() if isinstance(it, bytes)},
            "kept": {
                path: (it.relative_to(CACHE).as_posix(), it.stat().st_size)
                for path, it in files.items()
                if isinstance(it, Path)
            },
        }
        remembered.parent.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(content), encoding="utf-8")
        temporary.replace(remembered)
    except OSError:
        with suppress(OSError):
            temporary.unlink()


def _make(
    keys: Mapping[Path, str], imports: Sequence[Path], choices: Choices, site_url: str, written: Mapping[str, str]
) -> dict[str, Content]:
    from generator import imported_runs
    from generator.analyse.cost import Price
    from generator.analyse.findings import choose
    from generator.analyse.imported import ImportedFindings
    from generator.measurements import json_schemas
    from generator.press import Press
    from generator.render import feed, imported, runs
    from generator.render.alone import sheet_path
    from generator.render.cells import OLDER_CELLS, older_cells
    from generator.render.gallery import Gallery
    from generator.render.head import with_head_of_writing, with_heads
    from generator.render.looks import METHODS_CSS, methods_css
    from generator.render.pages import render_pages
    from generator.render.sheet import ALL_CELLS, all_cells_csv
    from generator.render.write_up import write_up
    from generator.shelf import Shelf

    texts = templates_in(TEMPLATES)
    press = Press(texts, CACHE / "templates", _code(), site_url)
    shelf = Shelf(keys, CACHE / "runs", press)
    findings = choose(shelf.briefs, shelf, choices.featured_run)
    price = Price(choices.price_per_hour, choices.currency) if choices.price_per_hour else None
    schemas = {
        f"data/schema/{kind}.schema.json": json.dumps(schema, indent=2) + "\n"
        for kind, schema in json_schemas().items()
    }
    paths = (*schemas, *(path for path in shelf.files if path.startswith("data/")))
    gallery = Gallery()
    others = tuple(ImportedFindings(one) for one in imported_runs.read_each(imports))
    pages = render_pages(findings, texts, paths, price, site_url, gallery, press.compiled, others)
    files = with_heads(pages, findings, press.tell, site_url, paths)
    own: dict[str, str | bytes] = {}
    for path, text in written.items():
        own |= with_head_of_writing(path, write_up(path, text, findings, texts, gallery))
    older = shelf.rows[: len(shelf) - runs.in_page(findings.briefs)]
    tables = {
        ALL_CELLS: all_cells_csv(shelf.texts(sheet_path)),
        OLDER_CELLS: older_cells(reversed(older)),
        METHODS_CSS: methods_css(),
    }
    return {
        **files,
        feed.PATH: feed.feed(findings, press.tell, site_url),
        **gallery.files,
        **schemas,
        **tables,
        **{path: text for one in others for path, text in imported.files_of(one).items()},
        **shelf.files,
        **own,  # last: what an author wrote stands, under whatever name
    }
