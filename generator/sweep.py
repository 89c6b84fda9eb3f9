"""Many runs declared in one file: profiles, cards, memory budgets, methods, and which of them do not go together.

A run compares methods, launch by launch in turn, so a sweep has a run for each profile, card and budget, in which all
methods and modes are. Each is what `quantpress measure` makes of the words that are given here.
"""

import os
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from generator.analyse.physics.cards import CARDS, named
from generator.cells import Mode
from generator.declared import declared_in
from generator.errors import SweepError, UsageError
from generator.frozen import Frozen, PositiveGib, Several
from generator.methods import EngineId, MethodId
from generator.profiles import Kernel, Profile, load_profile, shipped_profiles
from generator.readable import Label, Name
from generator.untrusted import in_ascii

SHIPPED: Final = Path(__file__).parent / "sweeps"

WHOLE: Final = "whole"
EVERY: Final = "all"

Budget = PositiveGib | Literal["whole"]


def _are_distinct(values: tuple[object, ...]) -> tuple[object, ...]:
    if len(set(values)) < len(values):
        raise ValueError("should name each value once")
    return values


ONCE: Final = AfterValidator(_are_distinct)


class Exclusion(Frozen):
    """What is not to be measured: all that has each value that is named here."""

    profile: Label | None = None
    card: Name | None = None
    memory_budget_gib: Budget | None = None
    method: MethodId | None = None

    @model_validator(mode="after")
    def _names_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("should name a profile, card, memory_budget_gib or method")
        return self


class Sweep(Frozen):
    """The file. What it leaves out is as in `quantpress measure`: the card of this machine, all of its memory, the
    profile's own methods, modes and rounds. A profile that is no shipped one is a file, seen from the sweep's folder.

    A method that the planner finds no room for is an error, unless `leave_out_what_has_no_room` says that it is to be
    left out.
    """

    profiles: Annotated[Several[Label], Field(min_length=1), ONCE]
    cards: Annotated[Several[Name], ONCE] = ()
    memory_budgets_gib: Annotated[Several[Budget], ONCE] = ()
    methods: Annotated[Several[MethodId | Literal["all"]], ONCE] = ()
    engine: EngineId | None = None
    modes: Annotated[Several[Mode], ONCE] = ()
    rounds: Annotated[int, Field(ge=1, le=100)] | None = None
    controls: bool = False
    twin: bool = False
    disabled_kernels: Annotated[Several[Kernel], ONCE] = ()
    leave_out_what_has_no_room: bool = False
    without: Several[Exclusion] = ()


@dataclass(frozen=True, slots=True)
class Wanted:
    """One run of a sweep; a `card` or a `memory_budget_gib` of None is that of this machine. `options` are the words
    that all runs of the sweep share."""

    profile: str
    card: str | None
    memory_budget_gib: float | None
    methods: tuple[MethodId, ...]
    options: tuple[str, ...]

    @property
    def words(self) -> tuple[str, ...]:
        """What makes it, after `quantpress`."""
        budget = () if self.memory_budget_gib is None else ("--memory-budget-gib", f"{self.memory_budget_gib:g}")
        methods = (word for method in self.methods for word in ("--method", method))
        return ("measure", "--profile", self.profile, *methods, *budget, *self.options)

    def less(self, methods: Collection[MethodId]) -> Self:
        """The same without some of its methods."""
        return replace(self, methods=tuple(one for one in self.methods if one not in methods))


def shipped_sweeps() -> tuple[str, ...]:
    """The names of the sweeps that ship with Quantpress."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load_sweep(name_or_file: str) -> tuple[Sweep, Path]:
    """The sweep and its file. Raises `SweepError`, with the mend, where there is no such sweep or its file is none."""
    path = SHIPPED / f"{name_or_file}.toml" if name_or_file in shipped_sweeps() else Path(name_or_file)
    try:
        return declared_in(path, Sweep, SweepError), path
    except OSError:
        raise SweepError(
            f"{in_ascii(name_or_file)}: no shipped sweep ({', '.join(shipped_sweeps())}) and no readable file of that "
            "name; name one of these, or give the path of your own TOML file"
        ) from None


@dataclass(frozen=True, slots=True)
class _Left:
    """An exclusion with its profile by the word that loads it, and its card by its whole name; None where none is
    named."""

    of: Exclusion
    profile: str | None
    card: str | None

    def meets(self, profile: str, card: str | None, budget: Budget, method: MethodId) -> bool:
        """Whether it is of this combination."""
        pairs = (
            (self.profile, profile),
            (self.card, card),
            (self.of.memory_budget_gib, budget),
            (self.of.method, method),
        )
        return all(mine is None or mine == its for mine, its in pairs)


def runs_of(
    sweep: Sweep, file: Path, others: Collection[str] = (), instead: Collection[str] = ()
) -> tuple[Wanted, ...]:
    """Its runs, those of one profile together, so that a checkpoint is made ready once. Cards are those with a data
    sheet and `others`, by any part of their name that no other has; `instead` are cards to take instead of the file's.

    Raises `SweepError`, with the field, at a name that nothing has or that stands twice, and where nothing is left to
    be measured.
    """
    where = file.name
    if instead:
        cards = [_card_named(one, "--card", others) for one in instead]
    else:
        cards = [_card_named(one, f"{where}: field cards.{at}", others) for at, one in enumerate(sweep.cards)]
    words = [_word_of(one, file) for one in sweep.profiles]
    profiles = [_loaded(word, f"{where}: field profiles.{at}") for at, word in enumerate(words)]
    _refuse_twice("--card" if instead else f"{where}: field cards", cards)
    _refuse_twice(f"{where}: field profiles", profiles)
    left_out = [
        _Left(
            one,
            one.profile and _word_of(one.profile, file),
            one.card and _card_named(one.card, f"{where}: field without.{at}.card", others),
        )
        for at, one in enumerate(sweep.without)
    ]
    unused = {at for at, one in enumerate(left_out) if not (instead and one.card)}
    found = []
    for at, (word, profile) in enumerate(zip(words, profiles, strict=True)):
        methods = _methods_of(sweep, profile, f"{where}: field profiles.{at}")
        for card in cards or (None,):
            for budget in sweep.memory_budgets_gib or (WHOLE,):
                left = []
                for method in methods:
                    meeting = {at for at, one in enumerate(left_out) if one.meets(word, card, budget, method)}
                    unused -= meeting
                    left += [] if meeting else [method]
                if left:
                    budget_gib = None if budget == WHOLE else float(budget)
                    found.append(Wanted(word, card, budget_gib, tuple(left), tuple(_options(sweep))))
    for number in sorted(unused):
        raise SweepError(f"{where}: field without.{number}: nothing of the sweep is of that kind; correct it")
    if not found:
        raise SweepError(f"{where}: field without: nothing is left to be measured; leave less out")
    return tuple(found)


def _word_of(profile: str, file: Path) -> str:
    """What loads a profile, as the sweep's file names it."""
    return profile if profile in shipped_profiles() else os.path.normpath(file.parent / profile)


def _loaded(word: str, field: str) -> Profile:
    try:
        return load_profile(word)[0]
    except UsageError as error:
        raise SweepError(f"{field}: {error}") from None


def _refuse_twice(field: str, values: Sequence[str | Profile]) -> None:
    for at, value in enumerate(values):
        if value in values[:at]:
            what = f"profile {value.name}" if isinstance(value, Profile) else value
            raise SweepError(f"{field}: {what} stands twice, in other words; leave one out")


def _methods_of(sweep: Sweep, profile: Profile, field: str) -> Sequence[MethodId]:
    if EVERY in sweep.methods:
        return profile.methods
    wanted = [method for method in sweep.methods if method != EVERY]
    for method in wanted:
        if method not in profile.methods:
            raise SweepError(
                f"{field}: {profile.name} has no checkpoint for {method}, only for {', '.join(profile.methods)}; leave "
                "out that method, or give the profile a checkpoint"
            )
    return [one for one in profile.methods if one in (wanted or profile.default_methods or profile.methods)]


def _card_named(name: str, field: str, others: Collection[str]) -> str:
    if name in CARDS or name in others:
        return name
    parts = [card for card in others if card not in CARDS and name.casefold() in card.casefold()]
    match tuple(dict.fromkeys([*named(name), *parts])):
        case [one]:
            return one
        case []:
            known = ", ".join(dict.fromkeys([*others, *CARDS]))
            raise SweepError(f"{field}: no card that is known is called {in_ascii(name)!r}; name one of {known}")
        case several:
            raise SweepError(f"{field}: {in_ascii(name)!r} could be {', '.join(several)}; name more of it")


def _options(sweep: Sweep) -> Iterator[str]:
    if sweep.engine is not None:
        yield from ("--engine", sweep.engine)
    for mode in sweep.modes:
        yield from ("--mode", mode)
    if sweep.rounds is not None:
        yield from ("--rounds", str(sweep.rounds))
    if sweep.controls:
        yield "--controls"
    if sweep.twin:
        yield "--twin"
    for kernel in sweep.disabled_kernels:
        yield from ("--disable-kernel", kernel)
