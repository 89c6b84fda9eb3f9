"""Hostile records through the real reader: how many are tried, how many are accepted, how many crash it."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from pydantic import TypeAdapter

from generator.errors import RecordError
from generator.manifest import MANIFEST
from generator.measurements import parse, read_runs
from generator.peer import PEER
from generator.record import LAUNCH
from torture.strangers.corpus import Case
from torture.strangers.corpus import cases as all_cases
from torture.strangers.disk import DISK
from torture.strangers.records import FILES, RUN, valid, written

KINDS: Final[dict[str, TypeAdapter[Any]]] = {"launch": LAUNCH, "manifest": MANIFEST, "peer": PEER}

# What a refusal is held to: a line that a terminal may print, with the place in the file.
LONGEST_MESSAGE: Final = 400
_PLACE: Final = re.compile(
    r": (field .|.*(byte|line) \d|larger than|missing|a link|no (record|regular|part)|can't be read)"
)

MOST_S: Final = 1.0
MOST_MB: Final = 200
# Not getrusage: what the process before exec held counts there too.
_WEIGH: Final = """
import re, sys, time
from contextlib import suppress
from pathlib import Path
from torture.strangers.hostile import KINDS
from generator.errors import RecordError
from generator.measurements import parse
def peak_mb():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024
path, kind = Path(sys.argv[1]), KINDS[sys.argv[2]]
content = path.read_bytes()
with suppress(RecordError):
    parse(path, b"[]", kind)
before_mb, start = peak_mb(), time.perf_counter()
with suppress(RecordError):
    parse(path, content, kind)
print(time.perf_counter() - start, peak_mb() - before_mb)
"""


@dataclass
class Tally:
    """What became of hostile input. `told_badly` are refusals that don't say where, or not in a printable line."""

    tried: int = 0
    accepted: list[str] = field(default_factory=list)
    crashed: list[str] = field(default_factory=list)
    told_badly: list[str] = field(default_factory=list)

    def take(self, name: str, read: Callable[..., object], *arguments: object) -> None:
        """Try one."""
        self.tried += 1
        try:
            read(*arguments)
        except RecordError as error:
            message = str(error)
            printable = message.isascii() and message.isprintable() and len(message) < LONGEST_MESSAGE
            if not printable or not _PLACE.search(message):
                self.told_badly.append(f"{name}: {message!a}")
        except Exception as error:
            self.crashed.append(f"{name}: {error!a:.200}")
        else:
            self.accepted.append(name)

    @property
    def clean(self) -> bool:
        """Whether all were refused as they should be."""
        return not (self.accepted or self.crashed or self.told_badly)


def write_valid_run(root: Path) -> Path:
    """The run that every case spoils one file of."""
    for file, name in FILES.items():
        (root / RUN / name).parent.mkdir(parents=True, exist_ok=True)
        (root / RUN / name).write_bytes(written(valid(file)))
    return root / RUN


def try_files(root: Path, cases: Iterable[Case]) -> Tally:
    """Each case in its place in a run that is valid but for it."""
    tally, run = Tally(), write_valid_run(root)
    for case in cases:
        path = run / FILES[case.file]
        before = path.read_bytes()
        path.write_bytes(case.content)
        tally.take(f"{case.kind}, {case.file}: {case.name}", read_runs, root)
        path.write_bytes(before)
    return tally


def try_folders(scratch: Path) -> Tally:
    """Each spoiled folder anew."""
    tally = Tally()
    for number, (name, spoil) in enumerate(DISK.items()):
        root = scratch / str(number) / "measurements"
        spoil(write_valid_run(root))
        tally.take(name, read_runs, root)
        shutil.rmtree(scratch / str(number))
    return tally


def try_cuts(every: int = 1) -> Tally:
    """Each file, cut at each `every`-th byte: its last line break alone may be missing."""
    tally = Tally()
    for file, kind in KINDS.items():
        whole = written(valid(file))
        for length in range(0, len(whole.rstrip()), every):
            tally.take(f"{file} cut at {length}", parse, Path(file), whole[:length], kind)
    return tally


def try_flips(every: int = 1) -> Tally:
    """Each file with each `every`-th bit turned over. Many such files are valid, with another figure or letter."""
    tally = Tally()
    for file, kind in KINDS.items():
        whole = written(valid(file))
        for bit in range(0, 8 * len(whole), every):
            flipped = bytearray(whole)
            flipped[bit // 8] ^= 1 << bit % 8
            tally.take(f"{file}, bit {bit}", parse, Path(file), bytes(flipped), kind)
    return tally


def weigh(cases: Iterable[Case], scratch: Path) -> Iterator[tuple[str, float, float]]:
    """Of each case, its name and what a process of its own took to refuse it: seconds, and MB of memory."""
    for case in cases:
        path = scratch / "bomb.json"
        path.write_bytes(case.content)
        command = [sys.executable, "-c", _WEIGH, str(path), case.file]
        done = subprocess.run(command, check=True, capture_output=True, text=True)
        took_s, rose_mb = map(float, done.stdout.split())
        yield case.name, took_s, rose_mb


def main() -> None:
    """Print a line for each figure; raises SystemExit where one is not as it must be."""
    cases = list(all_cases())
    with tempfile.TemporaryDirectory() as name:
        files, folders = try_files(Path(name) / "measurements", cases), try_folders(Path(name))
        bombs = [case for case in cases if case.kind == "bombs" and case.file == "launch"]
        weighed = list(weigh(bombs, Path(name)))
    cuts, flips = try_cuts(), try_flips()
    for kind, count in Counter(case.kind for case in cases).items():
        print(f"hostile {kind:<16} {count:>7,} files")
    for what, tally in {"files": files, "folders": folders, "cut files": cuts, "flipped bits": flips}.items():
        fine = (
            f"{len(tally.accepted):,} accepted   {len(tally.crashed):,} crashed   {len(tally.told_badly):,} told badly"
        )
        print(f"hostile {what:<16} {tally.tried:>7,} tried   {fine}")
    slowest, largest = max(took for _, took, _ in weighed), max(rose for _, _, rose in weighed)
    print(f"hostile bombs            {len(weighed):>7,} weighed   slowest {slowest:.2f} s   largest {largest:.0f} MB")
    flips.accepted.clear()  # a digit that became another is a valid figure
    bad = [line for one in (files, folders, cuts, flips) for line in (*one.accepted, *one.crashed, *one.told_badly)]
    heavy = [f"{name}: {took:.2f} s, {rose:.0f} MB" for name, took, rose in weighed if took > MOST_S or rose > MOST_MB]
    for line in (*bad, *heavy):
        print(f"  {line}")
    if bad or heavy:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
