"""What the terminal says while a measurement goes on."""

import io

from examples import completed, manifest
from rich.console import Console

from generator.measure.display import Display
from generator.measure.schedule import Slot
from generator.record import Completed, Fault


def said(outcome: Completed) -> str:
    text = io.StringIO()
    display = Display(Console(file=text, width=200))
    with display:
        display.begins(manifest().run_id, 1, 0)
        display.ends(Slot(outcome.round, outcome.cell), outcome)
    return text.getvalue()


def test_an_invalid_launch_is_not_ticked_off_and_says_why_its_figures_do_not_count() -> None:
    told = said(completed(faults=[Fault(kind="busy_processor", detail="other programs took 61% of the processor")]))

    assert "! round 1 · FP16, vLLM, eager" in told
    assert "✓" not in told
    assert "Invalid: other programs took 61% of the processor" in told


def test_a_launch_that_is_only_in_doubt_is_ticked_off() -> None:
    told = said(completed(faults=[Fault(kind="memory_unexplained", detail="the parts add up to 2 GiB")]))

    assert "✓ round 1" in told
    assert "In doubt: the parts add up to 2 GiB" in told
