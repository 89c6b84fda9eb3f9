"""The bytes of a model: of its weights in a format and of its KV cache, exactly; and of its largest step, by rule.

Both were read off the engines' code and hold for the committed runs to the byte, see tests/analyse/test_fit_bytes.py.
"""

from math import ceil
from typing import Final, Literal

from generator.cells import Mode
from generator.methods import CHANNEL, EngineId, Stored
from generator.model import Model, linears
from generator.record import Shape

BYTES: Final = 2  # of a number that is not quantised

# cuBLAS's workspace, as PyTorch sets it on Hopper; it is smaller elsewhere.
WORKSPACE_BYTES: Final = 32 * 2**20
# Of a logit while a token is drawn: itself in 16 and in 32 bits, its probability, and a random number.
DRAWN_BYTES: Final = 14
# Of each layer: vLLM's scales of queries, keys, values and probabilities, which only a quantised KV cache uses.
SCALES_BYTES: Final = 4 * 4
# Of each pair of a head's numbers: how fast it turns with the position, which Transformers keeps twice.
TURNS_BYTES: Final = 2 * 4


def weights_bytes(model: Model, stored: Stored, engine: EngineId) -> int:
    """What the engine holds of the model: what `model_bytes` says, and the engine's own tables."""
    shape = model.shape
    own = position_bytes(shape) + shape.layers * SCALES_BYTES if engine == "vllm" else shape.head // 2 * TURNS_BYTES
    return model_bytes(model, stored) + own


def model_bytes(model: Model, stored: Stored) -> int:
    """The model's own: its matrices in the format; its embeddings, output head, norms and biases in 16 bits. Nearly
    what its files take: formats pack a little more, such as the dimensions, into these."""
    shape = model.shape
    block = sum(matrix_bytes(stored, inputs, outputs) for inputs, outputs in linears(shape).values())
    tables = table_bytes(shape) * (1 if shape.tied_embeddings else 2)
    return shape.layers * block + tables + model.vectors * BYTES


def matrix_bytes(stored: Stored, inputs: int, outputs: int) -> int:
    """What one linear layer takes."""
    weights = inputs * outputs
    shared = sum((outputs if many == CHANNEL else ceil(weights / many)) * bits for many, bits in stored.shared)
    return ceil((weights * stored.bits + shared) / 8) + stored.table_bytes


def table_bytes(shape: Shape) -> int:
    """A table of embeddings, or an output head."""
    return shape.vocabulary * shape.hidden * BYTES


def position_bytes(shape: Shape) -> int:
    """The sines and cosines of each position, as vLLM keeps them; a step reads one row."""
    return (shape.positions or 0) * shape.head * BYTES


def kv_bytes_per_token(shape: Shape) -> int:
    """A key and a value of each head that has its own, in each layer."""
    return 2 * shape.layers * shape.kv_heads * shape.head * BYTES


def read_bytes(model: Model, stored: Stored, engine: EngineId, context_tokens: float) -> float:
    """What one user's next token must read: the weights but for the tables of which a row is looked up, and the KV
    cache so far."""
    shape = model.shape
    looked_up = 0 if shape.tied_embeddings else table_bytes(shape)
    looked_up += position_bytes(shape) if engine == "vllm" else 0
    return weights_bytes(model, stored, engine) - looked_up + context_tokens * kv_bytes_per_token(shape)


def step_bytes(
    shape: Shape, stored: Stored, mode: Mode, *, tokens: int, sequences: int, anew: bool
) -> dict[Literal["block", "drawing", "compiling"], int]:
    """What each part of vLLM's largest step holds at once; what the largest of them does is kept free beside the KV
    cache: a block of the model over so many tokens; then, drawing a token, the logits of so many sequences; and, at a
    start that compiles, kernels that are tried out on a copy of the embeddings."""
    row = tokens * BYTES
    return {
        "block": _block_bytes(shape, stored, mode, row),
        "drawing": row * shape.hidden + sequences * shape.vocabulary * DRAWN_BYTES,
        "compiling": table_bytes(shape) + 2 * row * shape.hidden if anew and mode == "graphs" else 0,
    }


def _block_bytes(shape: Shape, stored: Stored, mode: Mode, row: int) -> int:
    """The peak is where a block's gate and up meet: these two, their product, and three times the hidden state: what
    came in, the residual, what attention gave. `row` is the bytes of one number of each token."""
    hidden, intermediate = row * shape.hidden, row * shape.intermediate
    workspace = WORKSPACE_BYTES if stored.unpacked or stored.bits == 8 * BYTES else 0
    if not stored.unpacked:
        return 3 * hidden + 2 * intermediate + intermediate * stored.product_bytes // BYTES + workspace
    # bitsandbytes multiplies in bfloat16: the input once more, and gate and up one after the other, each from a copy of
    # its weights, into where both belong; then, unless compiling has merged that, both once more in float16.
    multiplying = 4 * hidden + 3 * intermediate + copied_bytes(shape, stored)
    converting = 4 * hidden + 4 * intermediate if mode == "eager" else 0
    return max(multiplying, converting) + workspace


def copied_bytes(shape: Shape, stored: Stored) -> int:
    """The 16-bit copy of the largest layer that a format makes for a prompt."""
    return max(inputs * outputs for inputs, outputs in linears(shape).values()) * BYTES if stored.unpacked else 0


def prompt_bytes_per_token(shape: Shape) -> int:
    """What a token of a prompt that is read at once holds at the peak of a block, as in `_block_bytes`."""
    return (3 * shape.hidden + 3 * shape.intermediate) * BYTES
