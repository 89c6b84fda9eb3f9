"""What `quantpress plan` prints: Markdown through its template, which a terminal shows as well."""

import re
from collections.abc import Mapping
from typing import Any, Final

from jinja2 import Environment

from generator.methods import method_of

_EMPTY: Final = re.compile(r"\n{3,}")


def markdown(found: Mapping[str, Any], environment: Environment) -> str:
    """What a sweep will take; `found` are the values that its template names."""
    page = environment.get_template("sweep.md.j2").render(found, method_of=method_of)
    return f"{_EMPTY.sub(chr(10) * 2, page).strip()}\n"
