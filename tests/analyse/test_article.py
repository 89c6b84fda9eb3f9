"""The article as data: what Quantpress works out from its figures is what the article printed."""

import pytest

from generator.analyse.findings import find
from generator.analyse.statistics import compare
from generator.folders import MEASUREMENTS
from generator.measurements import read_run

ARTICLE = find((read_run(MEASUREMENTS / "2025-article-rtx-4090"),)).runs[0]


@pytest.mark.parametrize(("method", "printed"), [("nf4", -87.5), ("awq", 70.5), ("gptq", 76.3)])
def test_speed_against_fp16_is_as_printed(method: str, printed: float) -> None:
    found = ARTICLE.of(method)
    assert found is not None
    assert ARTICLE.baseline is not None

    comparison = ARTICLE.comparison(found, ARTICLE.baseline, "output_tokens_per_s")

    assert comparison is not None
    assert comparison.change_percent == pytest.approx(printed, abs=0.06)


def test_memory_saved_by_nf4_is_as_printed() -> None:
    nf4 = ARTICLE.of("nf4")
    assert nf4 is not None
    assert ARTICLE.baseline is not None

    comparison = compare(nf4.stats["gpu_memory_used_mib"], ARTICLE.baseline.stats["gpu_memory_used_mib"])

    assert comparison is not None
    assert -comparison.change_percent == pytest.approx(66.0, abs=0.1)


def test_its_gpu_utilisation_is_the_card_less_the_free_memory() -> None:
    for method in ARTICLE.measured:
        free, card = method.stats["gpu_memory_free_mib"].median, ARTICLE.manifest.hardware.gpu_memory_mib
        assert card is not None
        assert method.stats["gpu_memory_occupied_percent"].median == pytest.approx(100 * (card - free) / card, abs=0.06)
