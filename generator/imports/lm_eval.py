"""lm-evaluation-harness's `results_*.json`: how well a model does tasks."""

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final

from generator.imports.place import Place, Readings
from generator.imports.tool import Part, Tool, has_fields, last_part
from generator.samples import TaskScore

_VERSIONS: Final = ("0.4.",)
_MODELS: Final = ("pretrained", "model")


def _version(file: Place) -> str:
    version = file["lm_eval_version"]
    if not version.text().startswith(_VERSIONS):
        raise version.odd(f"{_VERSIONS[0]}x, the versions whose files are known here")
    return version.text()


def _parts(file: Place) -> Iterator[Part]:
    config = file["config"]
    dtype = config.get("model_dtype")
    began = file.get("date")
    yield Part(
        readings=Readings(),
        tasks=tuple(score for name, task in file["results"].items() for score in _scores(file, name, task)),
        subject={
            "model": _model(config),
            "engine": config["model"].text(),
            "precision": dtype.text().removeprefix("torch.") if dtype else None,
            "measured_at": f"{datetime.fromtimestamp(began.number(), UTC):%Y-%m-%dT%H:%M:%SZ}" if began else None,
        },
        remarks=("the engine is lm-evaluation-harness's name for how it asked the model",),
        why={"": "lm-evaluation-harness measures how well tasks are done, and nothing of speed, memory or energy"}
        | dict.fromkeys(
            ("model", "method", "engine", "precision", "card", "processor", "measured_at"), "the file does not say it"
        ),
    )


def _model(config: Place) -> str | None:
    """By the arguments, which are an object, or a text in older versions."""
    arguments = config["model_args"]
    if isinstance(arguments.value, str):
        pairs = dict(one.partition("=")[::2] for one in arguments.text().split(","))
        arguments = Place(pairs, arguments.path)
    named = [found for name in _MODELS if (found := arguments.get(name))]
    return last_part(named[0]) if named else None


def _scores(file: Place, name: str, task: Place) -> Iterator[TaskScore]:
    version = file.deep("versions", name)
    for key, value in task.items():
        metric, comma, filter_ = key.partition(",")
        if not comma or metric.endswith("_stderr"):
            continue
        error = task.get(f"{metric}_stderr,{filter_}")
        is_known = error is not None and not isinstance(error.value, str)  # else "N/A"
        values: dict[str, Any] = {
            "task_version": str(version.value) if version else None,
            "filter": None if filter_ == "none" else filter_,
            "value": float(value.number()),
            "standard_error": float(error.number()) if is_known and error else None,
        }
        absent = {field: _WHY[field] for field, found in values.items() if found is None}
        yield TaskScore(task=name, metric=metric, documents=_documents(file, name, task), absent=absent, **values)


def _documents(file: Place, name: str, task: Place) -> int:
    """How many documents a task has, or all the tasks of a group together, which may have groups among them."""
    if own := file.deep("n-samples", name, "effective") or task.get("sample_len"):
        return own.whole()
    ahead, seen, found = [name], {name}, 0
    while ahead:
        one = ahead.pop()
        if own := file.deep("n-samples", one, "effective"):
            found += own.whole()
            continue
        members = [member.text() for member in file["group_subtasks"][one].parts()]
        ahead += [member for member in members if member not in seen]
        seen |= set(members)
    return found


_WHY: Final = {
    "task_version": "the file has none",
    "filter": "the answers are judged as they are",
    "standard_error": "the file has none",
}

TOOL: Final = Tool(
    name="lm-evaluation-harness",
    recognises=lambda value: has_fields(value, "lm_eval_version", "results", "config"),
    version=_version,
    parts=_parts,
)
