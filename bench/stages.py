"""Records through reader, analysis and pages: time, memory, and whether they grow with the launches.

Each is a process of its own: reading alone; the analysis of what was read; and "render", which is all that a first
build does before MkDocs begins: it reads, analyses and writes pages from nothing, in as many processes as
`generator.press` starts. The memory is the most that one of them held.
"""

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import log
from pathlib import Path
from typing import Final

from bench.many import ORIGINALS, write_many
from generator.folders import CHECKOUT

COUNTS: Final = (10, 100, 1_000)
LARGE: Final = 10_000
STAGES: Final = ("read", "analyse", "render")

# Below this much a stage is mostly what it takes to begin.
SETTLED_S: Final = 0.5
LINEAR: Final = 1.1

_PROGRAM: Final = """
import json, resource, sys
from pathlib import Path
from time import perf_counter
from generator.analyse.findings import find
from generator.measurements import read_runs
from generator.site import Choices, site_files
root, stage = Path(sys.argv[1]), sys.argv[2]
start = perf_counter()
if stage == "render":
    made = site_files(Choices(), root)
else:
    runs = read_runs(root)
    if stage == "analyse":
        start = perf_counter()
        made = find(runs)
taken_s = perf_counter() - start
peak_kib = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
print(json.dumps({"taken_s": taken_s, "peak_mib": peak_kib / 1024}))
"""


@dataclass(frozen=True, slots=True)
class Stage:
    """What a stage took for so many launches: seconds, and the most memory that any of its processes held."""

    launches: int
    taken_s: float
    peak_mib: float


def lines(_: int, counts: Sequence[int] = COUNTS) -> Iterator[str]:
    """A line a stage and number of launches; then how each grew, as the exponent of the last step."""
    found: dict[str, list[Stage]] = {stage: [] for stage in STAGES}
    for count in counts:
        with tempfile.TemporaryDirectory() as name:
            root = Path(name) / "measurements"
            launches = _write(count, root)
            for stage, taken in found.items():
                taken.append(_measured(stage, root, launches))
                yield f"{launches:,} launches: {stage} {taken[-1].taken_s:.2f} s, {taken[-1].peak_mib:,.0f} MiB"
            if count == LARGE:
                whole, most_mib = found["render"][-1], max(taken[-1].peak_mib for taken in found.values())
                yield (
                    f"{launches:,} launches: read, analysed and rendered in {whole.taken_s:.1f} s (goal ≤ 60 s on 2 "
                    f"cores; here {os.cpu_count()}), at most {most_mib:,.0f} MiB a process (goal ≤ 2 GB)"
                )
    for stage, taken in found.items():
        yield f"growth of {stage}: {_growth(taken)}"


def _write(launches: int, root: Path) -> int:
    """Runs that have about so many launches; how many they have."""
    originals = [len(list(path.glob("launches/*.json"))) for path in ORIGINALS.iterdir() if path.is_dir()]
    write_many(max(1, round(launches * len(originals) / sum(originals))), root)
    return len(list(root.glob("*/launches/*.json")))


def _measured(stage: str, root: Path, launches: int) -> Stage:
    environment = os.environ | {"QUANTPRESS_MEASUREMENTS": str(root), "PYTHONPATH": str(CHECKOUT)}
    command = [sys.executable, "-c", _PROGRAM, str(root), stage]
    done = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    return Stage(launches, **json.loads(done.stdout))


def _growth(taken: Sequence[Stage]) -> str:
    steps = [(one, other) for one, other in pairwise(taken) if one.taken_s >= SETTLED_S]
    if not steps:
        return "too quick to say"
    one, other = steps[-1]
    exponent = log(other.taken_s / one.taken_s) / log(other.launches / one.launches)
    verdict = "linear or less" if exponent <= LINEAR else "MORE THAN LINEAR"
    return f"launches to the power of {exponent:.2f}, from {one.launches:,} to {other.launches:,}: {verdict}"
