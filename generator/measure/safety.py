"""Whether a checkpoint may be loaded: it is whole, its weights are safetensors, and it brings no code."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

# Weights in formats that run code when they are read.
PICKLES: Final = frozenset({".bin", ".pt", ".pth", ".pkl", ".pickle", ".ckpt"})
LONGEST_HEAD_BYTES: Final = 100_000_000  # the format's own limit


def why_refused(folder: Path) -> str | None:
    """What is wrong with the checkpoint in `folder` and what mends it; None where it may be loaded."""
    return next(_faults(folder), None)


def _faults(folder: Path) -> Iterator[str]:
    if not (folder / "config.json").is_file():
        yield "no config.json there; give the path of a checkpoint's folder, as the profile's folder sees it"
    for path in sorted(folder.glob("*config.json")):
        settings = _json(path)
        if not isinstance(settings, dict):
            yield f"{path.name}: not a JSON object; download or copy it again"
        if _names_code(settings):
            yield f"{path.name}: field auto_map names code, which is never run; take a checkpoint that needs none"
    weights = sorted(folder.glob("*.safetensors"))
    if not weights:
        pickles = [path.name for path in sorted(folder.iterdir()) if path.suffix in PICKLES]
        found = f" ({pickles[0]})" if pickles else ""
        yield f"no .safetensors file there; other weight formats{found} can run code and are refused"
    for index in sorted(folder.glob("*.safetensors.index.json")):
        yield from _faults_of_index(index)
    for path in weights:
        if fault := _why_not_whole(path):
            yield f"{path.name}: {fault}; download or copy it again"


def _faults_of_index(index: Path) -> Iterator[str]:
    content = _json(index)
    named = content.get("weight_map") if isinstance(content, dict) else None
    if not isinstance(named, dict):
        yield f"{index.name}: not a JSON object with a weight_map; download or copy it again"
        return
    for name in sorted({str(name) for name in named.values()}):
        if Path(name).name != name or "\\" in name or not name.endswith(".safetensors"):
            yield f"{index.name}: expected names of .safetensors files in the same folder, found {name[:100]!r}"
        elif not (index.parent / name).is_file():
            yield f"{index.name}: it names {name[:100]}, which is not there; complete the download or the copy"


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        return None


def _names_code(settings: Any) -> bool:
    """Whether there is an `auto_map` at any depth: a part of a model has a configuration of its own."""
    if isinstance(settings, dict):
        return "auto_map" in settings or any(map(_names_code, settings.values()))
    return isinstance(settings, list) and any(map(_names_code, settings))


def _why_not_whole(path: Path) -> str | None:
    """Whether the file is as long as its head says: the head's length, the head, and the tensors."""
    size = path.stat().st_size
    with path.open("rb") as file:
        head_bytes = int.from_bytes(file.read(8), "little")
        if size < 8 or head_bytes > min(LONGEST_HEAD_BYTES, size - 8):
            return "cut off, or no safetensors"
        try:
            head = json.loads(file.read(head_bytes))
            ends = [tensor["data_offsets"][1] for name, tensor in head.items() if name != "__metadata__"]
            wanted = 8 + head_bytes + max(ends, default=0)
        except (ValueError, RecursionError, LookupError, TypeError, AttributeError):
            return "its head can't be read"
    return None if size == wanted else f"{size} bytes, and by its head {wanted}"
