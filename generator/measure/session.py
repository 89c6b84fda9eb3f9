"""A run from its plan to its last record: begun or gone on with, launched, written, resumable."""

import fcntl
import os
import shlex
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path
from typing import get_args

from generator import measurements
from generator.errors import StorageError, UnfitError, UsageError
from generator.faults import nearest
from generator.fingerprint import environment_sha256
from generator.folders import MEASUREMENTS, run_folders
from generator.manifest import Hardware, MeasuredRun, Paradox
from generator.measure import environment
from generator.measure.changed import why_not_resumed
from generator.measure.checkpoints import Ready, prepare_all, revisions_of
from generator.measure.kernels import kernel_names
from generator.measure.line import Line, Watcher, now
from generator.measure.places import located
from generator.measure.redaction import redact_logs
from generator.measure.schedule import Plan, Rounds, Search
from generator.order import Order
from generator.profiles import Profile
from generator.readable import readable
from generator.record import SCHEMA_VERSION, Completed, Failed


def measure(order: Order, watcher: Watcher, root: Path = MEASUREMENTS) -> measurements.Run:
    """Make every launch of the order that has not been made yet; the run as it then stands."""
    with alone(root):
        gpu = environment.find_gpu()
        environment.refuse_unfit(gpu)
        refuse_what_is_missing(order.profile, order.profile_file)
        folder, manifest, made = open_run(order, environment.hardware(gpu), root)
        todo = _plan(manifest)
        begin(order, manifest, made, todo.size, watcher, root)
        line = Line(manifest, folder, order.profile_file.parent, watcher.stage, environment.card_of(gpu))
        try:
            if first := todo.following(made):
                line.import_ahead(first.cell.engine)
                checkpoints = prepare_all(manifest, order.profile_file.parent, revisions_of(made), watcher.prepares)
                if any(isinstance(checkpoint, Ready) for checkpoint in checkpoints.values()):
                    line.measure_limits()
            while slot := todo.following(made):
                outcome = line.launch(slot, checkpoints[slot.cell.method], todo.engine_after(slot, made))
                measurements.write_launch(folder, outcome)
                made.append(outcome)
                watcher.ends(slot, outcome)
            if all(isinstance(one, Completed) for one in made):
                line.forget_the_baseline()
        finally:
            line.clear()
            redact_logs(folder)
        return measurements.read_run(folder)


def refuse_what_is_missing(profile: Profile, file: Path) -> None:
    """Raises `UsageError` where the profile names a kernel, a package, a file or a folder that is not there."""
    text, tasks, kernels = profile.quality, profile.tasks, kernel_names()
    for name in profile.engine.disabled_kernels if kernels else ():
        if name not in kernels:
            raise UsageError(
                f"--disable-kernel or field engine.disabled_kernels: vLLM has no kernel {name!r}"
                f"{nearest(name, kernels)}; correct it, or leave it out"
            )
    start = f"seen from the profile's folder, {file.parent}"
    if text is not None and not located(text.text, file.parent).is_file():
        raise UsageError(
            f"{file.name}: field quality.text: there is no file {text.text!r}, {start}; correct it, or leave out "
            "[quality]"
        )
    if tasks is not None and find_spec("lm_eval") is None:
        raise UsageError(
            f"{file.name}: field tasks: lm_eval is not installed; install it with `make tasks`, or leave out [tasks]"
        )
    if tasks is not None and tasks.folder is not None and not located(tasks.folder, file.parent).is_dir():
        raise UsageError(
            f"{file.name}: field tasks.folder: there is no folder {tasks.folder!r}, {start}; correct it, or leave it "
            "out"
        )


def _plan(manifest: MeasuredRun) -> Plan:
    guess_gib = manifest.profile.engine.kv_cache_gib
    if manifest.experiment == "smallest_budget" and guess_gib is not None:
        return Search(manifest.cells, guess_gib)
    return Rounds(manifest.cells, manifest.profile.rounds)


def _made(folder: Path, order: Order) -> list[Completed | Failed]:
    return [
        launch
        for launch in measurements.read_run(folder).launches
        if isinstance(launch, Completed | Failed) and (launch.valid or not order.retry_failed)
    ]


def open_run(order: Order, hardware: Hardware, root: Path) -> tuple[Path, MeasuredRun, list[Completed | Failed]]:
    """The folder, the manifest and the launches of `_found_or_begun`, with the logs redacted that a killed run left."""
    folder, manifest = _found_or_begun(order, hardware, root)
    redact_logs(folder)
    return folder, manifest, _made(folder, order)


def begin(
    order: Order, manifest: MeasuredRun, made: Sequence[Completed | Failed], size: int, watcher: Watcher, root: Path
) -> None:
    """Tell the watcher what the run has and lacks, and why no older run is gone on with."""
    watcher.begins(manifest.run_id, max(size, len(made)), len(made))
    if not made and not order.begin_anew and (why := why_not_resumed(manifest, measurements.read_runs(root))):
        watcher.notes(why)


def _found_or_begun(order: Order, hardware: Hardware, root: Path) -> tuple[Path, MeasuredRun]:
    """The newest run of just this order in just this environment that still lacks launches, or else a new one. More
    rounds than a run had are launches that it lacks: what was made for a quick look counts for a thorough one. A part
    of an experiment that is complete is gone on with too, so that its other parts can follow on it."""
    versions = environment.versions()
    sha256 = environment_sha256(hardware, versions)
    if order.profile.tasks is not None:  # of no weight for other runs, which go on when it is installed
        versions["lm_eval"] = version("lm_eval")
    runs = measurements.read_runs(root)
    for run in reversed(runs):
        manifest = run.manifest
        if (
            not order.begin_anew
            and isinstance(manifest, MeasuredRun)
            and run.trust == "own"
            and (manifest.environment_sha256, manifest.versions) == (sha256, versions)
            and order.is_of(manifest)
            and (
                len(run.launches) < order.size
                or order.experiment in get_args(Paradox)
                or (order.retry_failed and _counts_for_nothing(run))
            )
        ):
            folder = root / manifest.run_id
            if order.profile.rounds > manifest.profile.rounds:
                manifest = manifest.model_copy(update={"profile": order.profile})
                measurements.write_manifest(folder, manifest)
            return folder, manifest
    if order.retry_failed and order.experiment in {None, "equal_utilisation", "long_context"}:
        raise UsageError(f"--retry-failed: {_what_failed(runs, sha256, order.profile.name)}")
    manifest = MeasuredRun(
        schema_version=SCHEMA_VERSION,
        origin="measured",
        run_id=_free_id(root, "-".join([order.profile.name, *(order.experiment or "").split("_")]).rstrip("-")),
        created_at=now(),
        profile=order.profile,
        cells=order.cells,
        memory_budget_gib=order.memory_budget_gib,
        experiment=order.experiment,
        hardware=hardware,
        versions=versions,
        git_revision=environment.git_revision(),
        environment_sha256=sha256,
        command=readable(order.command),
    )
    folder = root / manifest.run_id
    measurements.write_manifest(folder, manifest)
    return folder, manifest


def _counts_for_nothing(run: measurements.Run) -> bool:
    """Whether a launch of it failed or is invalid."""
    return any(isinstance(launch, Completed | Failed) and not launch.valid for launch in run.launches)


def _what_failed(runs: Sequence[measurements.Run], sha256: str, profile: str) -> str:
    """Of what was measured with other options in this environment, which run has failed launches: of the profile of
    that name, if one has, the newest."""
    failed = [
        run.manifest
        for run in runs
        if isinstance(run.manifest, MeasuredRun)
        and run.trust == "own"
        and run.manifest.environment_sha256 == sha256
        and _counts_for_nothing(run)
    ]
    if not failed:
        return "no run in this environment has launches that failed or are invalid; leave it out"
    manifest = max(enumerate(failed), key=lambda found: (found[1].profile.name == profile, found[0]))[1]
    words = [word for word in shlex.split(manifest.command) if word not in {"--new", "--retry-failed"}]
    return (
        f"no run with just these options has launches that failed or are invalid; {manifest.run_id} has some: give its "
        f"options, `{shlex.join([*words, '--retry-failed'])}`"
    )


def _free_id(root: Path, profile: str) -> str:
    """The day and the profile, with a number when that day has one already."""
    stem = f"{datetime.now(UTC):%Y-%m-%d}-{profile}"
    number = 1
    taken = {folder.name for folder in run_folders(root)}
    while (run_id := stem if number == 1 else f"{stem}-{number}") in taken or (root / run_id).exists():
        number += 1
    return run_id


@contextmanager
def alone(root: Path) -> Iterator[None]:
    """Two measurements at once would measure each other. What a killed one left is swept away first."""
    try:
        root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(root / ".lock", os.O_RDWR | os.O_CREAT)
    except OSError as error:
        raise StorageError(f"measurements/: {error.strerror}; give permission to write there") from None
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UnfitError(
                "another quantpress measure is running on these measurements; wait for it to end"
            ) from None
        except OSError as error:
            raise StorageError(
                f"measurements/.lock: can't be locked: {error.strerror}; put measurements/ on a local disk"
            ) from None
        measurements.sweep(root)
        yield
    finally:
        os.close(descriptor)
