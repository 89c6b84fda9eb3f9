"""Files that real tools wrote, and what is imported from them."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from generator.imported import Imported
from generator.importing import records_in
from generator.imports.tools import TOOLS

SAMPLES: Final = Path(__file__).parent / "samples" / "imports"
NAMES: Final = tuple(sorted(path.name for path in SAMPLES.glob("*.json")))


def content(name: str) -> bytes:
    return (SAMPLES / name).read_bytes()


def imported(name: str) -> tuple[Imported, ...]:
    return tuple(records_in(name, content(name), None, {}))


def changed(name: str, change: Callable[[Any], None]) -> bytes:
    """A sample with something in it changed."""
    value = json.loads(content(name))
    change(value)
    return json.dumps(value).encode()


def read(name: str, data: bytes, tool: str | None = None) -> tuple[Imported, ...]:
    wanted = next((one for one in TOOLS if one.name == tool), None)
    return tuple(records_in(name, data, wanted, {}))
