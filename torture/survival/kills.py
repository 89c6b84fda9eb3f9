"""Kills every process of a measurement at random moments, and counts what that cost."""

import argparse
import os
import random
import signal
import sys
import tempfile
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Final, get_args

from generator.record import STAGES, Stage
from torture.survival import light
from torture.survival.harm import Harm, again, gone_on_with, harm_of
from torture.survival.sitting import Role, Sitting

KILLS: Final = 200
# The light engine rests more than it works.
AT_ONCE: Final = 2 * (os.cpu_count() or 1)
LAUNCHES: Final = 2
SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
# In "tasks" nothing else happens than in "generate", and it needs a package more.
HELD: Final[tuple[Stage, ...]] = tuple(stage for stage in STAGES if stage != "tasks")
_LOOK_S: Final = 0.02

# From a folder, the command that measures there.
Command = Callable[[Path], Sequence[str]]


@dataclass(frozen=True)
class Kill:
    """SIGKILL for the process of this role, so long after the start."""

    role: Role
    after_s: float


def light_command(folder: Path) -> Sequence[str]:
    """`LAUNCHES` launches of the light engine."""
    return light.command("measure", "--profile", str(light.write_profile(folder, rounds=1)))


def real_command(_: Path) -> Sequence[str]:
    """The demo in Transformers, as it ships."""
    words = ("measure", "--profile", "demo", "--controls", "--engine", "transformers", "--rounds", "1")
    return [sys.executable, "-m", "generator.cli", *words]


def kill(kill_: Kill, command: Command) -> Harm | None:
    """What one kill cost, its resumption included; None where the sitting had ended before."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        words = command(folder)
        sitting = Sitting(words, folder)
        sleep(kill_.after_s)
        hit = _strike(sitting, kill_.role)
        status = sitting.status()
        if not hit:
            return None
        harm = harm_of(sitting)
        if status not in ({-signal.SIGKILL} if kill_.role == "parent" else {0, 6}):
            harm += Harm(stuck=1)
        return harm + gone_on_with(folder, again(folder, words), LAUNCHES)


def _strike(sitting: Sitting, role: Role) -> bool:
    """Kill one that has the role, as soon as there is one; whether there was."""
    while sitting.process.poll() is None:
        for pid in sitting.processes(role)[:1]:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
                return True
        sleep(_LOOK_S)
    return False


def interrupted(stage: Stage, number: signal.Signals) -> Harm:
    """What a signal cost that comes while the first launch is held in this stage, its resumption included."""
    with tempfile.TemporaryDirectory() as name:
        folder, once = Path(name), Path(name) / "once"
        once.touch()
        words = light_command(folder)
        sitting = Sitting(words, folder, **{light.FAULT: f"{stage}=silence", light.ONCE: str(once)})
        while once.exists() and sitting.process.poll() is None:
            sleep(_LOOK_S)
        sitting.process.send_signal(number)
        expected = 128 + number if number in {signal.SIGINT, signal.SIGTERM} else -number
        status = sitting.status()
        harm = harm_of(sitting) + Harm(stuck=int(status != expected))
        return harm + gone_on_with(folder, again(folder, words), LAUNCHES)


def whole_sitting_s(command: Command) -> float:
    """How long a sitting takes that nobody disturbs."""
    with tempfile.TemporaryDirectory() as name:
        start = monotonic()
        sitting = Sitting(command(Path(name)), Path(name))
        assert sitting.status() == 0, sitting.said()
        return monotonic() - start


def kills(role: Role, count: int, command: Command, at_once: int = AT_ONCE, seed: int = 0) -> Harm:
    """What `count` kills of this role cost, at moments that `seed` draws from the length of a sitting."""
    whole_s = whole_sitting_s(command)
    source = random.Random(f"{seed} {role}")  # noqa: S311, the same moments each time
    moments = iter(lambda: Kill(role, source.uniform(0, whole_s)), None)
    total, done = Harm(), 0
    with ThreadPoolExecutor(at_once) as pool:
        while done < count:
            batch = [next(moments) for _ in range(min(count - done, 4 * at_once))]
            for harm in pool.map(lambda one: kill(one, command), batch):
                if harm is not None:
                    total, done = total + harm, done + 1
    return total


def main() -> None:
    """One line a role, and one for signals; ends with status 1 when anything was lost."""
    parser = argparse.ArgumentParser(prog="python -m torture.survival.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=KILLS, help=f"of each role (default: {KILLS})")
    parser.add_argument("--role", choices=get_args(Role), help="of this role alone")
    parser.add_argument("--real", type=int, metavar="N", help="instead: N kills of each role of the real demo")
    arguments = parser.parse_args()
    count, command = (arguments.real, real_command) if arguments.real else (arguments.kills, light_command)
    roles = [arguments.role] if arguments.role else list(get_args(Role))
    if arguments.real:
        roles = [role for role in roles if role != "engine"]  # which is in the worker
    total = Harm()
    for role in roles:
        harm = kills(role, count, command, 1 if arguments.real else AT_ONCE)
        total += harm
        print(f"kills of the {role:<9}  {count:,} killed   {harm}", flush=True)
    if not (arguments.real or arguments.role):
        pairs = [(stage, number) for stage in HELD for number in SIGNALS]
        with ThreadPoolExecutor(AT_ONCE) as pool:
            harm = sum(pool.map(lambda pair: interrupted(*pair), pairs), Harm())
        total += harm
        print(f"signals in each stage  {len(pairs):,} sent   {harm}", flush=True)
    if total:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
