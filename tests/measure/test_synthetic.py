"""Synthetic checkpoints: the real shapes and file formats of the models that they stand for."""

import json
from pathlib import Path
from typing import Any

import pytest

from generator.model import model_of
from generator.shapes import PUBLIC, TINY

pytestmark = pytest.mark.engine


def written(folder: Path, shape: Any, format_: str) -> dict[str, Any]:
    from safetensors import safe_open

    from generator.measure.synthetic import write_checkpoint

    write_checkpoint(shape, format_, folder)
    tensors: dict[str, Any] = {}
    for path in folder.glob("*.safetensors"):
        with safe_open(path, "pt") as file:
            tensors |= {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118, it is no mapping
    return tensors


def test_a_tied_head_is_not_written_and_the_configuration_says_so(tmp_path: Path) -> None:
    tied = TINY.model_copy(update={"tied_embeddings": True})

    tensors = written(tmp_path / "tied", tied, "fp16")

    model = model_of(json.loads((tmp_path / "tied" / "config.json").read_text()))
    assert "lm_head.weight" not in tensors
    assert model.shape == tied
    assert sum(tensor.numel() for tensor in tensors.values()) == model.parameters


def test_heads_that_are_no_part_of_the_hidden_size_are_written_as_they_are(tmp_path: Path) -> None:
    wide = TINY.model_copy(update={"head": 128})

    tensors = written(tmp_path / "wide", wide, "awq")

    assert tensors["model.layers.0.self_attn.q_proj.qweight"].shape == (256, 4 * 128 // 8)
    assert tensors["model.layers.0.self_attn.o_proj.qweight"].shape == (4 * 128, 256 // 8)


def test_each_name_stands_for_a_shape() -> None:
    from typing import get_args

    from generator.profiles import SyntheticCheckpoint

    names = get_args(SyntheticCheckpoint.model_fields["synthetic"].annotation)
    shapes = {name: SyntheticCheckpoint(synthetic=name).shape for name in names}
    assert shapes.pop("tiny") == TINY
    assert shapes == {name: PUBLIC[name].model.shape for name in shapes}
