"""Code and pickles that come with a checkpoint never run: not past the door, and not if they were inside."""

import ast
import importlib.util
import os
import pickle
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from running import environment

from generator.folders import CHECKOUT
from generator.measure.checkpoints import Unavailable, prepare
from generator.measure.launcher import WORKER_ENVIRONMENT
from generator.profiles import LocalCheckpoint

ENGINES = CHECKOUT / "generator" / "measure" / "engines"

# The engine's own way, without the door: what `prepare` would have refused.
LOAD = """
import importlib, os, sys
from generator.cells import Cell
from generator.measure.engine import LaunchRequest
from generator.profiles import load_profile
profile = load_profile("demo")[0]
engine = importlib.import_module(f"generator.measure.engines.{sys.argv[1]}").engine_for(LaunchRequest(
    cell=Cell(method="fp16", engine=sys.argv[1], mode="eager"), checkpoint=sys.argv[2], model_source="own",
    model_revision=None, device="cpu", memory_budget_gib=None, workloads=profile.workloads, quality=None, tasks=None,
    engine=profile.engine.model_copy(update={"max_model_len": 128, "kv_cache_gib": 0.05}),
))
try:
    engine.load()
    print("LOADED", flush=True)
except Exception as error:
    print("REFUSED", error, flush=True)
os._exit(0)
"""


class Trap:
    """What a pickle runs when it is read."""

    def __init__(self, mark: Path) -> None:
        self._mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.system, (f"touch '{self._mark}'",)


def trapped(folder: Path, mark: Path, *, weights: bool) -> Path:
    """The demo model with code of its own, and a pickle; both leave a mark when they run."""
    shutil.copytree(CHECKOUT / "models" / "demo" / "fp16", folder)
    code = {"AutoConfig": "own.OwnConfig", "AutoModelForCausalLM": "own.OwnModel"}
    for name in ("config.json", "tokenizer_config.json"):
        path = folder / name
        text = path.read_text() if path.exists() else "{}"
        path.write_text(
            text.rstrip().removesuffix("}").rstrip()
            + ("," if len(text) > 5 else "")
            + f'"auto_map": {code}}}'.replace("'", '"')
        )
    (folder / "own.py").write_text(f"open({str(mark)!r}, 'w').close()\nOwnConfig = OwnModel = object\n")
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps({"model.weight": Trap(mark)}))
    if not weights:
        for path in folder.glob("*.safetensors*"):
            path.unlink()
    return folder


def test_the_trap_is_one(tmp_path: Path) -> None:
    mark = tmp_path / "mark"
    folder = trapped(tmp_path / "model", mark, weights=True)

    pickle.loads((folder / "pytorch_model.bin").read_bytes())  # noqa: S301, that it runs is what is tested
    assert mark.exists()
    mark.unlink()
    subprocess.run([sys.executable, str(folder / "own.py")], check=True)
    assert mark.exists()


@pytest.mark.parametrize("weights", [True, False])
def test_it_does_not_get_past_the_door(tmp_path: Path, *, weights: bool) -> None:
    trapped(tmp_path / "model", tmp_path / "mark", weights=weights)

    found = prepare("fp16", LocalCheckpoint(path="model"), tmp_path, {})

    assert isinstance(found, Unavailable)
    assert not (tmp_path / "mark").exists()


@pytest.mark.engine
@pytest.mark.parametrize("engine", ["transformers", "vllm"])
@pytest.mark.parametrize(("weights", "words"), [(True, "LOADED"), (False, "REFUSED")])
def test_inside_an_engine_it_would_not_run_either(tmp_path: Path, engine: str, words: str, *, weights: bool) -> None:
    if importlib.util.find_spec(engine) is None:
        pytest.skip("no engine is installed: run `make setup`")
    folder = trapped(tmp_path / "model", tmp_path / "mark", weights=weights)

    done = subprocess.run(
        [sys.executable, "-c", LOAD, engine, str(folder)],
        env=environment(tmp_path) | WORKER_ENVIRONMENT,
        capture_output=True,
        text=True,
        timeout=240,
        check=False,
    )

    assert words in done.stdout, done.stdout[-1000:] + done.stderr[-2000:]
    assert not (tmp_path / "mark").exists()


def test_every_engine_is_told_to_trust_no_code() -> None:
    loads = [
        call
        for path in ENGINES.glob("*.py")
        for call in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(call, ast.Call) and ast.unparse(call.func).rpartition(".")[2] in {"from_pretrained", "LLM"}
    ]

    assert len(loads) == 2
    for call in loads:
        given = {keyword.arg: ast.unparse(keyword.value) for keyword in call.keywords}
        assert given["trust_remote_code"] == "False"


def test_nothing_of_ours_trusts_code() -> None:
    texts = [path.read_text(encoding="utf-8") for path in (CHECKOUT / "generator").rglob("*.py")]

    assert not any("trust_remote_code=True" in text or "TRUST_REMOTE_CODE" in text for text in texts)
