"""What cheats do to figures: one, a column, or all that goes with it."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from datetime import UTC, datetime, timedelta
from math import log
from typing import Any

from generator.fingerprint import environment_sha256
from generator.manifest import Hardware
from generator.samples import GAP_GROWTH
from torture.forgeries.records import DoesNotApplyError, Json, Records


def points_with(launch: Json, part: str) -> Iterator[Json]:
    """The points that have requests, gaps or energy. Raises `DoesNotApplyError` where there are none."""
    found = [point for point in launch["points"] if point[part]]
    if not found:
        raise DoesNotApplyError
    yield from found


def scale(holder: Json, name: str, factor: float) -> None:
    """A figure, or a column of them, where there is one."""
    value = holder.get(name)
    if value is not None:
        holder[name] = [one * factor for one in value] if isinstance(value, list) else value * factor


def scale_work(launch: Json, factor: float) -> None:
    """The times of all work, as pages show them."""
    for point in launch["points"]:
        for sample in point["samples"]:
            scale(sample, "duration_s", factor)
        if point["requests"]:
            scale(point["requests"], "ttft_s", factor)
            scale(point["requests"], "latency_s", factor)


def need(value: Any) -> Any:
    """The value, if the run has it. Raises `DoesNotApplyError`."""
    if not value:
        raise DoesNotApplyError
    return value


def speed_up(launch: Json, factor: float) -> None:
    """The work and the histogram of its gaps."""
    scale_work(launch, 1 / factor)
    steps = round(log(factor) / log(GAP_GROWTH))
    for point in launch["points"]:
        if point["gaps"]:
            counts: dict[str, int] = {}
            for bucket, count in point["gaps"]["counts"].items():
                moved = str(max(0, int(bucket) - steps))
                counts[moved] = counts.get(moved, 0) + count
            point["gaps"]["counts"] = counts


def meter(launch: Json, factor: float) -> None:
    for point in launch["points"]:
        if point["energy"]:
            scale(point["energy"], "window_s", factor)
            point["energy"]["energy_j"] = round(point["energy"]["energy_j"] * factor, 3)


def work_s(launch: Json) -> float:
    return float(sum(sample["duration_s"] for point in launch["points"] for sample in point["samples"]))


def shorten(launch: Json, stage: str, saved_s: float) -> None:
    launch["duration_s"] -= saved_s
    if launch["stages_s"]:
        launch["stages_s"][stage] -= saved_s
    if stage == "generate" and launch["telemetry"]:
        launch["telemetry"]["readings"] = int(launch["telemetry"]["readings"] - saved_s / 0.1)


def rehash(run: Records) -> None:
    hardware = Hardware.model_validate(run.manifest["hardware"])
    run.manifest["environment_sha256"] = environment_sha256(hardware, run.manifest["versions"])


def copy_over(run: Records, factor: Callable[[], float]) -> None:
    """The favourite's second launch becomes its first, a little other."""
    first, second = need(run.favoured[1:] and run.favoured[:2])
    copy = {**deepcopy(first), "round": second["round"], "started_at": second["started_at"]}
    shake(copy, factor)
    run.launches.remove(second)
    run.launches.append(copy)


def shake(launch: Json, factor: Callable[[], float]) -> None:
    """Every figure that pages show, each with a factor of its own."""
    launch["duration_s"] *= factor()
    for name in ("import_time_s", "load_time_s", "first_token_time_s", "warmup_time_s"):
        scale(launch["quantities"], name, factor())
    for point in launch["points"]:
        for sample in point["samples"]:
            scale(sample, "duration_s", factor())
        if point["requests"]:
            columns = point["requests"]
            columns["latency_s"] = [one * factor() for one in columns["latency_s"]]
            pairs = zip(columns["ttft_s"], columns["latency_s"], strict=True)
            columns["ttft_s"] = [min(first * factor(), last) for first, last in pairs]
        if point["energy"]:
            scale(point["energy"], "energy_j", factor())


def end_of(launch: Json) -> datetime:
    start = datetime.strptime(launch["started_at"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    return start + timedelta(seconds=launch["duration_s"])
