"""`quantpress fit`: from what was typed to a model, a card, cells and a load, and to what is printed. It works out
nothing itself."""

import argparse
import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from rich.console import Console

from generator.analyse.findings import find
from generator.analyse.fit import Fit, Load, fit
from generator.analyse.fit_check import check
from generator.analyse.fit_evidence import evidence_of
from generator.analyse.memory import CHAT_TOKENS, GIB_IN_MIB
from generator.analyse.physics.cards import CARDS, named
from generator.analyse.planning import cells_in, device_of, load_of
from generator.cells import Cell, Mode
from generator.declared import text_in
from generator.errors import NoFitError, PlanError, UsageError
from generator.measurements import read_runs
from generator.methods import ENGINES, METHOD_IDS, EngineId, method_of
from generator.model import KINDS, Model, UnplannableError, Why, llama_like, model_of
from generator.profiles import LocalCheckpoint, SyntheticCheckpoint, load_profile, shipped_profiles
from generator.render.fit_terminal import deviations_table, explained, plans_table, summaries_table
from generator.render.units import number, upward
from generator.shapes import PUBLIC
from generator.untrusted import in_ascii

WHYS: Final[dict[Why, str]] = {
    "absent": "it is missing; give the model's own config.json, whole",
    "number": "expected a whole number above 0",
    "kind": f"plans are made for {', '.join(KINDS)}: of others, norms and biases are not known from their dimensions",
    "experts": "a mixture of experts reads only some of its weights for each token, and is not planned for",
    "latent": "attention with a compressed KV cache is not planned for",
    "window": "layers that look back no further than a window keep less KV cache, and are not planned for",
    "layers": "only models whose every layer has full attention are planned for",
    "parts": "the model has more parts than one that reads text; give the config.json of its text part alone",
    "encoder": "only decoders are planned for",
    "heads": "expected a number that the attention heads can be divided by",
}


@dataclass(frozen=True, slots=True)
class Card:
    """The card of a plan: what it is called, the memory that its driver shows, and the data sheet's bandwidth."""

    name: str
    shown_gib: float
    bandwidth_gb_per_s: float | None


def model_named(word: str) -> tuple[str, Model]:
    """What `word` names, and its model: a folder with a config.json, such a file, a public model or a profile. Raises
    `PlanError` where it can't be read or planned."""
    path = Path(word)
    if path.is_dir():
        return path.resolve().name, _model_in(path / "config.json")
    if path.is_file() and path.suffix != ".toml":
        return path.resolve().parent.name if path.name == "config.json" else path.stem, _model_in(path)
    if word in PUBLIC:
        return PUBLIC[word].name, PUBLIC[word].model
    if word not in shipped_profiles() and not path.is_file():
        known = ", ".join(dict.fromkeys([*PUBLIC, *shipped_profiles()]))
        raise PlanError(
            f"{in_ascii(word)}: no config.json, no folder with one, and no model or profile of that name; name a file, "
            f"or one of: {known}"
        )
    profile, file = load_profile(word)
    checkpoint = profile.checkpoints.get("fp16") or next(iter(profile.checkpoints.values()))
    match checkpoint:
        case SyntheticCheckpoint():
            return profile.model_name, llama_like(checkpoint.shape)
        case LocalCheckpoint():
            return profile.model_name, _model_in(file.parent / checkpoint.path / "config.json")
    raise PlanError(
        f"{in_ascii(word)}: its model is on the hub, and nothing is downloaded for a plan; download {checkpoint.hub}'s "
        "config.json, and name that file"
    )


def _model_in(path: Path) -> Model:
    shown = in_ascii("/".join(path.parts[-2:]))
    try:
        config = json.loads(text_in(path, PlanError))
    except OSError as error:
        raise PlanError(
            f"{shown}: can't be read ({error.strerror}); name a config.json, or a folder with one"
        ) from None
    except (ValueError, RecursionError):
        raise PlanError(f"{shown}: not valid JSON; name the config.json that lies beside the weights") from None
    if not isinstance(config, dict):
        raise PlanError(f"{shown}: expected the fields of a model, found {type(config).__name__}; name its config.json")
    try:
        return model_of(config)
    except UnplannableError as error:
        found = "" if error.found is None else f" {in_ascii(json.dumps(error.found))[:60]}"
        raise PlanError(f"{shown}: field {error.field}{found}: {WHYS[error.why]}") from None


def card_named(name: str | None, memory_gib: float | None, bandwidth_gb_per_s: float | None) -> Card:
    """The card whose name has `name` in it, or one of the given figures, which count before the data sheet's. Raises
    `UsageError` where that is none, or more than one."""
    for option, value in (("--memory-gib", memory_gib), ("--bandwidth-gb-s", bandwidth_gb_per_s)):
        if value is not None and not 0 < value < 1e6:
            raise UsageError(f"{option}: expected a number above 0 and below 1,000,000, found {value:g}")
    if name is None:
        if memory_gib is None:
            raise UsageError("no card: give --card NAME, or --memory-gib GIB and --bandwidth-gb-s GB/S")
        return Card(f"a card of {memory_gib:g} GiB", memory_gib, bandwidth_gb_per_s)
    match named(name):
        case [one]:
            sheet = CARDS[one]
            called = one if memory_gib is None else f"{one} with {memory_gib:g} GiB"
            shown_gib = memory_gib or sheet.shown_mib / GIB_IN_MIB
            return Card(called, shown_gib, bandwidth_gb_per_s or sheet.bandwidth_gb_per_s)
        case []:
            raise UsageError(f"--card {in_ascii(name)}: not among {', '.join(CARDS)}; name one, or give --memory-gib")
        case several:
            raise UsageError(f"--card {in_ascii(name)}: could be {', '.join(several)}; name more of it")


def cells_named(wanted: Sequence[str], engine: EngineId | None, mode: Mode | None) -> tuple[Cell, ...]:
    """A cell for each method, or each that is wanted, at home or in `engine`, in CUDA graphs where it has them. Raises
    `UsageError` where one can't be planned there."""
    for method_id in wanted:
        if method_id not in METHOD_IDS:
            raise UsageError(
                f"--method {in_ascii(method_id)}: there is no such method; name one of {', '.join(METHOD_IDS)}"
            )
    found = [cell for cell in cells_in(engine, mode or "graphs") if not wanted or cell.method in wanted]
    if absent := next((one for one in wanted if one not in {cell.method for cell in found}), None):
        raise UsageError(
            f"--method {absent}: it does not run in {ENGINES[engine or 'vllm']}; leave --engine out, or choose another"
        )
    if mode == "graphs" and all(cell.mode == "eager" for cell in found):
        raise UsageError("--mode graphs: Transformers has only the eager mode; leave it out, or name --engine vllm")
    return tuple(found)


def load_named(context_tokens: int | None, users: int, positions: int | None = None) -> Load:
    """The load that was asked for; a chat's, as far as the model's `positions` go, where no context was. Raises
    `UsageError`."""
    context_tokens = min(CHAT_TOKENS, positions or CHAT_TOKENS) if context_tokens is None else context_tokens
    for option, value, most in (("--context", context_tokens, 10_000_000), ("--users", users, 100_000)):
        if not 1 <= value <= most:
            raise UsageError(f"{option}: expected 1 to {most:,}, found {value:,}")
    return load_of(context_tokens, users)


def demand_fit(name: str, model: Model, card: Card, load: Load, plans: Sequence[Fit]) -> None:
    """Raises `NoFitError`, with what would fit, where nothing does."""
    if any(plan.obstacle is None for plan in plans):
        return
    asked = f"{_users(load.users)} with {load.context_tokens:,} tokens"
    if all(plan.obstacle == "positions" for plan in plans):
        raise NoFitError(f"{name} for {asked}: it is made for {model.shape.positions:,} at most; ask for no more")
    least = min(plans, key=lambda plan: plan.needed_gib)
    needed = upward(least.card_gib, 1)
    users, longest = (max(getattr(plan, figure) for plan in plans) for figure in ("users", "longest_tokens"))
    instead = [f"a card of {needed} GiB ({method_of(least.cell.method).name})"]
    if users:
        instead.append(f"{_users(users)} with as much context")
    elif longest:
        instead.append(f"one user with {longest:,} tokens")
    raise NoFitError(
        f"{name} for {asked}: needs at least {needed} GiB, and {card.name} has {number(card.shown_gib, 1)}; "
        f"what would fit: {', or '.join(instead)}"
    )


def _users(count: int) -> str:
    return f"{count:,} {'user' if count == 1 else 'users'}"


def answer(parsed: argparse.Namespace, console: Console) -> int:
    """Print the plan that the command line asks for, the errors of all plans, or both; the exit status. Raises what
    the functions above do."""
    if parsed.model is None and not parsed.check:
        raise UsageError("fit: which model? Give a config.json, a folder with one, or a name; or --check alone")
    briefs = find(read_runs()).briefs
    checks = (check(briefs), check(briefs, "card"))
    if parsed.check:
        if checks[0].deviations:
            console.print(deviations_table(checks[0].deviations), summaries_table(checks))
        else:
            console.print("No run on record: there is nothing to hold plans against.")
    if parsed.model is None:
        return 0
    name, model = model_named(parsed.model)
    card = card_named(parsed.card, parsed.memory_gib, parsed.bandwidth_gb_s)
    cells = cells_named(parsed.method, parsed.engine, parsed.mode)
    load = load_named(parsed.context, parsed.users, model.shape.positions)
    evidence = evidence_of(briefs)
    device = device_of(card.shown_gib, card.bandwidth_gb_per_s, evidence)
    plans = tuple(fit(model, cell, device, load, evidence) for cell in cells)
    console.print(plans_table(f"{name} on {card.name}, for {_users(load.users)}", plans, load, checks[0], evidence))
    for line in explained(model, plans, device, load, evidence) if parsed.explain else ():
        console.print(line, highlight=False, soft_wrap=True, markup=False)
    demand_fit(name, model, card, load, plans)
    return 0
