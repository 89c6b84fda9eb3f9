"""The configurations of a run once more, through vLLM's own benchmark: a harness that shares no code with this one."""

import json
import shlex
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

from generator import measurements
from generator.cells import Cell
from generator.errors import PeerError, UsageError
from generator.fingerprint import environment_sha256
from generator.folders import MEASUREMENTS
from generator.manifest import MeasuredRun
from generator.measure import environment
from generator.measure.checkpoints import Unavailable, prepare, revisions_of
from generator.measure.last_words import root_cause
from generator.measure.launcher import worker_environment
from generator.measure.line import now
from generator.measure.redaction import redact_logs
from generator.measure.session import alone
from generator.orphan import run_guarded
from generator.peer import PeerResult
from generator.profiles import SHIPPED, Profile, shipped_profiles
from generator.record import SCHEMA_VERSION, Completed, Scalar

# So many token ids it takes for granted.
DRAWN_FROM: Final = 10_000
BATCHES: Final = 7
WARMUP_BATCHES: Final = 2
DEADLINE_S: Final = 1800

# What `vllm bench latency` runs; its command line itself does not start in vLLM's CPU build.
PEER: Final = """
from vllm.benchmarks.latency import add_cli_args, main
from vllm.utils.argparse_utils import FlexibleArgumentParser
parser = FlexibleArgumentParser()
add_cli_args(parser)
main(parser.parse_args())
"""


def crosscheck(
    run_id: str | None, methods: Sequence[str], on_cell: Callable[[Cell], None], root: Path = MEASUREMENTS
) -> measurements.Run:
    """Run `vllm bench latency` for each cell of the run in vLLM, or of those of `methods`, and keep what it found
    beside the run: of the run named `run_id`, or else the newest one of this environment.

    Raises `UsageError` when there is no such run or cell, `PeerError` when the peer gives no result.
    """
    with alone(root):
        environment.refuse_unfit(environment.find_gpu())
        return _crosscheck(_run(run_id, root), methods, on_cell, root)


def _crosscheck(
    run: measurements.Run, methods: Sequence[str], on_cell: Callable[[Cell], None], root: Path
) -> measurements.Run:
    manifest = run.manifest
    assert isinstance(manifest, MeasuredRun)
    launches = {
        launch.cell: launch
        for launch in run.launches
        if isinstance(launch, Completed) and launch.valid and launch.cell.engine == "vllm" and not launch.cell.twin
    }
    chosen = {cell: launch for cell, launch in launches.items() if not methods or cell.method in methods}
    if not chosen:
        raise UsageError(f"run {manifest.run_id}: no launch in vLLM of the chosen methods completed; name others")
    gpu = environment.find_gpu()
    idle_bytes = gpu.used_bytes() if gpu else 0
    for cell, launch in chosen.items():
        on_cell(cell)
        log = root / manifest.run_id / "logs" / f"peer-{cell.id}.log"
        result = ask_the_peer(launch, manifest, _folder_of(launch, manifest.profile), log)
        measurements.write_peer(root / manifest.run_id, result)
        if gpu is not None:
            environment.wait_for_release(gpu, idle_bytes)
    return measurements.read_run(root / manifest.run_id)


def _run(run_id: str | None, root: Path) -> measurements.Run:
    sha256 = environment_sha256(environment.hardware(environment.find_gpu()), environment.versions())
    for run in reversed(measurements.read_runs(root)):
        manifest = run.manifest
        if run.trust != "own" or not isinstance(manifest, MeasuredRun) or manifest.experiment is not None:
            continue
        if run_id in {None, manifest.run_id}:
            if manifest.environment_sha256 == sha256:
                return run
            if run_id is not None:
                raise UsageError(f"run {run_id}: it was measured in another environment; check it there")
    if run_id is not None:
        raise UsageError(f"run {run_id}: no measured run has that name, or it is a part of an experiment")
    raise UsageError("no run was measured in this environment; measure one first")


def _folder_of(launch: Completed, profile: Profile) -> Path:
    """The checkpoint's folder; a relative path starts at the shipped profiles, or else where the command was typed."""
    start = SHIPPED if profile.name in shipped_profiles() else Path.cwd()
    found = prepare(launch.method, profile.checkpoints[launch.method], start, revisions_of([launch]))
    if isinstance(found, Unavailable):
        raise UsageError(found.message)
    return found.folder


def ask_the_peer(launch: Completed, manifest: MeasuredRun, checkpoint: Path, log: Path) -> PeerResult:
    """What the peer finds with the arguments that the launch had. Raises `PeerError` when it can't, or does not."""
    shape = launch.configuration.shape
    if shape is not None and shape.vocabulary < DRAWN_FROM:
        raise PeerError(
            f"vllm bench latency draws its prompts from {DRAWN_FROM:,} token ids, "
            f"and this model has {shape.vocabulary:,}; check a larger one"
        )
    headline, sample = manifest.profile.headline, launch.points[0].samples[0]
    batch = launch.points[0].concurrency
    prompt_tokens = sample.prompt_tokens // batch
    words = [
        *("--input-len", str(prompt_tokens), "--output-len", str(headline.output_tokens), "--batch-size", str(batch)),
        *("--num-iters-warmup", str(WARMUP_BATCHES), "--num-iters", str(BATCHES), "--disable-detokenize"),
        *flags(launch.configuration.arguments),
    ]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "latency.json"
        log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with log.open("wb") as said:
                done = run_guarded(
                    [sys.executable, "-c", PEER, "--model", str(checkpoint), *words, "--output-json", str(output)],
                    DEADLINE_S,
                    stdout=said,
                    stderr=subprocess.STDOUT,
                    env=worker_environment(manifest.profile.engine),
                )
            done.check_returncode()
        except subprocess.SubprocessError as error:
            how = "no end in sight" if isinstance(error, subprocess.TimeoutExpired) else root_cause(log)
            raise PeerError(f"vllm bench latency: {how}; look at logs/{log.name} of the run") from None
        finally:
            redact_logs(log.parent.parent)
        durations_s = json.loads(output.read_text(encoding="utf-8"))["latencies"]
    model = launch.configuration.model_source.removeprefix("local folder ")
    kernels = manifest.profile.engine.disabled_kernels
    settings = [
        "VLLM_ENABLE_V1_MULTIPROCESSING=0",
        *([f"VLLM_DISABLED_KERNELS={','.join(kernels)}"] if kernels else []),
    ]
    return PeerResult(
        schema_version=SCHEMA_VERSION,
        tool="vllm bench latency",
        tool_version=launch.configuration.engine_version,
        cell=launch.cell,
        measured_at=now(),
        command=" ".join([*settings, shlex.join(["vllm", "bench", "latency", "--model", model, *words])]),
        batch=batch,
        prompt_tokens=prompt_tokens,
        output_tokens=headline.output_tokens,
        durations_s=tuple(durations_s),
    )


def flags(arguments: dict[str, Scalar]) -> list[str]:
    """VLLM's arguments as its command line takes them."""
    found = []
    for name, value in arguments.items():
        flag = name.replace("_", "-")
        if isinstance(value, bool):
            found.append(f"--{flag}" if value else f"--no-{flag}")
        elif value is not None:
            found += [f"--{flag}", str(value)]
    return found
