"""What charts have in common: their form, and how figures become Plotly's, without colours.

The page gives each method its colour, in light and in dark. A chart knows its data and its axes; its title and its
explanation are words, and stand in the templates.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import plotly.graph_objects as go

from generator.analyse.cell import CellFindings
from generator.analyse.run import RunFindings
from generator.analyse.statistics import Stat
from generator.render.units import label, unit

# Six significant digits are more than any of these figures has, and keep the page small and diffable.
DIGITS: Final = 6


@dataclass(frozen=True, slots=True)
class Chart:
    """A figure as JSON, and the same numbers as a table: `columns`, then rows that begin with what the row is about.
    `detectable` is the smallest difference, as a share, that the launches behind it would prove; None where nobody
    knows."""

    slug: str
    figure: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    detectable: float | None = None


def look(one: CellFindings) -> str:
    """The method's look; with a star where it is not at home, which is drawn fainter."""
    return one.cell.method if one.cell.at_home else f"{one.cell.method}*"


def origin(run: RunFindings) -> dict[str, str]:
    """Runs that are not measured on a GPU are drawn differently."""
    return {} if run.kind == "measured" else {"run": run.kind}


def whiskers(stats: Sequence[Stat]) -> dict[str, Any] | None:
    if all(stat.low == stat.high for stat in stats):
        return None
    return {
        "type": "data",
        "symmetric": False,
        "array": [rounded(stat.high - stat.median) for stat in stats],
        "arrayminus": [rounded(stat.median - stat.low) for stat in stats],
    }


def axis_title(quantity: str) -> str:
    return f"{label(quantity)} ({unit(quantity)})"


def three(stat: Stat) -> tuple[float, float, float]:
    return stat.median, stat.low, stat.high


def rounded(value: float) -> float:
    return float(f"{value:.{DIGITS}g}")


def figure_json(traces: Sequence[Any], layout: dict[str, Any]) -> str:
    figure = go.Figure(data=list(traces), layout=layout)
    figure.layout.template = None  # 92% of a small figure; the page has its own
    return str(figure.to_json())
