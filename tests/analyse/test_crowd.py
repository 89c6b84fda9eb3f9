"""Which cells are fastest as more users come, and whether other machines say the same."""

import pytest
from examples import cell, completed, loop, manifest, replaced, with_controls

from generator.analyse.findings import ELSEWHERE, find
from generator.manifest import MeasuredRun
from generator.measurements import Run
from generator.record import Completed

# Of each method, the speeds with 1, 4 and 16 users in the first of three rounds, which differ by what `NOISE` says.
SPEEDS = {"fp16": (100.0, 300.0, 2000.0), "awq": (150.0, 410.0, 1500.0), "gptq": (151.0, 300.0, 1480.0)}
NOISE = (1.0, 1.002, 0.997)


def crossing() -> Run:
    """FP16 is fastest with many users, and the 4-bit methods with one."""
    launches: list[Completed] = []
    for round_, factor in enumerate(NOISE, start=1):
        for method, speeds in SPEEDS.items():
            which = cell(method)
            points = [loop(users, factor * speed) for users, speed in zip((1, 4, 16), speeds, strict=True)]
            launch = completed(of=which, round_=round_)
            launches.append(replaced(launch, points=(launch.points[0], *points)))
    return Run(manifest(cells=tuple(cell(method) for method in SPEEDS)), tuple(launches))


def on(run: Run, number: int, gpu_name: str = "Example GPU", budget_gib: float | None = None) -> Run:
    """The same on another machine, `number` days later."""
    assert isinstance(run.manifest, MeasuredRun)
    day = f"2026-01-{number + 1:02d}"
    hardware = replaced(run.manifest.hardware, gpu_name=gpu_name)
    changes = {"run_id": f"{day}-example", "created_at": f"{day}T00:00:00Z", "memory_budget_gib": budget_gib}
    return Run(replaced(run.manifest, **changes, hardware=hardware), run.launches)


def test_numbers_of_users_with_which_the_same_cells_are_fastest_stand_together() -> None:
    (run,) = find((crossing(),)).runs

    found = [(one.users, [cell.cell.method for cell in one.cells]) for one in run.fastest]

    assert found == [((1,), ["awq", "gptq"]), ((4,), ["awq"]), ((16,), ["fp16"])]


def test_a_cell_that_is_fastest_with_every_number_of_users_is_named_once() -> None:
    (run,) = find((with_controls(),)).runs

    assert [(one.users, [cell.name for cell in one.cells]) for one in run.fastest] == [((1, 4, 16), ["GPTQ"])]


def test_a_run_without_users_names_nobody() -> None:
    batches = [replaced(one, points=one.points[:1]) for one in crossing().launches if isinstance(one, Completed)]
    (run,) = find((Run(crossing().manifest, tuple(batches)),)).runs

    assert run.fastest == ()


def test_of_each_other_machine_the_run_that_says_most_is_asked_and_of_the_same_none() -> None:
    first, again = crossing(), on(crossing(), 1)
    short = Run(on(crossing(), 3, "Another GPU").manifest, crossing().launches[:6])
    whole, budget = on(crossing(), 2, "Another GPU"), on(crossing(), 4, budget_gib=16.0)

    findings = find((first, again, whole, short, budget), featured=again.manifest.run_id)

    assert [one.manifest.run_id for one in findings.elsewhere] == ["2026-01-05-example", "2026-01-03-example"]


def test_another_model_s_runs_and_demos_are_not_asked() -> None:
    other = on(Run(manifest(model_name="Another", cells=crossing().manifest.cells), crossing().launches), 1, "B")
    demo = on(crossing(), 2, "C")
    assert isinstance(demo.manifest, MeasuredRun)
    demo = Run(replaced(demo.manifest, profile=replaced(demo.manifest.profile, purpose="demo")), demo.launches)

    assert find((crossing(), other, demo), featured=crossing().manifest.run_id).elsewhere == ()


@pytest.mark.parametrize("count", [1, ELSEWHERE + 3])
def test_so_many_other_machines_are_asked_and_no_more(count: int) -> None:
    runs = [on(crossing(), number, f"GPU {number}") for number in range(count)]

    assert len(find(tuple(runs), featured=runs[0].manifest.run_id).elsewhere) == min(count - 1, ELSEWHERE)
