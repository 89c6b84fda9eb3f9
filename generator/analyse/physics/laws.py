"""Every check of a run that needs nothing but the run. They find contradictions, not lies: who makes up a whole machine
that agrees with itself passes."""

from collections.abc import Iterable, Iterator
from dataclasses import replace
from itertools import chain

from generator.analyse.physics import course, energy, figures, memory, predictions, speed, times, work
from generator.analyse.physics.contradiction import Contradiction
from generator.fingerprint import is_environment
from generator.manifest import MeasuredRun, ReportedRun
from generator.measurements import Run, launch_name
from generator.record import Completed, Failed, Reported


def contradictions_of(run: Run) -> tuple[Contradiction, ...]:
    """All that can't be true in a run, file by file."""
    manifest = run.manifest
    files = {f"launches/{launch_name(one.cell, one.round)}": one for one in run.launches}
    if isinstance(manifest, ReportedRun):
        reported = {file: one for file, one in files.items() if isinstance(one, Reported)}
        published = (_in(file, memory.of_reported(one, manifest)) for file, one in reported.items())
        return tuple(chain.from_iterable(published))
    launches = [one for one in run.launches if isinstance(one, Completed | Failed)]
    completed = {file: one for file, one in files.items() if isinstance(one, Completed)}
    dense = memory.is_dense(tuple(completed.values()))
    clocks = {file: figures.clocks_of(one) for file, one in completed.items()}
    of_launches = [_in(file, _of_launch(one, manifest, dense=dense)) for file, one in completed.items()]
    of_launches += [_in(file, figures.of_launch(one, clocks[file])) for file, one in completed.items()]
    of_all = (
        course.of_run(manifest, launches),
        predictions.of_run(completed),
        energy.of_run(completed),
        figures.of_run(completed, clocks),
    )
    found = [*_of_manifest(manifest), *chain.from_iterable(of_launches)]
    found += [replace(one, file=file) for one_kind in of_all for file, one in one_kind]
    return tuple(sorted(dict.fromkeys(found), key=lambda one: (one.file != "manifest.json", one.file)))


def contradictions_at(run: Run, now: str) -> tuple[Contradiction, ...]:
    """What a run says of a time that was yet to come at `now`; pages know no clock."""
    if isinstance(run.manifest, ReportedRun):
        return ()
    launches = [one for one in run.launches if isinstance(one, Completed | Failed)]
    return tuple(replace(one, file=file) for file, one in course.of_now(run.manifest, launches, now))


def _of_manifest(manifest: MeasuredRun) -> Iterator[Contradiction]:
    yield from speed.of_hardware(manifest.hardware)
    if not is_environment(manifest.environment_sha256, manifest.hardware, manifest.versions):
        yield Contradiction("environment", "environment_sha256", manifest.environment_sha256, None, None)


def _of_launch(launch: Completed, manifest: MeasuredRun, *, dense: bool) -> Iterator[Contradiction]:
    yield from times.of_launch(launch, manifest)
    yield from memory.of_launch(launch, manifest, dense=dense)
    yield from energy.of_launch(launch, manifest.hardware, manifest.profile)
    yield from work.of_launch(launch, manifest, dense=dense)
    if launch.limits is not None:
        yield from speed.of_limits(launch.limits, manifest.hardware)
    if dense:
        yield from speed.of_launch(launch, manifest.hardware)


def _in(file: str, found: Iterable[Contradiction]) -> Iterator[Contradiction]:
    return (replace(one, file=file) for one in found)
