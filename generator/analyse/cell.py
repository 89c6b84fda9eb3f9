"""One cell of a run: its launches as figures, and what follows from a single cell's figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from statistics import median
from typing import Final, Literal

from generator.analyse.latency import RANKS, ranks_s
from generator.analyse.memory import MemoryParts, parts_of, reserves, smallest_card
from generator.analyse.point import ENERGIES, PointFindings, alone_in, points_of
from generator.analyse.statistics import Stat
from generator.cells import Cell
from generator.methods import Method, method_of
from generator.profiles import Profile
from generator.record import Completed, Configuration, Failed, Quantities, Reported, Unserved

# What depends on whether the engine compiled anew or found it in its cache.
OF_A_START: Final = ("load_time_s", "compile_time_s", "weights_load_time_s", "graph_capture_time_s")

# Why a quantity is absent, where that is not in the records.
COMPILED_ANEW: Final = "every launch compiled anew"
NEVER_COLD: Final = "no launch compiled anew"
NOT_REPORTED: Final = "it was not reported"
WARM_UP_IN_IT: Final = "the first request, which warmed up, is in it"

# More users than those that bring less than this, as a share, only wait longer.
GAIN: Final = 0.1
# The contexts for which the users that fit are counted.
CONTEXTS: Final = (2_048, 8_192, 32_768, 131_072)


@dataclass(frozen=True)
class CellFindings:
    """One cell in one run. `stats` has the quantities that exist, `absent` the reason for each that does not; both are
    of the valid launches alone, and so are `points` and `unserved`, what the launches could not be measured with."""

    cell: Cell
    valid: tuple[Completed | Reported, ...]
    failed: tuple[Failed, ...]
    stats: Mapping[str, Stat]
    absent: Mapping[str, str]
    points: tuple[PointFindings, ...]
    unserved: tuple[Unserved, ...]

    @property
    def method(self) -> Method:
        """The row of the cell's method."""
        return method_of(self.cell.method)

    @property
    def name(self) -> str:
        """See `Cell.name`."""
        return self.cell.name

    @property
    def configuration(self) -> Configuration | None:
        """How it ran; None when no launch completed."""
        return self.valid[0].configuration if self.valid else None

    @property
    def reserves(self) -> bool:
        """See `memory.reserves`."""
        return reserves(self.stats)

    @property
    def memory_parts(self) -> MemoryParts | None:
        """See `memory.parts_of`."""
        return parts_of(self.stats)

    @property
    def kv_cache_lost_tokens(self) -> float | None:
        """How many tokens less a start reserved that compiled anew, because its peak was higher meanwhile; None where
        there was no such start, or no other."""
        tokens: dict[bool | None, list[int]] = {}
        for launch in self.valid:
            if isinstance(launch, Completed) and launch.quantities.kv_cache_tokens is not None:
                tokens.setdefault(launch.compiled, []).append(launch.quantities.kv_cache_tokens)
        return median(tokens[False]) - median(tokens[True]) if True in tokens and False in tokens else None

    @cached_property
    def users_by_context(self) -> dict[int, int]:
        """How many users of so much context each the KV cache holds at once; empty where none is pre-allocated."""
        tokens = self.stats.get("kv_cache_tokens")
        return {context: int(tokens.median) // context for context in CONTEXTS} if tokens else {}

    @property
    def served(self) -> tuple[PointFindings, ...]:
        """The closed loops, by the number of users; of one user, that with the shortest prompts."""
        loops = [point for point in self.points if point.kind == "closed-loop" and point.concurrency > 1]
        return tuple(sorted((*self.alone[:1], *loops), key=lambda point: point.concurrency))

    @property
    def apart(self) -> PointFindings | None:
        """The point of one user, where its prompts are of another length than those of more users: with those it is on
        no line."""
        if len(self.served) < 2:
            return None
        one, few, *_ = self.served
        return one if one.concurrency == 1 and one.prompt_tokens != few.prompt_tokens else None

    def distribution(self, quantity: Literal["ttft", "latency"], users: int) -> dict[int, Stat]:
        """How long the requests of so many users took, in seconds, by the percentage of them that took no longer; a
        launch's percentiles are its own. Empty where the launches had too few requests for it."""
        of_launches = {
            launch.round: ranks_s(point, quantity)
            for launch in self.valid
            if isinstance(launch, Completed)
            for point in launch.points
            if point.concurrency == users and point.requests is not None
        }
        known = {round_: found for round_, found in of_launches.items() if found}
        return {rank: Stat({round_: found[rank] for round_, found in known.items()}) for rank in RANKS if known}

    @property
    def saturated_at(self) -> int | None:
        """The fewest users from which the next larger number of them brings less than `GAIN` in speed; None where the
        speed still grows with the most users that were measured."""
        apart = self.apart
        line = (point for point in self.served if point is not apart)
        speeds = {point.concurrency: point.stats["output_tokens_per_s"].median for point in line}
        return next((few for few, more in pairwise(speeds) if speeds[more] < (1 + GAIN) * speeds[few]), None)

    @property
    def alone(self) -> tuple[PointFindings, ...]:
        """The closed loops of one user, by the length of the prompt."""
        return alone_in(self.points)


def find_cell(cell: Cell, launches: Sequence[Completed | Failed | Reported], profile: Profile | None) -> CellFindings:
    """The findings of one cell; the profile is None for a reported run. What a start takes is that of warm starts
    alone, and `cold_load_time_s` that of the others."""
    completed = [launch for launch in launches if not isinstance(launch, Failed)]
    valid = tuple(launch for launch in completed if isinstance(launch, Reported) or launch.valid)
    cold = tuple(launch for launch in valid if isinstance(launch, Completed) and launch.compiled)
    warm = tuple(launch for launch in valid if launch not in cold)
    stats: dict[str, Stat] = {}
    absent: dict[str, str] = {}
    for name in Quantities.model_fields:
        counted = warm if name in OF_A_START else valid
        if numbers := _numbers(name, counted):
            stats[name] = Stat(numbers)
        elif valid and name != "absent":
            absent[name] = (counted or valid)[0].quantities.absent.get(name, COMPILED_ANEW)
    if numbers := _numbers("load_time_s", cold):
        stats["cold_load_time_s"] = Stat(numbers)
    elif valid:
        absent["cold_load_time_s"] = NOT_REPORTED if isinstance(valid[0], Reported) else NEVER_COLD
    measured = [launch for launch in valid if isinstance(launch, Completed)]
    points = tuple(points_of(measured, profile)) if profile else ()
    served = {(point.workload, point.concurrency) for point in points}
    unserved = {(one.workload, one.concurrency): one for launch in measured for one in launch.unserved}
    stats |= dict(_derived(profile, stats, points)) | (smallest_card(valid, stats) if reserves(stats) else {})
    if valid:
        absent |= {name: _why_no_energy(valid[0]) for name in ENERGIES if name not in stats}
    return CellFindings(
        cell=cell,
        valid=valid,
        failed=tuple(launch for launch in launches if isinstance(launch, Failed)),
        stats=stats,
        absent=absent,
        points=points,
        unserved=tuple(one for key, one in unserved.items() if key not in served),
    )


def _numbers(name: str, launches: Sequence[Completed | Reported]) -> dict[int, float]:
    values = {launch.round: getattr(launch.quantities, name) for launch in launches}
    return {round_: float(value) for round_, value in values.items() if isinstance(value, int | float)}


def _derived(
    profile: Profile | None, stats: Mapping[str, Stat], points: Sequence[PointFindings]
) -> Iterator[tuple[str, Stat]]:
    """Quantities that follow from others.

    context_capacity_tokens: the tokens of context that are sure to fit: the KV cache. None where the engine
      pre-allocates none, because free memory is only an upper bound on what a long context would take
    one_user_tokens_per_s: the speed of a user who is alone, with the shortest prompts that were measured
    per_user_tokens_per_s: the same, or where nobody was alone, each one's share of the headline batch
    energy_per_token_j, energy_total_per_token_j: of the headline workload, without and with the idle power
    limit_percent: the speed of one user, as a share of the physical limit
    longest_prompt_tokens, longest_prompt_ttft_s: the longest prompt that was answered, and how soon
    """
    if "kv_cache_tokens" in stats:
        yield "context_capacity_tokens", stats["kv_cache_tokens"]
    if profile is None:
        return
    alone = alone_in(points)
    if any(workload.kind == "longest-prompt" for workload in profile.workloads):
        alone = ()  # with long prompts, one user's speed is another quantity
    if alone:
        speed, roof = alone[0].stats["output_tokens_per_s"], alone[0].roofline
        yield "per_user_tokens_per_s", speed
        yield "one_user_tokens_per_s", speed
        if roof:
            yield "limit_percent", speed.map(100 / roof.limit_tokens_per_s)
    elif "output_tokens_per_s" in stats:
        yield "per_user_tokens_per_s", stats["output_tokens_per_s"].map(1 / profile.headline.concurrencies[0])
    for point in points:
        if point.kind == "longest-prompt":
            yield "longest_prompt_tokens", point.stats["prompt_tokens"]
            yield "longest_prompt_ttft_s", point.stats["ttft_p50_s"]
        if point.workload == profile.headline.name:
            yield from ((name, point.stats[name]) for name in ENERGIES if name in point.stats)


def _why_no_energy(launch: Completed | Reported) -> str:
    if isinstance(launch, Reported):
        return NOT_REPORTED
    headline = launch.points[0]
    if headline.energy is None:
        return headline.absent["energy"]
    return "; ".join(headline.energy.faults) or WARM_UP_IN_IT
