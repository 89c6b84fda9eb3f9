"""The rule of a plan: laws that hold whatever the model, the card and the load; and the committed runs, which ran."""

from dataclasses import replace

import pytest
from committed import evidence, findings
from hypothesis import given, settings
from hypothesis import strategies as st

from generator.analyse.fit import Device, Fit, Load, fit, without
from generator.analyse.fit_check import load_of, room_of
from generator.analyse.fit_evidence import Evidence, Measured
from generator.analyse.fit_seen import model_in, tokens_at_once
from generator.cells import Cell, cells_of
from generator.manifest import MeasuredRun
from generator.methods import METHOD_IDS
from generator.model import Model, llama_like
from generator.record import Completed, Shape
from generator.shapes import PUBLIC

EVIDENCE = evidence()
LLAMA = PUBLIC["llama-3.1-8b"].model
CELLS = cells_of(METHOD_IDS, ("eager", "graphs"), controls=True, twin=False)
CARD = Device(23.8, 1008.0)
CHAT = Load(4096, 1, 0.9, 64, 8192)
AWQ = Cell(method="awq", engine="vllm", mode="graphs")

models = st.builds(
    lambda heads, group, head, layers, intermediate, vocabulary, tied: llama_like(
        Shape(
            hidden=heads * group * head,
            intermediate=intermediate * 128,
            layers=layers,
            heads=heads * group,
            kv_heads=heads,
            head=head,
            vocabulary=vocabulary,
            tied_embeddings=tied,
            positions=131072,
        )
    ),
    st.integers(1, 16),
    st.integers(1, 8),
    st.sampled_from([64, 128, 256]),
    st.integers(1, 100),
    st.integers(1, 250),
    st.integers(1000, 260_000),
    st.booleans(),
)
devices = st.builds(Device, st.floats(1, 300), st.floats(50, 9000))
loads = st.builds(
    Load,
    st.integers(1, 131072),
    st.integers(1, 256),
    st.floats(0.3, 0.98),
    st.integers(1, 512),
    st.integers(512, 32768),
    st.booleans(),
)
cells = st.sampled_from(CELLS)


@settings(deadline=None)
@given(models, cells, devices, loads, st.integers(1, 50_000))
def test_more_context_never_means_more_users(model: Model, cell: Cell, device: Device, load: Load, more: int) -> None:
    longer = replace(load, context_tokens=load.context_tokens + more)

    few, many = (fit(model, cell, device, one, EVIDENCE) for one in (longer, load))

    assert few.users <= many.users
    assert few.needed_gib >= many.needed_gib


@settings(deadline=None)
@given(models, cells, devices, loads, st.floats(0, 100))
def test_more_memory_never_means_fewer_users_or_a_shorter_context(
    model: Model, cell: Cell, device: Device, load: Load, more_gib: float
) -> None:
    larger = replace(device, memory_gib=device.memory_gib + more_gib)

    less, more = (fit(model, cell, one, load, EVIDENCE) for one in (device, larger))

    assert more.users >= less.users
    assert more.longest_tokens >= less.longest_tokens
    assert more.obstacle != "memory" or less.obstacle == "memory"


@settings(deadline=None)
@given(models, cells, devices, loads)
def test_weights_grow_with_the_layers_by_what_a_layer_is(model: Model, cell: Cell, device: Device, load: Load) -> None:
    sizes = []
    for layers in (model.shape.layers, model.shape.layers + 1, model.shape.layers + 2):
        deeper = llama_like(model.shape.model_copy(update={"layers": layers}))
        sizes.append(fit(deeper, cell, device, load, EVIDENCE).weights_gib)

    assert sizes[2] - sizes[1] == pytest.approx(sizes[1] - sizes[0], rel=1e-6)
    assert sizes[1] > sizes[0]


@settings(deadline=None)
@given(models, cells, devices, loads)
def test_a_plan_that_fits_has_parts_that_the_card_has_room_for(
    model: Model, cell: Cell, device: Device, load: Load
) -> None:
    found = fit(model, cell, device, load, EVIDENCE)

    if found.obstacle is None:
        assert found.parts_gib <= device.memory_gib * (1 + 1e-9)
        assert found.needed_gib <= device.memory_gib * (1 + 1e-9)
        assert found.users >= load.users
        assert found.longest_tokens >= load.context_tokens


@settings(deadline=None)
@given(models, cells, devices, loads)
def test_the_card_that_is_needed_is_the_smallest_that_fits(
    model: Model, cell: Cell, device: Device, load: Load
) -> None:
    needed_gib = fit(model, cell, device, load, EVIDENCE).needed_gib

    just = fit(model, cell, replace(device, memory_gib=needed_gib * 1.0001), load, EVIDENCE)
    less = fit(model, cell, replace(device, memory_gib=needed_gib * 0.9999), load, EVIDENCE)

    assert just.obstacle is None
    assert less.obstacle == "memory"


@settings(deadline=None)
@given(models, cells, devices, loads)
def test_nothing_is_expected_to_be_faster_than_its_bytes_can_be_read(
    model: Model, cell: Cell, device: Device, load: Load
) -> None:
    found = fit(model, cell, device, load, EVIDENCE)

    assert found.bound_tokens_per_s is not None
    assert found.expected_tokens_per_s is None or 0 < found.expected_tokens_per_s < found.bound_tokens_per_s


def test_a_context_that_the_model_was_not_made_for_fits_no_card() -> None:
    found = fit(PUBLIC["llama-2-13b"].model, AWQ, Device(1000, 1000), replace(CHAT, context_tokens=4097), EVIDENCE)

    assert found.obstacle == "positions"
    assert found.longest_tokens == 4096


def test_without_evidence_there_is_the_bound_alone_and_what_is_missing_is_told() -> None:
    found = fit(LLAMA, AWQ, CARD, CHAT, Evidence())

    assert found.expected_tokens_per_s is None
    assert found.bound_tokens_per_s is not None
    assert set(without(AWQ, Evidence())) == {
        "bandwidth_share", "overhead_s", "context_gib", "counted_gib", "kept_gib", "graphs_gib",
    }  # fmt: skip
    measured = {one.cell for run in findings().runs if run.kind == "measured" for one in run.shown}
    assert len(measured) >= 10
    assert all(without(cell, EVIDENCE) == () for cell in measured)


def test_without_a_bandwidth_there_is_memory_alone() -> None:
    found = fit(LLAMA, AWQ, Device(23.8, None), CHAT, EVIDENCE)

    assert (found.bound_tokens_per_s, found.expected_tokens_per_s) == (None, None)
    assert found.weights_gib == fit(LLAMA, AWQ, CARD, CHAT, EVIDENCE).weights_gib


def test_what_a_token_takes_besides_its_bytes_is_added_to_the_reading_of_them() -> None:
    told = Evidence(bandwidth_share=Measured(0.5), overhead_s={AWQ.id: Measured(fixed=0.001, per_layer=0.0001)})

    found = fit(LLAMA, AWQ, Device(24, 1000), CHAT, told)

    assert found.expected_tokens_per_s == pytest.approx(1 / (found.read_bytes / 500e9 + 0.001 + 32 * 0.0001))


def test_a_share_of_the_card_that_leaves_too_little_for_what_is_beside_it_is_not_used_up() -> None:
    modest, usual, greedy = (
        fit(LLAMA, AWQ, Device(10, 300), replace(CHAT, utilisation=share), EVIDENCE) for share in (0.8, 0.9, 0.97)
    )

    assert modest.kv_cache_tokens < usual.kv_cache_tokens == greedy.kv_cache_tokens
    assert greedy.parts_gib - greedy.kv_cache_gib + greedy.kv_cache_tokens * 131072 / 2**30 <= 10


def planned(run: MeasuredRun, launch: Completed, model: Model, context_tokens: int, users: int) -> Fit:
    load = load_of(run.profile.engine, context_tokens, users, anew=bool(launch.compiled))
    return fit(model, launch.cell, room_of(run, EVIDENCE), load, EVIDENCE)


def test_every_committed_launch_fits_where_it_really_ran() -> None:
    seen = 0
    for run in findings().runs:
        for launch in run.run.launches:
            if not isinstance(launch, Completed) or not isinstance(run.manifest, MeasuredRun):
                continue
            model = model_in(launch)
            if run.manifest.hardware.device != "cuda" or model is None:
                continue
            together = tokens_at_once(launch)
            found = planned(run.manifest, launch, model, together, 1)
            seen += 1
            # Prompts that were found by trying how long they may be lie at the edge, which the plan has within 2%.
            assert found.needed_gib <= room_of(run.manifest, EVIDENCE).memory_gib * 1.02, (
                run.manifest.run_id,
                launch.cell.id,
            )
    assert seen > 100


def test_what_ran_out_of_memory_in_a_committed_run_does_not_fit() -> None:
    failures = []
    for run in findings().runs:
        for launch in run.run.launches:
            if not isinstance(launch, Completed) or not isinstance(run.manifest, MeasuredRun):
                continue
            model = model_in(launch)
            prompts = {work.name: getattr(work, "random_prompt_tokens", 0) for work in run.manifest.profile.workloads}
            for point in launch.unserved:
                if point.reason == "out_of_memory" and model is not None:
                    found = planned(run.manifest, launch, model, prompts[point.workload], point.concurrency)
                    failures.append((launch.cell.id, prompts[point.workload]))
                    assert found.obstacle == "memory", (run.manifest.run_id, launch.cell.id)
    assert failures == [("fp16-transformers-eager", 32768)]


def test_a_load_that_had_no_room_in_a_committed_cache_asks_for_more_tokens_than_it_had() -> None:
    seen = []
    for run in findings().runs:
        for launch in run.run.launches:
            if not isinstance(launch, Completed) or launch.quantities.kv_cache_tokens is None:
                continue
            served = {point.workload for point in launch.points}
            refused = {one.workload for one in launch.unserved if one.reason == "no_room"}
            for name in (served | refused) & {"the-load"}:
                # 4,000 tokens, and at most half as much again as the 64 of a mean answer, for eight users.
                found = fit(LLAMA, launch.cell, CARD, Load(4096, 8, 0.9, 8, 8192), EVIDENCE)
                asked = found.kv_cache_gib * 2**30 / found.kv_bytes_per_token
                assert (asked > launch.quantities.kv_cache_tokens) == (name in refused)
                seen.append(name in refused)
    assert sorted(seen) == [False] * 3 + [True] * 3
