"""What one run tells of plans: the medians of its launches, and nothing where a record says too little."""

from math import isfinite
from typing import Any

import pytest
from committed import findings
from examples import replaced

from generator.analyse.brief import brief_of
from generator.analyse.findings import run_findings
from generator.analyse.fit_check import check
from generator.analyse.fit_seen import Told, told_by
from generator.measurements import Run
from generator.record import Completed

RUN = "2026-11-25-llama-3.1-8b-synthetic-long-context"


def changed(run_id: str, **changes: Any) -> Run:
    """A committed run, each launch of which says something else in its shape, its quantities or its arguments."""
    (run,) = (one.run for one in findings().runs if one.manifest.run_id == run_id)
    launches = []
    for launch in run.launches:
        assert isinstance(launch, Completed)
        configuration, quantities, points = launch.configuration, launch.quantities, launch.points
        shape = configuration.shape
        assert shape is not None
        shape = shape.model_copy(update={name: it for name, it in changes.items() if name in type(shape).model_fields})
        told = {name: it for name, it in changes.items() if name in type(quantities).model_fields}
        arguments = configuration.arguments | {
            name: it for name, it in changes.items() if name in configuration.arguments
        }
        if changes.get("instant"):
            points = tuple(
                one
                if one.requests is None
                else replaced(one, requests=one.requests.model_copy(update={"latency_s": one.requests.ttft_s}))
                for one in points
            )
        launches.append(
            launch.model_copy(
                update={
                    "configuration": configuration.model_copy(update={"shape": shape, "arguments": arguments}),
                    "quantities": quantities.model_copy(update=told),
                    "points": points,
                }
            )
        )
    return Run(run.manifest, tuple(launches))


def test_a_run_tells_each_figure_once_and_each_cell_by_how_it_started() -> None:
    (run,) = (one for one in findings().runs if one.manifest.run_id == "2026-11-24-llama-3.1-8b-synthetic-3")

    told = told_by(run)

    assert len({(one.name, one.key) for one in told.seen}) == len(told.seen) < 30
    assert len({(one.cell, one.anew) for one in told.held}) == len(told.held)
    awq = [one for one in told.held if one.cell.id == "awq-vllm-graphs"]
    assert [one.anew for one in awq] == [True, False]
    assert awq[0].kv_cache_tokens == 121920
    assert awq[1].kv_cache_tokens == 124048


def test_a_reported_run_tells_nothing() -> None:
    (reported,) = (one for one in findings().runs if one.kind == "reported")

    assert told_by(reported) == Told((), ())


@pytest.mark.parametrize(
    "name", ["hidden", "intermediate", "layers", "heads", "kv_heads", "head", "vocabulary", "positions"]
)
def test_a_model_that_has_none_of_something_tells_nothing(name: str) -> None:
    assert told_by(run_findings(changed(RUN, **{name: 0}), ())) == Told((), ())


@pytest.mark.parametrize(
    "changes",
    [
        {"instant": True},
        {"kv_cache_tokens": 0, "gpu_memory_used_mib": 0.0},
        {"activation_peak_gib": 0.0, "non_torch_gib": 0.0},
        {"gpu_memory_utilization": 0.0},
        {"kv_cache_memory_bytes": 0, "max_num_seqs": 0},
        {"vocabulary": 2**52, "layers": 2**52},
    ],
)
def test_figures_that_can_t_be_divided_by_or_are_absurd_end_no_build(changes: dict[str, Any]) -> None:
    brief = brief_of(run_findings(changed(RUN, **changes), ()))

    others = [one for one in findings().briefs if one.run_id != RUN]

    found = check([*others, brief])
    assert all(isfinite(one.value) for one in brief.told.seen)
    assert all(isfinite(one.error) for one in found.deviations)
