"""A run with given words in every field that holds words, and all that is made of it, taken apart: what may not depend
on the words, so that what is made with hostile ones can be compared with what is made with plain ones."""

import csv
import html
import io
import json
import re
import tempfile
from copy import deepcopy
from dataclasses import dataclass, fields
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree as ET

import yaml  # type: ignore[import-untyped]
from markdown import Markdown  # type: ignore[import-untyped]

from generator.analyse.findings import find, run_findings
from generator.aside import put_back, set_aside
from generator.folders import TEMPLATES
from generator.measurements import Run, parse
from generator.press import Press
from generator.render import alone, feed
from generator.render.address import source_of
from generator.render.gallery import Gallery
from generator.render.pages import render_pages
from generator.render.sheet import COLUMNS
from generator.written import front_matter
from torture.strangers.hostile import KINDS
from torture.strangers.records import FILES, valid, written

PLAIN: Final = "plain words"
SITE_URL: Final = "https://example.org/"
# What MkDocs reads our pages with, as mkdocs.yml has it, without what colours code.
EXTENSIONS: Final = (
    "admonition",
    "attr_list",
    "md_in_html",
    "tables",
    "toc",
    "pymdownx.details",
    "pymdownx.superfences",
)
LONGEST_NAME: Final = 200
LONGEST_SHOWN_REVISION: Final = 12


@dataclass(frozen=True)
class Made:
    """`shown` is how often the words can be read on the page."""

    elements: list[tuple[str, tuple[str, ...]]]
    addresses: list[str]
    figures: list[int]
    front_matter: list[str]
    feed: list[tuple[str, list[str]]]
    table: list[int]
    formulas: int
    shown: int


def made_with(words: str) -> Made:
    """Raises `RecordError` where the reader refuses the words."""
    maker = press()
    run = _run_with(words)
    found = run_findings(run)
    files = alone.alone(found, maker.environment, maker.tell, SITE_URL).files
    site = render_pages(find((run,)), maker.templates, (), None, SITE_URL, Gallery(), maker.compiled)
    front, _ = front_matter(str(files[source_of(found)]))
    page = _Page()
    for text in (str(files[source_of(found)]), *site.values()):
        rest, tables = set_aside(front_matter(text)[1])
        page.feed(put_back(Markdown(extensions=EXTENSIONS).convert(rest), tables))
    rows = [*csv.reader(io.StringIO(str(files[alone.sheet_path(run.manifest.run_id)])))]
    entries = [*ET.fromstring(feed.feed(find((run,)), maker.tell, SITE_URL)).iter()]  # noqa: S314, our own
    for path, content in files.items():
        if path.endswith(".json"):
            json.loads(content)
    return Made(
        page.elements,
        page.addresses,
        page.figures,
        [*yaml.load(front.strip().strip("-"), yaml.CSafeLoader)],
        [(entry.tag, [*entry.attrib]) for entry in entries],
        [len(row) for row in rows],
        sum(
            cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in rows for cell in row[: COLUMNS.index("median")]
        ),
        sum(_spaced("".join(page.text)).count(_spaced(one)) for one in {words, _label(words), _name(words), PLAIN}),
    )


def difference(expected: Made, made: Made) -> str:
    """Which part of what was made is not as it is with plain words; "" where nothing is."""
    for part in fields(Made):
        one, other = getattr(expected, part.name), getattr(made, part.name)
        if part.name == "shown" and other >= one:
            continue  # short words are parts of others
        if one != other:
            return f"{part.name}: expected {_apart(one, other)}, found {_apart(other, one)}"
    return ""


def _apart(one: Any, other: Any) -> str:
    if isinstance(one, list):
        return repr([item for item in one if item not in other][:3])
    return repr(one)


@cache
def press() -> Press:
    """What makes the pages, with the templates as they are."""
    templates = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
    return Press(templates, Path(tempfile.mkdtemp()), "", SITE_URL)


@cache
def _records() -> dict[str, Any]:
    return {file: valid(file) for file in FILES}


def _label(words: str) -> str:
    return words[:LONGEST_NAME].strip()


def _name(words: str) -> str:
    return _label(words) if words.isascii() else PLAIN


def _run_with(words: str) -> Run:
    name, label = _name(words), _label(words)
    records = deepcopy(_records())
    manifest, launch, peer = records["manifest"], records["launch"], records["peer"]
    manifest["profile"]["model_name"] = name
    manifest["profile"]["checkpoints"]["awq"]["path"] = label
    for field in ("gpu_name", "driver_version", "cuda_version", "cpu_model", "os", "python_version"):
        manifest["hardware"][field] = name
    manifest |= {"versions": {name: name}, "command": words}
    how = launch["configuration"]
    for field in ("engine_version", "framework", "weight_format", "dtype", "attention_backend"):
        how[field] = name
    how["model_revision"] = name if len(name) <= LONGEST_SHOWN_REVISION else PLAIN
    how |= {"model_source": label, "kernels": {name: 1}, "arguments": {name: words}}
    launch["tasks"][0] |= dict.fromkeys(("task", "task_version", "metric", "filter"), name)
    launch["faults"][0]["detail"] = launch["unserved"][0]["message"] = words
    launch["points"][0]["energy"]["faults"] = [words]
    for point in launch["points"]:
        point["absent"] = dict.fromkeys(point["absent"], words)
    another = launch | {"cell": launch["cell"] | {"method": "awq"}}
    of_launch = {key: launch[key] for key in ("schema_version", "started_at")} | {"round": 1, "duration_s": 1.0}
    failure = {"status": "failed", "stage": "load", "reason": "crashed", "message": words, "mend": words}
    failed = of_launch | failure | {"cell": launch["cell"] | {"method": "gptq"}}
    peer |= {"tool_version": name, "command": words}
    return Run(
        _read("manifest", manifest),
        (_read("launch", launch), _read("launch", another), _read("launch", failed)),
        (_read("peer", peer),),
    )


def _read(file: str, record: Any) -> Any:
    return parse(Path(FILES[file]), written(record), KINDS[file])


def _spaced(text: str) -> str:
    return " ".join(text.split())


class _Page(HTMLParser):
    """Pages' elements with the names of their attributes, where they lead, and their text but for citations, which have
    escapes of their own; of each chart's figure, how many signs there are that Plotly would take for a tag's."""

    def __init__(self) -> None:
        super().__init__()
        self.elements: list[tuple[str, tuple[str, ...]]] = []
        self.addresses: list[str] = []
        self.figures: list[int] = []
        self.text: list[str] = []
        self._citing = 0

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, tuple(name for name, _ in attrs)))
        for name, value in attrs:
            if name in {"href", "src", "srcset", "action", "data", "style", "formaction", "poster", "xlink:href"}:
                self.addresses.append(value or "")
            if name == "data-figure":
                self.figures.append(len(re.findall(r"[<$]", html.unescape(value or ""))))

        self._citing += tag == "pre"

    def handle_endtag(self, tag: str) -> None:
        self._citing -= tag == "pre"

    def handle_data(self, data: str) -> None:
        if not self._citing:
            self.text.append(data)

    def handle_comment(self, data: str) -> None:
        self.elements.append(("a comment", (data,)))

    def handle_decl(self, decl: str) -> None:
        self.elements.append(("a declaration", (decl,)))

    def handle_pi(self, data: str) -> None:
        self.elements.append(("an instruction", (data,)))
