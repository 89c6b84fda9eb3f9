"""The tools whose files can be imported: to add one is to add a line here, a module beside it, a sample and a test."""

from typing import Any, Final

from generator.imports import (
    aiperf,
    guidellm,
    llama_bench,
    lm_eval,
    optimum_benchmark,
    vllm_latency,
    vllm_serve,
    vllm_throughput,
)
from generator.imports.tool import Tool

TOOLS: Final[tuple[Tool, ...]] = (
    vllm_latency.TOOL,
    vllm_throughput.TOOL,
    vllm_serve.TOOL,
    guidellm.TOOL,
    aiperf.TOOL,
    llama_bench.TOOL,
    optimum_benchmark.TOOL,
    lm_eval.TOOL,
)


def tools_of(value: Any) -> tuple[Tool, ...]:
    """The tools that recognise a value, as JSON gave it: one, if it is a file of theirs."""
    return tuple(tool for tool in TOOLS if tool.recognises(value))
