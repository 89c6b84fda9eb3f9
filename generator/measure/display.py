"""What the user sees while it runs: a live line on a terminal, plain lines elsewhere. It decides nothing."""

from time import monotonic
from typing import Self

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from generator.measure.schedule import Slot
from generator.methods import MethodId, method_of
from generator.record import INVALIDATING, Completed, Failed, Stage


class Display:
    """A `line.Watcher` for people."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._progress = Progress(
            SpinnerColumn(),
            BarColumn(bar_width=20),
            MofNCompleteColumn(),
            TextColumn("{task.description}"),
            TimeElapsedColumn(),
            TextColumn("{task.fields[left]}"),
            console=console,
            transient=True,
            disable=not console.is_terminal,
        )
        self._task = self._progress.add_task("", total=None, left="")
        self._to_do = 0
        self._ended = 0
        self._start = monotonic()

    def __enter__(self) -> Self:
        self._progress.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._progress.stop()

    def begins(self, run_id: str, launches: int, done: int) -> None:
        """See `line.Watcher`."""
        self._to_do, self._start = launches - done, monotonic()
        resumed = f", {done} of them already made" if done else ""
        self._console.print(f"Run [bold]{run_id}[/]: {launches} launches{resumed}.", highlight=False)
        self._progress.update(self._task, total=launches, completed=done)

    def notes(self, what: str) -> None:
        """See `line.Watcher`."""
        self._console.print(f"{what}.", markup=False, highlight=False)

    def prepares(self, method: MethodId) -> None:
        """See `line.Watcher`."""
        self._says(f"{method_of(method).name}: checkpoint")

    def stage(self, slot: Slot, stage: Stage) -> None:
        """See `line.Watcher`."""
        if stage != "wait":
            self._says(f"round {slot.round} · {slot.cell.label}: {stage}")

    def ends(self, slot: Slot, outcome: Completed | Failed) -> None:
        """See `line.Watcher`."""
        self._ended += 1
        name = slot.cell.label
        if isinstance(outcome, Completed):
            rate = outcome.quantities.output_tokens_per_s
            mark = "[green]✓[/]" if outcome.valid else "[yellow]![/]"
            line = f"{mark} round {slot.round} · {name}: {rate:,.1f} tokens/s in {outcome.duration_s:.0f} s"
        else:
            reason = outcome.reason.replace("_", " ")
            line = f"[red]✗[/] round {slot.round} · {name}: {reason} at {outcome.stage}: "
        self._console.print(line, highlight=False, end="\n" if isinstance(outcome, Completed) else "")
        if isinstance(outcome, Completed):
            for fault in outcome.faults:
                doubt = "Invalid" if fault.kind in INVALIDATING else "In doubt"
                self._console.print(f"  {doubt}: {fault.detail}", markup=False, highlight=False)
            for point in outcome.unserved:
                self._console.print(f"  {point.workload}: {point.message}", markup=False, highlight=False)
        if isinstance(outcome, Failed):
            self._console.print(outcome.message, markup=False, highlight=False)
            self._console.print(f"  Mend: {outcome.mend}.", markup=False, highlight=False)
        self._progress.update(self._task, advance=1, left=self._time_left())

    def _says(self, what: str) -> None:
        self._progress.update(self._task, description=what)
        if not self._console.is_terminal:
            self._console.print(f"{what}{', ' + self._time_left() if self._time_left() else ''}", highlight=False)

    def _time_left(self) -> str:
        """The launches so far, taken as the rule for those to come."""
        if not self._ended or self._ended >= self._to_do:
            return ""
        left_s = (monotonic() - self._start) / self._ended * (self._to_do - self._ended)
        return f"about {left_s / 60:.0f} min left" if left_s >= 90 else f"about {left_s:.0f} s left"
