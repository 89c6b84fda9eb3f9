"""Makes what is kept of each run, by several processes where many runs are new."""

import os
from collections.abc import Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import cached_property
from multiprocessing import get_context
from pathlib import Path
from typing import Final

from jinja2 import BytecodeCache, Environment, FileSystemBytecodeCache

from generator.analyse.findings import run_findings
from generator.kept import Kept, keep
from generator.measurements import read_run
from generator.orphan import die_with_the_parent
from generator.render import alone
from generator.render.about import Tell, teller
from generator.render.pages import environment_of

# With fewer runs, starting the processes takes as long as they save.
MANY: Final = 50

# Each starts anew and imports what it needs: that takes as long as some thirty runs.
PROCESSES: Final = 8


@dataclass(frozen=True)
class Press:
    """The templates' texts by name, where they are kept as they were compiled, what keys them there, and the address of
    the site."""

    templates: Mapping[str, str]
    compiled_in: Path
    code: str
    site_url: str

    @cached_property
    def compiled(self) -> BytecodeCache | None:
        """Templates as they were compiled: a third of the work for a site of few runs. By `code`, because a filter of a
        constant, a label say, is done while a template is compiled."""
        with suppress(OSError):
            self.compiled_in.mkdir(parents=True, exist_ok=True)
            if os.access(self.compiled_in, os.W_OK):
                return _Compiled(self.compiled_in, self.code)
        return None

    @cached_property
    def environment(self) -> Environment:
        """What reads the templates."""
        return environment_of(self.templates, self.compiled)

    @cached_property
    def tell(self) -> Tell:
        """See `about.teller`."""
        return teller(self.environment)

    def make(self, folder: Path, key: str, root: Path) -> Kept:
        """Read the run in `folder`, and keep under `root` what is made of it. Raises `RecordError`."""
        run = run_findings(read_run(folder))
        return keep(root, key, alone.alone(run, self.environment, self.tell, self.site_url))

    def make_all(self, runs: Sequence[tuple[Path, str]], root: Path) -> list[Kept]:
        """The same of each folder and key, in their order."""
        processes = min(PROCESSES, len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1)
        if len(runs) >= MANY and processes > 1:
            share = -(-len(runs) // (4 * processes))
            tasks = [(replace(self), runs[start : start + share], root) for start in range(0, len(runs), share)]
            # Where somebody ends a process, or there are no semaphores, it goes on alone, or fails with its own reason.
            with (
                suppress(BrokenProcessPool, NotImplementedError, ImportError, OSError),
                # Not forked: a process that serves the site has threads.
                ProcessPoolExecutor(processes, get_context("spawn"), die_with_the_parent, (os.getpid(),)) as pool,
            ):
                return [kept for made in pool.map(_make_share, tasks) for kept in made]
        return _make_share((self, runs, root))


def _make_share(task: tuple[Press, Sequence[tuple[Path, str]], Path]) -> list[Kept]:
    press, runs, root = task
    return [press.make(folder, key, root) for folder, key in runs]


class _Compiled(FileSystemBytecodeCache):
    def __init__(self, folder: Path, code: str) -> None:
        super().__init__(str(folder))
        self._code = code

    def get_source_checksum(self, source: str) -> str:
        return super().get_source_checksum(f"{self._code}{source}")
