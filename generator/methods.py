"""The quantisation methods as frozen rows; to add a method is to add a row here (and a sentence to its page)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

MethodId = Literal["fp16", "awq", "gptq", "nf4"]
EngineId = Literal["vllm", "transformers"]

BASELINE: Final[MethodId] = "fp16"


@dataclass(frozen=True, slots=True)
class Method:
    """What distinguishes one method from another, before anything is measured.

    `engine` is where the method is at home, and what it is known for running in. `kernels` are, by engine, the
    linear-layer implementations that are the method; when the engine silently chose another one (a slow fallback), the
    launch fails, because its figures would carry the wrong name. `unsupported` says why an engine can't run it.
    `stars` is the ease of use, out of five, as the article rated it that Quantpress started from.
    """

    id: MethodId
    name: str
    engine: EngineId
    weight_bits: Literal[4, 16]
    weight_format: str
    quantised: Literal["no", "ahead", "on load"]
    kernels: Mapping[EngineId, tuple[str, ...]]
    stars: int
    unsupported: Mapping[EngineId, str] = field(default_factory=dict)


# Every W4A16 kernel of vLLM that runs the format natively. Left out on purpose: Exllama, Conch, Triton and Humming,
# which vLLM takes on CUDA only when the fast ones refuse a layer.
_W4A16_KERNELS: Final = (
    "MarlinLinearKernel",
    "MacheteLinearKernel",
    "CPUWNA16LinearKernel",
    "ZentorchWNA16LinearKernel",
)
_NEEDS_GPTQMODEL: Final = "Transformers reads this format only through GPTQModel, whose pins clash with vLLM's"

METHODS: Final[tuple[Method, ...]] = (
    Method(
        id="fp16",
        name="FP16",
        engine="vllm",
        weight_bits=16,
        weight_format="float16",
        quantised="no",
        kernels={"vllm": ("UnquantizedLinearMethod",), "transformers": ("Linear[not quantised]",)},
        stars=5,
    ),
    Method(
        id="nf4",
        name="BitsAndBytes NF4",
        engine="transformers",
        weight_bits=4,
        weight_format="NF4, double quantisation",
        quantised="on load",
        kernels={"transformers": ("Linear4bit[nf4, double quantisation]",), "vllm": ("BitsAndBytesLinearMethod",)},
        stars=5,
    ),
    Method(
        id="awq",
        name="AWQ",
        engine="vllm",
        weight_bits=4,
        weight_format="AWQ, group 128",
        quantised="ahead",
        kernels={"vllm": _W4A16_KERNELS},
        stars=4,
        unsupported={"transformers": _NEEDS_GPTQMODEL},
    ),
    Method(
        id="gptq",
        name="GPTQ",
        engine="vllm",
        weight_bits=4,
        weight_format="GPTQ, group 128",
        quantised="ahead",
        kernels={"vllm": _W4A16_KERNELS},
        stars=3,
        unsupported={"transformers": _NEEDS_GPTQMODEL},
    ),
)

METHOD_IDS: Final[tuple[MethodId, ...]] = tuple(method.id for method in METHODS)
ENGINES: Final[dict[EngineId, str]] = {"vllm": "vLLM", "transformers": "Transformers"}


def method_of(method_id: MethodId) -> Method:
    """The row of `method_id`."""
    return next(method for method in METHODS if method.id == method_id)
