"""One launch by its clocks: no part of it took longer than the whole, and the whole was not spent on nothing."""

from collections.abc import Iterator
from typing import Final

from generator.analyse.physics.contradiction import Contradiction, at_least, at_most, exactly, within
from generator.manifest import MeasuredRun
from generator.profiles import LongestPrompt
from generator.record import Completed, Stage
from generator.samples import GAP_FLOOR_S, GAP_GROWTH, Gaps, Point, Requests, Sample

# The parent times the stages and the worker what is in them: how late the one may hear of the other.
HEARD_LATE_S: Final = 1.0

# What a stage holds besides what is recorded of it, several times what was seen. Before the load a card's idle power is
# read for a second; before texts are encoded a tokenizer is read: some seconds for the largest vocabularies on slow
# disks; drawing prompts takes under a microsecond a token, on slow machines a few; and batches are warmed up, which is
# not recorded and was up to a quarter of the work.
BESIDE_LOAD_S: Final = {"cuda": 10.0, "cpu": 5.0}
BESIDE_WARM_UP_S: Final = 5.0
BESIDE_POINTS_S: Final = 10.0
BESIDE_POINTS: Final = 0.5
READING_S_PER_TOKEN: Final = 3e-5
DRAWING_S_PER_TOKEN: Final = 5e-6
MOST_TOKENS: Final = 300_000
# A launch whose stages are not recorded also holds the start of its process, the limits in old records, and its end.
BESIDE_LAUNCH_S: Final = 30.0
# A first request takes up to so many times as long as the later ones.
COLD: Final = 3.0
# Nor does it take less than any later token, by far.
AT_ONCE: Final = 0.5

# Between one answer and the next request of a user, and between a loop's clock and its requests'.
BETWEEN: Final = 0.05
BETWEEN_S: Final = 0.1
# Sums of differences of one clock.
ROUNDING: Final = 1e-6
# A gap at the edge of two buckets of the histogram may be counted in either.
EDGE: Final = 1e-3


def of_launch(launch: Completed, manifest: MeasuredRun) -> Iterator[Contradiction]:
    """Every contradiction in the times of one launch."""
    quantities = launch.quantities
    field, first_s = "quantities.first_token_time_s", quantities.first_token_time_s
    yield from at_most("first_token_in_warm_up", field, first_s, quantities.warmup_time_s)
    yield from at_least("first_token_is_cold", field, first_s, AT_ONCE * _quickest_s(launch))
    parts_s = (quantities.weights_load_time_s, quantities.compile_time_s, quantities.graph_capture_time_s)
    longest_s = max(part or 0 for part in parts_s)
    yield from at_least("parts_in_load", "quantities.load_time_s", quantities.load_time_s, longest_s)
    yield from _stages(launch, manifest)
    for number, point in enumerate(launch.points):
        if point.requests is not None:
            yield from _loop(f"points.{number}", point, point.requests, point.samples[0])


def _quickest_s(launch: Completed) -> float:
    """The shortest gap between two tokens of a lone user; 0 where none is known."""
    alone = [point.gaps.counts for point in launch.points if point.gaps and point.concurrency == 1]
    return min((_edge_s(int(bucket)) for counts in alone for bucket in counts if int(bucket)), default=0.0)


def _stages(launch: Completed, manifest: MeasuredRun) -> Iterator[Contradiction]:
    """The stages within the launch, and what is recorded of each within it."""
    quantities, stages = launch.quantities, launch.stages_s
    load_s, warmup_s = quantities.load_time_s or 0, quantities.warmup_time_s or 0
    predicted_s = launch.quality.duration_s if launch.quality else 0
    work_s = sum((predicted_s, *(sample.duration_s for point in launch.points for sample in point.samples)))
    if stages is None:
        known_s, import_s = load_s + warmup_s + work_s, quantities.import_time_s or 0
        yield from at_least("parts_in_launch", "duration_s", launch.duration_s, known_s)
        if (beside_s := _beside_points_s(launch, manifest, work_s)) is not None:
            most_s = known_s + import_s + beside_s + BESIDE_LAUNCH_S
            yield from at_most("launch_explained", "duration_s", launch.duration_s, most_s)
        return
    yield from at_least("stages_in_launch", "duration_s", launch.duration_s, sum(stages.values()) - HEARD_LATE_S)
    inside_s: dict[Stage, tuple[float, float | None]] = {
        "load": (load_s, BESIDE_LOAD_S[manifest.hardware.device]),
        "warm-up": (warmup_s, BESIDE_WARM_UP_S),
        "generate": (work_s, _beside_points_s(launch, manifest, work_s)),
    }
    for stage, (part_s, beside_s) in inside_s.items():
        whole_s = stages.get(stage, 0.0)
        yield from at_least("parts_in_stage", f"stages_s.{stage}", whole_s, part_s - HEARD_LATE_S)
        if beside_s is not None:
            yield from at_most("stage_explained", f"stages_s.{stage}", whole_s, part_s + beside_s)


def _beside_points_s(launch: Completed, manifest: MeasuredRun, work_s: float) -> float | None:
    """How long the work may have taken besides what is recorded of it; None where points were tried that are not."""
    workloads = manifest.profile.workloads
    if launch.unserved or any(isinstance(workload, LongestPrompt) for workload in workloads):
        return None
    texts = sum(not isinstance(workload, LongestPrompt) and bool(workload.prompts) for workload in workloads)
    shape = launch.configuration.shape
    read = texts * (shape.vocabulary if shape else MOST_TOKENS)
    drawn = sum(sample.prompt_tokens for point in launch.points for sample in point.samples)
    warm_s = sum(
        point.warmup_requests * COLD * max(point.requests.latency_s) for point in launch.points if point.requests
    )
    return BESIDE_POINTS_S + BESIDE_POINTS * work_s + READING_S_PER_TOKEN * read + DRAWING_S_PER_TOKEN * drawn + warm_s


def _loop(where: str, point: Point, requests: Requests, sample: Sample) -> Iterator[Contradiction]:
    """A closed loop and its requests: no more users than there are, none of them idle while requests are left."""
    users, loop_s, longest_s = point.concurrency, sample.duration_s, max(requests.latency_s)
    latencies_s = sum(requests.latency_s)
    slack_s = BETWEEN * loop_s + BETWEEN_S
    yield from exactly(
        "tokens_of_requests", f"{where}.samples.0.output_tokens", sample.output_tokens, sum(requests.output_tokens)
    )
    yield from exactly(
        "tokens_of_requests", f"{where}.samples.0.prompt_tokens", sample.prompt_tokens, sum(requests.prompt_tokens)
    )
    yield from at_least("requests_in_loop", f"{where}.samples.0.duration_s", loop_s, longest_s * (1 - ROUNDING))
    yield from at_least("users_in_loop", f"{where}.samples.0.duration_s", loop_s, latencies_s / users * (1 - ROUNDING))
    # When the last requests have been sent, users fall idle one by one; of an engine that answers a batch at a time,
    # they may be so for the rest of a batch and all of another.
    tail_s = 2 * longest_s if users > 1 else 0
    yield from at_most("users_busy", f"{where}.samples.0.duration_s", loop_s, latencies_s / users + tail_s + slack_s)
    if point.gaps is not None:
        yield from _gaps(f"{where}.gaps.counts", point.gaps, requests)


def _gaps(where: str, gaps: Gaps, requests: Requests) -> Iterator[Contradiction]:
    """The histogram has a gap for each token after a request's first, and they fill the time between the two."""
    yield from exactly(
        "gaps_of_tokens", where, sum(gaps.counts.values()), sum(requests.output_tokens) - len(requests.ttft_s)
    )
    columns = zip(requests.latency_s, requests.ttft_s, strict=True)
    between_s = sum(last - first for last, first in columns)
    edges_s = [
        (_edge_s(int(bucket)) if int(bucket) else 0.0, _edge_s(int(bucket) + 1), count)
        for bucket, count in gaps.counts.items()
    ]
    least_s = sum(low * count for low, _, count in edges_s) * (1 - EDGE)
    most_s = sum(high * count for _, high, count in edges_s) * (1 + EDGE)
    yield from within(
        "gaps_of_latencies", f"{where.rpartition('.gaps')[0]}.requests.latency_s", between_s, least_s, most_s
    )


def _edge_s(bucket: int) -> float:
    return float(GAP_FLOOR_S * GAP_GROWTH**bucket)
