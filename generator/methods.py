"""The quantisation methods as frozen rows; to add a method is to add a row here, and its sentence in
`templates/formats.md.j2`."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

EngineId = Literal["vllm", "transformers"]


@dataclass(frozen=True, slots=True)
class Look:
    """How a method looks wherever it is drawn: its colour on light and on dark paper, and Plotly's names of its symbol
    and its pattern, so that nothing is told by colour alone. Each colour has a contrast of 3:1 with its paper."""

    light: str
    dark: str
    symbol: str
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Stored:
    """How an engine keeps a linear layer in the device's memory, to the byte; to add a format is a line of it.

    bits         of each weight
    shared       for a scale, a zero point and whatever else weights share: how many share one, and its bits. `CHANNEL`
                 stands for all weights that make one output
    table_bytes  of each layer besides, whatever its size
    unpacked     whether prompts are multiplied with a 16-bit copy of the layer, made anew each time
    product_bytes  of a number of the gated product, what the largest step holds: 16 bits, or 8 where it is quantised
                 as it is made, or both where that is a step of its own
    """

    bits: int
    shared: tuple[tuple[int, int], ...] = ()
    table_bytes: int = 0
    unpacked: bool = False
    product_bytes: int = 2


CHANNEL: Final = 0


@dataclass(frozen=True, slots=True)
class Method:
    """What distinguishes one method from another, before anything is measured.

    `engine` is where the method is at home, and what it is known for running in. `kernels` are, by engine, the
    linear-layer implementations that are the method; when the engine silently chose another one (a slow fallback), the
    launch fails, because its figures would carry the wrong name. `arguments` are what an engine is told besides the
    checkpoint. `unsupported` says why an engine can't run it, `unsupported_on_cpu` why it can't without a GPU.
    `matmul_speed` is how many times as fast as 16-bit numbers the matrix units multiply what it multiplies. `stars` is
    the ease of use, out of five, as the article rated it that Quantpress started from; it did not rate all. `stored` is
    what `quantpress fit` plans by; a method that an engine has no entry for can't be planned in it.
    """

    id: str
    name: str
    engine: EngineId
    weight_bits: Literal[4, 8, 16]
    weight_format: str
    quantised: Literal["no", "ahead", "on load"]
    kernels: Mapping[EngineId, tuple[str, ...]]
    look: Look
    matmul_speed: int = 1
    stars: int | None = None
    arguments: Mapping[EngineId, Mapping[str, str]] = field(default_factory=dict)
    unsupported: Mapping[EngineId, str] = field(default_factory=dict)
    unsupported_on_cpu: Mapping[EngineId, str] = field(default_factory=dict)
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
_UNPACKS: Final = "Transformers unpacks this format to 16 bits, so nothing of the method would be measured"

METHODS: Final[tuple[Method, ...]] = (
    Method(
        id="fp16",
        name="FP16",
        engine="vllm",
        weight_bits=16,
        weight_format="float16",
        quantised="no",
        kernels={"vllm": ("UnquantizedLinearMethod",), "transformers": ("Linear[not quantised]",)},
        look=Look("#3f4854", "#e6e9ed", "circle"),
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
        # Double quantisation, whatever the checkpoint holds.
        arguments={"vllm": {"quantization": "bitsandbytes"}},
        unsupported_on_cpu={"vllm": "vLLM has no bitsandbytes on a CPU"},
        look=Look("#009e73", "#3fcfa4", "triangle-up", "x"),
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
        unsupported={"transformers": _NEEDS_GPTQMODEL},
        look=Look("#0072b2", "#4496dc", "square", "/"),
        stars=4,
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
        unsupported={"transformers": _NEEDS_GPTQMODEL},
        look=Look("#d55e00", "#f0803c", "diamond", "\\"),
        stars=3,
        # The file's zero points are all the same, and its order of inputs is their own: Marlin keeps neither.
        stored={"vllm": Stored(4, ((128, 16),))},
    ),
    Method(
        id="w4a16",
        name="W4A16",
        engine="vllm",
        weight_bits=4,
        weight_format="compressed-tensors, 4-bit integers, group 128",
        quantised="ahead",
        kernels={"vllm": _W4A16_KERNELS},
        unsupported={"transformers": _UNPACKS},
        look=Look("#451063", "#ffd84d", "x", "-"),
        stored={"vllm": Stored(4, ((128, 16),))},
    ),
    Method(
        id="fp8",
        name="FP8",
        engine="vllm",
        weight_bits=8,
        weight_format="compressed-tensors, FP8 (E4M3), one scale a channel",
        quantised="ahead",
        # Marlin and Humming are left out: they keep the activations at 16 bits, as on cards before Ada.
        kernels={
            "vllm": (
                "CutlassFP8ScaledMMLinearKernel",
                "FlashInferFP8ScaledMMLinearKernel",
                "ChannelWiseTorchFP8ScaledMMLinearKernel",
                "PerTensorTorchFP8ScaledMMLinearKernel",
                "CPUFP8W8A8ScaledMMLinearKernel",
            )
        },
        unsupported={"transformers": _UNPACKS},
        matmul_speed=2,
        look=Look("#a44be0", "#9a5cff", "cross", "+"),
        stored={"vllm": Stored(8, ((CHANNEL, 32),), product_bytes=1)},
    ),
    Method(
        id="int8",
        name="INT8",
        engine="vllm",
        weight_bits=8,
        weight_format="compressed-tensors, 8-bit integers, one scale a channel",
        quantised="ahead",
        # Triton and Humming are left out: vLLM takes them on CUDA only when CUTLASS refuses a layer.
        kernels={
            "vllm": (
                "CutlassInt8ScaledMMLinearKernel",
                "CPUInt8ScaledMMLinearKernel",
                "ZentorchInt8ScaledMMLinearKernel",
            )
        },
        unsupported={"transformers": _UNPACKS},
        matmul_speed=2,
        look=Look("#6e2c0c", "#8f7350", "star", "."),
        stored={"vllm": Stored(8, ((CHANNEL, 32),), product_bytes=3)},
    ),
)

METHOD_IDS: Final = tuple(method.id for method in METHODS)
ENGINES: Final[dict[EngineId, str]] = {"vllm": "vLLM", "transformers": "Transformers"}

if TYPE_CHECKING:
    MethodId = str
else:  # the rows are the one place that names them; records and profiles are held to it as they are read
    MethodId = Literal[METHOD_IDS]

BASELINE: Final[MethodId] = "fp16"


def method_of(method_id: MethodId) -> Method:
    """The row of `method_id`."""
    return next(method for method in METHODS if method.id == method_id)
