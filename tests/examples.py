"""Invented runs for the tests: no number in here was ever measured, and none can reach measurements/."""

from generator.measurements import Run
from generator.methods import METHOD_IDS, MethodId, method_of
from generator.profiles import Profile, load_profile
from generator.record import Completed, Configuration, Failed, Hardware, MeasuredRun, Quantities, Sample

NO_GPU = "there is no GPU in this machine"


def profile(name: str = "llama-3.1-8b-synthetic") -> Profile:
    return load_profile(name)[0]


def hardware(gpu_name: str = "Example GPU") -> Hardware:
    return Hardware(device="cuda", gpu_name=gpu_name, gpu_memory_mib=24576.0)


def manifest(
    run_id: str = "2026-01-01-example",
    methods: tuple[MethodId, ...] = METHOD_IDS,
    gpu_name: str = "Example GPU",
    model_name: str | None = None,
) -> MeasuredRun:
    chosen = profile() if model_name is None else profile().model_copy(update={"model_name": model_name})
    return MeasuredRun(
        schema_version=1,
        origin="measured",
        run_id=run_id,
        created_at="2026-01-01T00:00:00Z",
        profile=chosen,
        methods=methods,
        memory_budget_gib=None,
        hardware=hardware(gpu_name),
        versions={"vllm": "0.0.0"},
        git_revision=None,
        environment_sha256="0" * 64,
        command="quantpress measure",
    )


def quantities(speed: float, weights_gib: float, kv_cache_tokens: int | None, tokens: int) -> Quantities:
    values = {
        "gpu_memory_used_mib": 22000.0,
        "gpu_memory_free_mib": 2000.0,
        "weights_gib": weights_gib,
        "kv_cache_gib": kv_cache_tokens * 131072 / 2**30 if kv_cache_tokens else None,
        "kv_cache_tokens": kv_cache_tokens,
        "load_time_s": 10.0 + weights_gib,
        "output_tokens_per_s": speed,
        "output_tokens_total": tokens,
    }
    nulls = {name: None for name in Quantities.model_fields if name != "absent"} | values
    absent = {name: "not in this example" for name, value in nulls.items() if value is None}
    return Quantities(**nulls, absent=absent)  # type: ignore[arg-type]


def completed(
    method: MethodId = "fp16",
    round_: int = 1,
    speed: float = 100.0,
    weights_gib: float = 15.0,
    kv_cache_tokens: int | None = 40_000,
) -> Completed:
    row = method_of(method)
    sample = Sample(duration_s=1792 / speed, prompt_tokens=448, output_tokens=1792)
    return Completed(
        schema_version=1,
        status="completed",
        method=method,
        round=round_,
        started_at="2026-01-01T00:00:00Z",
        duration_s=60.0,
        configuration=Configuration(
            engine=row.engine,
            engine_version="0.0.0",
            framework="Example",
            model_source="example",
            model_revision=None,
            weight_bits=row.weight_bits,
            weight_format=row.weight_format,
            dtype="float16",
            kernels={row.kernels[0]: 128},
            attention_backend=None,
            kv_cache_bytes_per_token=131072,
            arguments={"dtype": "float16"},
        ),
        quantities=quantities(sample.output_tokens_per_s, weights_gib, kv_cache_tokens, 1792),
        samples=(sample,),
    )


def failed(method: MethodId = "awq", message: str = "CUDA out of memory") -> Failed:
    return Failed(
        schema_version=1,
        status="failed",
        method=method,
        round=1,
        started_at="2026-01-01T00:00:00Z",
        duration_s=1.0,
        stage="load",
        reason="out_of_memory",
        message=message,
        mend="take a smaller model",
    )


def four_methods() -> Run:
    return Run(
        manifest(),
        (
            completed("fp16", speed=340.0),
            completed("nf4", speed=42.0, weights_gib=5.7, kv_cache_tokens=None),
            completed("awq", speed=580.0, weights_gib=5.5, kv_cache_tokens=116_000),
            completed("gptq", speed=600.0, weights_gib=5.4, kv_cache_tokens=117_000),
        ),
    )
