"""The export of 1,000 and 10,000 launches: how long it takes, how much memory at most, and how large its files are."""

import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import count, cycle
from pathlib import Path

from bench.many import ORIGINALS, write_copy
from generator.folders import CHECKOUT

LAUNCHES = (1000, 10_000)
FORMATS = ("csv", "parquet")

# Linux counts in KiB.
PROGRAM = """
import sys, resource
from pathlib import Path
from generator.exporting import export
rows = export(Path(sys.argv[2]), [sys.argv[1], "jsonld"])
print(rows, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def lines(_: int) -> Iterator[str]:
    """A line for each number of launches and each form; the memory should not grow with the launches."""
    for wanted in LAUNCHES:
        with tempfile.TemporaryDirectory() as name:
            launches = _write(wanted, Path(name, "measurements"))
            for form in FORMATS:
                yield f"{launches:,} launches: {_told(form, Path(name))} (goal: some hundred MiB)"


def _write(wanted: int, root: Path) -> int:
    originals = sorted(path for path in ORIGINALS.iterdir() if (path / "manifest.json").is_file())
    written = 0
    for number, original in zip(count(), cycle(originals), strict=False):
        if written >= wanted:
            return written
        written += len([*(write_copy(original, root, number) / "launches").iterdir()])
    raise AssertionError("there is no run to copy")


def _told(form: str, folder: Path) -> str:
    out = folder / form
    environment = os.environ | {"QUANTPRESS_MEASUREMENTS": str(folder / "measurements")}
    began_s = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, form, str(out)],
        cwd=CHECKOUT,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    took_s = time.monotonic() - began_s
    rows, peak_kib = map(int, done.stdout.split())
    size_mb = (out / f"observations.{form}").stat().st_size / 1e6
    return f"{form} {took_s:.1f} s, at most {peak_kib / 1024:.0f} MiB of memory, {rows:,} rows, {size_mb:,.0f} MB"
