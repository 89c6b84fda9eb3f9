"""A dense decoder as its config.json describes it: its dimensions, and how many numbers stand outside its matrices.

Judged by its fields, and only where its kind is known: which biases and norms a model has, its configuration does not
say. site/pages/assets/fit.js reads a configuration in the same way.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, Literal

from generator.record import Shape

Why = Literal["absent", "number", "kind", "experts", "latent", "window", "layers", "parts", "encoder", "heads"]


@dataclass(frozen=True, slots=True)
class Model:
    """`vectors` is how many 16-bit numbers its norms and biases are: what is in no matrix and never quantised."""

    shape: Shape
    vectors: int

    @property
    def parameters(self) -> int:
        """All of its numbers; a tied output head is the table of embeddings, and counted once."""
        tables = 1 if self.shape.tied_embeddings else 2
        return linear_parameters(self.shape) + (tables - 1) * self.shape.vocabulary * self.shape.hidden + self.vectors


class UnplannableError(ValueError):
    """The configuration is not that of a dense decoder with all that follows from its fields: `field` is the one that
    says so, `found` what it has."""

    def __init__(self, field: str, why: Why, found: object = None) -> None:
        super().__init__(field)
        self.field, self.why, self.found = field, why, found


@dataclass(frozen=True, slots=True)
class Kind:
    """What a `model_type` has that its configuration need not say; `tied` stands where no field does."""

    tied: bool = False
    query_bias: bool = False
    normed_heads: bool = False


# Checked against the parameters that their publishers count, see tests/test_model.py.
KINDS: Final[dict[str, Kind]] = {
    "llama": Kind(),
    "mistral": Kind(),
    "qwen2": Kind(query_bias=True),
    "qwen3": Kind(normed_heads=True),
    "gemma": Kind(tied=True),
}

# A field that says, when it is there and neither null, false nor 0, that the model is another thing.
OTHERWISE: Final[dict[str, Why]] = {
    "text_config": "parts",
    "is_encoder_decoder": "encoder",
    "num_experts": "experts",
    "num_local_experts": "experts",
    "n_routed_experts": "experts",
    "kv_lora_rank": "latent",
}

# Far above any model: what is beyond is in another unit, or no dimension.
MOST: Final = 1_000_000


def model_of(config: Mapping[str, object]) -> Model:
    """The model of a config.json. Raises `UnplannableError`, with the field."""
    for field, why in OTHERWISE.items():
        if config.get(field):
            raise UnplannableError(field, why, config[field])
    named = config.get("model_type")
    kind = KINDS.get(named) if isinstance(named, str) else None
    if kind is None:
        raise UnplannableError("model_type", "kind", named)
    shape = _shape(config, kind)
    _refuse_windows(config, shape)
    return Model(shape, _vectors(config, kind, shape))


def llama_like(shape: Shape) -> Model:
    """The model of a record's dimensions, which are those of a Llama: no biases, two norms a layer and a last one."""
    return Model(shape, (2 * shape.layers + 1) * shape.hidden)


def linears(shape: Shape) -> dict[str, tuple[int, int]]:
    """The linear layers of one block: name → (inputs, outputs)."""
    queries, keys = shape.heads * shape.head, shape.kv_heads * shape.head
    return {
        "self_attn.q_proj": (shape.hidden, queries),
        "self_attn.k_proj": (shape.hidden, keys),
        "self_attn.v_proj": (shape.hidden, keys),
        "self_attn.o_proj": (queries, shape.hidden),
        "mlp.gate_proj": (shape.hidden, shape.intermediate),
        "mlp.up_proj": (shape.hidden, shape.intermediate),
        "mlp.down_proj": (shape.intermediate, shape.hidden),
    }


def linear_parameters(shape: Shape) -> int:
    """The numbers that a token is multiplied with: all linear layers, the output head included."""
    block = sum(inputs * outputs for inputs, outputs in linears(shape).values())
    return shape.layers * block + shape.vocabulary * shape.hidden


def _shape(config: Mapping[str, object], kind: Kind) -> Shape:
    hidden, heads = _whole(config, "hidden_size"), _whole(config, "num_attention_heads")
    kv_heads = _whole(config, "num_key_value_heads", heads)
    if heads % kv_heads:
        raise UnplannableError("num_key_value_heads", "heads", kv_heads)
    if config.get("head_dim") is None and hidden % heads:
        raise UnplannableError("head_dim", "absent")
    return Shape(
        hidden=hidden,
        intermediate=_whole(config, "intermediate_size"),
        layers=_whole(config, "num_hidden_layers"),
        heads=heads,
        kv_heads=kv_heads,
        head=_whole(config, "head_dim", hidden // heads),
        vocabulary=_whole(config, "vocab_size"),
        tied_embeddings=_flag(config, "tie_word_embeddings", default=kind.tied),
        positions=_whole(config, "max_position_embeddings"),
    )


def _vectors(config: Mapping[str, object], kind: Kind, shape: Shape) -> int:
    queries, keys = shape.heads * shape.head, shape.kv_heads * shape.head
    of_layer = 2 * shape.hidden
    if kind.normed_heads:
        of_layer += 2 * shape.head
    if kind.query_bias:
        of_layer += queries + 2 * keys
    elif _flag(config, "attention_bias", default=False):
        of_layer += queries + 2 * keys + shape.hidden
    if _flag(config, "mlp_bias", default=False):
        of_layer += 2 * shape.intermediate + shape.hidden
    return shape.layers * of_layer + shape.hidden


def _refuse_windows(config: Mapping[str, object], shape: Shape) -> None:
    """A layer that looks back no further than a window keeps less, and which layers do is said in many ways."""
    layers = config.get("layer_types")
    if isinstance(layers, list) and any(layer != "full_attention" for layer in layers):
        raise UnplannableError("layer_types", "layers", next(layer for layer in layers if layer != "full_attention"))
    window = config.get("sliding_window")
    if window is None or config.get("use_sliding_window") is False:
        return
    if _whole(config, "sliding_window") < (shape.positions or 0):
        raise UnplannableError("sliding_window", "window", window)


def _whole(config: Mapping[str, object], field: str, default: int | None = None) -> int:
    value = config.get(field)
    if value is None:
        if default is None:
            raise UnplannableError(field, "absent")
        return default
    if isinstance(value, float) and value.is_integer():
        value = int(value)  # 4096.0 is what JavaScript reads as 4096
    if isinstance(value, bool) or not isinstance(value, int) or not 0 < value <= MOST:
        raise UnplannableError(field, "number", value)
    return value


def _flag(config: Mapping[str, object], field: str, *, default: bool) -> bool:
    value = config.get(field)
    return default if value is None else bool(value)
