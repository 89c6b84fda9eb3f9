"""Percentiles of what a user feels, from the requests of one launch; none where there are too few of them."""

from collections.abc import Sequence
from math import ceil
from typing import Final, Literal

from generator.samples import GAP_FLOOR_S, GAP_GROWTH, Gaps, Point, Requests, Sample

# With fewer, the percentile of a sample says little about that of the service: MLPerf's early stopping with one
# slower request allowed (https://github.com/mlcommons/inference_policies, inference_rules.adoc, appendix).
REQUESTS_NEEDED: Final = {50: 1, 90: 64, 99: 662}

# What a user waits for, by the name of the quantity.
LATENCIES: Final = tuple(f"{name}_p{rank}_s" for name in ("ttft", "tpot", "itl", "latency") for rank in REQUESTS_NEEDED)

# Where a distribution is looked at.
RANKS: Final = (10, 25, 50, 75, 90)


def percentile(values: Sequence[float], rank: int) -> float | None:
    """The value that `rank` percent of the values do not exceed, None where there are fewer than the rank needs."""
    if len(values) < REQUESTS_NEEDED[rank]:
        return None
    return sorted(values)[ceil(rank / 100 * len(values)) - 1]


def gap_percentile_s(gaps: Gaps, rank: int) -> float | None:
    """The same of inter-token latencies, right to 1%, from their histogram."""
    buckets = sorted((int(bucket), count) for bucket, count in gaps.counts.items())
    total = sum(count for _, count in buckets)
    if total < REQUESTS_NEEDED[rank]:
        return None
    below = 0
    for bucket, count in buckets:
        below += count
        if below >= rank / 100 * total:
            return float(GAP_FLOOR_S * GAP_GROWTH ** (bucket + 0.5))
    raise AssertionError("the last bucket reaches every rank")


def ranks_s(point: Point, quantity: Literal["ttft", "latency"]) -> dict[int, float]:
    """What so many percent of a point's requests did not exceed, for each of `RANKS` that has enough requests."""
    if point.requests is None or len(point.requests.ttft_s) < REQUESTS_NEEDED[90]:
        return {}
    values = sorted(point.requests.ttft_s if quantity == "ttft" else point.requests.latency_s)
    return {rank: values[ceil(rank / 100 * len(values)) - 1] for rank in RANKS}


def settled(point: Point) -> Point:
    """A point of a lone user without the first request, if that was not kept out when it was measured: an engine that
    takes memory as it goes asks the driver for it then, which more than doubles what a token takes. The gaps are left
    out, because those of the first request can't be told from the others'."""
    requests = point.requests
    if point.concurrency > 1 or point.warmup_requests or requests is None or len(requests.ttft_s) < 2:
        return point
    rest = Requests(
        prompt_tokens=requests.prompt_tokens[1:],
        output_tokens=requests.output_tokens[1:],
        ttft_s=requests.ttft_s[1:],
        latency_s=requests.latency_s[1:],
    )
    sample = Sample(
        duration_s=sum(rest.latency_s),  # alone, each request is sent when the last is answered
        prompt_tokens=sum(rest.prompt_tokens),
        output_tokens=sum(rest.output_tokens),
    )
    return point.model_copy(update={"samples": (sample,), "requests": rest, "gaps": None, "energy": None})


def latencies_s(point: Point) -> dict[str, float]:
    """What the requests of a point took, by name of quantity; what has too few requests is left out."""
    if point.requests is None:
        return {}
    columns = {"ttft": point.requests.ttft_s, "tpot": point.requests.tpot_s, "latency": point.requests.latency_s}
    found = {f"{name}_p{rank}_s": percentile(values, rank) for name, values in columns.items() for rank in (50, 90, 99)}
    if point.gaps is not None:
        found |= {f"itl_p{rank}_s": gap_percentile_s(point.gaps, rank) for rank in (50, 90, 99)}
    return {name: value for name, value in found.items() if value is not None}
