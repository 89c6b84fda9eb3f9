"""How methods and parts look: shapes and patterns, so that nothing is told by colour alone. The colours of parts stand
in quantpress.css under the same names; those of methods in their rows, which become a style sheet of their own."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from generator.methods import METHODS
from generator.render.chart import Drawn

# The style sheet of the methods, below `docs_dir`.
METHODS_CSS: Final = "assets/methods.css"


@dataclass(frozen=True, slots=True)
class Look:
    """`colour` is the name of a colour; `symbol`, `pattern` and `dash` are Plotly's names; `strength` is how much of
    the colour there is, the rest is paper. `open` symbols are not filled."""

    colour: str
    symbol: str
    pattern: str = ""
    strength: float = 1.0
    open: bool = False
    dash: str = "solid"


LOOKS: Final = {
    one.colour: one
    for one in (
        *(Look(method.id, method.look.symbol, method.look.pattern) for method in METHODS),
        Look("weights", "circle"),
        Look("kv_cache", "square", "."),
        Look("activation_peak", "diamond", "/"),
        Look("cuda_graphs", "cross", "x"),
        Look("non_torch", "star", "\\"),
        Look("unexplained", "x", "+"),
        Look("free", "circle", strength=0.12, open=True),
        Look("import_time", "circle", strength=0.35, open=True),
        Look("weights_load_time", "circle"),
        Look("compile_time", "square", "."),
        Look("graph_capture_time", "cross", "x"),
        Look("rest", "diamond", "/"),
        Look("first_token_time", "star", "\\"),
        Look("imported", "diamond"),
    )
}

# Of a run: how strong its colour is, and whether its line is broken.
_RUNS: Final[dict[Drawn, tuple[float, str]]] = {
    "measured": (1.0, "solid"),
    "another": (0.65, "solid"),
    "reported": (0.3, "dot"),
    "demo": (0.4, "dash"),
}
_AWAY: Final = 0.45


def look_of(name: str, drawn: Drawn) -> Look:
    """A look by its name, in a run that is drawn so. A star marks a method that is not at home: fainter."""
    own = LOOKS[name.removesuffix("*")]
    strength, dash = _RUNS[drawn]
    away = name.endswith("*")
    faint = min(own.strength, strength, _AWAY if away else 1.0)
    return replace(own, strength=faint, open=own.open or away or drawn != "measured", dash="dot" if away else dash)


# How far the largest symbol reaches, in px.
_REACH: Final = 7

# Outlines around (0, 0), about 11 px across, for the pictures in the page; Plotly has its own of the same names.
SYMBOLS: Final = {
    "circle": "M5.5 0A5.5 5.5 0 1 1-5.5 0A5.5 5.5 0 1 1 5.5 0Z",
    "square": "M-5-5H5V5H-5Z",
    "diamond": "M0-6.8L6.8 0L0 6.8L-6.8 0Z",
    "triangle-up": "M0-6.4L6.2 4.6H-6.2Z",
    "cross": "M-2-6H2V-2H6V2H2V6H-2V2H-6V-2H-2Z",
    "star": "M0-7L2 -2.2L7-2.2L3 1.2L4.4 6L0 3.2L-4.4 6L-3 1.2L-7-2.2L-2-2.2Z",
    "x": "M-6-3.2L-3.2-6L0-2.8L3.2-6L6-3.2L2.8 0L6 3.2L3.2 6L0 2.8L-3.2 6L-6 3.2L-2.8 0Z",
}


@dataclass(frozen=True, slots=True)
class Tile:
    """A pattern, by the name that a page knows it under: strokes on a tile of 8 by 8."""

    name: str
    strokes: str


PATTERNS: Final = {
    "/": Tile("rising", "M-2 2L2-2M0 8L8 0M6 10L10 6"),
    "\\": Tile("falling", "M-2 6L2 10M0 0L8 8M6-2L10 2"),
    "x": Tile("crossed", "M0 0L8 8M0 8L8 0"),
    "+": Tile("squared", "M4 0V8M0 4H8"),
    ".": Tile("dotted", "M3 4H5"),
    "-": Tile("level", "M0 4H8"),
}


def methods_css() -> str:
    """The methods' colours under the names that quantpress.css and charts.js know colours by, and the sign that stands
    before a method's name. Sorted by nothing but the rows: the same rows give the same bytes."""
    return "\n".join(_rules()) + "\n"


def _rules() -> Iterator[str]:
    yield "/* Made from the rows of generator/methods.py. */"
    light = (f"  --qp-{method.id}: {method.look.light};" for method in METHODS)
    dark = (f"  --qp-{method.id}: {method.look.dark};" for method in METHODS)
    yield "\n".join((':root,\n[data-md-color-scheme="default"] {', *light, "}"))
    yield "\n".join(('[data-md-color-scheme="slate"] {', *dark, "}"))
    for method in METHODS:
        outline = _outline(SYMBOLS[method.look.symbol])
        shape = f" border-radius: 0; clip-path: polygon({outline});" if outline else ""
        yield f'.qp-method[data-method="{method.id}"]::before {{ background: var(--qp-{method.id});{shape} }}'
        yield f".qp-look-{method.id} {{ --look: var(--qp-{method.id}); }}"


def _outline(path: str) -> str:
    """A path of straight lines as the points of a CSS polygon, in a square that holds every symbol; nothing for a
    circle."""
    if "A" in path:
        return ""
    points, x, y = [], 0.0, 0.0
    for command, numbers in re.findall(r"([MLHV])([-0-9. ]+)", path):
        found = [float(number) for number in re.findall(r"-?[0-9.]+", numbers)]
        x = found[0] if command in "MLH" else x
        y = found[-1] if command in "MLV" else y
        points.append(f"{_share(x)} {_share(y)}")
    return ", ".join(points)


def _share(place: float) -> str:
    return f"{100 * (place + _REACH) / (2 * _REACH):.4g}%"
