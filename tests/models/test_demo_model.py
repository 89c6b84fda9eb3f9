"""The demo model as shipped: its files are those on its card, and hold what the card says."""

import hashlib
import json
import math
import struct
from pathlib import Path
from typing import Any

import pytest

MODEL = Path(__file__).parents[2] / "models" / "demo"
CARD: dict[str, Any] = json.loads((MODEL / "model-card.json").read_text(encoding="utf-8"))
CHECKPOINT_FILES = {
    "config.json",
    "generation_config.json",
    "model.safetensors",
    "tokenizer.json",
    "tokenizer_config.json",
}
QUANTISED = ("awq", "gptq")
COMPRESSED = ("w4a16", "fp8", "int8")
ALL = ("fp16", *QUANTISED, *COMPRESSED)
PROJECTIONS = 4 * 7
LARGEST_TOTAL = 26_000_000
LARGEST_CHANGE_PERCENT = 10


def config(checkpoint: str) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((MODEL / checkpoint / "config.json").read_text(encoding="utf-8"))
    return content


def tensors(checkpoint: str) -> dict[str, Any]:
    """The header of the weights, as the safetensors format defines it: a length, then JSON."""
    with (MODEL / checkpoint / "model.safetensors").open("rb") as file:
        (length,) = struct.unpack("<Q", file.read(8))
        header: dict[str, Any] = json.loads(file.read(length))
    header.pop("__metadata__", None)
    return header


@pytest.mark.parametrize("path", sorted(CARD["files"]))
def test_every_file_on_the_card_has_its_size_and_hash(path: str) -> None:
    content = (MODEL / path).read_bytes()

    assert len(content) == CARD["files"][path]["bytes"]
    assert hashlib.sha256(content).hexdigest() == CARD["files"][path]["sha256"]


def test_the_card_knows_every_file_of_the_model() -> None:
    checkpoints = {f"{name}/{file}" for name in ALL for file in CHECKPOINT_FILES}

    assert set(CARD["files"]) == checkpoints | {"heldout.txt", "LICENSE-CPYTHON"}
    for name in ALL:
        assert {path.name for path in (MODEL / name).iterdir()} == CHECKPOINT_FILES


def test_the_whole_model_stays_small() -> None:
    assert sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file()) <= LARGEST_TOTAL


def test_every_width_is_one_that_group_128_kernels_accept() -> None:
    shape = CARD["architecture"]
    widths = (
        shape["hidden_size"],
        shape["intermediate_size"],
        shape["num_attention_heads"] * shape["head_dim"],
        shape["num_key_value_heads"] * shape["head_dim"],
    )

    assert all(width % 128 == 0 for width in widths)


def test_the_card_counts_the_parameters_of_the_float16_weights() -> None:
    weights = tensors("fp16")

    assert sum(math.prod(tensor["shape"]) for tensor in weights.values()) == CARD["parameters"]
    assert {tensor["dtype"] for tensor in weights.values()} == {"F16"}


def test_the_card_says_how_the_model_was_trained() -> None:
    training = CARD["training"]

    assert isinstance(training["seed"], int)
    assert training["tokens_seen"] == training["steps"] * training["plan"]["batch"] * training["plan"]["context"]
    assert 0 < training["shipped_check"]["train_loss"] < training["shipped_check"]["validation_loss"]
    assert training["shipped_check"]["validation_loss"] <= training["final_validation_loss"]
    assert training["shipped_check"]["step"] <= training["steps"]


def test_the_card_names_text_and_licence() -> None:
    corpus = CARD["corpus"]

    assert corpus["licence"] == CARD["licence"] == "PSF-2.0"
    assert "CPython 3.11" in corpus["source"]
    assert corpus["heldout"]["sha256"] == CARD["files"]["heldout.txt"]["sha256"]
    parts = [corpus[part] for part in ("train", "validation", "heldout")]
    assert sum(part["files"] for part in parts) == corpus["whole"]["files"]
    assert "PYTHON SOFTWARE FOUNDATION LICENSE VERSION 2" in (MODEL / "LICENSE-CPYTHON").read_text(encoding="utf-8")


@pytest.mark.parametrize("checkpoint", ALL[1:])
def test_quantising_changes_the_perplexity_little(checkpoint: str) -> None:
    found, plain = CARD["perplexity_on_heldout"][checkpoint], CARD["perplexity_on_heldout"]["fp16"]

    assert found["scored_tokens"] == plain["scored_tokens"]
    assert found["context"] == plain["context"]
    assert found["perplexity"] == pytest.approx(plain["perplexity"], rel=LARGEST_CHANGE_PERCENT / 100)
    assert found["change_percent"] == pytest.approx(100 * (found["perplexity"] / plain["perplexity"] - 1), abs=0.01)


@pytest.mark.parametrize("checkpoint", QUANTISED)
def test_every_projection_is_packed_into_integers(checkpoint: str) -> None:
    header = tensors(checkpoint)
    packed = {name: tensor for name, tensor in header.items() if name.endswith(".qweight")}

    assert len(packed) == PROJECTIONS
    assert {tensor["dtype"] for tensor in packed.values()} == {"I32"}
    for name, tensor in packed.items():
        plain = tensors("fp16")[name.removesuffix("qweight") + "weight"]
        assert math.prod(tensor["shape"]) * 8 == math.prod(plain["shape"])
        assert name.removesuffix("qweight") + "weight" not in header


@pytest.mark.parametrize("checkpoint", QUANTISED)
def test_the_config_names_the_method_it_was_quantised_with(checkpoint: str) -> None:
    quantisation = config(checkpoint)["quantization_config"]

    assert quantisation == CARD["quantisation"][checkpoint]
    assert quantisation["quant_method"] == checkpoint
    assert (quantisation["bits"], quantisation["group_size"]) == (4, 128)


def test_gptq_is_symmetric_and_keeps_the_order_of_its_columns() -> None:
    quantisation = config("gptq")["quantization_config"]

    assert quantisation["sym"] is True
    assert quantisation["desc_act"] is False


def test_awq_has_zero_points_in_the_gemm_layout() -> None:
    quantisation = config("awq")["quantization_config"]

    assert quantisation["zero_point"] is True
    assert quantisation["version"] == "gemm"


@pytest.mark.parametrize("checkpoint", ALL[1:])
def test_all_checkpoints_share_one_tokeniser(checkpoint: str) -> None:
    for file in ("tokenizer.json", "tokenizer_config.json"):
        assert (MODEL / checkpoint / file).read_bytes() == (MODEL / "fp16" / file).read_bytes()


@pytest.mark.parametrize(
    ("checkpoint", "part", "dtype"),
    [
        ("w4a16", "weight_packed", "I32"),
        ("fp8", "weight", "F8_E4M3"),
        ("int8", "weight", "I8"),
    ],
)
def test_every_projection_of_a_compressed_checkpoint_is_of_its_type(checkpoint: str, part: str, dtype: str) -> None:
    header = tensors(checkpoint)
    projections = {name: tensor for name, tensor in header.items() if name.endswith(f"_proj.{part}")}

    assert len(projections) == PROJECTIONS
    assert {tensor["dtype"] for tensor in projections.values()} == {dtype}
    assert config(checkpoint)["quantization_config"] == CARD["compression"][checkpoint]
    assert config(checkpoint)["quantization_config"]["quant_method"] == "compressed-tensors"
