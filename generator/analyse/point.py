"""One workload of a cell at one number of users: its launches as figures."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from generator.analyse.latency import latencies_s, settled
from generator.analyse.roofline import Roofline, roofline
from generator.analyse.statistics import Stat
from generator.methods import method_of
from generator.profiles import Profile
from generator.record import Completed
from generator.samples import Point

ENERGIES: Final = ("energy_per_token_j", "energy_total_per_token_j")


@dataclass(frozen=True, slots=True)
class PointFindings:
    """One workload at one concurrency: a figure for each launch of each quantity that has one. `prompt_tokens` is the
    length of its longest prompt."""

    workload: str
    kind: Literal["batch", "closed-loop", "longest-prompt"]
    concurrency: int
    prompt_tokens: int
    stats: Mapping[str, Stat]
    roofline: Roofline | None


def alone_in(points: Sequence[PointFindings]) -> tuple[PointFindings, ...]:
    """The closed loops of one user, by the length of the prompt."""
    loops = [point for point in points if point.kind == "closed-loop" and point.concurrency == 1]
    return tuple(sorted(loops, key=lambda point: point.prompt_tokens))


def points_of(launches: Sequence[Completed], profile: Profile) -> Iterator[PointFindings]:
    """Every workload at every number of users that any of a cell's launches was measured with, in their order."""
    longest = {workload.name for workload in profile.workloads if workload.kind == "longest-prompt"}
    keys = dict.fromkeys((point.workload, point.concurrency) for launch in launches for point in launch.points)
    for workload, concurrency in keys:
        figures: dict[str, dict[int, float]] = {}
        for launch in launches:
            for point in launch.points:
                if (point.workload, point.concurrency) == (workload, concurrency):
                    for name, value in _figures(settled(point)).items():
                        figures.setdefault(name, {})[launch.round] = value
        stats = {name: Stat(by_round) for name, by_round in figures.items()}
        yield PointFindings(
            workload=workload,
            kind="batch" if "ttft_p50_s" not in stats else "longest-prompt" if workload in longest else "closed-loop",
            concurrency=concurrency,
            prompt_tokens=int(stats["prompt_tokens"].high),
            stats=stats,
            roofline=_roofline(launches, workload, concurrency),
        )


def _figures(point: Point) -> dict[str, float]:
    figures = {"output_tokens_per_s": point.output_tokens_per_s} | latencies_s(point)
    if figures.get("tpot_p50_s"):  # records may say that all tokens came with the first
        figures["decode_tokens_per_s"] = 1 / figures["tpot_p50_s"]
    sent = point.requests.prompt_tokens if point.requests else (point.samples[0].prompt_tokens // point.concurrency,)
    figures["prompt_tokens"] = float(max(sent))
    if point.energy is not None and not point.energy.faults:
        tokens = sum(sample.output_tokens for sample in point.samples)
        net_j = point.energy.energy_j - point.energy.idle_w * point.energy.window_s
        figures["energy_per_token_j"] = max(0.0, net_j) / tokens
        figures["energy_total_per_token_j"] = point.energy.energy_j / tokens
    return figures


def _roofline(launches: Sequence[Completed], workload: str, concurrency: int) -> Roofline | None:
    """From the fastest copy and product that any of the launches saw: a limit is what can be reached."""
    first = next(
        (launch, point)
        for launch in launches
        for point in launch.points
        if (point.workload, point.concurrency) == (workload, concurrency)
    )
    launch, point = first
    configuration, weights_gib = launch.configuration, launch.quantities.weights_gib
    limits = [other.limits for other in launches if other.limits]
    if not limits or configuration.shape is None or weights_gib is None:
        return None
    best = max(limits, key=lambda one: one.copy_gb_per_s)
    sample = point.samples[0]
    requests = len(point.requests.ttft_s) if point.requests else concurrency
    return roofline(
        configuration.shape,
        best,
        weights_gib,
        configuration.kv_cache_bytes_per_token or 0,
        batch=concurrency,
        context_tokens=(sample.prompt_tokens + sample.output_tokens / 2) / requests,
        matmul_speed=method_of(launch.method).matmul_speed,
        ranks=configuration.ranks,
    )
