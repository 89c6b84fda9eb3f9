"""Lets each call of the system, each start of a process and each stage of an engine fail in turn during a measurement,
and counts what that cost: `python -m torture.survival.faults`."""

import argparse
import errno
import io
import json
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from itertools import product
from pathlib import Path
from typing import Any, Final

from generator import cli, measurements
from generator.measure import session
from generator.measure.worker import as_json
from generator.record import STAGES
from torture.survival import light
from torture.survival.harm import Harm, again, gone_on_with, harm_in_words, harm_of, harm_on_disk, launches_that
from torture.survival.injection import ERRORS, injected
from torture.survival.sitting import Sitting, told_in

ROUNDS: Final = 2
LAUNCHES: Final = 2 * ROUNDS
AT_ONCE: Final = 2 * (os.cpu_count() or 1)  # the light engine rests more than it works
FEWEST: Final = 1000

# What a start of a process fails with, and which starts a measurement has: git's two, the limits', one a launch.
START_ERRORS: Final = (errno.EAGAIN, errno.ENOMEM, errno.EMFILE, errno.EACCES)
STARTS: Final = range(1, 4 + LAUNCHES)
# In "tasks" nothing else happens than in "generate", and it needs a package more.
STAGE_FAULTS: Final = tuple(product((stage for stage in STAGES if stage != "tasks"), light.FAULTS))
# Of a stage, in seconds: longer than a worker takes to be imported on a busy machine.
DEADLINE_S: Final = 3


class Played:
    """Measurements within this process, whose workers are played by the replies that real ones gave."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._profile = str(light.write_profile(folder, ROUNDS))
        sitting = Sitting(light.command("measure", "--profile", self._profile), folder)
        assert sitting.status() == 0, sitting.said()
        records = [json.loads(content) for content in launches_that(folder, "completed").values()]
        self._replies = {_cell_of(record): _replies_of(record) for record in records}
        self.calls()  # once, so that what Python looks up only once is looked up

    def calls(self) -> list[str]:
        """The names of the calls that a measurement makes when none fails, in their order."""
        self._run_anew()
        made: list[str] = []
        assert self._measure([], None, 0, made) == Harm()
        return made

    def fail(self, number: int, error: int) -> Harm:
        """What it cost that this call failed, the resumption included."""
        self._run_anew()
        harm = self._measure([], number, error, [])
        return harm + gone_on_with(self._folder, lambda words: self._measure(words, None, 0, []), LAUNCHES)

    def _run_anew(self) -> None:
        shutil.rmtree(self._folder / "measurements", ignore_errors=True)

    def _measure(self, words: Sequence[str], fails: int | None, error: int, made: list[str]) -> Harm:
        output, errors, status = io.StringIO(), io.StringIO(), -1
        with _into(self._folder / "measurements"), redirect_stdout(output), redirect_stderr(errors):
            try:
                with injected(fails, error, self._replies) as calls:
                    cli.main(["measure", "--profile", self._profile, *words])
            except SystemExit as ended:
                status = int(ended.code or 0)
            except Exception as unforeseen:
                print(repr(unforeseen), file=errors)
        made += calls.made
        harm = harm_in_words(status, errors.getvalue())
        return harm + harm_on_disk(self._folder, told_in(output.getvalue()))


@contextmanager
def _into(root: Path) -> Iterator[None]:
    """The folder of the measurements is taken from the environment when the program starts: this one has."""
    functions: list[Any] = [session.measure, measurements.read_runs]
    before = [function.__defaults__ for function in functions]
    for function in functions:
        function.__defaults__ = (root,)
    try:
        yield
    finally:
        for function, defaults in zip(functions, before, strict=True):
            function.__defaults__ = defaults


def _cell_of(record: dict[str, Any]) -> str:
    return "-".join(record["cell"][part] for part in ("method", "engine", "mode"))


def _replies_of(record: dict[str, Any]) -> bytes:
    completed = {name: record[name] for name in as_json.__annotations__ if name in record} | {
        name: record[name] for name in ("configuration", "compiled")
    }
    before = [{"stage": stage} for stage in ("import", "wait", "load", "warm-up", "generate")]
    return "".join(json.dumps(one) + "\n" for one in [*before, {"completed": completed}, {"stage": "close"}]).encode()


def fail_for_real(**fault: str) -> Harm:
    """What a fault cost that the light engine's program makes, in a real tree of processes, the resumption included."""
    with tempfile.TemporaryDirectory() as name:
        folder, once = Path(name), Path(name) / "once"
        once.touch()
        command = light.command("measure", "--profile", str(light.write_profile(folder, ROUNDS)))
        sitting = Sitting(command, folder, **{light.ONCE: str(once)}, **fault)
        status = sitting.status()
        errors = "\n".join(
            line for line in sitting.said().splitlines() if line.startswith(("quantpress: ", "Traceback"))
        )
        harm = harm_of(sitting) + harm_in_words(status, errors)
        return harm + gone_on_with(folder, again(folder, command), LAUNCHES)


def fail_a_start(number: int, error: int) -> Harm:
    """What it cost that this start of a process failed."""
    return fail_for_real(**{light.START: f"{number}={error}"})


def fail_a_stage(stage: str, kind: str) -> Harm:
    """What it cost that a launch failed so in this stage."""
    return fail_for_real(**{light.FAULT: f"{stage}={kind}", light.DEADLINE: str(DEADLINE_S)})


def main() -> None:
    """One line a kind of fault; ends with status 1 when anything was lost, or too little tried."""
    argparse.ArgumentParser(prog="python -m torture.survival.faults", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as name:
        played = Played(Path(name))
        points = list(product(range(1, len(played.calls()) + 1), ERRORS))
        calls = sum((played.fail(number, error) for number, error in points), Harm())
    print(f"fault points   {len(points):,} injected   {calls}", flush=True)
    total, tried = calls, len(points)
    with ThreadPoolExecutor(AT_ONCE) as pool:
        for title, fail, faults in (
            ("process starts", fail_a_start, list(product(STARTS, START_ERRORS))),
            ("engine stages", fail_a_stage, STAGE_FAULTS),
        ):
            harm = sum(pool.map(lambda fault, fail=fail: fail(*fault), faults), Harm())
            print(f"{title:<14} {len(faults):,} injected   {harm}", flush=True)
            total, tried = total + harm, tried + len(faults)
    if total or tried < FEWEST:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
