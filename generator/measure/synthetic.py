"""Writes Llama checkpoints with random values in the real shapes and file formats, for every method that has one.

Speed, memory and load time depend on shapes and formats, not on values; so they can be measured without access to the
gated weights. Quality can't. Run as a program, because it needs torch: `python -m generator.measure.synthetic --help`.

File formats: AWQ "gemm" packs eight 4-bit outputs of one input row into an int32, GPTQ eight inputs of one output
column (https://github.com/casper-hansen/AutoAWQ, https://github.com/AutoGPTQ/AutoGPTQ); those of llm-compressor are
described by https://github.com/vllm-project/compressed-tensors.
"""

import argparse
import json
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

import torch
from safetensors.torch import save_file

from generator.model import linears
from generator.profiles import SyntheticCheckpoint
from generator.record import Shape

GROUP: Final = 128
# Uniform nibbles have a standard deviation of 4.6: this scale gives quantised weights the spread of the FP16 ones.
WEIGHT_STD: Final = 0.02
NIBBLE_STD: Final = 4.6
LARGEST_FP8: Final = 448.0  # of the 4-bit exponent, 3-bit mantissa format
LARGEST_INT8: Final = 127
FORMATS: Final = ("fp16", "awq", "gptq", "w4a16", "fp8", "int8")


def write_checkpoint(shape: Shape, format_: str, folder: Path, seed: int = 0) -> None:
    """Write a checkpoint of `shape` into `folder`; it appears there whole or not at all."""
    temporary = folder.with_name(f".{folder.name}.part")
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir(parents=True)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    random = torch.Generator(device).manual_seed(seed)
    weight_map: dict[str, str] = {}
    try:
        for number, tensors in enumerate(_shards(shape, format_, random)):
            name = f"model-{number:05d}.safetensors"
            save_file({key: tensor.cpu().contiguous() for key, tensor in tensors.items()}, temporary / name)
            weight_map |= dict.fromkeys(tensors, name)
        (temporary / "model.safetensors.index.json").write_text(json.dumps({"metadata": {}, "weight_map": weight_map}))
        (temporary / "config.json").write_text(json.dumps(_config(shape, format_), indent=2))
        (temporary / "generation_config.json").write_text(json.dumps({"bos_token_id": 0, "eos_token_id": 1}))
    except BaseException:
        shutil.rmtree(temporary, ignore_errors=True)  # a full disk must not stay full of half a checkpoint
        raise
    shutil.rmtree(folder, ignore_errors=True)
    temporary.rename(folder)


def _shards(shape: Shape, format_: str, random: torch.Generator) -> Iterator[dict[str, torch.Tensor]]:
    """A shard for the embeddings, one for an output head of its own, then one a block."""
    norm = torch.ones(shape.hidden, dtype=torch.float16)
    yield {
        "model.embed_tokens.weight": _normal((shape.vocabulary, shape.hidden), random),
        "model.norm.weight": norm,
    }
    if not shape.tied_embeddings:
        yield {"lm_head.weight": _normal((shape.vocabulary, shape.hidden), random)}
    for layer in range(shape.layers):
        block = f"model.layers.{layer}"
        tensors = {
            f"{block}.input_layernorm.weight": norm,
            f"{block}.post_attention_layernorm.weight": norm.clone(),
        }
        for name, (inputs, outputs) in linears(shape).items():
            for part, tensor in _linear(format_, inputs, outputs, random).items():
                tensors[f"{block}.{name}.{part}"] = tensor
        yield tensors


def _linear(format_: str, inputs: int, outputs: int, random: torch.Generator) -> dict[str, torch.Tensor]:
    groups = inputs // GROUP
    scales = torch.full((groups, outputs), WEIGHT_STD / NIBBLE_STD, dtype=torch.float16)
    if format_ == "awq":
        return {
            "qweight": _packed((inputs, outputs // 8), random),
            "qzeros": torch.full((groups, outputs // 8), _repeated_nibble(8), dtype=torch.int32),
            "scales": scales,
        }
    if format_ == "gptq":
        # GPTQ's first file format stores the zero point less one.
        return {
            "qweight": _packed((inputs // 8, outputs), random),
            "qzeros": torch.full((groups, outputs // 8), _repeated_nibble(7), dtype=torch.int32),
            "scales": scales,
            "g_idx": torch.arange(inputs, dtype=torch.int32) // GROUP,
        }
    if format_ == "w4a16":
        return {
            "weight_packed": _packed((outputs, inputs // 8), random),
            "weight_scale": scales.T.contiguous(),
            "weight_shape": torch.tensor([outputs, inputs]),
        }
    weight = _normal((outputs, inputs), random)
    if format_ not in {"fp8", "int8"}:
        return {"weight": weight}
    largest = LARGEST_FP8 if format_ == "fp8" else LARGEST_INT8
    scale = weight.abs().amax(1, keepdim=True).float() / largest
    scaled = weight / scale
    rounded = scaled.to(torch.float8_e4m3fn) if format_ == "fp8" else scaled.round().to(torch.int8)
    return {"weight": rounded, "weight_scale": scale.half()}


def _normal(size: tuple[int, int], random: torch.Generator) -> torch.Tensor:
    return torch.randn(size, generator=random, device=random.device, dtype=torch.float16) * WEIGHT_STD


def _packed(size: tuple[int, int], random: torch.Generator) -> torch.Tensor:
    return torch.randint(-(2**31), 2**31, size, generator=random, device=random.device, dtype=torch.int32)


def _repeated_nibble(nibble: int) -> int:
    """Eight times the same 4 bits, as a signed 32-bit integer."""
    value = int(f"{nibble:x}" * 8, 16)
    return value - 2**32 if value >= 2**31 else value


def _config(shape: Shape, format_: str) -> dict[str, object]:
    config: dict[str, object] = {
        "architectures": ["LlamaForCausalLM"],
        "model_type": "llama",
        "hidden_size": shape.hidden,
        "intermediate_size": shape.intermediate,
        "num_hidden_layers": shape.layers,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head,
        "vocab_size": shape.vocabulary,
        "max_position_embeddings": shape.positions,
        "rms_norm_eps": 1e-5,
        "rope_theta": 500000.0,
        "hidden_act": "silu",
        "attention_bias": False,
        "mlp_bias": False,
        "tie_word_embeddings": shape.tied_embeddings,
        "torch_dtype": "float16",
        "bos_token_id": 0,
        "eos_token_id": 1,
    }
    if format_ == "awq":
        config["quantization_config"] = {
            "quant_method": "awq",
            "version": "gemm",
            "bits": 4,
            "group_size": GROUP,
            "zero_point": True,
        }
    if format_ == "gptq":
        config["quantization_config"] = {
            "quant_method": "gptq",
            "bits": 4,
            "group_size": GROUP,
            "desc_act": False,
            "sym": True,
        }
    if format_ in _COMPRESSED:
        config["quantization_config"] = _compressed_tensors(*_COMPRESSED[format_])
    return config


# Of the formats of compressed-tensors: the name of the file format, bits, type, and what shares a scale.
_COMPRESSED: Final = {
    "w4a16": ("pack-quantized", 4, "int", "group"),
    "fp8": ("float-quantized", 8, "float", "channel"),
    "int8": ("int-quantized", 8, "int", "channel"),
}


def _compressed_tensors(format_: str, bits: int, type_: str, strategy: str) -> dict[str, object]:
    """The description of a checkpoint; 8-bit weights are multiplied with activations of their own type, which get a
    scale a token while they pass."""
    weights = {"num_bits": bits, "type": type_, "strategy": strategy, "symmetric": True, "dynamic": False}
    if strategy == "group":
        weights["group_size"] = GROUP
    activations = {"num_bits": bits, "type": type_, "strategy": "token", "symmetric": True, "dynamic": True}
    group = {"targets": ["Linear"], "weights": weights, "input_activations": activations if bits == 8 else None}
    return {
        "quant_method": "compressed-tensors",
        "format": format_,
        "quantization_status": "compressed",
        "ignore": ["lm_head"],
        "config_groups": {"group_0": group},
    }


def main() -> None:
    """Write the checkpoint that the arguments name."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("shape", choices=get_args(SyntheticCheckpoint.model_fields["synthetic"].annotation))
    parser.add_argument("format", choices=FORMATS)
    parser.add_argument("folder", type=Path, help="where the checkpoint is to stand")
    arguments = parser.parse_args()
    write_checkpoint(SyntheticCheckpoint(synthetic=arguments.shape).shape, arguments.format, arguments.folder)


if __name__ == "__main__":
    main()
