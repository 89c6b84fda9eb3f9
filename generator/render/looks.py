"""How methods and parts look, besides their colour, which quantpress.css has under the same name: shapes and patterns,
so that nothing is told by colour alone."""

from dataclasses import dataclass, replace
from typing import Final

from generator.render.chart import Drawn


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
        Look("fp16", "circle"),
        Look("awq", "square", "/"),
        Look("gptq", "diamond", "\\"),
        Look("nf4", "triangle-up", "x"),
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
}
