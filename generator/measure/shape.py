"""A model's dimensions, read from its config.json. It loads no model."""

import json
from pathlib import Path

from generator.record import Shape


def shape_of(checkpoint: str) -> Shape | None:
    """The dimensions, or None where the configuration is not that of a Llama-like model."""
    config = json.loads((Path(checkpoint) / "config.json").read_text(encoding="utf-8"))
    try:
        return Shape(
            hidden=config["hidden_size"],
            intermediate=config["intermediate_size"],
            layers=config["num_hidden_layers"],
            heads=config["num_attention_heads"],
            kv_heads=config.get("num_key_value_heads") or config["num_attention_heads"],
            head=config.get("head_dim") or config["hidden_size"] // config["num_attention_heads"],
            vocabulary=config["vocab_size"],
            tied_embeddings=config.get("tie_word_embeddings", False),
            positions=config.get("max_position_embeddings"),
        )
    except KeyError:
        return None
