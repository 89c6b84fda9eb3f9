"""A model's dimensions are read from its configuration, and nothing is guessed."""

import json
from pathlib import Path

from generator.folders import CHECKOUT
from generator.measure.shape import shape_of


def test_the_longest_context_of_a_model_is_in_its_shape() -> None:
    shape = shape_of(str(CHECKOUT / "models" / "demo" / "fp16"))

    assert shape
    assert shape.positions == 2048


def test_a_model_that_does_not_say_its_longest_context_has_a_shape_without_one(tmp_path: Path) -> None:
    config = json.loads((CHECKOUT / "models" / "demo" / "fp16" / "config.json").read_text(encoding="utf-8"))
    del config["max_position_embeddings"]
    (tmp_path / "config.json").write_text(json.dumps(config), encoding="utf-8")

    shape = shape_of(str(tmp_path))

    assert shape
    assert shape.positions is None
