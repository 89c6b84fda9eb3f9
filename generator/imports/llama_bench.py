"""`llama-bench -o json`: prompts read, tokens generated, or one after the other; a test each."""

from collections.abc import Iterator
from math import isclose
from typing import Any, Final

from generator.imports.place import Place, Readings
from generator.imports.tool import Part, Tool, has_fields

_FIELDS: Final = ("build_commit", "n_prompt", "n_gen", "avg_ns", "avg_ts")


def _parts(file: Place) -> Iterator[Part]:
    for test in file.parts():
        yield _part(test)


def _part(test: Place) -> Part:
    found, prompt, generated = Readings(), test["n_prompt"], test["n_gen"]
    speed = test["avg_ts"]
    _refuse_another_unit(test)
    if prompt.whole() and generated.whole():
        found.take("total_tokens_per_s", speed, "1/s")
    else:
        found.take("output_tokens_per_s" if generated.whole() else "prompt_tokens_per_s", speed, "1/s")
    found.take("prompt_tokens_mean", prompt, "1")
    found.take("output_tokens_mean", generated, "1")
    found.take("weights_gib", test["model_size"], "bytes of weights")
    began = test["test_time"]
    return Part(
        place=test.path,
        readings=found,
        subject={
            "model": test["model_filename"].text().replace("\\", "/").rpartition("/")[2],
            "engine": f"llama.cpp ({test['backends'].text()})",
            "engine_version": test["build_commit"].text(),
            "precision": test["model_type"].text(),
            "card": test["gpu_info"].value or None,
            "processor": test["cpu_info"].value or None,
            "measured_at": began.text(),
        },
        remarks=("the precision is what llama.cpp calls the type of the model",),
        why={
            "concurrency": "llama-bench runs one sequence, which its file does not say",
            "request": "llama-bench sends no requests",
            "ttft": "llama-bench sends no requests",
            "latency": "llama-bench sends no requests",
            "tpot": "llama-bench times whole tests, not tokens",
            "itl": "llama-bench times whole tests, not tokens",
            "output_tokens_per_s": "prompt and output are timed together, or nothing was generated",
            "prompt_tokens_per_s": "prompt and output are timed together, or no prompt was read",
            "card": "the file names none",
            "gpu_": "llama-bench does not measure memory or power",
            "energy": "llama-bench does not measure memory or power",
        },
    )


def _refuse_another_unit(test: Place) -> None:
    """Each sample has its time and its speed: they must be of the same tokens, in nanoseconds and tokens a second, and
    the mean must be theirs."""
    tokens = test["n_prompt"].whole() + test["n_gen"].whole()
    for time, speed in zip(test["samples_ns"].parts(), test["samples_ts"].parts(), strict=False):
        if time.number() <= 0 or not isclose(speed.number(), 1e9 * tokens / time.number(), rel_tol=0.01):
            raise speed.odd(f"{tokens} tokens in {time.path}, nanoseconds, as tokens a second")
    speeds, mean = [speed.number() for speed in test["samples_ts"].parts()], test["avg_ts"]
    if not 0.99 * min(speeds) <= mean.number() <= 1.01 * max(speeds):
        raise mean.odd(f"a mean of samples_ts, {min(speeds):.6g} to {max(speeds):.6g}")


def _recognises(value: Any) -> bool:
    return isinstance(value, list) and bool(value) and all(has_fields(one, *_FIELDS) for one in value)


TOOL: Final = Tool(
    name="llama-bench",
    recognises=_recognises,
    version=lambda file: next(file.parts())["build_commit"].text(),
    parts=_parts,
)
