"""The mutation score of what decides: how many slips in a module its own tests notice. Goal: 90% of each module's.

Each mutant is judged in a fork of this process, which has imported pytest and the libraries and nothing of ours; there
the mutant stands in for its module. What can't be imported says nothing of the tests and is not counted. An equivalent
mutant behaves as the module does, so that no test could fail: each that is taken for one is in `equivalent`.
"""

import argparse
import importlib.util
import json
import os
import resource
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from time import perf_counter
from typing import Final, TypeVar

import hypothesis
import mpmath  # noqa: F401  here, as pydantic below, so that no fork has to
import pydantic  # noqa: F401
import pytest

from torture.mutants.equivalent import EQUIVALENT
from torture.mutants.mutants import Mutant, mutants_of

CHECKOUT: Final = Path(__file__).parents[2]
GOAL_PERCENT: Final = 90

# The tests that are meant to hold each module.
TESTS: Final[dict[str, tuple[str, ...]]] = {
    "generator.analyse.statistics": ("tests/analyse/test_statistics.py", "tests/analyse/test_boundaries.py"),
    "generator.analyse.rule": ("tests/analyse/test_rule.py", "tests/analyse/test_advice.py"),
    "generator.analyse.pairs": ("tests/analyse/test_pairs.py", "tests/analyse/test_pair_edges.py"),
    "generator.analyse.hold": ("tests/analyse/test_hold.py", "tests/analyse/test_matrix.py"),
    "generator.analyse.outlook": ("tests/analyse/test_outlook.py",),
    "generator.analyse.durations": ("tests/analyse/test_outlook.py",),
    "generator.sweep": ("tests/test_sweep.py",),
    "generator.samples": ("tests/test_samples.py",),
    "generator.record": ("tests/test_record.py", "tests/test_measurements.py"),
    "generator.frozen": ("tests/test_frozen.py",),
    "generator.measurements": ("tests/test_reader_edges.py", "tests/test_measurements.py"),
    "generator.untrusted": ("tests/test_untrusted.py",),
    "generator.readable": ("tests/test_readable.py",),
    "generator.faults": ("tests/test_first_fault.py", "tests/test_profiles.py", "tests/test_measurements.py"),
}

SURVIVED, KILLED, INTERRUPTED, CRASHED, STILLBORN = 0, 1, 2, 3, 99  # the first four are pytest's
MEMORY_BYTES: Final = 4 * 2**30

# The same examples each time, and a failure found is enough.
hypothesis.settings.register_profile(
    "mutants",
    database=None,
    deadline=None,
    derandomize=True,
    phases=(hypothesis.Phase.explicit, hypothesis.Phase.generate),
    suppress_health_check=list(hypothesis.HealthCheck),
)

T = TypeVar("T")


class Quickest:
    """Has pytest run the quick tests first, by what each took when there was no slip."""

    def __init__(self, durations_s: dict[str, float]) -> None:
        self.durations_s = durations_s

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items.sort(key=lambda item: self.durations_s.get(item.nodeid, 0))

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.durations_s[report.nodeid] = self.durations_s.get(report.nodeid, 0) + report.duration


def score_percent(module: str, every: int, jobs: int) -> float:
    """The score of a module, which is printed, with its survivors."""
    path = CHECKOUT / f"{module.replace('.', '/')}.py"
    source = path.read_text(encoding="utf-8")
    mutants = list(mutants_of(source))[::every]
    listed = EQUIVALENT.get(module, {})
    durations_s, limit_s = _without_a_slip(module, source)

    def judge(mutant: Mutant) -> int:
        return _ended(module, Quickest(durations_s), mutant.source)

    killed = survived = equivalent = 0
    for mutant, status in _each_in_a_fork(mutants, judge, limit_s, jobs):
        if status == STILLBORN:
            continue
        if status != SURVIVED:
            killed += 1
            if mutant.after in listed:
                print(f"{module}: is no equivalent, a test tells it: {mutant.after}", flush=True)
        elif mutant.after in listed:
            equivalent += 1
        else:
            survived += 1
            print(f"{module}, line {mutant.line}: survived\n  - {mutant.before}\n  + {mutant.after}", flush=True)
    percent = 100 * killed / max(killed + survived, 1)
    print(
        f"{module:30} {killed + survived + equivalent:5,} mutants {killed:5,} killed {survived:4} survived "
        f"{equivalent:4} equivalent {percent:6.1f}%",
        flush=True,
    )
    return percent


def _without_a_slip(module: str, source: str) -> tuple[dict[str, float], int]:
    """How long each test takes, and how many seconds a mutant gets, which may loop for ever. All tests must pass, with
    the module itself as its stand-in: else they would fail for every mutant."""
    start_s = perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        noted = Path(folder) / "durations.json"

        def judge(watch: Quickest) -> int:
            status = _ended(module, watch, source)
            noted.write_text(json.dumps(watch.durations_s), encoding="utf-8")
            return status

        ((_, status),) = _each_in_a_fork([Quickest({})], judge, 600, 1)
        if status != SURVIVED:
            raise SystemExit(f"{module}: its tests fail as it is; run: python -m pytest {' '.join(TESTS[module])}")
        return json.loads(noted.read_text(encoding="utf-8")), 10 + int(5 * (perf_counter() - start_s))


def _each_in_a_fork(given: Sequence[T], judge: Callable[[T], int], limit_s: int, jobs: int) -> Iterator[tuple[T, int]]:
    """What is given, each with the status that judging it ended with; below 0 of what a signal ended."""
    waiting, running = list(reversed(given)), dict[int, T]()
    while waiting or running:
        while waiting and len(running) < jobs:
            one = waiting.pop()
            child = os.fork()
            if child == 0:
                status = CRASHED
                try:
                    signal.alarm(limit_s)
                    resource.setrlimit(resource.RLIMIT_AS, (MEMORY_BYTES, MEMORY_BYTES))
                    status = judge(one)
                finally:
                    os._exit(status)
            running[child] = one
        child, waited = os.wait()
        yield running.pop(child), os.waitstatus_to_exitcode(waited)


def _ended(module: str, watch: Quickest, source: str) -> int:
    """What the module's tests end with when `source` stands in for it, in a process that has imported none of ours."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    spec = importlib.util.find_spec(module)
    assert spec is not None
    stand_in = sys.modules[module] = importlib.util.module_from_spec(spec)
    try:
        exec(compile(source, str(spec.origin), "exec"), vars(stand_in))  # noqa: S102  our own source
    except Exception:
        return STILLBORN
    package, _, name = module.rpartition(".")
    setattr(sys.modules[package], name, stand_in)
    # Hypothesis was imported before pytest could rewrite its assertions: true, and no matter.
    options = ["-x", "-q", "-p", "no:cacheprovider", "-W", "ignore::pytest.PytestAssertRewriteWarning"]
    return pytest.main([*options, *TESTS[module]], plugins=[watch])


def main() -> None:
    """Score the modules that are named, or all; exit with 1 where one misses the goal."""
    parser = argparse.ArgumentParser(prog="python -m torture.mutants.mutate", description=__doc__)
    parser.add_argument("modules", nargs="*", metavar="MODULE", help=f"of {', '.join(TESTS)} (default: all)")
    parser.add_argument("--every", type=int, default=1, help="judge one mutant in so many (default: 1)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="how many at once")
    arguments = parser.parse_args()
    if unknown := sorted(set(arguments.modules) - set(TESTS)):
        parser.error(f"no tests are named for {', '.join(unknown)}; the modules are {', '.join(TESTS)}")
    os.chdir(CHECKOUT)
    hypothesis.settings.load_profile("mutants")
    scores = [score_percent(module, arguments.every, arguments.jobs) for module in arguments.modules or TESTS]
    if min(scores) < GOAL_PERCENT:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
