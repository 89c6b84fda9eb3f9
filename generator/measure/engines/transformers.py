"""Transformers: bitsandbytes NF4 with double quantisation, quantised from the FP16 checkpoint while loading."""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import bitsandbytes
import torch
import transformers
from transformers import AutoModelForCausalLM, BitsAndBytesConfig

from generator.measure.engine import LaunchRequest, Loaded
from generator.measure.meters.memory import weights_bytes
from generator.methods import method_of
from generator.record import Configuration, Scalar

GIB: Final = 2**30


class TransformersEngine:
    """NF4 through `AutoModelForCausalLM`."""

    def __init__(self, request: LaunchRequest) -> None:
        self._request = request
        self._model: Any = None

    def load(self) -> Loaded:
        """Read the FP16 checkpoint and quantise every linear layer but the output head."""
        if self._request.device == "cuda" and self._request.memory_budget_gib is not None:
            share = self._request.memory_budget_gib * GIB / torch.cuda.get_device_properties(0).total_memory
            torch.cuda.set_per_process_memory_fraction(min(1.0, share))
        dtype = getattr(torch, self._request.engine.dtype)
        self._model = AutoModelForCausalLM.from_pretrained(
            self._request.checkpoint,
            dtype=dtype,
            device_map={"": self._request.device if self._request.device == "cpu" else 0},
            quantization_config=BitsAndBytesConfig(
                load_in_4bit=True,
                bnb_4bit_quant_type="nf4",
                bnb_4bit_use_double_quant=True,
                bnb_4bit_compute_dtype=dtype,
            ),
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
        self._model.eval()
        arguments: dict[str, Scalar] = {
            "load_in_4bit": True,
            "bnb_4bit_quant_type": "nf4",
            "bnb_4bit_use_double_quant": True,
            "bnb_4bit_compute_dtype": self._request.engine.dtype,
        }
        config = self._model.config
        method = method_of(self._request.method)
        return Loaded(
            configuration=Configuration(
                engine="transformers",
                engine_version=transformers.__version__,
                framework=f"Transformers + bitsandbytes {bitsandbytes.__version__}",
                model_source=self._request.model_source,
                model_revision=self._request.model_revision,
                weight_bits=method.weight_bits,
                weight_format=method.weight_format,
                dtype=self._request.engine.dtype,
                kernels=dict(_kernels(self._model)),
                attention_backend=config._attn_implementation,  # noqa: SLF001, there is no public name
                kv_cache_bytes_per_token=(
                    2 * config.num_hidden_layers * config.num_key_value_heads * config.head_dim * dtype.itemsize
                ),
                arguments=arguments,
            ),
            weights_bytes=weights_bytes(self._model),
            kv_cache_bytes=None,
            kv_cache_tokens=None,
        )

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        """See `Engine.generate`. Shorter prompts are padded on the left, as decoder-only models need."""
        longest = max(len(ids) for ids in prompts)
        padding = [[0] * (longest - len(ids)) for ids in prompts]
        inputs = torch.tensor([pad + list(ids) for pad, ids in zip(padding, prompts, strict=True)])
        mask = torch.tensor([[0] * len(pad) + [1] * len(ids) for pad, ids in zip(padding, prompts, strict=True)])
        with torch.inference_mode():
            outputs = self._model.generate(
                input_ids=inputs.to(self._model.device),
                attention_mask=mask.to(self._model.device),
                do_sample=False,
                min_new_tokens=output_tokens,
                max_new_tokens=output_tokens,
                pad_token_id=0,
            )
        return [list(ids) for ids in outputs[:, longest:].tolist()]

    def close(self) -> None:
        """See `Engine.close`."""
        self._model = None


def import_engine(request: LaunchRequest) -> TransformersEngine:
    """The engine for `request`; importing this module has imported Transformers and bitsandbytes."""
    return TransformersEngine(request)


def _kernels(model: torch.nn.Module) -> Counter[str]:
    """How many linear layers are NF4 with double quantisation. The output head is no part of it."""
    kernels: Counter[str] = Counter()
    head = model.get_output_embeddings()
    for module in model.modules():
        if not isinstance(module, torch.nn.Linear) or module is head:
            continue
        state = getattr(module.weight, "quant_state", None)
        kind = type(module).__name__
        if state is None:
            kernels[f"{kind}[not quantised]"] += 1
        else:
            nested = "double" if state.nested else "single"
            kernels[f"{kind}[{state.quant_type}, {nested} quantisation]"] += 1
    return kernels
