"""What the user sees while it runs: live lines on a terminal, plain lines elsewhere. It decides nothing."""

from time import monotonic
from typing import Self

from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    SpinnerColumn,
    TaskID,
    TextColumn,
    TimeElapsedColumn,
)

from generator.measure.schedule import Slot
from generator.methods import MethodId, method_of
from generator.record import INVALIDATING, Completed, Failed, Stage


class Display:
    """A `line.Watcher` for people: a line for the whole run, and one for each launch that is under way. `kind` is the
    card whose run it is, where there may be other runs beside it."""

    def __init__(self, console: Console, kind: str | None = None) -> None:
        self._console = console
        self._of = f"{escape(kind)}: " if kind else ""
        self._whole = Progress(
            BarColumn(bar_width=20), MofNCompleteColumn(), TimeElapsedColumn(), TextColumn("{task.fields[left]}")
        )
        self._under_way = Progress(SpinnerColumn(), TextColumn("{task.description}"), TimeElapsedColumn())
        self._live = Live(Group(self._whole, self._under_way), console=console, transient=True)
        self._task = self._whole.add_task("", total=None, left="")
        self._lines: dict[Slot | None, TaskID] = {}
        self._to_do = 0
        self._ended = 0
        self._start = monotonic()

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start(refresh=True)
        return self

    def __exit__(self, *_: object) -> None:
        self._live.stop()

    def begins(self, run_id: str, launches: int, done: int) -> None:
        """See `line.Watcher`."""
        self._to_do, self._start = launches - done, monotonic()
        resumed = f", {done} of them already made" if done else ""
        self._console.print(
            f"{self._of}Run [bold]{run_id}[/]: {launches} {'launch' if launches == 1 else 'launches'}{resumed}.",
            highlight=False,
        )
        self._whole.update(self._task, total=launches, completed=done)

    def notes(self, what: str) -> None:
        """See `line.Watcher`."""
        self._console.print(f"{self._of}{what}.", markup=False, highlight=False)

    def prepares(self, method: MethodId) -> None:
        """See `line.Watcher`."""
        self._says(None, f"{method_of(method).name}: checkpoint")

    def stage(self, slot: Slot, stage: Stage) -> None:
        """See `line.Watcher`."""
        if stage not in {"prepare", "wait"}:
            self._says(slot, f"round {slot.round} · {slot.cell.label}: {stage}")

    def loses(self, slot: Slot, why: str) -> None:
        """See `line.Watcher`."""
        self._no_longer(slot)
        self.notes(f"round {slot.round} · {slot.cell.label}: lost: {why}")

    def ends(self, slot: Slot, outcome: Completed | Failed) -> None:
        """See `line.Watcher`."""
        self._ended += 1
        self._no_longer(slot)
        name = slot.cell.label
        if isinstance(outcome, Completed):
            rate = outcome.quantities.output_tokens_per_s
            mark = "[green]✓[/]" if outcome.valid else "[yellow]![/]"
            line = f"{self._of}{mark} round {slot.round} · {name}: {rate:,.1f} tokens/s in {outcome.duration_s:.0f} s"
        else:
            reason = outcome.reason.replace("_", " ")
            line = f"{self._of}[red]✗[/] round {slot.round} · {name}: {reason} at {outcome.stage}: "
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
        self._whole.update(self._task, advance=1, left=self._time_left())

    def _says(self, slot: Slot | None, what: str) -> None:
        self._no_longer(None)  # checkpoints are ready when a launch begins
        if slot in self._lines:
            self._under_way.update(self._lines[slot], description=what)
        else:
            self._lines[slot] = self._under_way.add_task(what, total=None)
        if not self._console.is_terminal:
            left = f", {self._time_left()}" if self._time_left() else ""
            self._console.print(f"{self._of}{what}{left}", highlight=False)

    def _no_longer(self, slot: Slot | None) -> None:
        if slot in self._lines:
            self._under_way.remove_task(self._lines.pop(slot))

    def _time_left(self) -> str:
        """The launches so far, taken as the rule for those to come."""
        if not self._ended or self._ended >= self._to_do:
            return ""
        left_s = (monotonic() - self._start) / self._ended * (self._to_do - self._ended)
        return f"about {left_s / 60:.0f} min left" if left_s >= 90 else f"about {left_s:.0f} s left"
