"""A chart as a picture in the page: complete without a program, in print, and in whatever colours the page has.

Places across are in percent, so text keeps its size on a phone and on a screen. Colours are classes; quantpress.css has
them for light, dark and paper.
"""

from collections.abc import Iterator
from itertools import pairwise

from markupsafe import Markup

from generator.render.chart import Chart, Mark, Series
from generator.render.geometry import (
    CURVES,
    FOOT,
    Bars,
    Scale,
    across_scale,
    height_px,
    place_bars,
    place_stacks,
    value_scale,
)
from generator.render.labels import Place, label_places
from generator.render.looks import PATTERNS, SYMBOLS, Look, look_of


def picture(chart: Chart) -> Markup:
    """The chart as one line of SVG."""
    draw = {"bars": _bars, "stack": _stack, "curves": _curves, "points": _curves}[chart.kind]
    body = "".join(draw(chart))
    return Markup(  # noqa: S704, made of numbers and escaped names
        f'<svg class="qp-picture" width="100%" height="{height_px(chart)}" aria-hidden="true">{body}</svg>'
    )


def symbol(series: Series, kind: str) -> Markup:
    """What stands beside a series' name in the legend of a chart of this kind: its symbol, or its pattern."""
    look = look_of(series.marks[0].look, series.drawn)
    if kind == "stack":
        body = (
            f'<rect x="1" y="2" width="14" height="12"{_dressed(look, "qp-fill")}/>{_hatch(look, "1", "2", "14", 12)}'
        )
    else:
        body = f'<svg x="8" y="8"{_dressed(look, "qp-symbol")}><path d="{SYMBOLS[look.symbol]}"/></svg>'
    return Markup(f'<svg class="qp-key" width="16" height="16" aria-hidden="true">{body}</svg>')  # noqa: S704


def _bars(chart: Chart) -> Iterator[str]:
    scale, places = value_scale(chart), place_bars(chart)
    yield from _grid(scale, places.height_px, chart.value.label, chart.reference)
    for text, y in places.headings:
        yield f'<text class="qp-heading" y="{y}">{_text(text)}</text>'
    for bar in places.bars:
        look = look_of(bar.mark.look, bar.series.drawn)
        top = bar.middle_px - bar.height_px / 2
        amount = chart.value.amount(bar.mark)
        yield f'<text y="{bar.label_px}">{_text(bar.label)}</text>'
        yield f'<text class="qp-value" x="100%" y="{bar.label_px}">{_text(amount)}</text>'
        width = _percent(scale.share(bar.mark.value))
        yield f'<rect y="{top:g}" width="{width}" height="{bar.height_px}"{_dressed(look, "qp-fill")}/>'
        yield from _whisker_across(scale, bar.mark, bar.middle_px)
        if len(bar.mark.launches) > 1:
            for launch in bar.mark.launches:
                yield f'<circle class="qp-launch" cx="{_percent(scale.share(launch))}" cy="{bar.middle_px:g}" r="2.5"/>'


def _stack(chart: Chart) -> Iterator[str]:
    scale, places = value_scale(chart), place_stacks(chart)
    yield from _grid(scale, places.height_px, chart.value.label, None)
    yield from _parts(chart, scale, places)


def _parts(chart: Chart, scale: Scale, places: Bars) -> Iterator[str]:
    done = 0.0
    for bar in places.bars:
        if bar.label:
            done = 0.0
            yield f'<text y="{bar.label_px}">{_text(bar.label)}</text>'
        look = look_of(bar.mark.look, bar.series.drawn)
        x, width = _percent(scale.share(done)), _percent(scale.share(done + bar.mark.value) - scale.share(done))
        top = f"{bar.middle_px - bar.height_px / 2:g}"
        yield f'<rect x="{x}" y="{top}" width="{width}" height="{bar.height_px}"{_dressed(look, "qp-fill")}>'
        yield f"<title>{_text(bar.series.name)}: {_text(chart.value.amount(bar.mark))}</title></rect>"
        yield _hatch(look, x, top, width, bar.height_px)
        done += bar.mark.value


def _curves(chart: Chart) -> Iterator[str]:
    across, value = across_scale(chart), value_scale(chart)

    def place(mark: Mark) -> tuple[str, float]:
        return _percent(across.share(float(mark.at))), down(mark.value)

    def down(figure: float) -> float:
        return round((1 - value.share(figure)) * CURVES, 1)

    for figure, text in value.ticks:
        yield f'<line class="qp-grid" x2="100%" y1="{down(figure)}" y2="{down(figure)}"/>'
        yield f'<text class="qp-tick" y="{max(10.0, down(figure) - 4)}">{_text(text)}</text>'
    yield from _feet(across, CURVES)
    yield f'<text class="qp-axis" y="{CURVES + FOOT - 6}">{_text(across.axis.label)}</text>'
    places = label_places(chart) if chart.kind == "points" else []
    for index, series in enumerate(chart.series):
        look = look_of(series.marks[0].look, series.drawn)
        for before, after in pairwise(series.marks):
            (x1, y1), (x2, y2) = place(before), place(after)
            yield f'<line x1="{x1}" y1="{y1}" x2="{x2}" y2="{y2}"{_dressed(look, "qp-line")}/>'
        for mark in series.marks:
            x, y = place(mark)
            whisker = ""
            if mark.low is not None and mark.high is not None:
                low, high = down(mark.low) - y, down(mark.high) - y
                whisker = f'<path class="qp-whisker" d="M0 {low:.1f}V{high:.1f}M-4 {low:.1f}H4M-4 {high:.1f}H4"/>'
            launches = "".join(
                f'<circle class="qp-launch" cy="{down(launch) - y:.1f}" r="2.5"/>'
                for launch in (mark.launches if len(mark.launches) > 1 else ())
            )
            drawn = f'<path d="{SYMBOLS[look.symbol]}"/>'
            yield f'<svg x="{x}" y="{y}"{_dressed(look, "qp-symbol")}>{whisker}{drawn}{launches}</svg>'
            if places:
                yield f'<svg x="{x}" y="{y}">{_name(series.name, places[index])}</svg>'


def _name(name: str, at: Place) -> str:
    """A point's name, and a line to it where it is far."""
    line = ""
    if at.is_far:
        (x1, y1), (x2, y2) = at.leader_px
        line = f'<line class="qp-leader" x1="{x1:.1f}" y1="{y1:.1f}" x2="{x2:.1f}" y2="{y2:.1f}"/>'
    return f'{line}<text class="qp-name--{at.anchor}" x="{at.dx_px:.4g}" y="{at.dy_px + 4:g}">{_text(name)}</text>'


def _grid(scale: Scale, height: int, title: str, reference: float | None) -> Iterator[str]:
    for figure, _ in scale.ticks:
        x = _percent(scale.share(figure))
        yield f'<line class="qp-grid" x1="{x}" x2="{x}" y2="{height}"/>'
    if reference is not None:
        x = _percent(scale.share(reference))
        yield f'<line class="qp-reference" x1="{x}" x2="{x}" y2="{height}"/>'
    yield from _feet(scale, height)
    yield f'<text class="qp-axis" y="{height + FOOT - 6}">{_text(title)}</text>'


def _feet(scale: Scale, height: int) -> Iterator[str]:
    for figure, text in scale.ticks:
        share = scale.share(figure)
        end = " qp-tick--first" if share < 0.02 else " qp-tick--last" if share > 0.97 else ""
        yield f'<text class="qp-tick qp-tick--foot{end}" x="{_percent(share)}" y="{height + 16}">{_text(text)}</text>'


def _whisker_across(scale: Scale, mark: Mark, y: float) -> Iterator[str]:
    if mark.low is None or mark.high is None:
        return
    low, high = _percent(scale.share(mark.low)), _percent(scale.share(mark.high))
    yield f'<line class="qp-whisker" x1="{low}" x2="{high}" y1="{y:g}" y2="{y:g}"/>'
    for end in (low, high):
        yield f'<line class="qp-whisker" x1="{end}" x2="{end}" y1="{y - 4:g}" y2="{y + 4:g}"/>'


def _hatch(look: Look, x: str, y: str, width: str, height: float) -> str:
    """A pattern over a bar: strokes on tiles, cut at the bar's edge by a drawing of its own."""
    if not look.pattern:
        return ""
    tile = f"url(#qp-{PATTERNS[look.pattern].name})"
    return f'<rect class="qp-hatch" x="{x}" y="{y}" width="{width}" height="{height}" fill="{tile}"/>'


def patterns() -> Markup:
    """What every picture of a page fills its bars with, once a page."""
    tiles = "".join(
        f'<pattern id="qp-{tile.name}" width="8" height="8" patternUnits="userSpaceOnUse">'
        f'<path d="{tile.strokes}"/></pattern>'
        for tile in PATTERNS.values()
    )
    return Markup(f'<svg class="qp-patterns" width="0" height="0" aria-hidden="true"><defs>{tiles}</defs></svg>')  # noqa: S704


def _dressed(look: Look, kind: str) -> str:
    classes = [kind, f"qp-look-{look.colour.replace('_', '-')}"]
    if look.open:
        classes.append("qp-open")
    if look.dash != "solid":
        classes.append(f"qp-{look.dash}")
    if look.strength < 1:
        classes.append(f"qp-strength-{round(100 * look.strength)}")
    return f' class="{" ".join(classes)}"'


def _percent(share: float) -> str:
    return f"{100 * share:.2f}".rstrip("0").rstrip(".") + "%"


def _text(text: str) -> str:
    return str(Markup.escape(text))
