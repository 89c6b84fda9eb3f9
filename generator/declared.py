"""What a user declares in a TOML file, judged by the same strict rules as a record."""

import json
import tomllib
from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError

from generator.errors import QuantpressError, UsageError
from generator.faults import first_fault
from generator.frozen import Frozen

T = TypeVar("T", bound=Frozen)


def declared_in(path: Path, kind: type[T], error: type[QuantpressError] = UsageError) -> T:
    """The value that the file declares. Raises `error`, in one line with the field and the mend, where it is none, and
    `OSError` or `UnicodeDecodeError` where there is no such text."""
    text = path.read_text(encoding="utf-8")
    try:
        # By way of JSON, as what records hold is read.
        return kind.model_validate_json(json.dumps(tomllib.loads(text), default=str))
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{path.name}: not valid TOML: {fault}; correct that line") from None
    except ValidationError as fault:
        raise error(f"{path.name}: {first_fault(fault, kind.model_json_schema())}; correct it") from None
