"""The paradox experiment on a real engine: three runs that differ in their KV cache alone, and are made once."""

import importlib.util
import subprocess
from pathlib import Path

import pytest
from running import command, environment, tiny_profile

from generator.analyse.findings import find
from generator.errors import UsageError
from generator.measure.paradox import with_load
from generator.measurements import Run, read_runs
from generator.profiles import load_profile
from generator.record import Completed


def experiment(folder: Path) -> "subprocess.CompletedProcess[str]":
    words = ["paradox", "--profile", tiny_profile(folder, ["fp16", "nf4"]), "--users", "4", "--context", "256"]
    return subprocess.run(command(*words), env=environment(folder), capture_output=True, text=True, check=False)


def completed_launches(run: Run) -> list[Completed]:
    return [launch for launch in run.launches if isinstance(launch, Completed)]


@pytest.mark.engine
@pytest.mark.skipif(importlib.util.find_spec("vllm") is None, reason="no engine is installed: run `make setup`")
def test_the_three_parts_differ_in_their_cache_and_the_smallest_is_found_by_trying(tmp_path: Path) -> None:
    first = experiment(tmp_path)
    assert first.returncode == 0, first.stderr + first.stdout
    runs = {run.manifest.experiment: run for run in read_runs(tmp_path / "measurements")}  # type: ignore[union-attr]

    again = experiment(tmp_path)

    assert again.returncode == 0
    assert len(read_runs(tmp_path / "measurements")) == 3
    # NF4's home has no KV cache to compare: it takes no part.
    (equal,) = completed_launches(runs["equal_utilisation"])
    (same_cache,) = completed_launches(runs["equal_kv_cache"])
    assert equal.quantities.kv_cache_tokens == same_cache.quantities.kv_cache_tokens
    *enough, too_little = completed_launches(runs["smallest_budget"])
    smallest = enough[-1].quantities.kv_cache_tokens
    assert smallest is not None
    assert too_little.quantities.kv_cache_tokens is not None
    assert too_little.quantities.kv_cache_tokens < smallest < (equal.quantities.kv_cache_tokens or 0)
    (unserved,) = too_little.unserved
    assert (unserved.workload, unserved.concurrency, unserved.reason) == ("the-load", 4, "no_room")
    (found,) = find([runs["smallest_budget"]]).runs[0].cells
    assert found.stats["kv_cache_tokens"].median == smallest
    load = enough[-1].points[-1]
    assert (load.workload, load.concurrency) == ("the-load", 4)
    assert load.requests is not None
    assert max(map(sum, zip(load.requests.prompt_tokens, load.requests.output_tokens, strict=True))) <= 256


def test_a_load_that_can_not_be_served_is_refused_before_anything_is_measured(tmp_path: Path) -> None:
    done = subprocess.run(
        command("paradox", "--users", "100000"), env=environment(tmp_path), capture_output=True, text=True, check=False
    )

    assert done.returncode == 2
    assert done.stderr.startswith("quantpress: --users or --context: field users")
    assert len(done.stderr.splitlines()) == 1
    assert not list((tmp_path / "measurements").glob("*/*"))


def test_a_context_that_no_answer_fits_into_is_refused() -> None:
    with pytest.raises(UsageError, match="--context"):
        with_load(load_profile("demo")[0], users=4, context_tokens=64)
