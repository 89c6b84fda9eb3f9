"""What the terminal says when a measurement ends."""

from dataclasses import replace

from examples import completed, failed, four_methods, manifest, replaced, reported

from generator.analyse.findings import find
from generator.analyse.physics.contradiction import Contradiction
from generator.measurements import Run
from generator.record import Fault
from generator.render.terminal import featured_instead, summary


def test_a_run_that_the_home_page_does_not_feature_says_which_it_does_and_how_to_change_that() -> None:
    lesser = Run(manifest("2026-01-02-later", ("fp16",)), (completed(),))
    found = find((four_methods(), lesser))
    greater, mine = found.runs

    hint = featured_instead(mine, found.featured)

    assert found.featured is greater
    assert hint is not None
    assert "features 2026-01-01-example" in hint
    assert hint.endswith("featured_run: 2026-01-02-later")


def test_a_run_that_is_featured_or_could_not_be_says_nothing() -> None:
    (run,) = find((four_methods(),)).runs

    assert featured_instead(run, run) is None
    assert featured_instead(run, None) is None
    assert featured_instead(replace(run, kind="demo"), find((reported(),)).featured) is None


def test_a_run_that_cannot_be_true_says_so_where_it_was_measured() -> None:
    (run,) = find((four_methods(),)).runs
    lie = Contradiction("whole_bytes", "quantities.weights_gib", 1.1, "exactly", 1.0)

    hint = featured_instead(replace(run, contradictions=(lie,)), None)

    assert hint is not None
    assert hint.startswith("Figures of 2026-01-01-example can't be true")


def test_a_load_time_of_starts_that_all_compiled_anew_is_called_that() -> None:
    cold = Run(manifest(methods=("fp16",)), (replaced(completed(), compiled=True),))
    heads = [str(column.header) for column in summary(*find((cold,)).runs).columns]

    assert "Load time, compiled anew\ns" in heads
    assert "Load time\ns" not in heads


def test_launches_that_failed_or_are_invalid_are_counted_apart() -> None:
    doubts = [Fault(kind="busy_processor", detail="busy"), Fault(kind="clock_jump", detail="slept")]
    run = Run(manifest(methods=("fp16", "awq")), (completed(), completed(round_=2, faults=doubts), failed("awq")))

    counts = list(summary(*find((run,)).runs).columns[-1].cells)

    assert counts == ["1, 1 invalid", "0, 1 failed"]
