"""Forged runs, and how many of them contradict themselves; those that pass are named."""

from collections.abc import Iterator
from dataclasses import dataclass
from inspect import isfunction
from types import ModuleType
from typing import Final

from generator.analyse.physics.contradiction import Contradiction
from generator.analyse.physics.laws import contradictions_of
from generator.folders import CHECKOUT, run_folders
from generator.measurements import read_run
from torture.forgeries import careful, lazy, swaps
from torture.forgeries.records import DoesNotApplyError, Forge, forged

RECORDS: Final = CHECKOUT / "measurements"

# What is forged: a card with all that is recorded of it, older records with less, the CPU demo and that of a card, long
# prompts, and the parts of the paradox.
ORIGINALS: Final = (
    "2026-11-25-llama-3.1-8b-synthetic",
    "2026-11-24-llama-3.1-8b-synthetic-2",
    "2026-11-24-llama-3.1-8b-synthetic-3",
    "2026-11-24-demo",
    "2026-11-24-demo-2",
    "2026-11-25-llama-3.1-8b-synthetic-long-context",
    "2026-11-24-llama-3.1-8b-synthetic-equal-utilisation",
    "2026-11-24-llama-3.1-8b-synthetic-smallest-budget",
)
FLAGGED_PERCENT: Final = 95


@dataclass(frozen=True, slots=True)
class Trial:
    """A forgery of a run, and what was found in it."""

    name: str
    contradictions: tuple[Contradiction, ...]


def forgeries() -> list[Forge]:
    """Every way to forge, the lazy ones first."""
    return [*_in(lazy), *_in(swaps), *_in(careful)]


def trials(originals: tuple[str, ...] = ORIGINALS, every: int = 1) -> Iterator[Trial]:
    """Each of the runs forged in every way that applies to it; or a share of that, one in `every`."""
    pairs = [(original, forge) for original in originals for forge in forgeries()]
    for original, forge in pairs[::every]:
        try:
            run = forged(RECORDS / original, forge)
        except DoesNotApplyError:
            continue
        yield Trial(f"{forge.__name__.replace('_', ' ')} ({original})", contradictions_of(run))


def genuine() -> Iterator[Trial]:
    """The committed runs as they are."""
    for folder in run_folders(RECORDS):
        yield Trial(folder.name, contradictions_of(read_run(folder)))


def main() -> None:
    """Raises `SystemExit` when too few forgeries are flagged, or a genuine run is."""
    tried, real = list(trials()), list(genuine())
    passed = [trial.name for trial in tried if not trial.contradictions]
    accused = [trial.name for trial in real if trial.contradictions]
    percent = 100 * (len(tried) - len(passed)) / len(tried)
    print(f"forged runs    {len(tried):,} tried   {len(tried) - len(passed):,} flagged ({percent:.1f}%)")
    print(f"genuine runs   {len(real):,} read   {len(accused):,} flagged")
    for name in passed:
        print(f"  passed: {name}")
    for name in accused:
        print(f"  flagged though genuine: {name}")
    if percent < FLAGGED_PERCENT or accused:
        raise SystemExit(1)


def _in(module: ModuleType) -> list[Forge]:
    own = [one for name, one in vars(module).items() if isfunction(one) and not name.startswith("_")]
    return [one for one in own if one.__module__ == module.__name__]


if __name__ == "__main__":
    main()
