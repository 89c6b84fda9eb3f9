"""What Ray costs: a launch through a station against the same without, and the time that stations are at work."""

import importlib.util
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, perf_counter

from bench.ratio import said
from generator.cells import Cell
from generator.folders import CHECKOUT
from generator.measure import environment
from generator.measure.across import measure_across
from generator.measure.checkpoints import prepare_all
from generator.measure.joining import joined
from generator.measure.line import Line
from generator.measure.schedule import Slot
from generator.measure.session import open_run
from generator.methods import MethodId
from generator.order import Order
from generator.profiles import load_profile
from generator.record import Completed, Failed, Stage

FP16 = Cell(method="fp16", engine="vllm", mode="eager")
SLOT = Slot(1, FP16)
STATIONS = 2
ROUNDS = 4
# Some five seconds a launch: a real engine on two stations of one machine would be disturbed by the other.
LIGHT_S = "1.0"


def lines(pairs: int) -> Iterator[str]:
    """The demo's FP16 launch of its first workload, in turn through a station and without any Ray running; what of it
    is Ray's own, whatever else the machine does; and a run on two nodes."""
    if importlib.util.find_spec("ray") is None:
        yield "Ray is not installed: run `make ray`"
        return
    through, alone = [], []
    for number in range(pairs):
        if number % 2:
            alone.append(_without_ray_s())
        through.append(_through_a_station_s())
        if not number % 2:
            alone.append(_without_ray_s())
    pairs_s = [(ours_s, theirs_s) for (ours_s, _), theirs_s in zip(through, alone, strict=True)]
    yield said("a launch through a Ray station against the same without Ray", "≤ 1.02", pairs_s, "s")
    yield said("a launch and its way through Ray against the launch in it", "≤ 1.02", through, "s")
    yield f"share of the time that {STATIONS} stations are at work while launches remain: {_busy():.1%} (goal ≥ 95%)"


def _order() -> Order:
    profile, file = load_profile("demo")
    profile = profile.model_copy(update={"workloads": (profile.headline,), "quality": None})
    return Order(profile, file, (FP16,), None, "python -m bench")


def _through_a_station_s() -> tuple[float, float]:
    """What the driver waits for, and the launch in it by the station's own clock."""
    order = _order()
    with tempfile.TemporaryDirectory() as folder, joined("local") as cluster:
        (station,) = cluster.hold(1, None, print)
        _, manifest, _ = open_run(order, station.told.hardware, Path(folder))
        cluster.answer(station.actor.make_ready.remote(manifest, order.profile_file.parent, {}, None))
        start = perf_counter()
        launched = cluster.answer(station.actor.launch.remote(SLOT, None, None, wanted=True))
        taken_s = perf_counter() - start
    assert isinstance(launched.outcome, Completed), launched.outcome
    return taken_s, launched.outcome.duration_s


def _without_ray_s() -> float:
    order = _order()
    with tempfile.TemporaryDirectory() as root:
        folder, manifest, _ = open_run(order, environment.hardware(environment.find_gpu()), Path(root))
        checkpoints = prepare_all(manifest, order.profile_file.parent, {}, lambda _: None)
        line = Line(manifest, folder, order.profile_file.parent, lambda *_: None)
        line.measure_limits()  # as a station has done
        start = perf_counter()
        outcome = line.launch(SLOT, checkpoints["fp16"], None)
        taken_s = perf_counter() - start
    assert isinstance(outcome, Completed), outcome
    return taken_s


class _Clock:
    """A `line.Watcher` that keeps when each launch was at work, in seconds."""

    def __init__(self) -> None:
        self.launches_s: list[tuple[float, float]] = []

    def begins(self, run_id: str, launches: int, done: int) -> None: ...

    def notes(self, what: str) -> None: ...

    def prepares(self, method: MethodId) -> None: ...

    def stage(self, slot: Slot, stage: Stage) -> None: ...

    def loses(self, slot: Slot, why: str) -> None: ...

    def ends(self, _: Slot, outcome: Completed | Failed) -> None:
        """A launch took until now."""
        now_s = monotonic()
        self.launches_s.append((now_s - outcome.duration_s, now_s))


def _busy() -> float:
    """From the first launch's beginning to that of the last, after which none is left to be handed out."""
    sys.path.append(str(CHECKOUT / "tests"))
    import light
    from nodes import Nodes

    clock = _Clock()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        profile, file = load_profile(light.profile(folder, ("fp16", "awq", "gptq"), ROUNDS))
        order = Order(profile, file, profile.cells, None, "python -m bench")
        nodes = Nodes(folder)
        light.let_ray_launch_lightly()
        try:
            with (
                nodes.added(*({"name": str(number), "LIGHT_ENGINE_S": LIGHT_S} for number in range(STATIONS))),
                joined(nodes.cluster.address) as cluster,
            ):
                measure_across(order, cluster, None, print, lambda _: clock, folder / "measurements")
        finally:
            nodes.cluster.shutdown()
    begin_s = min(start_s for start_s, _ in clock.launches_s)
    last_s = max(start_s for start_s, _ in clock.launches_s)
    at_work_s = sum(max(0.0, min(end_s, last_s) - start_s) for start_s, end_s in clock.launches_s)
    return at_work_s / (STATIONS * (last_s - begin_s))
