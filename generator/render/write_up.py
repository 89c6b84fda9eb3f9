"""Pages that an author writes by hand, with figures and charts by reference: what a reference names must exist."""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from difflib import get_close_matches
from functools import wraps
from inspect import Parameter, signature
from itertools import chain, count
from typing import Any, Final

from jinja2 import TemplateError, TemplateSyntaxError, UndefinedError

from generator.analyse.cell import CellFindings
from generator.analyse.findings import Findings
from generator.analyse.latency import LATENCIES
from generator.analyse.noise import SPEED
from generator.analyse.point import ENERGIES
from generator.analyse.run import RunFindings
from generator.analyse.statistics import Stat
from generator.errors import UsageError
from generator.methods import BASELINE, ENGINES, METHOD_IDS, METHODS
from generator.render import bars, curves, units
from generator.render.address import link, page_of
from generator.render.chart import Chart
from generator.render.gallery import Gallery
from generator.render.pages import QUANTITIES, environment_of
from generator.written import FUNCTIONS, front_matter, slip

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


# The quantities that a cell may have, and those that it may have with each number of users.
OF_A_CELL: Final = (*QUANTITIES, "smallest_card_gib")
WITH_USERS: Final = (SPEED, "decode_tokens_per_s", *ENERGIES, *LATENCIES)


def names(findings: Findings) -> dict[str, Mapping[str, str]]:
    """All that a reference may name, by its kind, each with what it is called."""
    return {
        "functions": {name: (getattr(_References, name).__doc__ or "").partition("\n")[0] for name in FUNCTIONS},
        "quantities": _called(OF_A_CELL),
        "quantities with a number of users": _called(WITH_USERS),
        "charts, besides one of each quantity": dict.fromkeys(CHARTS, ""),
        "methods": {method.id: method.name for method in METHODS},
        "engines": {str(engine): name for engine, name in ENGINES.items()},
        "runs": {run.manifest.run_id: "; ".join(_has(run, findings)) for run in findings.runs},
    }


def write_up(path: str, text: str, findings: Findings, templates: Mapping[str, str], gallery: Gallery) -> str:
    """The page with its references filled in: `value(quantity, method)`, `ratio(quantity, method)`,
    `chart(name, title, how)` and `provenance()`, each of the featured run or of `run="…"`.

    Raises `UsageError` with the page's path and line where a reference names nothing that there is.
    """
    environment = environment_of(templates)
    environment.globals["hang"] = gallery.hang
    macros = environment.get_template("macros.md.j2").module
    front, page = front_matter(text)

    def filled(*, of_several: bool) -> tuple[str, set[str]]:
        gallery.open(path.removesuffix(".md"))
        references = _References(path, findings, macros, of_several=of_several)
        return environment.from_string(page, globals=references.named()).render(), references.run_ids

    try:
        finished, run_ids = filled(of_several=False)
        if len(run_ids) > 1:  # as is known only at the page's end
            finished, _ = filled(of_several=True)
        return front + finished
    except (UsageError, TemplateError, TypeError) as error:
        line = getattr(error, "lineno", None) or _line(error)
        line, said = (isinstance(error, TemplateSyntaxError) and slip(page)) or (line, _mended(error))
        raise UsageError(f"{path}, line {line + front.count(chr(10))}: {said}") from None


class _References:
    """What `FUNCTIONS` do on one page. `run_ids` are the runs that it has spoken of; on one `of_several` the provenance
    of each chart stands beneath it."""

    def __init__(self, path: str, findings: Findings, macros: Any, *, of_several: bool) -> None:
        self._path, self._findings, self._macros, self._of_several = path, findings, macros, of_several
        self._taken: set[str] = set()
        self.run_ids: set[str] = set()

    def named(self) -> dict[str, Callable[..., object]]:
        return {name: _explained(getattr(self, name)) for name in FUNCTIONS}

    def value(
        self,
        quantity: str,
        method: str,
        *,
        users: int | None = None,
        run: str = FEATURED,
        engine: str | None = None,
    ) -> str:
        """A cell's figure with its unit; users=… is that with so many users."""
        one = self._cell(self._run(run), method, engine)
        stats = _stats(one, quantity, users)
        if quantity not in stats:
            raise UsageError(f"{one.name} has no {quantity!r} there{_meant(quantity, stats, users)}")
        return units.with_unit(stats[quantity], quantity)

    def ratio(
        self,
        quantity: str,
        method: str,
        *,
        to: str = BASELINE,
        users: int | None = None,
        run: str = FEATURED,
        engine: str | None = None,
    ) -> object:
        """The same as a multiple of another cell's, with its interval; a tie is called one."""
        found = self._run(run)
        one, other = self._cell(found, method, engine), self._cell(found, to, None)
        if one is other:
            raise UsageError(f"{one.name} would be compared with itself; name another method, or another with to=…")
        if quantity in found.neutral:
            raise UsageError(
                f"there is no ratio of {quantity!r}, of which neither more nor less is better; "
                "name each figure with value(…)"
            )
        both = (_stats(one, quantity, users).keys() & _stats(other, quantity, users).keys()) - found.neutral
        if users is None:
            comparison = found.comparison(one, other, quantity)
        else:
            comparison = found.comparison_with(users, one, other, quantity)
        if comparison is None and quantity in both:
            raise UsageError(f"there is no ratio of {quantity!r} there: a figure is 0; name each with value(…)")
        if comparison is None or quantity not in both:
            raise UsageError(
                f"{one.name} and {other.name} have no ratio of {quantity!r} there{_meant(quantity, both, users)}"
            )
        return self._macros.ratio_phrase(comparison)

    def chart(self, name: str, title: str, how: str = "", *, run: str = FEATURED) -> object:
        """A chart of a run, under a title of the author's own."""
        found = self._run(run)
        if name not in CHARTS and name not in OF_A_CELL:
            raise UsageError(f"there is no chart {name!r}{_nearest(name, [*CHARTS, *OF_A_CELL])}")
        drawn = CHARTS[name](found) if name in CHARTS else bars.of(found, name)
        if drawn is None:
            raise UsageError(f"run {found.manifest.run_id} has no figures for the chart {name!r}")
        return self._macros.chart(
            drawn,
            title,
            how,
            id=self._free(f"{name.replace('_', '-')}-{found.manifest.run_id}", "{}-{}"),
            called=self._free(title, "{} ({})"),
            of=found if self._of_several else None,
        )

    def provenance(self, *, run: str = FEATURED) -> object:
        """The sentence that says what was measured, on what and how often, with a link to its run."""
        found = self._run(run)
        return self._macros.provenance_with_link(found, link("", page_of(found), self._path))

    def _run(self, name: str) -> RunFindings:
        run_ids = [brief.run_id for brief in self._findings.briefs]
        if name == FEATURED and self._findings.featured:
            found = self._findings.featured
        elif name in run_ids:
            found = self._findings.whole(name)
        else:
            raise UsageError(f"there is no run {name!r}{_nearest(name, run_ids)}")
        self.run_ids.add(found.manifest.run_id)
        return found

    def _free(self, name: str, numbered: str) -> str:
        """A name that nothing else on the page has: the second of the same gets a number."""
        others = (numbered.format(name, at) for at in count(2))
        free = next(one for one in chain([name], others) if one not in self._taken)
        self._taken.add(free)
        return free

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


def _stats(one: CellFindings, quantity: str, users: int | None) -> Mapping[str, Stat]:
    """The figures of a cell that have names, or those with so many users, of which `quantity` is to be one."""
    if users is None:
        if quantity in one.absent:
            raise UsageError(f"{one.name} has no {quantity!r} there: {one.absent[quantity]}")
        return {name: one.stats[name] for name in OF_A_CELL if name in one.stats}
    if quantity in OF_A_CELL and quantity not in WITH_USERS:
        raise UsageError(f"{quantity!r} is no figure by users; leave out users={users!r}")
    served = {point.concurrency: point.stats for point in one.served}
    if users not in served:
        known = f"; there are: {', '.join(map(str, served))}" if served else ", nor with any other number of them"
        raise UsageError(f"{one.name} has no figures with users={users!r} there{known}")
    return {name: served[users][name] for name in WITH_USERS if name in served[users]}


def _has(run: RunFindings, findings: Findings) -> Iterator[str]:
    """What references can be of a run: whether it is the one that is meant if none is named, the methods that have
    figures, by engine, and the numbers of users."""
    if findings.featured and run.manifest.run_id == findings.featured.manifest.run_id:
        yield "featured"
    for engine in ENGINES:
        if methods := [one.cell.method for one in run.shown if one.cell.engine == engine]:
            yield f"{', '.join(methods)} in {engine}"
    if users := sorted({point.concurrency for one in run.shown for point in one.served}):
        yield f"users={', '.join(map(str, users))}"


def _called(quantities: Iterable[str]) -> Mapping[str, str]:
    return {name: f"{units.label(name)}, {units.unit(name)}" for name in quantities}


def _explained(function: Callable[..., object]) -> Callable[..., object]:
    """The function, which says itself what it takes: Python would tell of how it is made."""
    parameters = signature(function).parameters.values()
    in_order = [one.name for one in parameters if one.kind is not Parameter.KEYWORD_ONLY]
    by_name = [one.name for one in parameters if one.kind is Parameter.KEYWORD_ONLY]

    @wraps(function)
    def explained(*given: object, **named: object) -> object:
        try:
            signature(function).bind(*given, **named)
        except TypeError:
            takes = f"{function.__name__}({', '.join(in_order)}) takes by name: {', '.join(by_name)}"
            unknown = [repr(name) for name in named if name not in (*in_order, *by_name)]
            raise UsageError(f"{takes}; not {', '.join(unknown)}" if unknown else takes) from None
        return function(*given, **named)

    return explained


def _mended(error: Exception) -> str:
    """What is wrong, and of a function that does not exist the nearest that does."""
    if isinstance(error, TemplateSyntaxError):
        return (
            f'{error}; a reference reads {{{{ value("quantity", "method") }}}}, '
            "and what is none stands between {% raw %} and {% endraw %}"
        )
    undefined = re.fullmatch(r"'(\w+)' is undefined", str(error)) if isinstance(error, UndefinedError) else None
    if undefined is None:
        return str(error)
    return f"there is no {undefined[1]!r}{_nearest(undefined[1], FUNCTIONS)}"


def _meant(quantity: str, known: Iterable[str], users: int | None) -> str:
    if users is None and quantity in WITH_USERS and quantity not in OF_A_CELL:
        return "; say with how many users: users=…"
    return _nearest(quantity, known)


def _nearest(name: str, known: Iterable[str]) -> str:
    """What may have been meant: names that are spelt like it, and quantities that are called like it."""
    meant = {one: one for one in known}
    meant |= {units.label(one).lower(): one for one in meant if one in units.LABELS}
    near = dict.fromkeys(meant[one] for one in get_close_matches(name.lower(), meant, cutoff=0.5))
    return (
        f"; the nearest: {', '.join(near)}; `quantpress names` lists all" if near else "; `quantpress names` lists all"
    )


def _line(error: BaseException) -> int:
    """The line of the page's own text that an error comes from; Jinja calls such text "<template>"."""
    trace, line = error.__traceback__, 1
    while trace:
        if trace.tb_frame.f_code.co_filename == "<template>":
            return trace.tb_lineno
        trace = trace.tb_next
    return line
