"""A whole measurement on the real engines, on the CPU, with a tiny random model: short, but not pretended."""

import importlib.util
import signal
import subprocess
import time
from contextlib import suppress
from pathlib import Path

import pytest
from running import command, environment

from generator.measurements import read_run
from generator.record import Completed, Failed, Reported

pytestmark = [
    pytest.mark.engine,
    pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no engine is installed: run `make setup`"),
]

PROFILE = """
name = "tiny"
model_name = "Tiny random model"
weights = "random"
purpose = "demo"
rounds = 1
controls = true
[[workloads]]
name = "seven"
kind = "batch"
output_tokens = 8
repeats = 3
random_prompts = 7
random_prompt_tokens = 16
[[workloads]]
name = "users"
kind = "closed-loop"
users = [1, 3]
requests = 6
random_prompt_tokens = 16
output_tokens = 8
[engine]
max_model_len = 128
max_num_seqs = 8
max_num_batched_tokens = 256
kv_cache_gib = 0.05
[checkpoints.fp16]
synthetic = "tiny"
[checkpoints.nf4]
synthetic = "tiny"
[checkpoints.awq]
synthetic = "tiny"
[checkpoints.gptq]
path = "nowhere"
"""


def start(folder: Path) -> "subprocess.Popen[str]":
    (folder / "tiny.toml").write_text(PROFILE)
    return subprocess.Popen(
        command("measure", "--profile", str(folder / "tiny.toml")),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        env=environment(folder),
    )


def processes(folder: Path) -> set[str]:
    """Those that measure into the folder, whatever they are: its path is in their environment."""
    mark = f"QUANTPRESS_MEASUREMENTS={environment(folder)['QUANTPRESS_MEASUREMENTS']}".encode()
    found = set()
    for path in Path("/proc").glob("[0-9]*/environ"):
        with suppress(OSError):
            if mark in path.read_bytes().split(b"\0"):
                found.add(path.parent.name)
    return found


def test_four_methods_are_measured_and_an_interrupted_run_goes_on(tmp_path: Path) -> None:
    first = start(tmp_path)
    deadline = time.monotonic() + 300
    launches = tmp_path / "measurements"
    while not list(launches.glob("*/launches/*.json")):
        assert first.poll() is None, first.communicate()[0]
        assert time.monotonic() < deadline, "no launch ended within five minutes"
        time.sleep(0.2)
    first.send_signal(signal.SIGINT)
    said = first.communicate(timeout=60)[0]

    assert first.returncode == 130, said
    assert "the same command goes on" in said
    assert processes(tmp_path) == set()
    kept = {path.name: path.read_bytes() for path in launches.glob("*/launches/*.json")}

    second = start(tmp_path)
    said = second.communicate(timeout=600)[0]

    # GPTQ has no checkpoint: its record says so, the others are measured, and the status tells.
    assert second.returncode == 6, said
    (folder,) = (path for path in launches.iterdir() if path.is_dir())
    assert {name: (folder / "launches" / name).read_bytes() for name in kept} == kept
    outcomes = {launch.cell.id: launch for launch in read_run(folder).launches}
    assert {name: outcome.status for name, outcome in outcomes.items()} == {
        "fp16-vllm-eager": "completed",
        "nf4-transformers-eager": "completed",
        "awq-vllm-eager": "completed",
        "gptq-vllm-eager": "failed",
        "fp16-transformers-eager": "completed",
        "nf4-vllm-eager": "failed",
    }
    assert reason(outcomes["gptq-vllm-eager"]) == "checkpoint_unavailable"
    assert reason(outcomes["nf4-vllm-eager"]) == "unsupported"
    measured = {name: outcome for name, outcome in outcomes.items() if isinstance(outcome, Completed)}
    assert {name: set(outcome.configuration.kernels) for name, outcome in measured.items()} == {
        "fp16-vllm-eager": {"UnquantizedLinearMethod"},
        "nf4-transformers-eager": {"Linear4bit[nf4, double quantisation]"},
        "awq-vllm-eager": {"CPUWNA16LinearKernel"},
        "fp16-transformers-eager": {"Linear[not quantised]"},
    }
    for outcome in measured.values():
        check(outcome)
    assert str(tmp_path) not in "".join(path.read_text() for path in folder.glob("**/*.json"))


def reason(outcome: Completed | Failed | Reported) -> str:
    assert isinstance(outcome, Failed)
    return outcome.reason


def check(outcome: Completed) -> None:
    batch, *loops = outcome.points
    assert [sample.output_tokens for sample in batch.samples] == [7 * 8] * 3
    assert [point.concurrency for point in loops] == [1, 3]
    sent = [point.requests.output_tokens for point in loops if point.requests]
    # Six were asked for, of which a lone user's first warms up; but four a user.
    assert [len(lengths) for lengths in sent] == [5, 12]
    assert sent[0] == sent[1][1:6]
    for point, lengths in zip(loops, sent, strict=True):
        assert point.gaps is not None
        assert sum(point.gaps.counts.values()) == sum(lengths) - len(lengths)
    quantities = outcome.quantities
    assert quantities.gpu_memory_used_mib is None
    assert quantities.absent["gpu_memory_used_mib"] == "there is no GPU in this machine"
    assert quantities.process_memory_peak_mib is not None
    assert quantities.process_memory_peak_mib > 100
    assert quantities.weights_load_time_s is not None
    assert outcome.limits is not None
    assert outcome.limits.copy_gb_per_s > 0.5
    assert outcome.valid
