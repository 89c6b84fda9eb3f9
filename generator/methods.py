"""The quantisation methods as frozen rows; to add a method is to add a row here (and a sentence to its page)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final, Literal

MethodId = Literal["fp16", "awq", "gptq", "nf4"]
EngineId = Literal["vllm", "transformers"]

BASELINE: Final[MethodId] = "fp16"


@dataclass(frozen=True, slots=True)
class Stored:
    """How an engine keeps a linear layer in the device's memory, to the byte; to add a format is a line of it.

    bits         of each weight
    shared       for a scale, a zero point and whatever else weights share: how many share one, and its bits. `CHANNEL`
                 stands for all weights that make one output
    table_bytes  of each layer besides, whatever its size
    unpacked     whether prompts are multiplied with a 16-bit copy of the layer, made anew each time
    """

    bits: int
    shared: tuple[tuple[int, int], ...] = ()
    table_bytes: int = 0
    unpacked: bool = False


CHANNEL: Final = 0


@dataclass(frozen=True, slots=True)
class Method:
    """What distinguishes one method from another, before anything is measured.

    `engine` is where the method is at home, and what it is known for running in. `kernels` are, by engine, the
    linear-layer implementations that are the method; when the engine silently chose another one (a slow fallback), the
    launch fails, because its figures would carry the wrong name. `unsupported` says why an engine can't run it.
    `stars` is the ease of use, out of five, as the article rated it that Quantpress started from. `stored` is what
    `quantpress fit` plans by; a method that an engine has no entry for can't be planned in it.
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
    stored: Mapping[EngineId, Stored] = field(default_factory=dict)


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
        stored={"vllm": Stored(16), "transformers": Stored(16)},
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
        # A scale for 64 weights, of 8 bits with a scale of its own for 256 of them; vLLM makes that one of 32 bits.
        # The tables are the 16 values of a weight and, where scales are quantised, their 256.
        stored={
            "transformers": Stored(4, ((64, 8), (64 * 256, 32)), table_bytes=4 * (16 + 256), unpacked=True),
            "vllm": Stored(4, ((64, 32),), table_bytes=4 * 16, unpacked=True),
        },
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
        stored={"vllm": Stored(4, ((128, 16), (128, 4)))},
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
        # The file's zero points are all the same, and its order of inputs is their own: Marlin keeps neither.
        stored={"vllm": Stored(4, ((128, 16),))},
    ),
)

METHOD_IDS: Final[tuple[MethodId, ...]] = tuple(method.id for method in METHODS)
ENGINES: Final[dict[EngineId, str]] = {"vllm": "vLLM", "transformers": "Transformers"}


def method_of(method_id: MethodId) -> Method:
    """The row of `method_id`."""
    return next(method for method in METHODS if method.id == method_id)
