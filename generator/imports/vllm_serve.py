"""`vllm bench serve --save-result`: a server under load, seen by its client."""

from collections.abc import Iterator
from typing import Final

from generator.imports.place import Place, Readings
from generator.imports.tool import Part, Tool, has_fields, last_part

# What no file of vLLM's benchmarks says.
NO_VERSION: Final = {
    "engine_version": "vLLM's benchmarks do not write their version into the file",
    "card": "vLLM's benchmarks do not write the hardware into the file",
    "processor": "vLLM's benchmarks do not write the hardware into the file",
    "gpu_": "vLLM's benchmarks do not measure memory or power",
    "energy": "vLLM's benchmarks do not measure memory or power",
    "weights_gib": "vLLM's benchmarks do not measure memory or power",
    "process_memory": "vLLM's benchmarks do not measure memory or power",
}

_QUANTITIES: Final = {"ttft": "ttft", "tpot": "tpot", "itl": "itl", "latency": "e2el"}
_EVERY_REQUEST_AT_ONCE: Final = "inf"


def _parts(file: Place) -> Iterator[Part]:
    found, why = Readings(), dict(NO_VERSION)
    found.take_count("concurrency", file.get("max_concurrency"))
    why["concurrency"] = "no limit was set"
    rate = file.get("request_rate")
    remarks: tuple[str, ...] = ()
    if file.get("ramp_up_strategy"):
        found.take("request_rate_per_s", file["ramp_up_end_rps"], "1/s")
        remarks = ("the rate of requests was raised step by step, to what stands here",)
    elif rate is not None and rate.value == _EVERY_REQUEST_AT_ONCE:
        why["request_rate"] = "requests were sent as soon as the limit of those in work allowed"
    else:
        found.take("request_rate_per_s", rate, "1/s")
    found.take("duration_s", file["duration"], "s")
    found.take_count("requests_completed", file["completed"])
    found.take_count("requests_failed", file.get("failed"))  # older versions do not count them
    found.take_count("prompt_tokens_total", file["total_input_tokens"])
    found.take_count("output_tokens_total", file["total_output_tokens"])
    found.take("requests_per_s", file["request_throughput"], "1/s")
    found.take("output_tokens_per_s", file["output_throughput"], "1/s")
    found.take("total_tokens_per_s", file["total_token_throughput"], "1/s")
    for ours, theirs in _QUANTITIES.items():
        names = {"mean": f"mean_{theirs}_ms", "p50": f"median_{theirs}_ms"}
        names |= {f"p{rank}": f"p{rank}_{theirs}_ms" for rank in (90, 95, 99)}
        found.take_all(ours, file, "ms", names)
        why[f"{ours}_"] = "the tool writes the percentiles that were asked for, and this is none of them"
    date = file.get("date")
    why["measured_at"] = f"the file has {date.text()}, without a time zone" if date else "the file has no date"
    backend = file["backend"].text()
    why["engine"] = f"the file says how the server was asked ({backend}), not what it is"
    yield Part(
        readings=found,
        subject={"model": last_part(file["model_id"])},
        remarks=remarks,
        why=why
        | {
            "prompt_tokens_mean": "the file has the total of all requests",
            "output_tokens_mean": "the file has the total of all requests",
        },
    )


TOOL: Final = Tool(
    name="vllm bench serve",
    recognises=lambda value: has_fields(value, "request_throughput", "output_throughput", "total_input_tokens"),
    version=lambda _: None,
    parts=_parts,
)
