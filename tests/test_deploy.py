"""The files under deploy/ run: on this machine as several nodes, with a Slurm that starts all its tasks here."""

import importlib.util
import os
import socket
import subprocess
import sys
from pathlib import Path

import light
import pytest

from generator.folders import CHECKOUT
from generator.measurements import read_runs

WITH_RAY = pytest.mark.skipif(importlib.util.find_spec("ray") is None, reason="Ray is not installed: run `make ray`")

# As much of srun as the batch script uses: each node is a process here. Ray can't start twice at once on a machine.
SRUN = """#!/usr/bin/env bash
nodes=1
while [[ $1 == --* ]]; do
  case $1 in --nodes=*) nodes=${1#--nodes=} ;; esac
  shift
done
trap 'kill $(jobs -p); wait' TERM
for node in $(seq "$nodes"); do
  SLURMD_NODENAME=fake-$node-of-$nodes "$@" &
  sleep 3
done
wait
"""
QUANTPRESS = """#!/usr/bin/env bash
exec {python} {light} cli "$@"
"""


@pytest.mark.parametrize("name", ["node.sh", "slurm.sh"])
def test_the_scripts_are_good_bash(name: str) -> None:
    assert subprocess.run(["bash", "-n", CHECKOUT / "deploy" / name], check=False).returncode == 0


def test_a_node_that_is_started_wrongly_says_how_it_is_started() -> None:
    done = subprocess.run([CHECKOUT / "deploy" / "node.sh"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stderr) == (2, "usage: deploy/node.sh head|HOST:PORT\n")


def program(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


@WITH_RAY
@pytest.mark.parametrize("of_a_file", [False, True])
def test_a_slurm_job_measures_on_all_its_nodes_and_leaves_nothing(tmp_path: Path, *, of_a_file: bool) -> None:
    bin_ = tmp_path / "venv" / "bin"
    bin_.mkdir(parents=True)
    program(bin_ / "srun", SRUN)
    program(bin_ / "quantpress", QUANTPRESS.format(python=sys.executable, light=CHECKOUT / "tests" / "light.py"))
    for name in ("python", "ray"):
        program(bin_ / name, f'#!/bin/sh\nexec {Path(sys.executable).parent / name} "$@"\n')
    (tmp_path / "home").mkdir()
    with socket.socket() as free:
        free.bind(("", 0))
        port: int = free.getsockname()[1]
    environment = light.environment(
        tmp_path,
        HOME=str(tmp_path / "home"),
        VENV=str(tmp_path / "venv"),
        PYTHONPATH=os.pathsep.join([str(CHECKOUT), str(CHECKOUT / "tests")]),
        SLURM_SUBMIT_DIR=str(CHECKOUT),
        SLURM_JOB_ID=str(port - 20000),
        SLURM_JOB_NUM_NODES="3",
        LIGHT_ENGINE_S="0.25",
    )

    profile, sweep = light.profile(tmp_path, ("fp16", "awq"), rounds=3), tmp_path / "many.toml"
    sweep.write_text(f'profiles = ["{profile}"]\n')
    words = ["plan", str(sweep)] if of_a_file else ["--profile", profile]

    done = subprocess.run(
        [CHECKOUT / "deploy" / "slurm.sh", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=180,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    (run,) = read_runs(tmp_path / "measurements")
    assert len(run.launches) == 6
    assert len({getattr(launch, "card", None) for launch in run.launches}) == 3
    left = subprocess.run(["pgrep", "-f", f"--port={port}|:{port}"], capture_output=True, text=True, check=False)
    assert left.stdout == ""
