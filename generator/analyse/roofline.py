"""The physical limit of generating: what must be read and multiplied for a token, against what the device can do.

S. Williams, A. Waterman, D. Patterson, 2009, "Roofline: An Insightful Visual Performance Model".
"""

from dataclasses import dataclass
from typing import Literal

from generator.model import linear_parameters
from generator.record import Shape
from generator.samples import Limits


@dataclass(frozen=True, slots=True)
class Roofline:
    """What one step of a batch needs at least, and so the tokens per second that no engine exceeds."""

    bytes_per_step: float
    flop_per_step: float
    limit_tokens_per_s: float
    bound: Literal["memory", "compute"]


def roofline(
    shape: Shape,
    limits: Limits,
    weights_gib: float,
    kv_cache_bytes_per_token: int,
    *,
    batch: int,
    context_tokens: float,
    matmul_speed: float = 1,
    ranks: int = 1,
) -> Roofline:
    """One decoding step of `batch` sequences that have `context_tokens` each; the layers of the blocks are multiplied
    `matmul_speed` times as fast as in 16 bits (see `methods.Method`), the head and the attention are not.

    Every weight is read once a step, but of an embedding table of its own only the rows of the batch; so is the whole
    KV cache of the batch. The bandwidth is that of a copy, which counts what it reads and what it writes. Of `ranks`
    cards that share each layer, each has its part of the work; weights and cache are what one of them holds.
    """
    embedding = 0 if shape.tied_embeddings else shape.vocabulary * shape.hidden * 2 / ranks
    bytes_ = weights_gib * 2**30 - embedding + batch * context_tokens * kv_cache_bytes_per_token
    head = shape.vocabulary * shape.hidden
    blocks = 2 * batch * (linear_parameters(shape) - head)
    others = batch * (2 * head + 4 * shape.layers * shape.heads * shape.head * context_tokens)
    memory_s = bytes_ / (limits.copy_gb_per_s * 1e9)
    compute_s = (blocks / matmul_speed + others) / (ranks * limits.matmul_tflop_per_s * 1e12)
    return Roofline(
        bytes_per_step=bytes_ * ranks,
        flop_per_step=blocks + others,
        limit_tokens_per_s=batch / max(memory_s, compute_s),
        bound="memory" if memory_s >= compute_s else "compute",
    )
