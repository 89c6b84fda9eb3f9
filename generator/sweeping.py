"""`quantpress plan`: what a sweep will take, and on demand its runs, one after the other. It works out nothing
itself."""

import argparse
import shlex
import shutil
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.markdown import Markdown

from generator.analyse.durations import Durations
from generator.analyse.findings import find
from generator.analyse.fit_evidence import evidence_of
from generator.analyse.memory import GIB
from generator.analyse.outlook import (
    Here,
    Outlook,
    Total,
    checkpoint_gib,
    needs_of,
    outlook_of,
    total_of,
    unplanned,
)
from generator.errors import ClusterError, GpuRequiredError, PlanError, StorageError, SweepError, UsageError
from generator.fingerprint import environment_sha256
from generator.folders import MEASUREMENTS, TEMPLATES, run_files, run_folders, templates_in
from generator.measure.checkpoints import format_of, is_here
from generator.measure.environment import find_gpu, hardware, versions
from generator.measure.places import cache_folder
from generator.measurements import Run, read_runs
from generator.model import Model, llama_like
from generator.order import Order
from generator.ordering import order_of
from generator.planner import model_named
from generator.profiles import HubCheckpoint, LocalCheckpoint
from generator.record import Completed
from generator.render.pages import environment_of
from generator.render.sweep import markdown
from generator.shapes import PUBLIC, with_positions
from generator.sweep import Wanted, load_sweep, runs_of
from generator.words import parser


@dataclass(frozen=True, slots=True)
class Files:
    """A checkpoint that some run lacks: how large its files are about, None where that is not known."""

    name: str
    size_gib: float | None
    needed_here: bool


# From the words after `quantpress` to the exit status of what they make.
Makes = Callable[[list[str]], int]


def answer(parsed: argparse.Namespace, console: Console, makes: Makes, root: Path = MEASUREMENTS) -> int:
    """Print what the sweep will take and, where that is wanted, make its runs; the exit status. Raises `SweepError`
    where it asks for what there is not or has no room, and `StorageError` where the disk has not."""
    if not parsed.run and (parsed.ray is not None or parsed.retry_failed):
        raise SweepError("--ray and --retry-failed: they say how to measure; add --run, or leave them out")
    sweep, file = load_sweep(parsed.sweep)
    runs, here = read_runs(root), _here(across=parsed.ray is not None)
    others = {here.card, *(run.manifest.hardware.gpu_name or here.card for run in runs)}
    looks = _outlooks(file.name, runs_of(sweep, file, sorted(others), parsed.card), runs, here)
    _refuse_over_card(file.name, looks)
    left_out = []
    if sweep.leave_out_what_has_no_room:
        left_out = [(look, method) for look in looks for method in look.without_room]
        fewer = [look.wanted.less(look.without_room) for look in looks]
        looks = _outlooks(file.name, [one for one in fewer if one.methods], runs, here)
        if not looks:
            raise SweepError(
                f"{file.name}: nothing of it has room on {', '.join(_cards(look for look, _ in left_out))}"
            )
    files, free_gib = tuple(_files_of(looks)), _free_gib()
    here_gib = sum(one.size_gib or 0.0 for one in files if one.needed_here)
    total = total_of(looks)
    found = {
        "name": file.name,
        "across": parsed.ray is not None,
        "looks": looks,
        "total": total,
        "needs": needs_of(looks),
        "unplanned": unplanned(looks),
        "left_out": left_out,
        "files": files,
        "all_gib": sum(one.size_gib or 0.0 for one in files),
        "here_gib": here_gib,
        "free_gib": free_gib,
        "record_mib": _record_mib(root),
        "next": None if parsed.run else _next(parsed, total),
    }
    text = markdown(found, environment_of(templates_in(TEMPLATES)))
    if parsed.markdown:
        print(text, end="")
    else:
        console.print(Markdown(text))
    _refuse_without_room(file.name, looks)
    if not parsed.run:
        return 0
    if here_gib > free_gib:
        raise StorageError(
            f"{cache_folder()}: its disk has {free_gib:.0f} GiB free, and the checkpoints take {here_gib:.0f}; make "
            "room, or name a folder on another disk in XDG_CACHE_HOME (HF_HOME for what is downloaded)"
        )
    return _made(looks, parsed, console, makes)


def _next(parsed: argparse.Namespace, total: Total) -> str | None:
    """What to type next; None where only another machine could go on."""
    if not total.left:
        return "mkdocs build"
    cards = (word for card in parsed.card for word in ("--card", card))
    return shlex.join(["quantpress", "plan", parsed.sweep, *cards, "--run"]) if total.here_left else None


def _here(*, across: bool) -> Here:
    gpu = find_gpu()
    machine, packages = hardware(gpu), versions()
    return Here(machine.name, gpu is not None, environment_sha256(machine, packages), packages, across)


def _outlooks(name: str, wanted: Sequence[Wanted], runs: Sequence[Run], here: Here) -> list[Outlook]:
    evidence, durations = evidence_of(find(runs).briefs), Durations(runs)
    found = []
    for number, one in enumerate(wanted, 1):
        words = list(one.words)
        has_gpu = here.has_gpu or one.card not in {None, here.card}
        order = _order(name, words, has_gpu=has_gpu, names_card=one.card is not None)
        model = _model(one.profile, order.profile.model_name, runs)
        found.append(outlook_of(number, one, order, here, runs, durations, model, evidence))
    return found


def _order(name: str, words: list[str], *, has_gpu: bool, names_card: bool) -> Order:
    try:
        return order_of(parser().parse_args(words), words, of_cluster=True if has_gpu else None)
    except UsageError as error:
        raise SweepError(f"{name}: {error}") from None
    except GpuRequiredError as error:
        if names_card:
            raise GpuRequiredError(f"{name}: {error}") from None
        raise GpuRequiredError(f"{error}; or name the card that it is planned for, --card NAME") from None


def _model(profile: str, model_name: str, runs: Sequence[Run]) -> Model | None:
    """The profile's model by its files, or as a run of it on record had it, or by its public name."""
    try:
        return model_named(profile)[1]
    except PlanError:
        pass
    for run in runs:
        if run.manifest.model_name == model_name:
            for launch in run.launches:
                if isinstance(launch, Completed) and launch.configuration.shape:
                    return llama_like(with_positions(launch.configuration.shape))
    return next((one.model for one in PUBLIC.values() if model_name.startswith(one.name)), None)


def _files_of(looks: Sequence[Outlook]) -> Iterator[Files]:
    """Each checkpoint that runs lack, once: on this machine what is not here, elsewhere all."""
    seen = set()
    for look in sorted(looks, key=lambda look: not look.here):
        profile, folder = look.order.profile, look.order.profile_file.parent
        for method in look.methods if look.left else ():
            checkpoint = profile.checkpoints[method]
            key = checkpoint if isinstance(checkpoint, HubCheckpoint) else (checkpoint, format_of(method))
            if key in seen or isinstance(checkpoint, LocalCheckpoint):
                continue
            seen.add(key)
            if look.here and is_here(method, checkpoint, folder):
                continue
            model = _model(look.wanted.profile, profile.model_name, ())
            size_gib = checkpoint_gib(model, format_of(method)) if model else None
            name = checkpoint.hub if isinstance(checkpoint, HubCheckpoint) else f"{profile.name}, {format_of(method)}"
            yield Files(name, size_gib, look.here)


def _free_gib() -> float:
    folder = next(one for one in (cache_folder(), *cache_folder().parents) if one.is_dir())
    return shutil.disk_usage(folder).free / GIB


def _record_mib(root: Path) -> float | None:
    sizes = [path.stat().st_size for folder in run_folders(root) for path in run_files(folder).launches]
    return sum(sizes) / len(sizes) / 2**20 if sizes else None


def _refuse_over_card(name: str, looks: Sequence[Outlook]) -> None:
    for look in looks:
        if look.over_card_gib is not None:
            raise SweepError(
                f"{name}: field memory_budgets_gib: {look.order.memory_budget_gib:g} is more than {look.card} has, "
                f"{look.over_card_gib:g} GiB; leave that budget out, or pair it with other cards by [[without]]"
            )


def _refuse_without_room(name: str, looks: Sequence[Outlook]) -> None:
    for look in looks:
        if look.without_room and look.left:
            method = look.without_room[0]
            plan = next(plan for cell, plan in look.plans.items() if cell.method == method)
            raise SweepError(
                f"{name}: {method} of {look.order.profile.name} has no room on {look.card}: it needs a card of "
                f"{plan.card_gib:.1f} GiB{_of_budget(look)}; leave it out with [[without]], or all such with "
                "leave_out_what_has_no_room = true"
            )


def _of_budget(look: Outlook) -> str:
    budget_gib = look.order.memory_budget_gib
    return "" if budget_gib is None else f", and the budget is {budget_gib:g}"


def _cards(looks: Iterable[Outlook]) -> list[str]:
    return list(dict.fromkeys(look.card for look in looks))


def _made(looks: Sequence[Outlook], parsed: argparse.Namespace, console: Console, makes: Makes) -> int:
    """The worst exit status. A run that the cluster has no card for, or has lost it, keeps no other from being made.
    Raises `SweepError` where there are runs to be made, and each of their cards is elsewhere."""
    across = [] if parsed.ray is None else ["--ray", parsed.ray]
    todo = [look for look in looks if look.left or (parsed.retry_failed and look.standing.again)]
    reached = [look for look in todo if look.here or across]
    if todo and not reached:
        raise SweepError(
            f"no run that is left can be made here, for this machine has no {' and no '.join(_cards(todo))}; run it on "
            "one that has, or add --ray ADDRESS"
        )
    status, lost = 0, []
    for look in reached:
        again = ["--retry-failed"] if parsed.retry_failed and look.standing.again else []
        card = ["--card", look.wanted.card] if across and look.wanted.card else []
        try:
            status = max(status, makes([*look.wanted.words, *across, *card, *again]))
        except (ClusterError, GpuRequiredError) as error:
            lost.append(type(error)(f"run {look.number}, on {look.card}: {error}"))
    for other in lost[1:]:
        console.print(f"{other}.", markup=False, highlight=False)
    if lost:
        raise lost[0]
    return status
