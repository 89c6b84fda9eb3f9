"""Orders that can't be carried out: refused before anything is launched, with what mends them."""

from pathlib import Path
from typing import Any

import pytest
from examples import completed, failed, manifest, replaced

from generator.errors import UsageError
from generator.fingerprint import environment_sha256
from generator.measure import environment, session
from generator.measure.kernels import kernel_names
from generator.measurements import write_launch, write_manifest
from generator.methods import METHODS
from generator.order import Order
from generator.profiles import EngineSettings, Profile, load_profile

WATCHER: Any = None
DEMO, DEMO_FILE = load_profile("demo")


def refused(root: Path, profile: Profile = DEMO, *, retry_failed: bool = False) -> str:
    order = Order(profile, DEMO_FILE, profile.cells, None, "quantpress measure", retry_failed=retry_failed)
    with pytest.raises(UsageError) as raised:
        session.measure(order, WATCHER, root)
    return str(raised.value)


@pytest.fixture(autouse=True)
def without_a_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "")


def write_run(
    root: Path, run_id: str, command: str, *, here: bool, profile: Profile = DEMO, fails: bool = True
) -> None:
    hardware, versions = environment.hardware(None), environment.versions()
    sha256 = environment_sha256(hardware, versions)
    run = replaced(manifest(run_id), profile=profile, command=command)
    if here:
        run = replaced(run, hardware=hardware, versions=versions, environment_sha256=sha256)
    write_manifest(root / run_id, run)
    write_launch(root / run_id, failed("awq") if fails else completed("awq"))


def test_failed_launches_of_other_options_are_named_with_the_command_that_retries_them(tmp_path: Path) -> None:
    command = "quantpress measure --profile demo --method fp16 --method awq"
    other = DEMO.model_copy(update={"name": "other"})
    write_run(tmp_path, "2026-01-01-demo", "quantpress measure --profile demo", here=True)
    write_run(tmp_path, "2026-01-02-demo", f"{command} --new --retry-failed", here=True)
    write_run(tmp_path, "2026-01-03-demo", "quantpress measure --rounds 2", here=True, fails=False)
    write_run(tmp_path, "2026-01-04-other", "quantpress measure --profile other", here=True, profile=other)
    write_run(tmp_path, "2026-01-05-elsewhere", "quantpress measure --rounds 3", here=False)

    said = refused(tmp_path, DEMO.model_copy(update={"controls": True}), retry_failed=True)

    assert "no run with just these options has launches that failed or are invalid; 2026-01-02-demo has some" in said
    assert f"`{command} --retry-failed`" in said


def test_where_no_run_failed_here_there_is_nothing_to_retry(tmp_path: Path) -> None:
    write_run(tmp_path, "2026-01-05-elsewhere", "quantpress measure --rounds 3", here=False)

    assert refused(tmp_path, retry_failed=True).endswith(
        "no run in this environment has launches that failed or are invalid; leave it out"
    )


def test_a_run_that_somebody_else_sent_in_is_not_gone_on_with(tmp_path: Path) -> None:
    write_run(tmp_path / "contributed", "2026-01-01-demo", "quantpress measure", here=True)

    assert refused(tmp_path, retry_failed=True).endswith(
        "no run in this environment has launches that failed or are invalid; leave it out"
    )


def with_kernel_disabled(name: str) -> Profile:
    settings: EngineSettings = DEMO.engine.model_copy(update={"disabled_kernels": (name,)})
    return DEMO.model_copy(update={"engine": settings})


def test_a_kernel_that_vllm_has_not_is_refused_with_the_nearest(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(session, "kernel_names", lambda: frozenset({"MarlinLinearKernel", "MacheteLinearKernel"}))

    said = refused(tmp_path, with_kernel_disabled("MarlinKernel"))

    assert "vLLM has no kernel 'MarlinKernel'; the nearest: MarlinLinearKernel" in said
    assert not [path for path in tmp_path.iterdir() if path.name != ".lock"]


@pytest.mark.engine
@pytest.mark.skipif(not kernel_names(), reason="no vLLM is installed: run `make setup`")
def test_the_kernels_of_the_methods_are_among_those_that_are_read_off_vllm() -> None:
    ours = {name for method in METHODS for name in method.kernels.get("vllm", ()) if name.endswith("LinearKernel")}

    assert ours
    assert ours <= kernel_names()
