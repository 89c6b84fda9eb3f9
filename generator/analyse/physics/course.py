"""The launches of a run one after another: on one card, after the run began, in the order of the rounds."""

from calendar import timegm
from collections.abc import Iterator, Sequence
from itertools import pairwise, product
from typing import Final

from generator.analyse.cards import of_own_rounds
from generator.analyse.physics.contradiction import Contradiction
from generator.cells import Cell
from generator.manifest import MeasuredRun
from generator.measurements import launch_name
from generator.record import Completed, Failed

# Starts are kept in whole seconds, and a machine's time is corrected now and then.
SECONDS: Final = 3
# Between two launches a record is written and logs are gone through: seconds, on a slow disk more.
BETWEEN_LAUNCHES_S: Final = 60
# Of a cell whose launch was made again, the rounds are out of order; of most cells of a run, never.
MOST: Final = 0.5

Launch = Completed | Failed
Launches = Sequence[Launch]


def of_run(manifest: MeasuredRun, launches: Launches) -> Iterator[tuple[str, Contradiction]]:
    """Every contradiction between the launches' times, with its file. Launches on different cards may overlap. Where
    several cards shared a run, one may have waited for another: a hole between its launches then says nothing."""
    created_s = seconds(manifest.created_at)
    known = sorted(((seconds(launch.started_at), launch) for launch in launches), key=lambda one: one[0])
    for started_s, launch in known:
        if started_s < created_s - SECONDS:
            found = Contradiction("after_its_run", "started_at", launch.started_at, "at least", manifest.created_at)
            yield _file(launch), found
    cards = {launch.card for launch in launches}
    for card in cards:
        yield from _of_card([one for one in known if one[1].card == card], alone=len(cards) == 1)
    began = [launch for _, launch in known if isinstance(launch, Completed)]
    yield from _of_order(list(of_own_rounds(began)), manifest.cells)


def _of_card(known: Sequence[tuple[int, Launch]], *, alone: bool) -> Iterator[tuple[str, Contradiction]]:
    for (before_s, before), (after_s, after) in pairwise(known):
        apart_s = after_s - before_s
        if before.duration_s > apart_s + SECONDS and not _jumped(before):
            yield _file(after), Contradiction("one_after_another", "started_at", after.started_at, None, None)
        if (
            alone
            and before.duration_s < apart_s - BETWEEN_LAUNCHES_S
            and _in_one_sitting(before, after, known)
            and not _jumped(before)
        ):
            yield (
                _file(before),
                Contradiction("no_holes", "duration_s", before.duration_s, "at least", apart_s - BETWEEN_LAUNCHES_S),
            )


def _jumped(launch: Launch) -> bool:
    return isinstance(launch, Completed) and any(fault.kind == "clock_jump" for fault in launch.faults)


def _in_one_sitting(before: Launch, after: Launch, known: Sequence[tuple[int, Launch]]) -> bool:
    """Whether the two were made by one command and nothing was made between them: what the device can do is measured
    once a sitting, and a launch that failed between them and was made again was so in a later one."""
    if not (isinstance(before, Completed) and isinstance(after, Completed)):
        return False
    again = any(
        one.round <= after.round
        and one.started_at > after.started_at
        and (isinstance(one, Failed) or one.limits != after.limits)
        for _, one in known
    )
    return before.limits is not None and before.limits == after.limits and not again


def of_now(manifest: MeasuredRun, launches: Launches, now: str) -> Iterator[tuple[str, Contradiction]]:
    """What says that it was made after `now`."""
    if manifest.created_at > now:
        yield "manifest.json", Contradiction("not_in_future", "created_at", manifest.created_at, "at most", now)
    for launch in launches:
        if launch.started_at > now:
            yield _file(launch), Contradiction("not_in_future", "started_at", launch.started_at, "at most", now)


def _of_order(made: Sequence[Completed], cells: Sequence[Cell]) -> Iterator[tuple[str, Contradiction]]:
    """The rounds of a cell follow one another on a card, unless one failed and was made again, which is not so of all
    cells."""
    turned = []
    several = 0
    for cell, card in product(cells, {launch.card for launch in made}):
        mine = [launch for launch in made if (launch.cell, launch.card) == (cell, card)]
        several += len(mine) > 1
        turned += [(before, after) for before, after in pairwise(mine) if before.round > after.round][:1]
    if several > 1 and len(turned) > MOST * several:
        for before, after in turned:
            yield _file(after), Contradiction("rounds_in_order", "round", after.round, "at least", before.round)


def seconds(timestamp: str) -> int:
    """Since 1970."""
    date, _, time = timestamp.removesuffix("Z").partition("T")
    return timegm((*map(int, date.split("-")), *map(int, time.split(":"))))


def _file(launch: Launch) -> str:
    return f"launches/{launch_name(launch.cell, launch.round)}"
