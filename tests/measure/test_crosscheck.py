"""The peer, for real: vLLM's own benchmark in the configuration of a run that was just measured."""

import importlib.util
import subprocess
from pathlib import Path

import pytest
from examples import SHAPE, completed, manifest, replaced
from running import command, environment, tiny_profile

from generator.analyse.findings import find
from generator.errors import PeerError
from generator.measure.crosscheck import ask_the_peer, flags
from generator.measurements import read_run
from generator.record import Scalar


def run(folder: Path, *words: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(command(*words), env=environment(folder), capture_output=True, text=True, check=False)


@pytest.mark.engine
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no engine is installed: run `make setup`")
def test_what_the_peer_finds_is_kept_beside_the_run(tmp_path: Path) -> None:
    measured = run(tmp_path, "measure", "--profile", tiny_profile(tmp_path, ["fp16"], output_tokens=64, repeats=5))
    assert measured.returncode == 0, measured.stderr

    checked = run(tmp_path, "crosscheck")

    assert checked.returncode == 0, checked.stderr
    assert "vllm bench latency" in checked.stdout
    (folder,) = (path for path in (tmp_path / "measurements").iterdir() if path.is_dir())
    kept = read_run(folder)
    (peer,) = kept.peers
    assert (peer.batch, peer.prompt_tokens, peer.output_tokens, len(peer.durations_s)) == (7, 16, 64, 7)
    assert "--no-enable-prefix-caching" in peer.command
    assert str(tmp_path) not in peer.command
    (found,) = find([kept]).runs[0].peers
    assert found.one.cell == peer.cell  # how close they are is a figure, not a test: others may share the cores


def test_a_run_that_was_never_made_here_can_not_be_checked(tmp_path: Path) -> None:
    done = run(tmp_path, "crosscheck", "2026-01-01-nothing")

    assert done.returncode == 2
    assert "run 2026-01-01-nothing: no measured run has that name" in done.stderr


def test_a_vocabulary_that_the_peer_would_draw_beyond_is_refused(tmp_path: Path) -> None:
    launch = completed("fp16")
    small = replaced(launch, configuration=replaced(launch.configuration, shape=replaced(SHAPE, vocabulary=2048)))

    with pytest.raises(PeerError, match="10,000 token ids, and this model has 2,048"):
        ask_the_peer(small, manifest(), tmp_path, tmp_path / "log")


def test_arguments_become_flags() -> None:
    arguments: dict[str, Scalar] = {
        "dtype": "float16",
        "enforce_eager": False,
        "seed": 0,
        "quantization": None,
    }

    assert flags(arguments) == ["--dtype", "float16", "--no-enforce-eager", "--seed", "0"]
