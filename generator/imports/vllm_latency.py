"""`vllm bench latency --output-json`: how long each of several batches took."""

from collections.abc import Iterator
from typing import Final

from generator.imports.place import OddFieldError, Place, Readings
from generator.imports.tool import Part, Tool, has_fields, last_part
from generator.imports.vllm_serve import NO_VERSION

_RANKS: Final = {"p50": "50", "p90": "90", "p99": "99"}


def _parts(file: Place) -> Iterator[Part]:
    found = Readings()
    latencies = [latency.number() for latency in file["latencies"].parts()]
    found.take("latency_mean_s", file["avg_latency"], "s")
    found.take_all("latency", file["percentiles"], "s", _RANKS)
    for name, reading in found.readings.items():
        if not 0.99 * min(latencies) <= found.figures[name] <= 1.01 * max(latencies):
            expected = f"between the latencies, {min(latencies):.6g} to {max(latencies):.6g}"
            raise OddFieldError(f"field {reading.field}: expected one {expected}, found {found.figures[name]:.6g}")
    yield Part(
        readings=found,
        subject={"model": last_part(file["model_id"]), "engine": "vLLM"},
        remarks=("a latency is that of a whole batch, however many requests are in it",),
        why=NO_VERSION
        | {
            "concurrency": "the file does not say how large the batch is",
            "output_tokens": "the file does not say how many tokens were generated",
            "prompt_tokens": "the file does not say how long the prompts are",
            "latency_p95": "the tool gives the 90th and the 99th percentile",
        },
    )


TOOL: Final = Tool(
    name="vllm bench latency",
    recognises=lambda value: has_fields(value, "avg_latency", "latencies", "percentiles"),
    version=lambda _: None,
    parts=_parts,
)
