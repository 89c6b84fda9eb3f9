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


def terminal() -> tuple[Console, io.StringIO]:
    text = io.StringIO()
    return Console(file=text, width=200, force_terminal=True, color_system=None), text


def test_each_launch_that_is_under_way_has_a_line_until_it_ends_or_is_lost() -> None:
    console, text = terminal()
    slots = [Slot(round_, completed(round_=round_).cell) for round_ in (1, 2, 3)]
    with Display(console) as display:
        display.begins(manifest().run_id, 3, 0)
        for slot in slots:
            display.stage(slot, "load")
        display.ends(slots[0], completed(round_=1))
        display.loses(slots[1], "node two: its process or its node was lost")
        text.truncate(0)
        display.stage(slots[2], "generate")

    assert "1/3" in text.getvalue()
    assert "round 3 · FP16, vLLM, eager: generate" in text.getvalue()
    assert "round 1" not in text.getvalue()
    assert "round 2" not in text.getvalue()


def test_where_several_kinds_of_card_measure_each_line_says_whose_it_is() -> None:
    text = io.StringIO()
    with Display(Console(file=text, width=200), "NVIDIA H100") as display:
        display.begins(manifest().run_id, 1, 0)
        display.stage(Slot(1, completed().cell), "load")
        display.ends(Slot(1, completed().cell), completed())
        display.notes("node two is not used")

    assert all(line.startswith("NVIDIA H100: ") for line in text.getvalue().splitlines())
