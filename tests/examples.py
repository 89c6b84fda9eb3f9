"""Invented runs for the tests: no number in here was ever measured, and none can reach measurements/."""

from collections.abc import Sequence
from typing import TypeVar

from generator.cells import Cell
from generator.frozen import Frozen
from generator.manifest import Hardware, MeasuredRun, ReportedRun, Source
from generator.measure.engine import LaunchRequest
from generator.measurements import Run
from generator.methods import METHODS, EngineId, MethodId, method_of
from generator.peer import PeerResult
from generator.profiles import EngineSettings, Profile, load_profile
from generator.record import Completed, Configuration, Failed, Fault, Quantities, Reported, Shape, Unserved
from generator.samples import Gaps, Limits, Point, Quality, QualityWindows, Requests, Sample, TaskScore

NO_GPU = "there is no GPU in this machine"
NO_ROOM = Unserved(workload="the-load", concurrency=8, reason="no_room", message="7 of 8 users had room")
TASKS = (
    TaskScore(
        task="example_task",
        task_version="1.0",
        metric="acc",
        filter=None,
        value=0.625,
        standard_error=0.05,
        documents=100,
        absent={"filter": "the answers are judged as they are"},
    ),
)
T = TypeVar("T", bound=Frozen)
SHAPE = Shape(
    hidden=4096,
    intermediate=14336,
    layers=32,
    heads=32,
    kv_heads=8,
    head=128,
    vocabulary=128256,
    tied_embeddings=False,
)


def cell(method: MethodId, engine: EngineId | None = None, *, twin: bool = False) -> Cell:
    return Cell(method=method, engine=engine or method_of(method).engine, mode="eager", twin=twin)


def profile(name: str = "llama-3.1-8b-synthetic") -> Profile:
    return load_profile(name)[0]


# The article's, which an example has unless it says otherwise.
FOUR = tuple(method.id for method in METHODS if method.stars)


def hardware(gpu_name: str = "Example GPU") -> Hardware:
    # A copy, so that pages are tried with names that the reader would refuse.
    return replaced(Hardware(device="cuda", gpu_memory_mib=24576.0), gpu_name=gpu_name)


def manifest(
    run_id: str = "2026-01-01-example",
    methods: Sequence[MethodId] = FOUR,
    gpu_name: str = "Example GPU",
    model_name: str | None = None,
    cells: Sequence[Cell] = (),
) -> MeasuredRun:
    chosen = profile() if model_name is None else profile().model_copy(update={"model_name": model_name})
    return MeasuredRun(
        schema_version=1,
        origin="measured",
        run_id=run_id,
        created_at="2026-01-01T00:00:00Z",
        profile=chosen,
        cells=tuple(cells) or tuple(cell(method) for method in methods),
        memory_budget_gib=None,
        experiment=None,
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
        "activation_peak_gib": 0.5,
        "non_torch_gib": 0.25,
        "import_time_s": 15.0,
        "load_time_s": 10.0 + weights_gib,
        "weights_load_time_s": 2.0,
        "first_token_time_s": 0.5,
        "output_tokens_per_s": speed,
        "output_tokens_total": tokens,
    }
    nulls = {name: None for name in Quantities.model_fields if name != "absent"} | values
    absent = {name: "not in this example" for name, value in nulls.items() if value is None}
    return Quantities(**nulls, absent=absent)  # type: ignore[arg-type]


def replaced(value: T, **changes: object) -> T:
    return value.model_copy(update=changes)


def peer() -> PeerResult:
    return PeerResult(
        schema_version=1,
        tool="vllm bench latency",
        tool_version="0.0.0",
        cell=cell("fp16"),
        measured_at="2026-01-01T00:00:00Z",
        command="vllm bench latency --model example",
        batch=7,
        prompt_tokens=64,
        output_tokens=256,
        durations_s=(17.8, 18.0, 18.1),
    )


def loop(users: int, speed: float, requests: int = 64, prompt_tokens: int = 32, workload: str | None = None) -> Point:
    """A closed loop whose requests all take the same time."""
    latency_s = 64 * users / speed
    return Point(
        workload=workload or ("one-user" if users == 1 else "many-users"),
        concurrency=users,
        samples=(
            Sample(
                duration_s=requests * 64 / speed, prompt_tokens=requests * prompt_tokens, output_tokens=requests * 64
            ),
        ),
        requests=Requests(
            prompt_tokens=(prompt_tokens,) * requests,
            output_tokens=(64,) * requests,
            ttft_s=(latency_s / 10,) * requests,
            latency_s=(latency_s,) * requests,
        ),
        gaps=Gaps(counts={"460": requests * 63}),
        energy=None,
        warmup_requests=1 if users == 1 else 0,
        absent={"energy": "not in this example"},
    )


def completed(
    method: MethodId = "fp16",
    round_: int = 1,
    speed: float = 100.0,
    weights_gib: float = 15.0,
    kv_cache_tokens: int | None = 40_000,
    *,
    of: Cell | None = None,
    faults: Sequence[Fault] = (),
    unserved: Sequence[Unserved] = (),
    tasks: Sequence[TaskScore] = (),
) -> Completed:
    which = of or cell(method)
    row = method_of(which.method)
    sample = Sample(duration_s=1792 / speed, prompt_tokens=448, output_tokens=1792)
    no_loop = "a batch is sent at once"
    batch = Point(
        workload="seven-prompts",
        concurrency=7,
        samples=(sample,),
        requests=None,
        gaps=None,
        energy=None,
        absent={"requests": no_loop, "gaps": no_loop, "energy": "not in this example"},
    )
    return Completed(
        schema_version=1,
        status="completed",
        cell=which,
        round=round_,
        started_at="2026-01-01T00:00:00Z",
        duration_s=60.0,
        stages_s={"wait": 1.0, "load": 12.0, "warm-up": 2.0, "generate": 40.0, "close": 1.0},
        configuration=Configuration(
            engine_version="0.0.0",
            framework="Example",
            model_source="example",
            model_revision=None,
            weight_bits=row.weight_bits,
            weight_format=row.weight_format,
            dtype="float16",
            kernels={row.kernels[which.engine][0]: 128},
            attention_backend=None,
            kv_cache_bytes_per_token=131072,
            shape=SHAPE,
            arguments={"dtype": "float16"},
        ),
        compiled=None,
        quantities=quantities(sample.output_tokens_per_s, weights_gib, kv_cache_tokens, 1792),
        points=(batch, loop(1, speed / 5), loop(4, speed / 2), loop(16, speed * 2)),
        unserved=tuple(unserved),
        quality=quality(),
        tasks=tuple(tasks),
        limits=Limits(copy_gb_per_s=900.0, matmul_tflop_per_s=150.0),
        telemetry=None,
        faults=tuple(faults),
    )


def quality(nll: float = 2.0) -> Quality:
    windows = QualityWindows(
        nll_per_token=(nll, nll + 0.5, nll + 1),
        kl_divergence_per_token=(0.03, 0.04, 0.05),
        top1_agreement=(0.9, 0.91, 0.92),
    )
    return Quality(
        text_sha256="a" * 64, window_tokens=512, vocabulary=128256, kept_tokens=2048, duration_s=1.0, windows=windows
    )


def failed(method: MethodId = "awq", message: str = "CUDA out of memory") -> Failed:
    return Failed(
        schema_version=1,
        status="failed",
        cell=cell(method),
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


def with_controls(rounds: int = 3) -> Run:
    """The four methods at home, the two controls and a twin of the baseline, in several rounds that drift."""
    speeds = {
        cell("fp16"): 340.0,
        cell("nf4"): 42.0,
        cell("awq"): 580.0,
        cell("gptq"): 600.0,
        cell("fp16", "transformers"): 170.0,
        cell("nf4", "vllm"): 220.0,
        cell("fp16", twin=True): 341.0,
    }
    launches = [
        completed(of=which, round_=round_ + 1, speed=speed * (1 + 0.03 * round_) * (1 + 0.004 * ((index + round_) % 3)))
        for round_ in range(rounds)
        for index, (which, speed) in enumerate(speeds.items())
    ]
    return Run(manifest(cells=tuple(speeds)), tuple(launches))


def reported() -> Run:
    """Figures that somebody published: no sizes of a KV cache, and no numbers of users."""
    example = manifest(methods=("fp16", "awq"))
    source = Source(author="A. Author", title="A title", url="https://example.org/", note="An example.")
    taken = example.model_dump(include={"schema_version", "run_id", "created_at", "cells", "hardware", "versions"})
    launches = [
        Reported(
            schema_version=1,
            status="reported",
            cell=launch.cell,
            round=1,
            configuration=replaced(launch.configuration, kv_cache_bytes_per_token=None),
            quantities=launch.quantities,
        )
        for launch in (completed("fp16"), completed("awq", speed=200.0))
    ]
    return Run(ReportedRun(**taken, origin="reported", model_name="Example", source=source), tuple(launches))


LAUNCH_REQUEST = LaunchRequest(
    cell=cell("fp16"),
    checkpoint="nowhere",
    model_source="nothing",
    model_revision=None,
    device="cpu",
    memory_budget_gib=None,
    workloads=(profile().headline,),
    quality=None,
    tasks=None,
    engine=EngineSettings(max_model_len=64),
)
