"""A real engine on a real Ray: what its launches tell one another reaches every station."""

import importlib.util
import subprocess
from pathlib import Path

import pytest
import running

from generator.analyse.physics.laws import contradictions_of
from generator.folders import CHECKOUT
from generator.measurements import read_runs
from generator.record import Completed

for package, mend in (("ray", "make ray"), ("vllm", "make setup")):
    if importlib.util.find_spec(package) is None:
        pytest.skip(f"{package} is not installed: run `{mend}`", allow_module_level=True)

from nodes import Nodes  # noqa: E402, it imports Ray

pytestmark = pytest.mark.engine

PROFILE = """
name = "small"
model_name = "Quantpress demo model"
purpose = "demo"
rounds = 1
[[workloads]]
name = "seven"
kind = "batch"
output_tokens = 8
repeats = 2
random_prompts = 7
random_prompt_tokens = 16
[quality]
text = "{models}/heldout.txt"
window_tokens = 64
windows = 4
[engine]
max_model_len = 128
max_num_batched_tokens = 256
kv_cache_gib = 0.05
"""


def test_the_predictions_of_the_baseline_reach_a_station_that_did_not_make_them(tmp_path: Path) -> None:
    models = CHECKOUT / "models" / "demo"
    checkpoints = "".join(f'[checkpoints.{name}]\npath = "{models / name}"\n' for name in ("fp16", "awq", "gptq"))
    (tmp_path / "small.toml").write_text(PROFILE.format(models=models) + checkpoints)
    nodes = Nodes(tmp_path)
    try:
        with nodes.added({"name": "one"}, {"name": "two"}):
            words = ("measure", "--profile", str(tmp_path / "small.toml"), "--ray", nodes.cluster.address)
            done = subprocess.run(
                running.command(*words), env=nodes.environment(), capture_output=True, text=True, check=False
            )
    finally:
        nodes.cluster.shutdown()

    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = read_runs(tmp_path / "measurements")
    made = [launch for launch in run.launches if isinstance(launch, Completed)]
    assert len(made) == 3
    assert len({launch.card for launch in made}) == 2
    assert all(launch.quality and launch.quality.windows.kl_divergence_per_token for launch in made)
    assert contradictions_of(run) == ()
    assert list(tmp_path.glob("measurements/*/logs/*.safetensors")) == []
