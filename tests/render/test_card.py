"""Cards: pictures of one size, the same for the same words, out of which nothing runs."""

import re
from io import BytesIO

import pytest
from PIL import Image

from generator.folders import PAGES
from generator.render import card
from generator.render.card import MARGIN, SIZE, Bar, Card, draw, spelt

BARS = tuple(Bar(name, value, f"{value:.1f}", "#d55e00") for name, value in (("FP16", 340.0), ("GPTQ", 600.0)))
CARDS = {
    "title alone": Card("A title"),
    "words": Card("A title", line="What the page is about.", foot="Where the figures come from."),
    "bars": Card("A title", "A verdict.", "Speed", BARS, "Where the figures come from."),
    "zero": Card("A title", "A verdict.", "Speed", (Bar("FP16", 0.0, "0.0", "#d55e00"),)),
    "long words": Card("W" * 300, line="i" * 2000, foot="m" * 500),
    "many words": Card("Quantisation " * 80, line="and so on " * 200, foot="of a run " * 100),
    "too much of all": Card(
        "Title " * 90, "line " * 300, "caption " * 90, tuple(Bar("N" * 200, n, "9" * 60, "#0072b2") for n in range(40))
    ),
    "nothing": Card(""),
}


def opened(one: Card) -> Image.Image:
    return Image.open(BytesIO(draw(one)))


@pytest.mark.parametrize("name", CARDS)
def test_a_card_is_a_png_of_1200_by_630_and_the_same_twice(name: str) -> None:
    picture = opened(CARDS[name])

    assert (picture.format, picture.size) == ("PNG", (1200, 630))
    assert draw(CARDS[name]) == draw(CARDS[name])


@pytest.mark.parametrize("name", CARDS)
def test_nothing_runs_out_of_a_card(name: str) -> None:
    picture = opened(CARDS[name]).convert("RGB")
    width, height = SIZE
    paper = picture.getpixel((5, 300))
    left, right = picture.crop((0, 12, MARGIN - 6, height)), picture.crop((width - MARGIN + 6, 12, width, height))
    bottom = picture.crop((0, height - 16, width, height))

    for edge in (left, right, bottom):
        assert edge.getcolors() == [(edge.width * edge.height, paper)]


def test_a_longer_bar_is_a_larger_figure() -> None:
    def length(value: float) -> int:
        bars = (Bar("one", value, "x", "#d55e00"), Bar("all", 100.0, "x", "#0072b2"))
        picture = opened(Card("A title", "A verdict.", "Speed", bars)).convert("RGB")
        return sum(count for count, colour in picture.getcolors(1 << 20) or [] if colour == (0xD5, 0x5E, 0x00))

    assert length(50.0) == pytest.approx(2 * length(25.0), rel=0.02)


def test_signs_that_the_letters_lack_are_spelt() -> None:
    assert spelt("2× – 5 é ≥ 3") == "2x - 5 e >= 3"


def test_the_colours_are_those_of_the_style_sheet() -> None:
    style = (PAGES / "assets" / "quantpress.css").read_text(encoding="utf-8")
    light = style[: style.index('[data-md-color-scheme="slate"]')]
    of_style = dict(re.findall(r"--qp-([a-z0-9_-]+): (#[0-9a-f]{6});", light))
    ours = {"paper": card.PAPER, "ink": card.INK, "muted": card.MUTED, "line": card.LINE, "accent": card.ACCENT}

    assert ours == {name: of_style[name] for name in ours}
