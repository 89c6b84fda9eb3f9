"""GuideLLM's report in JSON, form 2: a benchmark for each load that was asked for."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Final

from generator.imports.place import Place, Readings
from generator.imports.tool import Part, Tool, has_fields, last_part

_FORM: Final = 2
_RANKS: Final = {"p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99"}


def _version(file: Place) -> str:
    form = file["metadata"]["version"]
    if form.whole() != _FORM:
        raise form.odd(f"{_FORM}, the form of a report that is known here")
    return file["metadata"]["guidellm_version"].text()


def _parts(file: Place) -> Iterator[Part]:
    for benchmark in file["benchmarks"].parts():
        yield _part(benchmark)


def _part(benchmark: Place) -> Part:
    found, metrics, config = Readings(), benchmark["metrics"], benchmark["config"]
    strategy = config["strategy"]
    kind = strategy["type_"].text()
    found.take_count("concurrency", strategy.get("streams") or strategy.get("max_concurrency"))
    found.take("request_rate_per_s", strategy.get("rate"), "1/s")
    found.take_count("requests_completed", metrics["request_totals"]["successful"])
    found.take_count("requests_failed", metrics["request_totals"].get("errored"))
    found.take("duration_s", benchmark["duration"], "s")
    found.take("prompt_tokens_mean", _of_answered(metrics, "prompt_token_count", "mean"), "1")
    found.take("output_tokens_mean", _of_answered(metrics, "output_token_count", "mean"), "1")
    found.take("requests_per_s", _of_answered(metrics, "requests_per_second", "mean"), "1/s")
    found.take("output_tokens_per_s", _of_answered(metrics, "output_tokens_per_second", "mean"), "1/s")
    found.take("total_tokens_per_s", _of_answered(metrics, "tokens_per_second", "mean"), "1/s")
    # What it calls ITL is a mean of each request, without its first token; its TPOT has that token in it.
    for ours, theirs, unit in (
        ("ttft", "time_to_first_token_ms", "ms"),
        ("tpot", "inter_token_latency_ms", "ms"),
        ("latency", "request_latency", "s"),
    ):
        found.take(f"{ours}_mean_s", _of_answered(metrics, theirs, "mean"), unit)
        found.take_all(ours, _of_answered(metrics, theirs, "percentiles"), unit, _RANKS)
    model = config.deep("backend", "model")
    began = datetime.fromtimestamp(benchmark["start_time"].number(), UTC)
    return Part(
        place=benchmark.path,
        readings=found,
        subject={
            "model": last_part(model) if model else None,
            "measured_at": f"{began:%Y-%m-%dT%H:%M:%SZ}",
        },
        remarks=("a percentile of the time per output token counts a request as often as it has tokens",),
        why={
            "concurrency": f"no limit was set ({kind})",
            "request_rate": f"none was asked for ({kind})",
            "itl": "GuideLLM's ITL is a mean of each request, which stands here as its time per output token",
            "engine": "the file says how the server was asked, not what it is",
            "gpu_": "GuideLLM does not measure memory or power",
            "energy": "GuideLLM does not measure memory or power",
        },
    )


def _of_answered(metrics: Place, name: str, statistic: str) -> Place | None:
    """A statistic of the requests that were answered; None where there are none, whose statistics are written as 0."""
    answered = metrics[name].get("successful")
    return answered.get(statistic) if answered and answered["count"].number() else None


TOOL: Final = Tool(
    name="GuideLLM",
    recognises=lambda value: (
        has_fields(value, "metadata", "benchmarks") and has_fields(value["metadata"], "guidellm_version")
    ),
    version=_version,
    parts=_parts,
)
