"""One card held for a measurement, or one machine without any: it launches as a local measurement does, in a process
that Ray starts on the card's node and may kill at any time. It knows no Ray, no plan and no measurements/.
"""

import hashlib
import os
import shutil
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

from generator.folders import CHECKOUT
from generator.manifest import Hardware, MeasuredRun
from generator.measure import environment
from generator.measure.checkpoints import Ready, Unavailable, prepare_all
from generator.measure.line import Line, log_of, predictions_in
from generator.measure.places import cache_folder, located
from generator.measure.redaction import redact_logs
from generator.measure.schedule import Slot
from generator.methods import EngineId
from generator.profiles import Profile
from generator.record import Completed, Failed, Stage

# Ray gives its workers this many threads for computing, unless the user has said otherwise: an engine chooses better.
THREADS: Final = "OMP_NUM_THREADS"


@dataclass(frozen=True, slots=True)
class Told:
    """What a station says of itself: its machine, what is installed there, and its card, by an anonymous id."""

    hardware: Hardware
    packages: dict[str, str]
    card: str


@dataclass(frozen=True, slots=True)
class Readiness:
    """Which of `needed` a station has, and what is to be said of the rest; the commits of the hub's models."""

    has: frozenset[str]
    lacks: dict[str, str]
    revisions: dict[str, str]


@dataclass(frozen=True, slots=True)
class Launched:
    """What came of a launch: its record, its log, and the baseline's predictions where they are new and were asked
    for."""

    outcome: Completed | Failed
    log: bytes
    predictions: bytes | None


class Station:
    """Its methods are called from outside, `news` and `leave` while a launch is under way. `node_id` names the node
    where there is no card to name."""

    def __init__(self, node_id: str) -> None:
        os.chdir(CHECKOUT)  # so that workers import this code, whatever else is installed
        if f"{THREADS}=".encode() not in Path("/proc/self/environ").read_bytes():
            os.environ.pop(THREADS, None)
        self._gpu = environment.find_gpu()
        self._card = environment.card_of(self._gpu) or environment.anonymous(node_id)
        self._folder = Path(tempfile.mkdtemp(prefix="quantpress-"))
        self._begun = 0
        self._doing: Stage | None = None
        self._news = threading.Condition()

    def tell(self) -> Told:
        """Raises `UnfitError` where the machine is in no state to measure, `GpuError` where its card does not work."""
        environment.refuse_unfit(self._gpu)
        return Told(environment.hardware(self._gpu), packages(), self._card)

    def make_ready(
        self, manifest: MeasuredRun, profile_folder: Path, revisions: dict[str, str], first: EngineId | None
    ) -> Readiness:
        """Have all checkpoints on this node, and know what the device can do at best; `first` is the engine of the
        first launch. A relative folder of the profile starts at this code's own."""
        folder = CHECKOUT / profile_folder
        self._line = Line(manifest, self._folder, folder, lambda _, stage: self._does(stage), self._card)
        self._line.import_ahead(first)
        with _one_at_a_time_on_this_node():
            self._checkpoints = prepare_all(manifest, folder, revisions, lambda _: None)
        if any(isinstance(one, Ready) for one in self._checkpoints.values()):
            self._line.measure_limits()
        lacks: dict[str, str] = {
            name: one.message for name, one in self._checkpoints.items() if isinstance(one, Unavailable)
        }
        for field, path in paths_of(manifest.profile).items():
            if not located(path, folder).exists():
                lacks[field] = f"field {field}: there is no {Path(path).name}"
        needed = {*self._checkpoints, *paths_of(manifest.profile)}
        return Readiness(frozenset(needed - set(lacks)), lacks, revisions)

    def launch(self, slot: Slot, engine_after: EngineId | None, predictions: bytes | None, *, wanted: bool) -> Launched:
        """Make one launch, with the baseline's `predictions` where this station has none yet; whether it should hand
        over its own is `wanted`. Raises `QuantpressError` where the launch could not be tried."""
        self._does("prepare", begins=True)
        path = predictions_in(self._folder)
        if predictions is not None and not path.is_file():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(predictions)
        try:
            outcome = self._line.launch(slot, self._checkpoints[slot.cell.method], engine_after)
        finally:
            self._does(None)
        redact_logs(self._folder)
        log = log_of(self._folder, slot)
        return Launched(
            outcome,
            log.read_bytes() if log.is_file() else b"",
            path.read_bytes() if wanted and path.is_file() else None,
        )

    def news(self, number: int, known: Stage | None) -> Stage | None:
        """The stage of this station's launch of that number, as soon as it is another than the one that is known; None
        when that launch is over."""
        with self._news:
            self._news.wait_for(lambda: (self._begun, self._doing) != (number, known) and self._begun >= number)
            return self._doing if self._begun == number else None

    def leave(self) -> None:
        """Leave nothing on the node, before this process is killed: then guardians end what it has started."""
        shutil.rmtree(self._folder, ignore_errors=True)

    def _does(self, stage: Stage | None, *, begins: bool = False) -> None:
        with self._news:
            self._begun += begins
            self._doing = stage
            self._news.notify_all()


def paths_of(profile: Profile) -> dict[str, str]:
    """What a launch reads besides checkpoints, by the profile's field."""
    found = {} if profile.quality is None else {"quality.text": profile.quality.text}
    if profile.tasks is not None and profile.tasks.folder is not None:
        found["tasks.folder"] = profile.tasks.folder
    return found


def packages() -> dict[str, str]:
    """What must be the same wherever launches of one run are made: the versions, and the code that measures."""
    found = environment.versions()
    with suppress(PackageNotFoundError):
        found["lm_eval"] = version("lm_eval")
    return found | {"quantpress": f"{found['quantpress']}, code {_code()}"}


def _code() -> str:
    sources = sorted((CHECKOUT / "generator").rglob("*.py"))
    return hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()[:8]


@contextmanager
def _one_at_a_time_on_this_node() -> Iterator[None]:
    """What the first station makes ready, the next one finds."""
    folder = cache_folder()
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "preparing.lock").open("w") as lock:
        flock(lock, LOCK_EX)
        yield
