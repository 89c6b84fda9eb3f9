"""Names of sections, in addresses: readable, and another for each thing that is named."""

import hashlib
import re
from typing import Final

_NO_LETTER: Final = re.compile(r"[^a-z0-9]+")


def anchor(kind: str, names: tuple[str, ...], *more: str) -> str:
    """Of what these names tell apart, and `more`, which is too long to be read."""
    words = "--".join(_NO_LETTER.sub("-", name.lower()).strip("-") for name in names)
    return f"{kind}-{words}-{hashlib.sha256(repr((*names, *more)).encode()).hexdigest()[:8]}"
