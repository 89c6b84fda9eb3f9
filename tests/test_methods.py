import re
from itertools import combinations
from math import dist

import pytest

from generator.folders import PAGES, TEMPLATES
from generator.methods import BASELINE, ENGINES, METHODS, Method, method_of

FORMATS = (TEMPLATES / "formats.md.j2").read_text(encoding="utf-8")
CSS = (PAGES / "assets" / "quantpress.css").read_text(encoding="utf-8")
PAPERS = re.findall(r"--qp-paper: (#[0-9a-f]{6});", CSS)

# How normal sight and three kinds of colour blindness mix linear red, green and blue (G. M. Machado, M. M. Oliveira,
# L. A. F. Fernandes, 2009, "A Physiologically-based Model for Simulation of Color Vision Deficiency", severity 1).
SIGHTS = {
    "normal": ((1, 0, 0), (0, 1, 0), (0, 0, 1)),
    "protanopia": (
        (0.152286, 1.052583, -0.204868),
        (0.114503, 0.786281, 0.099216),
        (-0.003882, -0.048116, 1.051998),
    ),
    "deuteranopia": (
        (0.367322, 0.860646, -0.227968),
        (0.280085, 0.672501, 0.047413),
        (-0.011820, 0.042940, 0.968881),
    ),
    "tritanopia": (
        (1.255528, -0.076749, -0.178779),
        (-0.078411, 0.930809, 0.147602),
        (0.004733, 0.691367, 0.303900),
    ),
}
APART = 16.0  # in CIE 1976 units, of which about two are the least that an eye tells apart


def linear(colour: str) -> list[float]:
    shares = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    return [share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares]


def luminance(colour: str) -> float:
    red, green, blue = linear(colour)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: str, other: str) -> float:
    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def lab(rgb: list[float]) -> tuple[float, float, float]:
    rows = ((0.4124, 0.3576, 0.1805, 0.95047), (0.2126, 0.7152, 0.0722, 1.0), (0.0193, 0.1192, 0.9505, 1.08883))
    x, y, z = (
        share ** (1 / 3) if share > 0.008856 else 7.787 * share + 16 / 116
        for *row, white in rows
        for share in [sum(part * level for part, level in zip(row, rgb, strict=True)) / white]
    )
    return 116 * y - 16, 500 * (x - y), 200 * (y - z)


def distance(one: str, other: str, sight: str) -> float:
    def seen(colour: str) -> tuple[float, float, float]:
        levels = linear(colour)
        mixed = (sum(part * level for part, level in zip(row, levels, strict=True)) for row in SIGHTS[sight])
        return lab([min(1.0, max(0.0, level)) for level in mixed])

    return dist(seen(one), seen(other))


@pytest.mark.parametrize("method", METHODS, ids=lambda method: method.id)
def test_every_method_has_a_sentence_an_engine_with_kernels_and_a_name_that_a_file_may_have(method: Method) -> None:
    assert f'"{method.id}": "' in FORMATS
    assert method.kernels[method.engine]
    assert set(method.kernels) | set(method.unsupported) == set(ENGINES)
    assert re.fullmatch(r"[a-z][a-z0-9]*", method.id)


def test_the_baseline_is_not_quantised_and_nothing_else_is_so() -> None:
    assert [method.id for method in METHODS if method.quantised == "no"] == [BASELINE]
    assert method_of(BASELINE).weight_bits == 16


@pytest.mark.parametrize(("scheme", "paper"), [("light", PAPERS[0]), ("dark", PAPERS[1])])
def test_every_colour_stands_out_from_its_paper(scheme: str, paper: str) -> None:
    for method in METHODS:
        assert contrast(getattr(method.look, scheme), paper) >= 3, method.id


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("sight", SIGHTS)
def test_no_two_methods_look_alike_to_anybody(scheme: str, sight: str) -> None:
    for one, other in combinations(METHODS, 2):
        assert distance(getattr(one.look, scheme), getattr(other.look, scheme), sight) >= APART, (one.id, other.id)


def test_the_style_sheet_of_the_parts_has_no_method() -> None:
    assert not [method.id for method in METHODS if f"--qp-{method.id}:" in CSS]
