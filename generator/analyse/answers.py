"""How long the answers really were whose lengths a closed loop draws."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean

from generator.analyse.cell import CellFindings
from generator.analyse.latency import settled
from generator.record import Completed
from generator.samples import Point


@dataclass(frozen=True, slots=True)
class Answers:
    """What each launch got with each of these numbers of users, warm-up left out: so many `requests`, each answered
    with `least_tokens` to `most_tokens`. `is_repeated` says whether every launch of every cell got the same lengths."""

    users: tuple[int, ...]
    requests: int
    least_tokens: int
    most_tokens: int
    mean_tokens: float
    is_repeated: bool


def answers_of(cells: Sequence[CellFindings]) -> dict[str, tuple[Answers, ...]]:
    """The answers of each workload that has users, by its name: from few users to many, numbers of them that got alike
    answers together."""
    lengths: dict[str, dict[int, set[tuple[int, ...]]]] = {}
    for point in _points(cells):
        if point.requests:
            of_workload = lengths.setdefault(point.workload, {})
            of_workload.setdefault(point.concurrency, set()).add(point.requests.output_tokens)
    return {workload: tuple(_grouped(by_users)) for workload, by_users in lengths.items()}


def _points(cells: Sequence[CellFindings]) -> Iterator[Point]:
    launches = (launch for one in cells for launch in one.valid if isinstance(launch, Completed))
    return (settled(point) for launch in launches for point in launch.points)


def _grouped(by_users: Mapping[int, set[tuple[int, ...]]]) -> Iterator[Answers]:
    alike: dict[frozenset[tuple[int, ...]], list[int]] = {}
    for users in sorted(by_users):
        alike.setdefault(frozenset(by_users[users]), []).append(users)
    return (_answers(tuple(users), found) for found, users in alike.items())


def _answers(users: tuple[int, ...], found: frozenset[tuple[int, ...]]) -> Answers:
    every = [tokens for of_launch in found for tokens in of_launch]
    return Answers(
        users=users,
        requests=max(len(of_launch) for of_launch in found),
        least_tokens=min(every),
        most_tokens=max(every),
        mean_tokens=fmean(every),
        is_repeated=len(found) == 1,
    )
