"""The parts of the paradox experiment: what differs besides the cache, and what no record explains."""

import pytest
from examples import replaced
from experiments import part_of_the_experiment, with_engine, without_names

from generator.analyse.experiment import SameCache, parts_of
from generator.analyse.findings import run_findings
from generator.measurements import Run
from generator.record import Completed


def test_parts_differ_in_what_their_manifests_have_besides_the_cache() -> None:
    runs = [part_of_the_experiment(number) for number in range(3)]
    runs[1] = with_engine(runs[1], kv_cache_gib=5.0)
    runs[2] = with_engine(runs[2], kv_cache_gib=4.0, max_num_seqs=16)
    first, second, third = parts_of([run_findings(run) for run in runs])

    assert first.changes == second.changes == ()
    (change,) = third.changes
    assert (change.name, change.before, change.after) == ("profile.engine.max_num_seqs", 8, 16)


def test_what_is_beside_weights_and_cache_is_named_or_said_not_to_be() -> None:
    first, second = parts_of(
        [run_findings(part_of_the_experiment(0)), run_findings(without_names(part_of_the_experiment(1)))]
    )

    assert first.least_mib == pytest.approx(22_000 - 1024 * (15.0 + 40_000 * 131_072 / 2**30))
    assert first.is_named
    assert second.least_mib == first.least_mib
    assert not second.is_named


def test_a_method_that_uses_more_with_the_same_cache_is_found_with_how_much() -> None:
    first, second = (run_findings(part_of_the_experiment(number)) for number in range(2))
    fp16 = second.run.launches[0]
    assert isinstance(fp16, Completed)
    more = replaced(fp16, quantities=replaced(fp16.quantities, gpu_memory_used_mib=22_396.0))
    other = run_findings(Run(second.manifest, (more, *second.run.launches[1:])))
    _, part = parts_of([first, other])

    assert part.same_cache == (SameCache("FP16", 40_000, 396.0),)
    assert part.least_saved_mib == 396.0
