"""Models by their configuration: what is planned for, and what is refused with the field that says why."""

from typing import Any

import pytest

from generator.model import UnplannableError, Why, linear_parameters, llama_like, model_of
from generator.shapes import DEMO, PUBLIC, TINY, with_positions

# As the publishers count them: the tensors of the files on the hub, a tied head once.
PARAMETERS = {
    "llama-3.1-8b": 8_030_261_248,
    "llama-3.2-1b": 1_235_814_400,
    "llama-3.2-3b": 3_212_749_824,
    "llama-3.1-70b": 70_553_706_496,
    "llama-2-13b": 13_015_864_320,
    "mistral-7b": 7_248_023_552,
    "qwen2.5-7b": 7_615_616_512,
    "qwen3-8b": 8_190_735_360,
    "qwen3-32b": 32_762_123_264,
    "gemma-2b": 2_506_172_416,
}
LLAMA: dict[str, Any] = {
    "model_type": "llama",
    "hidden_size": 4096,
    "intermediate_size": 14336,
    "num_hidden_layers": 32,
    "num_attention_heads": 32,
    "num_key_value_heads": 8,
    "vocab_size": 128256,
    "max_position_embeddings": 131072,
}
# Public models of the same kinds whose dimensions differ in other ways: heads that are no part of the hidden size, a
# tied head beside biases, norms of heads.
OTHERS: tuple[tuple[int, dict[str, Any]], ...] = (
    (12_247_782_400, {"model_type": "mistral", "hidden_size": 5120, "num_hidden_layers": 40, "vocab_size": 131072,
                      "head_dim": 128}),
    (494_032_768, {"model_type": "qwen2", "hidden_size": 896, "intermediate_size": 4864, "num_hidden_layers": 24,
                   "num_attention_heads": 14, "num_key_value_heads": 2, "vocab_size": 151936,
                   "tie_word_embeddings": True, "sliding_window": 32768, "use_sliding_window": False}),
    (596_049_920, {"model_type": "qwen3", "hidden_size": 1024, "intermediate_size": 3072, "num_hidden_layers": 28,
                   "num_attention_heads": 16, "vocab_size": 151936, "head_dim": 128, "tie_word_embeddings": True}),
    (8_537_680_896, {"model_type": "gemma", "hidden_size": 3072, "intermediate_size": 24576, "num_hidden_layers": 28,
                     "num_attention_heads": 16, "num_key_value_heads": 16, "vocab_size": 256000, "head_dim": 256}),
    (6_738_415_616, {"intermediate_size": 11008, "num_key_value_heads": None, "vocab_size": 32000}),
)  # fmt: skip


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_model_has_the_parameters_that_its_publisher_counts(name: str) -> None:
    assert PUBLIC[name].model.parameters == PARAMETERS[name]


@pytest.mark.parametrize(("parameters", "fields"), OTHERS)
def test_a_configuration_is_read_by_its_fields(parameters: int, fields: dict[str, Any]) -> None:
    assert model_of(LLAMA | fields).parameters == parameters


@pytest.mark.parametrize(
    ("fields", "field", "why"),
    [
        ({"num_local_experts": 8}, "num_local_experts", "experts"),
        ({"n_routed_experts": 256}, "n_routed_experts", "experts"),
        ({"num_experts": 128}, "num_experts", "experts"),
        ({"kv_lora_rank": 512}, "kv_lora_rank", "latent"),
        ({"text_config": {"hidden_size": 1}}, "text_config", "parts"),
        ({"is_encoder_decoder": True}, "is_encoder_decoder", "encoder"),
        ({"model_type": "mamba"}, "model_type", "kind"),
        ({"model_type": None}, "model_type", "kind"),
        ({"sliding_window": 4096}, "sliding_window", "window"),
        ({"layer_types": ["full_attention", "sliding_attention"]}, "layer_types", "layers"),
        ({"hidden_size": None}, "hidden_size", "absent"),
        ({"max_position_embeddings": None}, "max_position_embeddings", "absent"),
        ({"num_hidden_layers": 0}, "num_hidden_layers", "number"),
        ({"num_hidden_layers": 2.5}, "num_hidden_layers", "number"),
        ({"num_hidden_layers": True}, "num_hidden_layers", "number"),
        ({"vocab_size": 10**8}, "vocab_size", "number"),
        ({"num_key_value_heads": 5}, "num_key_value_heads", "heads"),
        ({"hidden_size": 4097}, "head_dim", "absent"),
    ],
)
def test_what_is_no_dense_decoder_is_refused_with_the_field_that_says_so(
    fields: dict[str, Any], field: str, why: Why
) -> None:
    with pytest.raises(UnplannableError) as refused:
        model_of(LLAMA | fields)

    assert (refused.value.field, refused.value.why) == (field, why)


def test_a_window_that_no_context_reaches_is_none() -> None:
    plain = model_of(LLAMA)

    assert model_of(LLAMA | {"sliding_window": 131072}) == plain
    assert model_of(LLAMA | {"sliding_window": 4096, "use_sliding_window": False}) == plain
    assert model_of(LLAMA | {"num_local_experts": 0, "layer_types": ["full_attention"] * 32}) == plain


def test_biases_that_the_configuration_names_are_counted() -> None:
    plain = model_of(LLAMA)

    assert model_of(LLAMA | {"attention_bias": True}).vectors - plain.vectors == 32 * (4096 + 2 * 1024 + 4096)
    assert model_of(LLAMA | {"mlp_bias": True}).vectors - plain.vectors == 32 * (2 * 14336 + 4096)


def test_a_record_that_is_older_than_its_positions_gets_those_of_its_model() -> None:
    for shape in (TINY, DEMO, PUBLIC["llama-3.1-8b"].model.shape):
        old = shape.model_copy(update={"positions": None})
        assert with_positions(old) == shape
    stranger = old.model_copy(update={"layers": 31})
    assert with_positions(stranger) == stranger


def test_a_llama_is_its_matrices_its_embeddings_and_its_norms() -> None:
    shape = PUBLIC["llama-3.1-8b"].model.shape

    assert llama_like(shape) == PUBLIC["llama-3.1-8b"].model
    assert llama_like(shape).parameters == linear_parameters(shape) + 128256 * 4096 + 65 * 4096
