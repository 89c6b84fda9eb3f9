"""The card that a link to a page is shown with: words and a few bars, drawn as a PNG of 1200 by 630 pixels.

The letters are those that Pillow ships, so that the same card has the same bytes on every machine. They know little
beyond ASCII: what they lack is written with what they have.
"""

import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from typing import Final

from PIL import Image, ImageDraw, ImageFont
from PIL.ImageColor import getrgb

from generator.methods import METHODS

SIZE: Final = (1200, 630)
MARGIN: Final = 72

# The light scheme of quantpress.css; a test holds the two together.
PAPER: Final = "#fcfcfa"
INK: Final = "#1c242b"
MUTED: Final = "#56616b"
LINE: Final = "#dfe3e3"
ACCENT: Final = "#0e5a63"
METHOD: Final = {method.id: method.look.light for method in METHODS}

# Signs of our own templates that the letters lack.
_SPELT: Final = str.maketrans(
    {"×": "x", "–": "-", "—": "-", "−": "-", "≥": ">=", "≤": "<=", "≈": "~", "±": "+/-", "€": "EUR", "£": "GBP"}
)

_SHADES: Final = 8  # of each colour, from the paper's to its own
_WIDTH: Final = SIZE[0] - 2 * MARGIN
_FOOT: Final = 546  # where the last lines begin


@dataclass(frozen=True, slots=True)
class Bar:
    """A figure: whose it is, its length in any unit, how it is written, and its colour as CSS has it."""

    name: str
    value: float
    text: str
    colour: str


@dataclass(frozen=True, slots=True)
class Card:
    """What a card says, from top to bottom; anything but the title may be empty."""

    title: str
    line: str = ""
    caption: str = ""
    bars: Sequence[Bar] = ()
    foot: str = ""


def draw(card: Card) -> bytes:
    """The card as PNG. Text that does not fit becomes smaller, and what then still does not fit is cut."""
    image = Image.new("RGB", SIZE, PAPER)
    pen = ImageDraw.Draw(image)
    pen.rectangle((0, 0, SIZE[0], 11), fill=ACCENT)
    _brand(image, pen)
    if card.bars:
        below = _words(pen, card.title, 112, 82, (64, 56, 48, 40, 32), INK, weight=1)
        below = _words(pen, card.line, below + 8, 82, (34, 32, 28, 24, 20), INK)
        _bars(pen, card, below + 18)
    else:
        below = _words(pen, card.title, 136, 250, (80, 72, 64, 56, 48, 40), INK, weight=1)
        _words(pen, card.line, below + 16, _FOOT - 40 - below, (40, 36, 32, 28, 24), MUTED)
    if card.foot:
        pen.line((MARGIN, _FOOT - 14, SIZE[0] - MARGIN, _FOOT - 14), fill=LINE, width=2)
        _words(pen, card.foot, _FOOT, 60, (24, 21, 18), MUTED)
    file = BytesIO()
    image.quantize(palette=_palette(), dither=Image.Dither.NONE).save(file, "PNG")
    return file.getvalue()


@lru_cache
def _palette() -> Image.Image:
    """The colours of a card, and how each fades into the paper at the edge of a letter: with these alone the picture
    takes a third of the bytes and half of the time."""
    levels = list(getrgb(PAPER))
    for colour in (INK, MUTED, LINE, ACCENT, *METHOD.values(), "white"):
        for share in range(1, _SHADES + 1):
            levels += (
                round(paper + (full - paper) * share / _SHADES)
                for paper, full in zip(getrgb(PAPER), getrgb(colour), strict=True)
            )
    palette = Image.new("P", (1, 1))
    palette.putpalette(levels)
    return palette


def _brand(image: Image.Image, pen: ImageDraw.ImageDraw) -> None:
    """The logo of site/pages/assets/logo.svg without its curve, drawn large and made small, and the name beside it."""
    side, scale = 44, 4
    mark = Image.new("RGB", (side * scale, side * scale), PAPER)
    ink = ImageDraw.Draw(mark)
    unit = side * scale / 32
    ink.rounded_rectangle((0, 0, side * scale - 1, side * scale - 1), radius=7 * unit, fill=ACCENT)
    steps = [(6, 25), (11, 25), (11, 19), (16, 19), (16, 7), (21, 7)]
    ink.line([(x * unit, y * unit) for x, y in steps], fill="white", width=round(3 * unit), joint="curve")
    image.paste(mark.resize((side, side), Image.Resampling.LANCZOS), (MARGIN, 42))
    pen.text((MARGIN + side + 16, 42 + side / 2), "Quantpress", font=_letters(30), fill=INK, anchor="lm")


def _bars(pen: ImageDraw.ImageDraw, card: Card, top: float) -> None:
    """The figures between `top` and the foot, each in a row of its own; those that have no room are left out."""
    pen.text((MARGIN, top), _cut(card.caption, 22, _WIDTH), font=_letters(22), fill=MUTED)
    top += 36
    room = _FOOT - 30 - top
    shown = card.bars[: int(room // 22)]
    step = min(40, room / len(shown))
    size = int(step * 0.62)
    names = [_cut(bar.name, size, 330) for bar in shown]
    texts = [_cut(bar.text, size, 200) for bar in shown]
    left = MARGIN + max(_letters(size).getlength(name) for name in names) + 18
    right = SIZE[0] - MARGIN - max(_letters(size).getlength(text) for text in texts) - 12
    longest = max(bar.value for bar in shown)
    for row, (bar, name, text) in enumerate(zip(shown, names, texts, strict=True)):
        middle = top + step * (row + 0.5)
        end = left + max(2.0, (right - left) * bar.value / longest if longest else 0)
        pen.text((MARGIN, middle), name, font=_letters(size), fill=INK, anchor="lm")
        pen.rectangle((left, middle - step * 0.36, end, middle + step * 0.36), fill=bar.colour)
        pen.text((end + 12, middle), text, font=_letters(size), fill=INK, anchor="lm")


def _words(
    pen: ImageDraw.ImageDraw, text: str, top: float, height: float, sizes: Sequence[int], colour: str, weight: int = 0
) -> float:
    """Write lines from `top` on, in the largest of `sizes` in which they take no more than `height`; where they end."""
    for size in sizes:
        lines = _wrapped(text, size)
        room = max(1, int(height // (size * 1.25)))
        if len(lines) <= room:
            break
    else:
        lines = [*lines[: room - 1], _cut(" ".join(lines[room - 1 :]), size, _WIDTH)]
    for line in lines:
        pen.text((MARGIN, top), line, font=_letters(size), fill=colour, stroke_width=weight, stroke_fill=colour)
        top += size * 1.25
    return top


def _wrapped(text: str, size: int) -> list[str]:
    """Lines no wider than the card's text; a word that is wider than a line is broken where the line ends."""
    lines: list[str] = []
    line = ""
    for word in spelt(text).split():
        rest = word
        if line and _fits(f"{line} {rest}", size):
            line = f"{line} {rest}"
            continue
        if line:
            lines.append(line)
        while not _fits(rest, size):
            head = _longest(rest, lambda part: _fits(part, size))
            lines.append(head)
            rest = rest[len(head) :]
        line = rest
    return [*lines, line] if line else lines


def _cut(text: str, size: int, width: float) -> str:
    """The text, or as much of its beginning as has room in `width`, with dots."""
    text = spelt(text)
    if _fits(text, size, width):
        return text
    return _longest(text, lambda part: _fits(f"{part}...", size, width)).rstrip() + "..."


def _longest(text: str, fits: Callable[[str], bool]) -> str:
    """The longest beginning that fits, at least one character, in few trials."""
    low, high = 1, len(text)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if fits(text[:middle]) else (low, middle - 1)
    return text[:low]


def _fits(text: str, size: int, width: float = _WIDTH) -> bool:
    return _letters(size).getlength(text) <= width


def spelt(text: str) -> str:
    """The text in letters that the font has, as far as that can be: "2×" becomes "2x", "é" becomes "e"."""
    parts = unicodedata.normalize("NFKD", text.translate(_SPELT))
    return "".join(one for one in parts if not unicodedata.combining(one))


@lru_cache
def _letters(size: int) -> ImageFont.FreeTypeFont:
    letters = ImageFont.load_default(size)
    assert isinstance(letters, ImageFont.FreeTypeFont), "Pillow was built without FreeType"
    return letters
