"""Findings: all that a page may say, worked out from the runs. Frozen values; no words, no formatting."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import islice
from typing import Final, get_args

from generator.analyse.brief import Brief, brief_of
from generator.analyse.cell import CellFindings, find_cell
from generator.analyse.growth import growth_of
from generator.analyse.machine import Machine
from generator.analyse.physics.contradiction import Contradiction
from generator.analyse.physics.laws import contradictions_of
from generator.analyse.run import Kind, RunFindings
from generator.analyse.search import found_by_search
from generator.errors import UsageError
from generator.manifest import MeasuredRun, Paradox, ReportedRun
from generator.measurements import Run
from generator.methods import METHOD_IDS, MethodId

# So many other machines are asked whether they agree, those measured last.
ELSEWHERE: Final = 3

# So many checks by a peer are shown, the newest ones.
CHECKED: Final = 10


@dataclass(frozen=True)
class Findings:
    """Every run, oldest first, in brief and whole, and those that pages speak of by name.

    Taking up a run whole takes time where `runs` reads it only when it is asked for: pages ask for the newest, and for
    those below, which know what the newest run with long prompts says of their engines' memory. `checked` are those
    that a peer has checked, the newest first. `explained` is the featured run, or else the newest measured one, whose
    memory is known in parts; `served` likewise one in which many users were served; `elsewhere` are runs of the
    featured one's model on other machines; `paradox` are the three runs of the newest paradox experiment, in its order,
    or none; `long_context` is the newest run with long prompts. `by_method` has for each method the run that its page
    tells of: the featured one if it has its figures, or else the one that would be featured among those that have.
    `whole` gives any run by its name, and knows the same of it."""

    briefs: tuple[Brief, ...]
    runs: Sequence[RunFindings]
    checked: tuple[RunFindings, ...]
    featured: RunFindings | None
    explained: RunFindings | None
    served: RunFindings | None
    elsewhere: tuple[RunFindings, ...]
    paradox: tuple[RunFindings, ...]
    long_context: RunFindings | None
    reported: RunFindings | None
    demo: RunFindings | None
    by_method: Mapping[MethodId, RunFindings]
    whole: Callable[[str], RunFindings]


def find(runs: Sequence[Run], featured: str | None = None) -> Findings:
    """What follows from the runs, which are sorted from old to new. See `choose`."""
    found = tuple(run_findings(run) for run in runs)
    return choose(tuple(brief_of(run) for run in found), found, featured)


def choose(briefs: tuple[Brief, ...], runs: Sequence[RunFindings], featured: str | None = None) -> Findings:
    """The runs that pages speak of, chosen by their briefs, which stand in the order of `runs`.

    The featured run is the one named `featured`, or else the newest measured on a GPU with a figure in it, or else the
    newest reported one, or else the newest demo; see `_newest` for what goes first. A run of somebody else's is none of
    these unless it is named, and one with what can't be true never is. Raises `UsageError` when there is no run of that
    name, or it is such a one.
    """
    at = {brief.run_id: number for number, brief in enumerate(briefs)}
    if featured is not None and featured not in at:
        raise UsageError(
            f"featured_run: there is no run {featured!r} under measurements/; name one of: {', '.join(at)}"
        )
    if featured is not None and briefs[at[featured]].contradictions:
        raise UsageError(
            f"featured_run: figures of {featured!r} can't be true, `quantpress check` says which; name another run, or "
            "leave it out"
        )
    sound = [brief for brief in briefs if brief.shown and brief.sound]
    usable = [brief for brief in sound if brief.ordinary]
    long = [brief for brief in sound if brief.experiment == "long_context"]
    in_parts = [brief for brief in usable if brief.parts]
    serving = [brief for brief in usable if brief.serves]
    checked = (brief for brief in reversed(sound) if brief.checked)
    named = briefs[at[featured]] if featured is not None else None
    chosen = named or _newest(usable, "measured") or _newest(usable, "reported") or _newest(usable, "demo")

    long_context = _newest(long, "measured") or _newest(long, "demo")
    longest = runs[at[long_context.run_id]] if long_context else None
    growth = growth_of(longest.manifest.run_id, longest.shown) if longest else None

    @cache  # templates ask whether two of them are the same one
    def grown(run_id: str) -> RunFindings:
        run = runs[at[run_id]]
        if growth is None or longest is None or run.manifest.model_name != longest.manifest.model_name:
            return run
        return replace(run, cells=tuple(growth.of(one) for one in run.cells), growth=growth)

    def named_run(brief: Brief | None) -> RunFindings | None:
        return grown(brief.run_id) if brief else None

    by_method = {}
    for method in METHOD_IDS:
        having = [brief for brief in usable if method in brief.method_ids]
        own = chosen if chosen and method in chosen.method_ids else None
        if found := own or _newest(having, "measured") or _newest(having, "reported") or _newest(having, "demo"):
            by_method[method] = grown(found.run_id)

    return Findings(
        briefs=briefs,
        runs=runs,
        checked=tuple(grown(brief.run_id) for brief in islice(checked, CHECKED)),
        featured=named_run(chosen),
        explained=named_run(chosen if chosen in in_parts else _newest(in_parts, "measured")),
        served=named_run(chosen if chosen in serving else _newest(serving, "measured")),
        elsewhere=tuple(grown(brief.run_id) for brief in _elsewhere(usable, chosen)),
        paradox=tuple(grown(brief.run_id) for brief in _paradox(sound)),
        long_context=named_run(long_context),
        reported=named_run(_newest(usable, "reported")),
        demo=named_run(_newest(usable, "demo")),
        by_method=by_method,
        whole=grown,
    )


def _paradox(briefs: Sequence[Brief]) -> tuple[Brief, ...]:
    parts: dict[str, Brief] = {}
    for brief in briefs:
        if brief.experiment:
            parts[brief.experiment] = brief
    found = tuple(parts[name] for name in get_args(Paradox) if name in parts)
    alike = {(brief.manifest.model_name, brief.manifest.hardware) for brief in found}
    return found if len(found) == len(get_args(Paradox)) and len(alike) == 1 else ()


def _newest(briefs: Sequence[Brief], kind: Kind) -> Brief | None:
    """The newest that is complete and no part of an experiment, as far as there are such. Of all such runs of its
    model, on any machine, the one to compare by: with CUDA graphs, as a server runs, with the most cells (controls and
    a twin among them), then methods, then launches of each; the newest of equals."""
    of_kind = [brief for brief in reversed(briefs) if brief.kind == kind]
    newest = max(of_kind, key=lambda brief: brief.standing, default=None)  # `max` gives the first of equals: the newest
    if newest is None:
        return None
    model_name = newest.manifest.model_name
    return max((one for one in of_kind if one.manifest.model_name == model_name), key=lambda one: one.evidence)


def _elsewhere(usable: Sequence[Brief], chosen: Brief | None) -> list[Brief]:
    """Of each other machine that many users were served on, the run of that model that says most."""
    if chosen is None:
        return []
    by_machine: dict[Machine, list[Brief]] = {}
    for brief in reversed(usable):
        if brief.kind == "measured" and brief.serves and brief.manifest.model_name == chosen.manifest.model_name:
            by_machine.setdefault(brief.machine, []).append(brief)
    by_machine.pop(chosen.machine, None)
    return [max(briefs, key=lambda one: one.evidence) for briefs in islice(by_machine.values(), ELSEWHERE)]


def run_findings(run: Run, contradictions: tuple[Contradiction, ...] | None = None) -> RunFindings:
    """The findings of one run, from its records alone. Its contradictions are looked for where they are not known."""
    manifest = run.manifest
    known = contradictions_of(run) if contradictions is None else contradictions
    if isinstance(manifest, ReportedRun):
        kind: Kind = "reported"
    else:
        # A figure from a CPU says as little about a card as the demo model does about a large one.
        is_demo = manifest.profile.purpose == "demo" or manifest.hardware.device == "cpu"
        kind = "demo" if is_demo else "measured"
    return RunFindings(run, kind, tuple(_cells(run)), known)


def _cells(run: Run) -> Iterable[CellFindings]:
    profile = run.manifest.profile if isinstance(run.manifest, MeasuredRun) else None
    searched = isinstance(run.manifest, MeasuredRun) and run.manifest.experiment == "smallest_budget"
    for cell in run.manifest.cells:
        launches = [launch for launch in run.launches if launch.cell == cell]
        yield find_cell(cell, found_by_search(launches) if searched else launches, profile)
