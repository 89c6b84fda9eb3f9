"""From what was typed after `quantpress measure` to the order that a measurement carries out."""

import argparse
import shlex
from collections.abc import Sequence
from pathlib import Path

from generator.cells import Cell
from generator.errors import GpuRequiredError, UsageError
from generator.measure.environment import demand_cards, demand_gpu, find_gpu, refuse_unfit
from generator.measure.places import published
from generator.order import Order
from generator.profiles import Profile, load_profile
from generator.sweep import EVERY
from generator.words import PRESETS


def order_of(parsed: argparse.Namespace, words: Sequence[str], *, of_cluster: bool | None = None) -> Order:
    """What is asked for, where there is a GPU: on this machine, or `of_cluster`."""
    if parsed.new and parsed.retry_failed:
        raise UsageError("--new and --retry-failed: the one begins a run, the other goes on with one; leave one out")
    has_gpu = find_gpu() is not None if of_cluster is None else of_cluster
    name = parsed.profile or ("llama-3.1-8b" if has_gpu else "demo")
    profile, file = load_profile(name)
    if not has_gpu and (parsed.require_gpu or profile.needs_gpu):
        wanted = "--require-gpu" if parsed.require_gpu else f"profile {profile.name}"
        if of_cluster is None:
            demand_gpu(wanted)
        raise GpuRequiredError(f"{wanted}: no node of the cluster has a GPU; join another, or measure --profile demo")
    ranks = profile.engine.tensor_parallel_size
    if has_gpu and ranks > 1 and of_cluster is None:
        refuse_unfit(demand_cards(f"{file.name}: field engine.tensor_parallel_size", ranks))
    profile = _of_methods(published(_changed(profile, parsed)), parsed.method)
    cells = _cells(parsed.engine, profile)
    if not has_gpu and any(cell.mode == "graphs" for cell in cells):
        raise GpuRequiredError("mode graphs: CUDA graphs need a GPU, and there is none; measure with --mode eager")
    return Order(
        profile=profile,
        profile_file=file,
        cells=cells,
        memory_budget_gib=_budget(parsed.memory_budget_gib, has_gpu=has_gpu),
        command=shlex.join(["quantpress", *(published_word(word, parsed.ray) for word in words)]),
        begin_anew=parsed.new,
        retry_failed=parsed.retry_failed,
    )


def published_word(word: str, address: str | None = None) -> str:
    """A word of the command as it may be published: of a path that leaves the folder where it was typed, and so may
    name a user, only the last part; of the address of a cluster nothing."""
    option, sign, value = word.partition("=") if word.startswith("--") else ("", "", word)
    if address is not None and value == address not in {"local", "auto"}:
        return f"{option}{sign}ADDRESS"
    leaves = value.startswith(("/", "~")) or ".." in Path(value).parts
    return f"{option}{sign}{Path(value).name if leaves else value}"


def _changed(profile: Profile, parsed: argparse.Namespace) -> Profile:
    """The profile with what the command line says otherwise."""
    if parsed.rounds is not None and not 1 <= parsed.rounds <= 100:
        raise UsageError(f"--rounds: expected 1 to 100, found {parsed.rounds}")
    engine = profile.engine.model_copy(
        update={"disabled_kernels": tuple(parsed.disable_kernel) or profile.engine.disabled_kernels}
    )
    changes = {
        "rounds": parsed.rounds or PRESETS.get(parsed.preset) or profile.rounds,
        "modes": tuple(dict.fromkeys(parsed.mode or profile.modes)),
        "controls": parsed.controls or profile.controls,
        "twin": parsed.twin or profile.twin,
        "engine": engine,
    }
    return profile.model_copy(update=changes)


def _of_methods(profile: Profile, wanted: list[str] | None) -> Profile:
    """The profile with the methods that are wanted alone."""
    if wanted and EVERY in wanted:
        wanted = list(profile.methods)
    for method in wanted or ():
        if method not in profile.methods:
            known = ", ".join((*profile.methods, EVERY))
            raise UsageError(f"--method {method}: profile {profile.name} has {known}; name one of these")
    return profile.with_methods(wanted or profile.default_methods or profile.methods)


def _cells(engine: str | None, profile: Profile) -> tuple[Cell, ...]:
    chosen = tuple(cell for cell in profile.cells if engine in {None, cell.engine})
    if not chosen:
        raise UsageError(f"--engine {engine}: none of the chosen methods runs there; add --controls, or leave it out")
    return chosen


def _budget(wanted_gib: float | None, *, has_gpu: bool) -> float | None:
    if wanted_gib is not None and not wanted_gib > 0:
        raise UsageError(f"--memory-budget-gib: expected a number above 0, found {wanted_gib}")
    if wanted_gib is not None and not has_gpu:
        raise GpuRequiredError("--memory-budget-gib: it limits a GPU's memory, and there is no GPU; leave it out")
    return wanted_gib
