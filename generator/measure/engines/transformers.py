"""Transformers: the FP16 checkpoint as it is, or as bitsandbytes NF4 with double quantisation, quantised on load."""

from collections import Counter
from collections.abc import Iterator, Sequence
from time import perf_counter
from typing import Any

import bitsandbytes
import torch
import transformers
from transformers import AutoModelForCausalLM, BitsAndBytesConfig, StoppingCriteria, StoppingCriteriaList

from generator.measure.engine import (
    Answered,
    Ask,
    EngineMemory,
    LaunchRequest,
    Loaded,
    Served,
    UnsupportedError,
)
from generator.measure.meters.memory import GIB, weights_bytes
from generator.measure.shape import shape_of
from generator.methods import method_of
from generator.record import Configuration, Scalar


class TransformersEngine:
    """FP16 and NF4 through `AutoModelForCausalLM`."""

    def __init__(self, request: LaunchRequest) -> None:
        self._request = request
        self._model: Any = None
        self._weights_bytes = 0

    def load(self) -> Loaded:
        """Read the FP16 checkpoint; for NF4, quantise every linear layer but the output head."""
        if self._request.engine.tensor_parallel_size > 1:
            raise UnsupportedError("in Transformers, a model is measured on one card alone")
        if self._on_cuda and self._request.memory_budget_gib is not None:
            free_bytes, total_bytes = torch.cuda.mem_get_info()  # the CUDA context is there now, and counts too
            allowed_bytes = self._request.memory_budget_gib * GIB - (total_bytes - free_bytes)
            torch.cuda.set_per_process_memory_fraction(max(0.0, min(1.0, allowed_bytes / total_bytes)))
        dtype = getattr(torch, self._request.engine.dtype)
        quantised = self._request.cell.method == "nf4"
        start = perf_counter()
        self._model = AutoModelForCausalLM.from_pretrained(
            self._request.checkpoint,
            dtype=dtype,
            device_map={"": 0 if self._on_cuda else "cpu"},
            quantization_config=_nf4(dtype) if quantised else None,
            use_safetensors=True,
            local_files_only=True,
            trust_remote_code=False,
        )
        self._model.eval()
        self._weights_bytes = weights_bytes(self._model)  # now: on a CPU, bitsandbytes repacks them on first use
        weights_load_time_s = perf_counter() - start
        config = self._model.config
        method = method_of(self._request.cell.method)
        return Loaded(
            configuration=Configuration(
                engine_version=transformers.__version__,
                framework=f"Transformers + bitsandbytes {bitsandbytes.__version__}" if quantised else "Transformers",
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
                shape=shape_of(self._request.checkpoint),
                arguments=_arguments(self._request.engine.dtype) if quantised else {},
            ),
            compiled=None,
            weights_load_time_s=weights_load_time_s,
            compile_time_s=None,
            graph_capture_time_s=None,
        )

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        """See `Engine.generate`."""
        return self._generate(prompts, output_tokens, [])

    def serve(self, asks: Sequence[Ask], users: int) -> Served:
        """See `Engine.serve`. A batch at a time: who sends while one is being answered waits for the next."""
        answered: list[Answered] = []
        free_s = [perf_counter()] * users
        for first in range(0, len(asks), users):
            batch = asks[first : first + users]
            clock = _TokenClock()
            self._generate([ask.prompt for ask in batch], max(ask.output_tokens for ask in batch), [clock])
            for user, ask in enumerate(batch):
                answered.append(Answered(ask, free_s[user], tuple(clock.token_s[: ask.output_tokens])))
                free_s[user] = clock.token_s[ask.output_tokens - 1]
        return Served(answered, together=min(users, len(asks)), waited=0, put_back=0)

    def score(self, windows: Sequence[Sequence[int]]) -> Iterator[torch.Tensor]:
        """See `Engine.score`."""
        for ids in windows:
            with torch.inference_mode():
                logits = self._model(input_ids=torch.tensor([list(ids)]).to(self._model.device)).logits[0, :-1]
            yield logits.float().log_softmax(-1).cpu()

    def context_tokens(self) -> int:
        """See `Engine.context_tokens`."""
        return int(self._model.config.max_position_embeddings)

    def memory(self) -> EngineMemory:
        """See `Engine.memory`. What PyTorch's allocator holds beyond the weights is the largest step's activations, and
        the KV cache, which grows with the batch."""
        reserved = torch.cuda.memory_reserved() if self._on_cuda else None
        return EngineMemory(
            weights_bytes=self._weights_bytes,
            kv_cache_bytes=None,
            kv_cache_tokens=None,
            activation_peak_bytes=None if reserved is None else max(0, reserved - self._weights_bytes),
            cuda_graphs_bytes=None,
            non_torch_bytes=None,
            allocator_bytes=reserved,
        )

    def close(self) -> None:
        """See `Engine.close`."""
        self._model = None

    @property
    def _on_cuda(self) -> bool:
        return self._request.device == "cuda"

    def _generate(
        self, prompts: Sequence[Sequence[int]], output_tokens: int, watchers: list[StoppingCriteria]
    ) -> list[list[int]]:
        """Shorter prompts are padded on the left, as decoder-only models need."""
        longest = max(len(ids) for ids in prompts)
        padding = [[0] * (longest - len(ids)) for ids in prompts]
        inputs = torch.tensor([pad + list(ids) for pad, ids in zip(padding, prompts, strict=True)])
        mask = torch.tensor([[0] * len(pad) + [1] * len(ids) for pad, ids in zip(padding, prompts, strict=True)])
        try:
            with torch.inference_mode():
                outputs = self._model.generate(
                    input_ids=inputs.to(self._model.device),
                    attention_mask=mask.to(self._model.device),
                    do_sample=False,
                    min_new_tokens=output_tokens,
                    max_new_tokens=output_tokens,
                    pad_token_id=0,
                    stopping_criteria=StoppingCriteriaList(watchers),
                )
        except torch.OutOfMemoryError as error:
            # Its traceback holds what the failed request had allocated, and would hold it as long as it is handled.
            raise MemoryError(str(error)) from error.with_traceback(None)
        return [list(ids) for ids in outputs[:, longest:].tolist()]


class _TokenClock(StoppingCriteria):  # type: ignore[misc]  # Transformers is not typed here
    """Stops nothing: it is called after each token, and reads the clock once the device has made it."""

    def __init__(self) -> None:
        self.token_s: list[float] = []

    def __call__(self, input_ids: torch.Tensor, _: torch.Tensor, **__: Any) -> torch.Tensor:
        if input_ids.is_cuda:
            torch.cuda.synchronize()
        self.token_s.append(perf_counter())
        return torch.zeros(len(input_ids), dtype=torch.bool, device=input_ids.device)


def engine_for(request: LaunchRequest) -> TransformersEngine:
    """The engine for `request`."""
    return TransformersEngine(request)


def _nf4(dtype: torch.dtype) -> BitsAndBytesConfig:
    return BitsAndBytesConfig(
        load_in_4bit=True, bnb_4bit_quant_type="nf4", bnb_4bit_use_double_quant=True, bnb_4bit_compute_dtype=dtype
    )


def _arguments(dtype: str) -> dict[str, Scalar]:
    return {
        "load_in_4bit": True,
        "bnb_4bit_quant_type": "nf4",
        "bnb_4bit_use_double_quant": True,
        "bnb_4bit_compute_dtype": dtype,
    }


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
