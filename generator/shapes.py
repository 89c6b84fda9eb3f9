"""Public models by their dimensions: what can be planned by name, and what synthetic checkpoints are written in.

The fields are those of the config.json that each publisher put beside the weights; nothing else of a model is here.
"""

from dataclasses import dataclass
from typing import Final

from generator.model import Model, model_of
from generator.record import Shape

# No public model: as small as the file formats allow.
TINY: Final = Shape(
    hidden=256,
    intermediate=512,
    layers=2,
    heads=4,
    kv_heads=2,
    head=64,
    vocabulary=10240,
    tied_embeddings=False,
    positions=2048,
)


@dataclass(frozen=True, slots=True)
class Public:
    """A public model: what it is called, where its config.json stands, and what follows from that."""

    name: str
    source: str
    model: Model


def _public(
    name: str,
    hub: str,
    kind: str,
    dimensions: tuple[int, int, int, int, int, int, int, int],
    *,
    tied: bool = False,
) -> Public:
    fields = (
        "hidden_size",
        "intermediate_size",
        "num_hidden_layers",
        "num_attention_heads",
        "num_key_value_heads",
        "head_dim",
        "vocab_size",
        "max_position_embeddings",
    )
    config = dict(zip(fields, dimensions, strict=True)) | {"model_type": kind, "tie_word_embeddings": tied}
    return Public(name, f"https://huggingface.co/{hub}/blob/main/config.json", model_of(config))


# The model that ships with Quantpress: models/demo/fp16/config.json.
DEMO: Final = Shape(
    hidden=256,
    intermediate=768,
    layers=4,
    heads=4,
    kv_heads=2,
    head=64,
    vocabulary=2048,
    tied_embeddings=True,
    positions=2048,
)

# Hidden, intermediate, layers, heads, key-value heads, size of a head, vocabulary, positions.
PUBLIC: Final[dict[str, Public]] = {
    "llama-3.1-8b": _public(
        "Llama 3.1 8B", "meta-llama/Llama-3.1-8B", "llama", (4096, 14336, 32, 32, 8, 128, 128256, 131072)
    ),
    "llama-3.2-1b": _public(
        "Llama 3.2 1B", "meta-llama/Llama-3.2-1B", "llama", (2048, 8192, 16, 32, 8, 64, 128256, 131072), tied=True
    ),
    "llama-3.2-3b": _public(
        "Llama 3.2 3B", "meta-llama/Llama-3.2-3B", "llama", (3072, 8192, 28, 24, 8, 128, 128256, 131072), tied=True
    ),
    "llama-3.1-70b": _public(
        "Llama 3.1 70B", "meta-llama/Llama-3.1-70B", "llama", (8192, 28672, 80, 64, 8, 128, 128256, 131072)
    ),
    "llama-2-13b": _public(
        "Llama 2 13B", "meta-llama/Llama-2-13b-hf", "llama", (5120, 13824, 40, 40, 40, 128, 32000, 4096)
    ),
    "mistral-7b": _public(
        "Mistral 7B v0.3", "mistralai/Mistral-7B-v0.3", "mistral", (4096, 14336, 32, 32, 8, 128, 32768, 32768)
    ),
    "qwen2.5-7b": _public("Qwen2.5 7B", "Qwen/Qwen2.5-7B", "qwen2", (3584, 18944, 28, 28, 4, 128, 152064, 131072)),
    "qwen3-8b": _public("Qwen3 8B", "Qwen/Qwen3-8B", "qwen3", (4096, 12288, 36, 32, 8, 128, 151936, 40960)),
    "qwen3-32b": _public("Qwen3 32B", "Qwen/Qwen3-32B", "qwen3", (5120, 25600, 64, 64, 8, 128, 151936, 40960)),
    "gemma-2b": _public("Gemma 2B", "google/gemma-2b", "gemma", (2048, 16384, 18, 8, 1, 256, 256000, 8192), tied=True),
}


def with_positions(shape: Shape) -> Shape:
    """A record's dimensions, with the positions of the model that they are those of, where the record is older than
    that field; without any where no such model is known."""
    known = (TINY, DEMO, *(public.model.shape for public in PUBLIC.values()))
    same = (one for one in known if one.model_copy(update={"positions": None}) == shape)
    return next(same, shape)
