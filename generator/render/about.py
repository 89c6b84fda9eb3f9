"""What feeds, search engines and cards are told: words from a template, as text without elements."""

import html
import re
from collections.abc import Callable

from jinja2 import Environment

# Takes the name of a macro of templates/about.md.j2 and what it is about, and gives its text.
Tell = Callable[..., str]


def teller(environment: Environment) -> Tell:
    """The macros of templates/about.md.j2, each as plain text."""
    macros = environment.get_template("about.md.j2").module

    def tell(name: str, *about: object) -> str:
        return plain(str(getattr(macros, name)(*about)))

    return tell


def plain(markup: str) -> str:
    """Text on one line, without elements; entities, as which the text of records is written, become characters."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", markup)).split())
