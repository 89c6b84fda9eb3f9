"""Quality: divergences that can be worked out by hand, and two real engines that must agree on the same weights."""

import importlib.util
import json
from math import log
from pathlib import Path
from typing import Any

import pytest

from generator.cells import Cell
from generator.errors import UsageError
from generator.measure.engine import LaunchRequest, QualityRequest
from generator.measure.launcher import Answer, launch
from generator.measure.points import text_of
from generator.measure.session import measure
from generator.methods import EngineId
from generator.order import Order
from generator.profiles import load_profile

torch: Any = pytest.importorskip("torch", reason="no engine is installed: run `make setup`")

from generator.measure.meters.quality import Reference, divergence, score  # noqa: E402, it imports torch

MODELS = Path(__file__).parents[2] / "models" / "demo"


def predictions(*rows: list[float]) -> Any:
    return torch.tensor(rows).log()


def reference(rows: Any, kept: int) -> Reference:
    return Reference.of(rows, kept)


def test_a_divergence_is_the_one_worked_out_by_hand() -> None:
    base, ours = predictions([0.5, 0.25, 0.25]), predictions([0.25, 0.5, 0.25])

    found = divergence(reference(base, 3), ours)

    assert found.tolist() == pytest.approx([0.5 * log(2) + 0.25 * log(0.5)], abs=1e-6)


def test_equal_predictions_do_not_diverge() -> None:
    base = predictions([0.7, 0.2, 0.1])

    assert divergence(reference(base, 3), base).tolist() == pytest.approx([0], abs=1e-6)
    assert divergence(reference(base, 1), base).tolist() == pytest.approx([0], abs=1e-6)


def test_a_bucket_for_the_rest_never_makes_a_divergence_larger() -> None:
    torch.manual_seed(0)
    base, ours = torch.randn(2, 200, 50).log_softmax(-1)

    whole = divergence(reference(base, 50), ours)
    for kept in (1, 5, 20, 49):
        assert bool((divergence(reference(base, kept), ours) <= whole + 1e-5).all())


def test_a_text_is_scored_token_by_token_and_window_by_window() -> None:
    rows = predictions([0.5, 0.25, 0.25], [0.1, 0.8, 0.1])

    first, base = score([[0, 1, 1]], [rows], None)
    second, _ = score([[0, 1, 1]], [rows], base)

    assert first.nll_per_token == pytest.approx([-(log(0.25) + log(0.8)) / 2], abs=1e-6)
    assert first.kl_divergence_per_token is None
    assert second.kl_divergence_per_token == pytest.approx([0], abs=1e-6)
    assert second.top1_agreement == (1.0,)


def test_a_reference_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    made = reference(predictions([0.5, 0.25, 0.25]), 2)

    made.save(tmp_path / "deep" / "baseline.safetensors")
    found = Reference.load(tmp_path / "deep" / "baseline.safetensors")

    assert found is not None
    assert torch.equal(found.log_probabilities, made.log_probabilities)
    assert found.ids is not None
    assert Reference.load(tmp_path / "nothing") is None


@pytest.mark.engine
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no engine is installed: run `make setup`")
def test_two_engines_predict_the_same_with_the_same_weights(tmp_path: Path) -> None:
    """What is caught inside vLLM is the prediction of the right positions: Transformers, asked directly, agrees."""
    vllm, transformers = (quality(engine, tmp_path) for engine in ("vllm", "transformers"))

    assert vllm["vocabulary"] == vllm["kept_tokens"] == 2048
    pairs = zip(vllm["windows"]["nll_per_token"], transformers["windows"]["nll_per_token"], strict=True)
    assert all(one == pytest.approx(other, rel=2e-3) for one, other in pairs)
    assert max(transformers["windows"]["kl_divergence_per_token"]) < 1e-3
    assert min(transformers["windows"]["top1_agreement"]) > 0.98


def quality(engine: EngineId, folder: Path) -> dict[str, Any]:
    answer = launch(request_for(engine, folder, MODELS / "heldout.txt"), folder / f"{engine}.log", lambda _: None)
    assert isinstance(answer, Answer), answer
    found: dict[str, Any] = json.loads(json.dumps(answer.completed["quality"]))
    return found


def request_for(engine: EngineId, folder: Path, text: Path) -> LaunchRequest:
    profile, _ = load_profile("demo")
    return LaunchRequest(
        cell=Cell(method="fp16", engine=engine, mode="eager"),
        checkpoint=str(MODELS / "fp16"),
        model_source="demo",
        model_revision=None,
        device="cpu",
        memory_budget_gib=None,
        workloads=(profile.headline.model_copy(update={"output_tokens": 4, "repeats": 1}),),
        quality=QualityRequest(
            text=str(text), window_tokens=256, windows=4, reference=str(folder / "baseline.safetensors")
        ),
        tasks=None,
        engine=profile.engine,
    )


def test_a_text_that_is_too_short_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    (tmp_path / "short.txt").write_text("def read_config(path):\n")
    request = request_for("vllm", tmp_path, tmp_path / "short.txt")

    with pytest.raises(ValueError, match=r"fewer than 4 windows of 256"):
        text_of(request)


def test_a_text_that_is_not_there_ends_the_order_at_once(tmp_path: Path) -> None:
    profile, file = load_profile("demo")
    assert profile.quality is not None
    gone = profile.model_copy(update={"quality": profile.quality.model_copy(update={"text": "gone.txt"})})
    watcher: Any = None

    with pytest.raises(UsageError, match=r"demo\.toml: .* no file 'gone.txt', seen from .*/profiles"):
        measure(Order(gone, file, gone.cells, None, "quantpress measure"), watcher, tmp_path)


@pytest.mark.engine
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no engine is installed: run `make setup`")
def test_a_text_that_cannot_be_predicted_costs_nothing_that_was_measured(tmp_path: Path) -> None:
    (tmp_path / "baseline.safetensors").write_bytes(b"damaged")

    answer = launch(request_for("transformers", tmp_path, MODELS / "heldout.txt"), tmp_path / "log", lambda _: None)

    assert isinstance(answer, Answer), answer
    assert answer.completed["quality"] is None
    assert [fault["kind"] for fault in answer.completed["faults"]] == ["quality_unmeasured"]
    assert answer.completed["quantities"]["output_tokens_per_s"] > 0
