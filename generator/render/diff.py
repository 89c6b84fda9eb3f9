"""What `quantpress diff` prints: Markdown through its template, which a terminal shows as well."""

import re
from typing import Final

from jinja2 import Environment

from generator.analyse.difference import Difference
from generator.render.units import LABELS

_EMPTY: Final = re.compile(r"\n{3,}")


def markdown(found: Difference, environment: Environment) -> str:
    """The two runs side by side; quantities stand in the order of their labels."""
    page = environment.get_template("diff.md.j2").render(found=found, quantities=tuple(LABELS))
    return f"{_EMPTY.sub(chr(10) * 2, page).strip()}\n"
