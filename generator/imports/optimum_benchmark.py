"""optimum-benchmark's `benchmark.json`, of text generation: a model in its engine, without a server."""

from collections.abc import Iterator
from math import isclose
from typing import Final

from generator.imports.place import OddFieldError, Place, Readings
from generator.imports.tool import Part, Tool, has_fields, last_part

_VERSIONS: Final = ("0.6.",)
_RANKS: Final = {"mean": "mean", "p50": "p50", "p90": "p90", "p95": "p95", "p99": "p99"}


def _version(file: Place) -> str:
    version = file["config"]["environment"]["optimum_benchmark_version"]
    if not version.text().startswith(_VERSIONS):
        raise version.odd(f"{_VERSIONS[0]}x, the versions whose files are known here")
    return version.text()


def _parts(file: Place) -> Iterator[Part]:
    found, report, config = Readings(), file["report"], file["config"]
    decode = report.get("decode")
    if decode is None:
        raise OddFieldError("field report.decode: expected the figures of text generation, found none")
    _refuse_another_unit(report, config)
    found.take_count("concurrency", config.deep("scenario", "input_shapes", "batch_size"))
    found.take("prompt_tokens_mean", config.deep("scenario", "input_shapes", "sequence_length"), "1")
    found.take("load_time_s", _in("s", report.deep("load_model", "latency"), "mean"), "s")
    for ours, theirs in (("ttft", "prefill"), ("latency", "generate")):
        for statistic, name in _RANKS.items():
            found.take(f"{ours}_{statistic}_s", _in("s", report.deep(theirs, "latency"), name), "s")
    found.take("decode_tokens_per_s", _in("tokens/s", decode.get("throughput"), "value"), "1/s")
    memory = decode.get("memory")
    found.take("process_memory_peak_mib", _in("MB", memory, "max_ram"), "MB")
    found.take("gpu_memory_device_peak_mib", _in("MB", memory, "max_global_vram"), "MB")
    found.take("gpu_memory_process_peak_mib", _in("MB", memory, "max_process_vram"), "MB")
    # Known from its source: no file with energy in it was at hand.
    efficiency = _in("tokens/kWh", decode.get("efficiency"), "value")
    found.take_inverse("energy_machine_per_token_j", efficiency, "kWh")
    yield Part(readings=found, subject=_subject(config), remarks=_REMARKS, why=_WHY)


def _refuse_another_unit(report: Place, config: Place) -> None:
    """A throughput is what is done in the mean latency, over it: the batch, or its tokens after the first."""
    batch = config.deep("scenario", "input_shapes", "batch_size")
    tokens = config.deep("scenario", "generate_kwargs", "max_new_tokens")
    for name, tokens_each in (("prefill", 1.0), ("decode", tokens.number() - 1 if tokens else None)):
        latency, rate = report.deep(name, "latency", "mean"), report.deep(name, "throughput", "value")
        if batch and latency and rate and tokens_each:
            done = rate.number() * latency.number()
            if not isclose(done, batch.number() * tokens_each, rel_tol=0.02):
                raise rate.odd(f"{batch.number() * tokens_each:g} over {latency.path}")


def _in(unit: str, place: Place | None, name: str) -> Place | None:
    """The figure `name` of a group that says its unit, which must be this one."""
    if place is None:
        return None
    if place["unit"].text() != unit:
        raise place["unit"].odd(f"{unit!r}")
    return place.get(name)


def _subject(config: Place) -> dict[str, str | None]:
    backend, environment = config["backend"], config["environment"]
    texts = {
        "engine": backend["name"],
        "engine_version": backend.get("version"),
        "precision": backend.get("torch_dtype") or backend.get("dtype"),
        "method": backend.get("quantization_scheme"),
        "processor": environment.get("cpu"),
    }
    cards = environment.get("gpu")
    named = [one.text() for one in cards.parts()] if cards and cards.value else []
    return {name: place.text() if place else None for name, place in texts.items()} | {
        "model": last_part(backend["model"]),
        "card": f"{len(named)} × {named[0]}".replace("×", "x") if len(named) > 1 else (named[0] if named else None),
    }


_REMARKS: Final = (
    "the times are those of whole batches, that of the first token the time in which the prompts are read",
)

_WHY: Final = {
    "method": "no quantisation was asked for by its name; the model may have one of its own",
    "card": "the file names none",
    "output_tokens_per_s": "the file has the speed after the first token, and that of whole batches in samples/s",
    "itl": "its times of single tokens count those of earlier repeats again",
    "tpot": "its times of single tokens count those of earlier repeats again",
    "measured_at": "the file has no date",
    "request": "optimum-benchmark sends no requests, but batches",
    "energy_machine": "energy was not measured",
    "energy_total": "optimum-benchmark measures processor, RAM and card together",
    "gpu_memory": "the file has no memory of a GPU",
}

TOOL: Final = Tool(
    name="optimum-benchmark",
    recognises=lambda value: (
        has_fields(value, "config", "report") and has_fields(value["config"], "backend", "scenario", "environment")
    ),
    version=_version,
    parts=_parts,
)
