"""Whether reported speed ratios hold: what is proven, what is refuted, and what is neither."""

from dataclasses import replace

from examples import replaced, reported, with_controls

from generator.analyse.article import Held, held
from generator.analyse.findings import run_findings
from generator.cells import Cell
from generator.measurements import Run


def ratios(measured: Run) -> tuple[Held, ...]:
    return held(run_findings(reported()), run_findings(measured))


def test_a_reported_ratio_holds_in_direction_where_that_is_proven() -> None:
    (awq,) = ratios(with_controls())  # all that both runs have

    assert awq.method.name == "AWQ"
    assert awq.reported.ratio == 2.0
    assert awq.in_direction
    assert not awq.in_reverse


def test_a_tie_neither_proves_nor_refutes_a_reported_ratio() -> None:
    (awq,) = ratios(with_controls())
    tie = replace(awq, measured=replace(awq.measured, verdict="same"))
    contrary = replace(awq, measured=replace(awq.measured, verdict="lower"))

    assert not tie.in_direction
    assert not tie.in_reverse
    assert contrary.in_reverse


def test_a_method_in_another_engine_is_not_the_reported_one() -> None:
    whole = with_controls()
    moved = {one: replaced(one, engine="transformers") for one in whole.manifest.cells if one.method == "awq"}

    def of(one: Cell) -> Cell:
        return moved.get(one, one)

    launches = tuple(replaced(launch, cell=of(launch.cell)) for launch in whole.launches)
    assert ratios(Run(replaced(whole.manifest, cells=tuple(map(of, whole.manifest.cells))), launches)) == ()
