"""AIPerf's `profile_export_aiperf.json`, forms 1.0 to 1.4: one load, each metric with its unit."""

from collections.abc import Iterator
from typing import Final

from generator.imports.place import Place, Readings
from generator.imports.tool import Part, Tool, has_fields, last_part

_FORMS: Final = ("1.0", "1.1", "1.2", "1.3", "1.4")
_RANKS: Final = {"mean": "avg", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99"}

# Ours, AIPerf's, what it calls the unit, and what that is called here.
_MEANS: Final = (
    ("duration_s", "benchmark_duration", "sec", "s"),
    ("prompt_tokens_mean", "input_sequence_length", "tokens", "1"),
    ("output_tokens_mean", "output_sequence_length", "tokens", "1"),
    ("requests_per_s", "request_throughput", "requests/sec", "1/s"),
    ("output_tokens_per_s", "output_token_throughput", "tokens/sec", "1/s"),
    ("total_tokens_per_s", "total_token_throughput", "tokens/sec", "1/s"),
    # Known from its source: no file with these was at hand.
    ("gpu_power_mean_w", "nvidia_average_gpu_power", "W", "W"),
    ("energy_total_per_token_j", "nvidia_energy_per_output_token", "mJ/token", "mJ"),
)
_COUNTS: Final = (
    ("requests_completed", "request_count", "requests"),
    ("requests_failed", "error_request_count", "requests"),
    ("prompt_tokens_total", "total_isl", "tokens"),
    ("output_tokens_total", "total_osl", "tokens"),
)
# What it calls ITL is a mean of each request, without its first token.
_TIMES: Final = (
    ("ttft", "time_to_first_token"),
    ("tpot", "inter_token_latency"),
    ("latency", "request_latency"),
)


def _version(file: Place) -> str:
    form = file["schema_version"]
    if form.text() not in _FORMS:
        raise form.odd(f"{_FORMS[0]} to {_FORMS[-1]}, the forms that are known here")
    return file["aiperf_version"].text()


def _parts(file: Place) -> Iterator[Part]:
    complete = file.get("is_complete")
    if complete is not None and complete.value is not True:
        raise complete.odd("true; a run that AIPerf broke off says too little")
    found = Readings()
    for ours, theirs, unit, ours_unit in _MEANS:
        found.take(ours, _metric(file, theirs, unit), ours_unit)
    for ours, theirs, unit in _COUNTS:
        found.take_count(ours, _metric(file, theirs, unit))
    for ours, theirs in _TIMES:
        if _metric(file, theirs, "ms"):
            found.take_all(ours, file.get(theirs), "ms", _RANKS)
    phase = _phase(file)
    if phase is not None:
        found.take_count("concurrency", phase.get("concurrency"))
        found.take("request_rate_per_s", phase.get("rate"), "1/s")
    model = next(iter(file["input_config"]["models"]["items"].parts()))["name"]
    yield Part(
        readings=found,
        subject={"model": last_part(model)},
        why={
            "concurrency": "no limit was set",
            "request_rate": "none was asked for",
            "itl": "AIPerf's ITL is a mean of each request, which stands here as its time per output token",
            "measured_at": "the file has a time without its zone",
            "engine": "the file says how the server was asked, not what it is",
            "gpu_": "the file has no telemetry of a GPU",
            "energy": "the file has no telemetry of a GPU",
        },
    )


def _metric(file: Place, name: str, unit: str) -> Place | None:
    """The mean of a metric; None where the file has none. Its unit must be the one that is known."""
    metric = file.get(name)
    if metric is None:
        return None
    found = metric["unit"]
    if found.text() != unit:
        raise found.odd(f"{unit!r}")
    return metric["avg"]


def _phase(file: Place) -> Place | None:
    """What was asked for while it measured; None where that is not one phase alone."""
    phases = [one for one in file["input_config"]["phases"].parts() if one["name"].text() == "profiling"]
    return phases[0] if len(phases) == 1 else None


TOOL: Final = Tool(
    name="AIPerf",
    recognises=lambda value: has_fields(value, "aiperf_version", "input_config"),
    version=_version,
    parts=_parts,
)
