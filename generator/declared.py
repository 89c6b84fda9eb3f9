"""What a user declares in a TOML file, judged by the same strict rules as a record."""

import json
import tomllib
from pathlib import Path
from typing import Final, TypeVar

from pydantic import ValidationError

from generator.errors import QuantpressError, UsageError
from generator.faults import first_fault
from generator.frozen import Frozen
from generator.untrusted import in_ascii

T = TypeVar("T", bound=Frozen)

# A profile with a thousand prompts in it has some hundred KiB.
MOST_BYTES: Final = 2**20


def text_in(path: Path, error: type[QuantpressError] = UsageError) -> str:
    """The text of a regular file; nothing waits for a pipe, or reads a device to its end. Raises as `declared_in`."""
    if path.exists() and not path.is_file():
        raise error(f"{in_ascii(path.name)}: no regular file; name a text file")
    with path.open("rb") as file:
        content = file.read(MOST_BYTES + 1)
    if len(content) > MOST_BYTES:
        raise error(f"{in_ascii(path.name)}: larger than {MOST_BYTES // 2**20} MiB; it is no file of this kind")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        raise error(f"{in_ascii(path.name)}: not UTF-8 text; save it as that, or name another") from None


def declared_in(path: Path, kind: type[T], error: type[QuantpressError] = UsageError) -> T:
    """The value that the file declares. Raises `error`, in one line with the field and the mend, where it is none, and
    `OSError` where there is no such file."""
    text = text_in(path, error)
    try:
        # By way of JSON, as what records hold is read.
        return kind.model_validate_json(json.dumps(tomllib.loads(text), default=str))
    except RecursionError:
        raise error(f"{path.name}: nested too deeply; it is no file of this kind") from None
    except tomllib.TOMLDecodeError as fault:
        raise error(f"{path.name}: not valid TOML: {fault}; correct that line") from None
    except ValidationError as fault:
        raise error(f"{path.name}: {first_fault(fault, kind.model_json_schema())}; correct it") from None
