"""Valid records to spoil: committed ones, shortened, with parts of others, so that every kind of field is in them."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

from generator.folders import CHECKOUT

ORIGINALS: Final = CHECKOUT / "measurements"
RUN: Final = "2026-11-24-llama-3.1-8b-synthetic-3"
FILES: Final = {
    "launch": "launches/r01-fp16-vllm-graphs.json",
    "manifest": "manifest.json",
    "peer": "peers/vllm-bench-latency-fp16-vllm-graphs.json",
}
MOST_BYTES: Final = 4 * 1024 * 1024

Path = tuple[str | int, ...]


def valid(file: str) -> Any:
    """A valid record, as JSON has it."""
    record = _committed(RUN, FILES[file])
    if file == "launch":
        record["points"] = record["points"][:2]
        for column, values in record["points"][1]["requests"].items():
            record["points"][1]["requests"][column] = values[:2]
        counts = record["points"][1]["gaps"]["counts"]
        record["points"][1]["gaps"]["counts"] = {key: counts[key] for key in list(counts)[:2]}
        record["quality"] = _committed("2026-11-24-demo", "launches/r01-awq-vllm-eager.json")["quality"]
        for column, values in record["quality"]["windows"].items():
            record["quality"]["windows"][column] = values[:2]
        limited = _committed("2026-11-24-llama-3.1-8b-synthetic-smallest-budget", "launches/r02-awq-vllm-eager.json")
        record["unserved"] = limited["unserved"]
        record["faults"] = [{"kind": "memory_unexplained", "detail": "the parts add up to less"}]
        task = {"task": "a_task", "task_version": "1.0", "metric": "acc", "filter": "none", "value": 0.5}
        record["tasks"] = [task | {"standard_error": 0.01, "documents": 10, "absent": {}}]
    if file == "manifest":
        local, hub = {"path": "models/mine"}, {"hub": "someone/a-model", "revision": "0" * 40}
        record["profile"]["checkpoints"] |= {"awq": local, "gptq": hub}
    return record


def _committed(run: str, file: str) -> Any:
    return json.loads((ORIGINALS / run / file).read_bytes())


def reported() -> Any:
    """A valid manifest of figures that somebody published."""
    return _committed("2025-article-rtx-4090", "manifest.json") | {"run_id": RUN}


def written(record: Any) -> bytes:
    """As the harness writes it."""
    return json.dumps(record, indent=2, ensure_ascii=False).encode() + b"\n"


def parts_of(value: Any, path: Path = ()) -> Iterator[tuple[Path, Any]]:
    """Everything in a record with the way to it."""
    yield path, value
    inside = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, part in inside:
        yield from parts_of(part, (*path, key))


def at(record: Any, path: Path) -> Any:
    """What is at a place."""
    for part in path:
        record = record[part]
    return record


def with_at(record: Any, path: Path, value: Any) -> Any:
    """A copy with something else at one place."""
    if not path:
        return value
    changed = deepcopy(record)
    at(changed, path[:-1])[path[-1]] = value
    return changed


def raw_at(record: Any, path: Path, raw: str) -> bytes:
    """A copy with words at one place that no parser has seen."""
    return written(with_at(record, path, "@raw@")).replace(b'"@raw@"', raw.encode())


def told(path: Path) -> str:
    """A place in a word."""
    return "/".join(map(str, path))
