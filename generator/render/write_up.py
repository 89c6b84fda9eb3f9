"""Pages that an author writes by hand, with figures and charts by reference: what a reference names must exist."""

import re
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from typing import Any, Final

from jinja2 import TemplateError, UndefinedError

from generator.analyse.cell import CellFindings
from generator.analyse.findings import Findings
from generator.analyse.run import RunFindings
from generator.errors import UsageError
from generator.methods import BASELINE, ENGINES, METHOD_IDS, METHODS
from generator.render import bars, curves, units
from generator.render.chart import Chart
from generator.render.gallery import Gallery
from generator.render.pages import QUANTITIES, environment_of

FEATURED: Final = "featured"

# What a reference may call a chart, besides the name of a quantity, which is one bar a cell.
CHARTS: Final[Mapping[str, Callable[[RunFindings], Chart | None]]] = {
    "memory": bars.memory_parts,
    "load": bars.load_times,
    "speed-against-memory": curves.speed_against_memory,
    "users-by-context": curves.users_by_context,
    "speed-by-users": lambda run: curves.by_users(run, "output_tokens_per_s"),
    "ttft-by-users": lambda run: curves.by_users(run, "ttft_p50_s", in_ms=True),
    "itl-by-users": lambda run: curves.by_users(run, "itl_p50_s", in_ms=True),
    "divergence": bars.divergence,
    "quality-against-bits": curves.quality_against_bits,
    "provable": bars.provable,
}


# What a page's expressions may call.
FUNCTIONS: Final = ("value", "ratio", "chart", "provenance")

# The quantities that a cell may have, as tables call them.
CALLED: Final[Mapping[str, str]] = {name: f"{units.label(name)}, {units.unit(name)}" for name in QUANTITIES}


def names(run_ids: Iterable[str]) -> dict[str, Mapping[str, str]]:
    """All that a reference may name, by its kind, each with what it is called."""
    return {
        "functions": {name: (getattr(_References, name).__doc__ or "").partition("\n")[0] for name in FUNCTIONS},
        "quantities": CALLED,
        "charts, besides one of each quantity": dict.fromkeys(CHARTS, ""),
        "methods": {method.id: method.name for method in METHODS},
        "engines": {str(engine): name for engine, name in ENGINES.items()},
        "runs": dict.fromkeys(run_ids, ""),
    }


def write_up(path: str, text: str, findings: Findings, templates: Mapping[str, str], gallery: Gallery) -> str:
    """The page with its references filled in: `value(quantity, method)`, `ratio(quantity, method)`,
    `chart(name, title, how)` and `provenance()`, each of the featured run or of `run="…"`.

    Raises `UsageError` with the page's path and line where a reference names nothing that there is.
    """
    environment = environment_of(templates)
    environment.globals["hang"] = gallery.hang
    gallery.open(path.removesuffix(".md"))
    macros = environment.get_template("macros.md.j2").module
    front, page = _front_matter(text)
    try:
        template = environment.from_string(page, globals=_References(findings, macros).named())
        return front + template.render()
    except (UsageError, TemplateError, TypeError) as error:
        line = getattr(error, "lineno", None) or _line(error)
        raise UsageError(f"{path}, line {line + front.count(chr(10))}: {_mended(error)}") from None


class _References:
    """What `FUNCTIONS` do."""

    def __init__(self, findings: Findings, macros: Any) -> None:
        self._findings, self._macros = findings, macros

    def named(self) -> dict[str, Callable[..., object]]:
        return {name: getattr(self, name) for name in FUNCTIONS}

    def value(self, quantity: str, method: str, *, run: str = FEATURED, engine: str | None = None) -> str:
        """A cell's figure with its unit."""
        one = self._cell(self._run(run), method, engine)
        if quantity in one.absent:
            raise UsageError(f"{one.name} has no {quantity!r} there: {one.absent[quantity]}")
        if quantity not in one.stats:
            raise UsageError(f"{one.name} has no {quantity!r} there{_nearest(quantity, one.stats)}")
        return units.with_unit(one.stats[quantity], quantity)

    def ratio(
        self, quantity: str, method: str, *, to: str = BASELINE, run: str = FEATURED, engine: str | None = None
    ) -> object:
        """A cell's figure as a multiple of another's, with its interval; a tie is called one."""
        found = self._run(run)
        one, other = self._cell(found, method, engine), self._cell(found, to, None)
        comparison = found.comparison(one, other, quantity)
        if comparison is None:
            both = (one.stats.keys() & other.stats.keys()) - found.neutral
            raise UsageError(
                f"{one.name} and {other.name} have no ratio of {quantity!r} there{_nearest(quantity, both)}"
            )
        return self._macros.ratio_phrase(comparison)

    def chart(self, name: str, title: str, how: str = "", *, run: str = FEATURED) -> object:
        """A chart of a run, under a title of the author's own."""
        found = self._run(run)
        if name not in CHARTS and name not in units.LABELS:
            raise UsageError(f"there is no chart {name!r}{_nearest(name, [*CHARTS, *CALLED])}")
        drawn = CHARTS[name](found) if name in CHARTS else bars.of(found, name)
        if drawn is None:
            raise UsageError(f"run {found.manifest.run_id} has no figures for the chart {name!r}")
        return self._macros.chart(drawn, title, how, f"{name.replace('_', '-')}-{found.manifest.run_id}")

    def provenance(self, *, run: str = FEATURED) -> object:
        """The sentence that says what was measured, on what and how often."""
        return self._macros.provenance(self._run(run))

    def _run(self, name: str) -> RunFindings:
        if name == FEATURED and self._findings.featured:
            return self._findings.featured
        run_ids = [brief.run_id for brief in self._findings.briefs]
        if name not in run_ids:
            raise UsageError(f"there is no run {name!r}{_nearest(name, run_ids)}")
        return self._findings.runs[run_ids.index(name)]

    @staticmethod
    def _cell(run: RunFindings, method: str, engine: str | None) -> CellFindings:
        if method not in METHOD_IDS:
            raise UsageError(f"there is no method {method!r}; there are: {', '.join(METHOD_IDS)}")
        if engine is not None and engine not in ENGINES:
            raise UsageError(f"there is no engine {engine!r}; there are: {', '.join(ENGINES)}")
        found = run.of(method, engine)
        if found is None:
            where = f" in {ENGINES[engine]}" if engine else ""
            raise UsageError(f"run {run.manifest.run_id} has no figures of {method}{where}")
        return found


def _mended(error: Exception) -> str:
    """What is wrong, and of a function that does not exist the nearest that does."""
    undefined = re.fullmatch(r"'(\w+)' is undefined", str(error)) if isinstance(error, UndefinedError) else None
    if undefined is None:
        return str(error)
    return f"there is no {undefined[1]!r}{_nearest(undefined[1], FUNCTIONS)}"


def _nearest(name: str, known: Iterable[str]) -> str:
    """What may have been meant: names that are spelt like it, and quantities that are called like it."""
    meant = {one: one for one in known}
    meant |= {units.label(one).lower(): one for one in meant if one in units.LABELS}
    near = dict.fromkeys(meant[one] for one in get_close_matches(name.lower(), meant, cutoff=0.5))
    return (
        f"; the nearest: {', '.join(near)}; `quantpress names` lists all" if near else "; `quantpress names` lists all"
    )


def _front_matter(text: str) -> tuple[str, str]:
    _, front, page = text.split("---\n", 2)
    return f"---\n{front}---\n", page


def _line(error: BaseException) -> int:
    """The line of the page's own text that an error comes from; Jinja calls such text "<template>"."""
    trace, line = error.__traceback__, 1
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            return trace.tb_lineno
        trace = trace.tb_next
    return line
