"""The command line: parses, wires, prints, sets the exit status. It computes nothing."""

import argparse
import io
import json
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from time import monotonic
from types import FrameType
from typing import TYPE_CHECKING, Any, Final

from rich.console import Console

from generator import measurements
from generator.errors import (
    OUTPUT_CLOSED,
    SOME_LAUNCHES_FAILED,
    QuantpressError,
    UsageError,
    in_a_line,
)
from generator.folders import CHECKOUT, MEASUREMENTS, PAGES
from generator.importing import STATED, import_files
from generator.measurements import json_schemas
from generator.record import Completed
from generator.words import parser

if TYPE_CHECKING:
    from generator.order import Order

# The words of commands that make launches.
MEASURING: Final = frozenset({"measure", "paradox", "context", "crosscheck", "--run"})

# To end what was started takes less; one more signal in the meantime asks for nothing new.
ENDING_S: Final = 15.0


class Terminal(Console):
    """What tables are printed to. Rich's own ends the program by itself, with status 1, where the output's reader has
    gone."""

    def on_broken_pipe(self) -> None:
        """Let `main` end as it does for all else that is printed."""
        raise BrokenPipeError


def main(arguments: Sequence[str] | None = None) -> None:
    """Run one command. Every fault that a user can mend ends here, in one line on standard error."""
    words = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal that has no letter for it shows a question mark
    try:
        with _interruptible():
            parsed = parser().parse_args(words)
            status = COMMANDS[parsed.command](parsed, words)
            sys.stdout.flush()
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python writes what is left when it ends
        status = OUTPUT_CLOSED
    except (QuantpressError, OSError) as error:
        fault = in_a_line(error)
        print(f"quantpress: {fault}", file=sys.stderr)
        status = fault.exit_status
    except Interrupted as interrupted:
        kept = "; finished launches are kept, the same command goes on from there" if {*words} & MEASURING else ""
        print(f"quantpress: interrupted{kept}", file=sys.stderr)
        status = 128 + interrupted.number  # as a shell tells of a program that the signal ends
    sys.exit(status)


class Interrupted(KeyboardInterrupt):
    """A signal asked for the end."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.number = number


@contextmanager
def _interruptible() -> Iterator[None]:
    """SIGINT and SIGTERM end what is done within, and what it has started. Whoever asks twice gets no other end: to
    break that off would leave processes behind."""
    asked_s = float("-inf")

    def interrupt(number: int, _: FrameType | None) -> None:
        nonlocal asked_s
        before_s, asked_s = asked_s, monotonic()
        if asked_s - before_s > ENDING_S:
            raise Interrupted(number)

    numbers = [one for one in (signal.SIGINT, signal.SIGTERM) if signal.getsignal(one) != signal.SIG_IGN]
    after: dict[signal.Signals, Any] = {number: signal.signal(number, interrupt) for number in numbers}
    try:
        yield
    except Interrupted:
        after = dict.fromkeys(numbers, signal.SIG_IGN)  # nothing is left to be ended but this program, which ends
        raise
    finally:
        for number, handler in after.items():
            signal.signal(number, handler)


# What measures is imported where it is needed, because rendering and checking must work where none of it is installed.


def _measure(parsed: argparse.Namespace, words: list[str]) -> int:
    return _made(parsed, words, lambda order: order)


def _made(parsed: argparse.Namespace, words: list[str], wanted: Callable[["Order"], "Order"]) -> int:
    """Make what is `wanted` of the order, here or on a cluster, and show what was found; the exit status."""
    from generator.measure.display import Display
    from generator.measure.session import measure
    from generator.ordering import order_of

    console = Terminal()
    if parsed.ray is not None:
        runs = _made_across(console, parsed, words, wanted)
    elif parsed.card is not None:
        raise UsageError("--card: it chooses among the cards of a cluster; add --ray, or leave it out")
    else:
        order = wanted(order_of(parsed, words))
        with Display(console) as display:
            runs = (measure(order, display),)
    return max(_told(console, words, run) for run in runs)


def _made_across(
    console: Terminal, parsed: argparse.Namespace, words: list[str], wanted: Callable[["Order"], "Order"]
) -> tuple[measurements.Run, ...]:
    from generator.measure.across import measure_across
    from generator.measure.display import Display
    from generator.measure.joining import joined
    from generator.ordering import order_of

    def note(what: str) -> None:
        console.print(f"{what}.", markup=False, highlight=False)

    with joined(parsed.ray) as cluster, ExitStack() as displays:
        order = wanted(order_of(parsed, words, of_cluster=cluster.has_gpu))
        return measure_across(
            order, cluster, parsed.card, note, lambda kind: displays.enter_context(Display(console, kind)), MEASUREMENTS
        )


def _paradox(parsed: argparse.Namespace, words: list[str]) -> int:
    from generator.measure.display import Display
    from generator.measure.paradox import paradox
    from generator.ordering import order_of

    for name, value in (("--users", parsed.users), ("--context", parsed.context)):
        if value < 1:
            raise UsageError(f"{name}: expected at least 1, found {value}")
    if parsed.ray is not None or parsed.card is not None:
        raise UsageError(
            "--ray: the paradox is measured step by step, each run by what the one before found; leave it out, and "
            "measure on one machine"
        )
    order, console = order_of(parsed, words), Terminal()
    with ExitStack() as displays:
        runs = paradox(
            order,
            parsed.users,
            parsed.context,
            lambda: displays.enter_context(Display(console)),
            MEASUREMENTS,
        )
    return max(_told(console, words, run) for run in runs)


def _context(parsed: argparse.Namespace, words: list[str]) -> int:
    from generator.measure.context import LENGTHS, with_long_prompts

    def with_lengths(order: "Order") -> "Order":
        profile = with_long_prompts(order.profile, parsed.prompt or LENGTHS)
        return replace(order, profile=profile, experiment="long_context")

    return _made(parsed, words, with_lengths)


def _crosscheck(parsed: argparse.Namespace, _: list[str]) -> int:
    from generator.analyse.findings import find
    from generator.measure.crosscheck import crosscheck
    from generator.render.terminal import peers

    console = Terminal()
    run = crosscheck(parsed.run_id, parsed.method, lambda cell: console.print(f"{cell.label}: vllm bench latency"))
    console.print(peers(find((run,)).runs[0]))
    return 0


def _fit(parsed: argparse.Namespace, _: list[str]) -> int:
    from generator.planner import answer

    return answer(parsed, Terminal())


def _plan(parsed: argparse.Namespace, _: list[str]) -> int:
    from generator.sweeping import answer

    return answer(parsed, Terminal(), lambda words: _measure(parser().parse_args(words), words))


def _diff(parsed: argparse.Namespace, _: list[str]) -> int:
    from generator.diffing import answer

    return answer(parsed, Terminal())


def _told(console: Console, words: list[str], run: measurements.Run) -> int:
    """Show what a run found, and say what to type next; the exit status."""
    from generator.analyse.findings import find
    from generator.render.terminal import featured_instead, summary

    found = find((run,)).runs[0]
    console.print(summary(found))
    if found.idle_share is not None:
        of_cards = f" of {len(found.cards)} cards together" if found.cards else ""
        console.print(
            f"The launches took {found.launches_s / 60:.1f} min{of_cards}; "
            f"in {found.idle_share:.0%} of that no engine was loading or at work.",
            highlight=False,
        )
    failed = [launch for launch in run.launches if launch.status == "failed"]
    if failed:
        console.print(f"{len(failed)} of {len(run.launches)} launches failed. Mend the reasons above, then: ", end="")
        again = [word for word in words if word != "--retry-failed"]
        console.print(shlex.join(["quantpress", *again, "--retry-failed"]), style="bold", highlight=False)
        return SOME_LAUNCHES_FAILED
    if any(isinstance(launch, Completed) and not launch.valid for launch in run.launches):
        console.print("What is invalid counts for nothing; the same words with --retry-failed launch it again.")
    console.print("Next: [bold]mkdocs build[/] writes the site to site/public; [bold]mkdocs serve[/] shows it.")
    if hint := featured_instead(found, find(measurements.read_runs()).featured):
        console.print(hint, highlight=False)
    return 0


def _pages(parsed: argparse.Namespace, _: list[str]) -> int:
    from generator.configuration import configuration_in, site_url_of
    from generator.ledger import others, write_files
    from generator.site import Choices, site_files
    from generator.written import pages_in, write_ups

    settings = CHECKOUT / "mkdocs.yml"
    written = write_ups(pages_in(PAGES))
    in_place = parsed.folder.resolve() == PAGES.resolve()
    site_url = site_url_of(configuration_in(settings))
    files = site_files(Choices.in_file(settings), site_url=site_url, written={} if in_place else written)
    if not in_place:  # all that a builder needs: an author's pages as they are, and filled in where they ask for it
        files |= {path: file for path, file in others(PAGES).items() if path not in written}
    done = write_files(files, parsed.folder)
    print(f"{done.changed} files changed under {parsed.folder}")
    if done.left:
        print(
            f"Left, for they are not as this command wrote them: {', '.join(done.left)}. "
            "To get the generated ones, remove or rename yours and run it again."
        )
    if in_place and written:
        print(f"Not filled in, for they would lose what they name: {', '.join(written)}. Name another folder for that.")
    return 0


def _finish(parsed: argparse.Namespace, _: list[str]) -> int:
    from generator.finishing import finish

    print(f"{finish(parsed.folder)} pages finished under {parsed.folder}")
    return 0


def _names(_: argparse.Namespace, __: list[str]) -> int:
    from generator.analyse.findings import find
    from generator.render.write_up import names
    from generator.site import Choices

    findings = find(measurements.read_runs(), Choices.in_file(CHECKOUT / "mkdocs.yml").featured_run)
    for kind, found in names(findings).items():
        print(f"{kind}:")
        width = max(map(len, found), default=0)
        for name, called in found.items():
            print(f"  {name:<{width}}  {called}".rstrip())
    return 0


def _check(parsed: argparse.Namespace, _: list[str]) -> int:
    from generator.check import check, status_of
    from generator.folders import TEMPLATES, templates_in
    from generator.render.check import for_terminal, report
    from generator.render.pages import environment_of

    checked = check(parsed.paths or [MEASUREMENTS])
    markdown = report(checked, environment_of(templates_in(TEMPLATES)))
    print(markdown if parsed.markdown else for_terminal(markdown), end="")
    return status_of(checked)


def _import(parsed: argparse.Namespace, _: list[str]) -> int:
    stated = {name: getattr(parsed, name) for name in STATED}
    results = import_files(parsed.files, parsed.tool, parsed.run_id, stated)
    count = len(results.records)
    print(f"{results.manifest.run_id}: {count} {'measurement' if count == 1 else 'measurements'} imported")
    return 0


def _export(parsed: argparse.Namespace, _: list[str]) -> int:
    from generator.exporting import FORMATS, export

    rows = export(parsed.folder, parsed.format or FORMATS)
    print(f"{parsed.folder}: {rows:,} rows")
    return 0


def _schema(_: argparse.Namespace, __: list[str]) -> int:
    print(json.dumps(json_schemas(), indent=2))
    return 0


# Each by its name: it gets what was understood, and the words as they were typed, and gives the exit status.
COMMANDS: Final[dict[str, Callable[[argparse.Namespace, list[str]], int]]] = {
    "measure": _measure,
    "paradox": _paradox,
    "context": _context,
    "crosscheck": _crosscheck,
    "fit": _fit,
    "plan": _plan,
    "diff": _diff,
    "pages": _pages,
    "finish": _finish,
    "names": _names,
    "check": _check,
    "import": _import,
    "export": _export,
    "schema": _schema,
}


if __name__ == "__main__":
    main()
