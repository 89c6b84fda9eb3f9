"""`vllm bench throughput --output-json`: how fast many requests were done, all known from the beginning."""

from collections.abc import Iterator
from math import isclose
from typing import Final

from generator.imports.place import Place, Readings
from generator.imports.tool import Part, Tool, has_fields, last_part
from generator.imports.vllm_serve import NO_VERSION


def _parts(file: Place) -> Iterator[Part]:
    found = Readings()
    found.take_count("requests_completed", file["num_requests"])
    found.take("duration_s", file["elapsed_time"], "s")
    found.take("requests_per_s", file["requests_per_second"], "1/s")
    found.take("total_tokens_per_s", file["tokens_per_second"], "1/s")
    speed, expected = file["tokens_per_second"], file["total_num_tokens"].number() / found.figures["duration_s"]
    if not isclose(speed.number(), expected, rel_tol=0.01):
        raise speed.odd(f"total_num_tokens over elapsed_time, {expected:.6g}")
    model = file.get("model_id")  # older versions have none
    # The tool has a backend for other engines, which the file does not name.
    yield Part(
        readings=found,
        subject={"model": last_part(model) if model else None},
        why=NO_VERSION
        | {
            "output_tokens": "the file counts prompts and outputs together",
            "prompt_tokens": "the file counts prompts and outputs together",
            "concurrency": "all requests were there from the beginning; the file does not say how many ran at once",
            "engine": "the tool has several backends, and the file does not say which it was",
        },
    )


TOOL: Final = Tool(
    name="vllm bench throughput",
    recognises=lambda value: has_fields(value, "elapsed_time", "num_requests", "total_num_tokens", "tokens_per_second"),
    version=lambda _: None,
    parts=_parts,
)
