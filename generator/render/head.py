"""What pages say in their heads: front matter that templates/theme/main.html turns into elements, and cards."""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from mkdocs.utils.meta import get_data

from generator.analyse.findings import Findings
from generator.analyse.run import RunFindings
from generator.render import dataset
from generator.render.about import Tell, plain
from generator.render.address import source_of
from generator.render.card import METHOD, Bar, Card, draw
from generator.render.runs import by_run
from generator.render.units import bare
from generator.written import front_matter

HOME: Final = "index.md"

# Pages about all runs; those about one are in `_subjects`, and each run has its own.
_ABOUT_ALL: Final = (HOME, "explore.md", "reproducibility.md", "appendix.md")


def with_heads(
    pages: Mapping[str, str], findings: Findings, tell: Tell, site_url: str, files: Sequence[str]
) -> dict[str, str | bytes]:
    """The pages with what their heads need, and the cards. `files` are the paths of the raw JSON files."""
    subjects = _subjects(findings)
    describe = _describer(findings, subjects, tell, site_url, files)
    made: dict[str, str | bytes] = {}
    for path, page in pages.items():
        card = _card(path, page, subjects.get(path), tell)
        made |= _with_head(path, page, _headline(page), card, dataset=describe(path))
    return made


def with_head_of_run(
    page: str, run: RunFindings, tell: Tell, site_url: str, files: Sequence[str]
) -> dict[str, str | bytes]:
    """The page of one run with what its head needs, and its card, from that run alone."""
    path = source_of(run)
    card = Card(
        tell("card_title", run),
        tell("card_line", run),
        tell("bars_caption", run),
        tuple(_bars(run)),
        tell("provenance", run),
    )
    about = dataset.of_run(run, tell, site_url, path, files)
    return _with_head(
        path, page, tell("entry_title", run), card, description=tell("run_description", run), dataset=about
    )


def with_head_of_writing(path: str, page: str) -> dict[str, str | bytes]:
    """A page that the author wrote, and its card; what its own front matter says of either stands."""
    front, text = front_matter(page)
    own = get_data(front)[1]
    title = _headline(text) or plain(str(own.get("title") or path.rpartition("/")[2].removesuffix(".md")))
    return _with_head(path, page, title, Card(title, plain(str(own.get("description") or ""))))


def _with_head(path: str, page: str, headline: str, card: Card, **fields: object) -> dict[str, str | bytes]:
    """The page with more fields in its front matter, each as JSON, which YAML reads, and its card. They stand first, so
    that the page's own, of the same name, come after them, and count."""
    picture = f"cards/{path.removesuffix('.md')}.png"
    told = {
        "headline": headline,
        "card": picture,
        "card_alt": " ".join(filter(None, (_sentence(card.title), card.line))),
        **fields,
    }
    first, _, rest = page.partition("\n")
    lines = "".join(f"{name}: {_json(value)}\n" for name, value in told.items() if value is not None)
    return {path: f"{first}\n{lines}{rest}", picture: draw(card)}


def _subjects(findings: Findings) -> dict[str, RunFindings]:
    """The run that a page is about, by the page's path."""
    known = dict.fromkeys((HOME, "scenarios.md", "comparison.md"), findings.featured)
    known |= {f"methods/{method}.md": run for method, run in findings.by_method.items()}
    known |= {"paradox.md": findings.explained, "context.md": findings.long_context}
    return {path: run for path, run in known.items() if run}


def _describer(
    findings: Findings, subjects: Mapping[str, RunFindings], tell: Tell, site_url: str, files: Sequence[str]
) -> Callable[[str], dict[str, Any] | None]:
    """Gives the description of the records that a page is about; None where it is about none."""
    raw = by_run(files)

    def describe(path: str) -> dict[str, Any] | None:
        if path in _ABOUT_ALL and findings.briefs:
            return dataset.of_all(findings, tell, site_url, path)
        run = subjects.get(path)
        return dataset.of_run(run, tell, site_url, path, raw.get(run.manifest.run_id, ())) if run else None

    return describe


def _card(path: str, page: str, run: RunFindings | None, tell: Tell) -> Card:
    foot = tell("provenance", run) if run else ""
    verdict = re.search(r'<p class="qp-verdict__answer">(.*?)</p>', page) if path == HOME else None
    if verdict is None or run is None:
        return Card(_headline(page), line=_description(page), foot=foot)
    return Card(_headline(page), plain(verdict[1]), tell("bars_caption", run), tuple(_bars(run)), foot)


def _bars(run: RunFindings) -> Iterator[Bar]:
    """The speed of each cell with as many requests at once as the verdict is about, or else of the first workload."""
    for one in run.shown:
        crowded = (point.stats for point in one.points if point.concurrency == run.crowd)
        stats = next(crowded, {}) if run.crowd else one.stats
        if "output_tokens_per_s" in stats:
            speed = stats["output_tokens_per_s"]
            yield Bar(one.name, speed.median, bare(speed, "output_tokens_per_s"), METHOD[one.cell.method])


def _headline(page: str) -> str:
    """The page's own heading, without the attributes that Markdown gives it."""
    found = re.search(r"^# (.+?)(?: \{:.*\})?$", page, re.MULTILINE)
    return plain(found[1]) if found else ""


def _description(page: str) -> str:
    found = re.search(r"^description: (.*)$", page, re.MULTILINE)
    return plain(found[1]) if found else ""


def _sentence(text: str) -> str:
    return text if text.endswith((".", "?", "!")) else f"{text}."


def _json(value: object) -> str:
    """JSON on one line that YAML reads as the same value; with no escapes, as YAML knows no surrogate pairs."""
    return json.dumps(value, ensure_ascii=False)
