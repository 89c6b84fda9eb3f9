"""Writes model-card.json of the demo model from the logs of its making and the files as they are shipped."""

import argparse
import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

QUANTISED = ("awq", "gptq")
COMPRESSED = ("w4a16", "fp8", "int8")
CARD = "model-card.json"
# The scripts are not the model, and the README quotes the card.
NOT_THE_MODEL = ("make", CARD, "README.md")
ARCHITECTURE = (
    "architectures",
    "hidden_size",
    "intermediate_size",
    "num_hidden_layers",
    "num_attention_heads",
    "num_key_value_heads",
    "head_dim",
    "vocab_size",
    "max_position_embeddings",
    "tie_word_embeddings",
)


def read(path: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def parameters(weights: Path) -> int:
    """How many numbers an unquantised safetensors file holds, by its header."""
    with weights.open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header = json.loads(file.read(length))
    return sum(math.prod(tensor["shape"]) for name, tensor in header.items() if name != "__metadata__")


def shipped(model: Path) -> dict[str, dict[str, int | str]]:
    files = sorted(path.relative_to(model) for path in model.rglob("*") if path.is_file())
    return {
        path.as_posix(): {
            "bytes": (model / path).stat().st_size,
            "sha256": hashlib.sha256((model / path).read_bytes()).hexdigest(),
        }
        for path in files
        if path.parts[0] not in NOT_THE_MODEL
    }


def card(
    model: Path,
    corpus: dict[str, Any],
    training: dict[str, Any],
    quantisation: dict[str, Any],
    compression: dict[str, Any],
) -> dict[str, Any]:
    config = read(model / "fp16" / "config.json")
    plain = quantisation["heldout"]["fp16"]["perplexity"]
    heldout = quantisation["heldout"] | compression["heldout"]
    return {
        "name": "Quantpress demo model",
        "licence": corpus["licence"],
        "architecture": {key: config[key] for key in ARCHITECTURE}
        | {"rope_theta": config["rope_parameters"]["rope_theta"]},
        "parameters": parameters(model / "fp16" / "model.safetensors"),
        "corpus": corpus,
        "training": {
            "seed": training["plan"]["seed"],
            "device": training["device"],
            "plan": training["plan"],
            "steps": training["steps"],
            "tokens_seen": training["tokens_seen"],
            "train_tokens": training["train_tokens"],
            "validation_tokens": training["validation_tokens"],
            "final_train_loss": training["final_train_loss"],
            "final_validation_loss": training["final_validation_loss"],
            "shipped_check": training["best"],
            "versions": training["versions"],
        },
        "quantisation": {
            "calibration": quantisation["calibration"],
            "versions": quantisation["versions"],
            **{name: read(model / name / "config.json")["quantization_config"] for name in QUANTISED},
        },
        "compression": {
            "versions": compression["versions"],
            **{name: read(model / name / "config.json")["quantization_config"] for name in COMPRESSED},
        },
        "perplexity_on_heldout": {
            name: found | {"change_percent": round(100 * (found["perplexity"] / plain - 1), 2)}
            for name, found in heldout.items()
        },
        "files": shipped(model),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("model", type=Path, help="folder of the checkpoints, heldout.txt and the licence")
    parser.add_argument("--corpus", type=Path, required=True, help="manifest.json that corpus.py wrote")
    parser.add_argument("--training", type=Path, required=True, help="log that train.py wrote")
    parser.add_argument("--quantisation", type=Path, required=True, help="log that quantise.py wrote")
    parser.add_argument("--compression", type=Path, required=True, help="log that compress.py wrote")
    given = parser.parse_args()
    logs = (given.corpus, given.training, given.quantisation, given.compression)
    content = card(given.model, *map(read, logs))
    (given.model / CARD).write_text(json.dumps(content, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
