"""Records as observations, one figure each: what a table with a row for each has to say of them."""

from collections.abc import Iterator
from typing import Literal, NamedTuple

from generator.folders import Trust
from generator.imported import Imported, ImportedRun
from generator.imported_runs import file_name
from generator.manifest import MeasuredRun, ReportedRun
from generator.measurements import launch_name
from generator.record import Completed, Failed, Reported
from generator.samples import Point, TaskScore

# What a figure is of: the launch as a whole; one workload at one concurrency; one repeat of its batch, or its whole
# closed loop; one request; a window of the text that quality is measured by; a task. A failure has no figure.
Kind = Literal["launch", "point", "repeat", "request", "window", "task", "failure"]


class Observation(NamedTuple):
    """One row. `position` counts repeats, requests and windows from 0; `workload` is the task, of a task. `value` is
    None where there is no figure, and `reason` says why. `valid` is False where the launch itself says that its figures
    may not be used, None where nobody knows."""

    run: str
    origin: str
    trust: str
    launch: str
    measured_at: str | None
    card: str | None
    model: str | None
    cell: str | None
    method: str | None
    engine: str | None
    mode: str | None
    round: int | None
    valid: bool | None
    workload: str | None
    concurrency: int | None
    kind: Kind
    position: int | None
    quantity: str | None
    value: float | None
    reason: str | None


class _Figure(NamedTuple):
    """What differs between the rows of a launch."""

    kind: Kind
    quantity: str | None
    value: float | None
    reason: str | None = None
    position: int | None = None
    workload: str | None = None
    concurrency: int | None = None


def of_launch(
    manifest: MeasuredRun | ReportedRun, trust: Trust, launch: Completed | Failed | Reported
) -> Iterator[Observation]:
    """The rows of one launch of a run."""
    cell = launch.cell
    for figure in _figures(launch):
        yield Observation(
            run=manifest.run_id,
            origin=manifest.origin,
            trust=trust,
            launch=launch_name(cell, launch.round),
            measured_at=None if isinstance(launch, Reported) else launch.started_at,
            card=manifest.hardware.name,
            model=manifest.model_name,
            cell=cell.id,
            method=cell.method,
            engine=cell.engine,
            mode=cell.mode,
            round=launch.round,
            valid=launch.valid if isinstance(launch, Completed) else None,
            workload=figure.workload,
            concurrency=figure.concurrency,
            kind=figure.kind,
            position=figure.position,
            quantity=figure.quantity,
            value=figure.value,
            reason=figure.reason,
        )


def of_imported(manifest: ImportedRun, record: Imported) -> Iterator[Observation]:
    """The rows of one imported measurement. Its cell, mode and round are unknown: they are Quantpress's own."""
    subject, concurrency = record.subject, record.figures.concurrency
    figures = [
        *(
            _Figure("point", name, value, record.figures.absent.get(name), concurrency=concurrency)
            for name, value in record.figures
            if name != "absent"
        ),
        *_of_tasks(record.tasks),
    ]
    for figure in figures:
        yield Observation(
            run=manifest.run_id,
            origin=manifest.origin,
            trust="imported",
            launch=file_name(record),
            measured_at=subject.measured_at,
            card=subject.card or subject.processor,
            model=subject.model,
            cell=None,
            method=subject.method,
            engine=subject.engine,
            mode=None,
            round=None,
            valid=None,
            workload=figure.workload,
            concurrency=figure.concurrency,
            kind=figure.kind,
            position=None,
            quantity=figure.quantity,
            value=figure.value,
            reason=figure.reason,
        )


def _figures(launch: Completed | Failed | Reported) -> Iterator[_Figure]:
    if isinstance(launch, Failed):
        yield _Figure("failure", None, None, f"{launch.reason}, while it was to {launch.stage}: {launch.message}")
        return
    for name, value in launch.quantities:
        if name != "absent":
            yield _Figure("launch", name, value, launch.quantities.absent.get(name))
    if isinstance(launch, Completed):
        yield from _of_completed(launch)


def _of_completed(launch: Completed) -> Iterator[_Figure]:
    for beside in (launch.limits, launch.telemetry):
        for name, value in beside or ():
            yield _Figure("launch", name, value)
    for point in launch.points:
        for figure in _of_point(point):
            yield figure._replace(workload=point.workload, concurrency=point.concurrency)
    for name, column in launch.quality.windows if launch.quality else ():
        for position, value in enumerate(column or ()):
            yield _Figure("window", name, value, position=position)
    yield from _of_tasks(launch.tasks)


def _of_point(point: Point) -> Iterator[_Figure]:
    for position, sample in enumerate(point.samples):
        for name, value in sample:
            yield _Figure("repeat", name, value, position=position)
        yield _Figure("repeat", "output_tokens_per_s", sample.output_tokens_per_s, position=position)
    for name, column in point.requests or ():
        for position, value in enumerate(column):
            yield _Figure("request", name, value, position=position)
    if point.energy:
        for name in ("energy_j", "window_s", "idle_w"):
            reason = "; ".join(point.energy.faults) or None
            yield _Figure("point", name, getattr(point.energy, name) if reason is None else None, reason)


def _of_tasks(tasks: tuple[TaskScore, ...]) -> Iterator[_Figure]:
    for score in tasks:
        metric = ", ".join(filter(None, (score.metric, score.filter)))
        figures = (metric, score.value, "value"), (f"{metric}, standard error", score.standard_error, "standard_error")
        for name, value, field in figures:
            yield _Figure("task", name, value, score.absent.get(field), workload=score.task)
        yield _Figure("task", f"{metric}, documents", score.documents, workload=score.task)
