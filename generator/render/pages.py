"""Findings to Markdown pages, through the templates: all words are there, all formatting is in `units`."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from jinja2 import BytecodeCache, DictLoader, Environment, StrictUndefined
from markupsafe import Markup

from generator import __version__
from generator.analyse.article import held
from generator.analyse.brief import Brief
from generator.analyse.cost import Price
from generator.analyse.experiment import parts_of
from generator.analyse.findings import Findings
from generator.analyse.imported import ImportedFindings
from generator.analyse.offers import advising_of
from generator.analyse.run import RunFindings
from generator.cells import MODES
from generator.methods import ENGINES, METHODS
from generator.record import SCHEMA_VERSION, Quantities
from generator.render import advice, bars, curves, fit, history, imported, matrix, runs, units
from generator.render.gallery import Gallery
from generator.render.sheet import ALL_CELLS
from generator.render.troubles import TROUBLES
from generator.samples import GAP_GROWTH

# What Markdown gives no meaning to in the middle of a line. All else is written as an entity, so that no text of a
# record, be it a model's name or an engine's last words, can become a link, an element or an attribute.
_ODD: Final = re.compile(r"[^a-zA-Z0-9 ,.;%/?()·×±−–—≤≥≈°…’]")

# What tables show besides the quantities of the records.
DERIVED: Final = (
    "cold_load_time_s",
    "one_user_tokens_per_s",
    "limit_percent",
    "energy_per_token_j",
    "energy_total_per_token_j",
    "longest_prompt_tokens",
    "longest_prompt_ttft_s",
)
# What decides between methods stands first: a phone shows the beginning of a table.
DECIDING: Final = (
    "output_tokens_per_s",
    "one_user_tokens_per_s",
    "weights_gib",
    "kv_cache_gib",
    "kv_cache_tokens",
    "load_time_s",
    "weights_load_time_s",
    "compile_time_s",
    "graph_capture_time_s",
    "first_token_time_s",
    "cold_load_time_s",
)
QUANTITIES: Final = (
    *DECIDING,
    *(name for name in (*Quantities.model_fields, *DERIVED) if name not in {*DECIDING, "absent"}),
)

# Pages that tell of each run tell of so many, the newest; the appendix lists them all.
LISTED: Final = 20

PAGES: Final = (
    "index",
    "scenarios",
    "fit",
    "comparison",
    "explore",
    "matrix",
    "history",
    "paradox",
    "context",
    "tuning",
    "methodology",
    "glossary",
    "reproducibility",
    "faults",
    "appendix",
)


def render_pages(
    findings: Findings,
    templates: Mapping[str, str],
    files: Sequence[str],
    price: Price | None = None,
    site_url: str = "",
    gallery: Gallery | None = None,
    compiled: BytecodeCache | None = None,
    imports: Sequence[ImportedFindings] = (),
) -> dict[str, str]:
    """Every page but those of single runs as Markdown, by its path below `docs_dir`; those of imported runs are among
    them. `templates` are the templates' texts by name; `files` the paths of the raw JSON files that the site offers for
    download; `site_url` is where it will be found, if known; `gallery` keeps the charts' files."""
    gallery = gallery or Gallery()
    environment = environment_of(templates, compiled)
    environment.globals["hang"] = gallery.hang  # macros see no page's context
    context = _context(findings, files) | {"price": price, "site_url": site_url, "version": __version__}
    context |= {"imports": imports, "all_cells_csv": ALL_CELLS}
    own = {
        "explore": runs.of_all(findings),
        "matrix": matrix.page(findings),
        "history": history.page(findings),
        "context": runs.of_long_prompts(findings),
        "fit": fit.page(findings),
        "paradox": {"parts": parts_of(findings.paradox)},
        "faults": {"troubles": TROUBLES},
    }
    pages = {}
    for name in PAGES:
        gallery.open(name)
        pages[f"{name}.md"] = environment.get_template(f"{name}.md.j2").render(context, **own.get(name, {}))
    pages["methods/index.md"] = environment.get_template("methods.md.j2").render(context, up="../")
    for method in METHODS:
        gallery.open(f"methods/{method.id}")
        template = environment.get_template("method.md.j2")
        own_run = {"run": findings.by_method.get(method.id, findings.featured), "featured": findings.featured}
        pages[f"methods/{method.id}.md"] = template.render(context, **own_run, method=method, up="../")
    for one in imports:
        page = f"runs/{one.manifest.run_id}"
        gallery.open(page)
        own_files = tuple(imported.files_of(one))
        pages[f"{page}.md"] = environment.get_template("imported.md.j2").render(
            imported.of_run(one, own_files), up="../"
        )
    return pages


def render_run(run: RunFindings, environment: Environment, files: Sequence[str]) -> str:
    """The page of one run as Markdown, from that run alone; `files` are the paths of its own raw files."""
    return environment.get_template("run.md.j2").render(runs.of_run(run, files), quantities=QUANTITIES, up="../")


def inert(value: object) -> object:
    """Text as it may stand in Markdown or HTML: every character that could mean something there as an entity."""
    if isinstance(value, Markup):
        return value
    if value is None:
        raise TypeError("a template prints a missing value; it must say what is missing")
    return Markup(_ODD.sub(lambda found: f"&#{ord(found[0])};", str(value)))  # noqa: S704, entities only


def environment_of(templates: Mapping[str, str], compiled: BytecodeCache | None = None) -> Environment:
    """What reads the templates: everything that they print is inert, whatever they are for. `compiled` may have them
    as they were compiled before."""
    environment = Environment(
        loader=DictLoader(templates),
        autoescape=True,
        finalize=inert,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        bytecode_cache=compiled,
    )
    filters: dict[str, Callable[..., object]] = {
        "label": units.label,
        "unit": units.unit,
        "bare": units.bare,
        "with_unit": units.with_unit,
        "mean": units.mean,
        "number": units.number,
        "lasting": units.lasting,
        "times": units.times,
        "upward": units.upward,
        "asked": units.asked,
        "field": units.field,
        "change": units.change,
        "share": units.share,
        "half_width": units.half_width,
        "plain": units.plain,
    }
    environment.filters |= filters
    environment.globals |= {"engines": ENGINES, "modes": MODES}  # macros see no page's context
    return environment


def _context(findings: Findings, files: Sequence[str]) -> dict[str, Any]:
    run, article, demo = findings.featured, findings.reported, findings.demo
    compared = list(_compared(findings))
    return {
        "site": findings,
        "run": run,
        "article": article,
        "demo": demo,
        "methods": METHODS,
        "files": files,
        "schema_version": SCHEMA_VERSION,
        "quantities": QUANTITIES,
        "newest": tuple(islice(reversed(findings.runs), LISTED)),
        "older_runs": max(0, len(findings.briefs) - LISTED),
        "advice": advice,
        "advising": advising_of(run) if run else None,
        "bars": bars,
        "curves": curves,
        "fit": fit,
        "gap_percent": round(100 * (GAP_GROWTH - 1)),
        "relative_speed": bars.relative_speed(compared),
        "held": [(other, held(article, other)) for _, other in compared if article and other is not article],
        "up": "",
    }


def _compared(findings: Findings) -> Iterator[tuple[str, RunFindings]]:
    """The featured run, for each other mode the newest one that is complete and no part of an experiment, as far as
    there is such, and the reported run."""
    seen: set[str] = set()
    featured = findings.featured.manifest.run_id if findings.featured else None
    newest = reversed([*enumerate(findings.briefs)])

    def rank(one: tuple[int, Brief]) -> tuple[bool, tuple[bool, bool]]:
        return one[1].run_id == featured, one[1].standing

    for at, brief in sorted(newest, key=rank, reverse=True):  # equals stay in their order
        usable = brief.kind == "measured" and brief.ordinary and (brief.sound or brief.run_id == featured)
        if usable and brief.mode is not None and brief.mode not in seen:
            seen.add(brief.mode)
            run = findings.runs[at]
            yield run.manifest.hardware.name, run
    if findings.reported is not None:
        yield f"article, {findings.reported.manifest.hardware.name}", findings.reported
