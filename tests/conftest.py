"""What all tests share."""

from collections.abc import Iterator

import pytest

from generator.analyse import findings
from generator.analyse.physics.contradiction import Contradiction
from generator.analyse.physics.laws import contradictions_of
from generator.manifest import MeasuredRun
from generator.measurements import Run


@pytest.fixture(autouse=True, scope="session")
def _examples_pass_for_possible() -> Iterator[None]:
    """Invented runs (tests/examples.py) contradict themselves in every way, as nobody measured them; tests of what is
    said of runs look past that. They are known by their environment, which is none."""

    def of_real_runs(run: Run) -> tuple[Contradiction, ...]:
        invented = isinstance(run.manifest, MeasuredRun) and run.manifest.environment_sha256 == "0" * 64
        return () if invented else contradictions_of(run)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(findings, "contradictions_of", of_real_runs)
        yield
