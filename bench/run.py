"""A whole `make measure` against what its launches take from import to the last prediction: goal at most 1.15."""

import os
import subprocess
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter

from bench.ratio import said
from generator.folders import CHECKOUT
from generator.measurements import read_runs
from generator.record import Completed


def ratios(pairs: int) -> Iterator[str]:
    """The demo, measured as a user does, into a folder that is thrown away; one after the other, never two at once."""
    taken = []
    for _ in range(min(pairs, 3)):  # a minute each
        with tempfile.TemporaryDirectory() as folder:
            environment = os.environ | {"QUANTPRESS_MEASUREMENTS": folder}
            start = perf_counter()
            command = ["make", "--no-print-directory", "measure", "ARGS=--profile demo"]
            subprocess.run(command, cwd=CHECKOUT, env=environment, check=True, stdout=subprocess.DEVNULL)
            whole_s = perf_counter() - start
            (run,) = read_runs(Path(folder))
            taken.append((whole_s, sum(_own_s(launch) for launch in run.launches if isinstance(launch, Completed))))
    yield said(
        "make measure against the import, load, generation and scoring time of its launches", "≤ 1.15", taken, "s"
    )


def _own_s(launch: Completed) -> float:
    quantities = launch.quantities
    parts_s = (quantities.import_time_s, quantities.load_time_s, quantities.warmup_time_s)
    quality_s = launch.quality.duration_s if launch.quality else 0
    return (
        quality_s
        + sum(part_s or 0 for part_s in parts_s)
        + sum(sample.duration_s for point in launch.points for sample in point.samples)
    )
