"""Findings: what follows from a run as a whole, and what must never follow."""

from dataclasses import replace
from itertools import pairwise
from math import exp
from random import Random
from typing import Any

import pytest
from examples import SHAPE, cell, completed, four_methods, loop, manifest, peer, replaced, with_controls
from hypothesis import given
from hypothesis import strategies as st

from generator.analyse import crowd
from generator.analyse.brief import brief_of
from generator.analyse.findings import CHECKED, choose, find, run_findings
from generator.analyse.latency import gap_percentile_s, latencies_s, percentile, ranks_s, settled
from generator.analyse.roofline import roofline
from generator.analyse.run import RunFindings
from generator.analyse.statistics import MATERIAL, Comparison, Verdict
from generator.manifest import MeasuredRun
from generator.measure.engine import Answered, Ask
from generator.measure.meters.speed import gaps_of
from generator.measurements import Run
from generator.methods import MethodId
from generator.model import linear_parameters
from generator.record import Completed, Fault
from generator.samples import Limits, Quality, QualityWindows, Requests

LIMITS = Limits(copy_gb_per_s=1000.0, matmul_tflop_per_s=100.0)


def test_memory_parts_add_up_to_the_card() -> None:
    parts = find((four_methods(),)).runs[0].methods[0].memory_parts

    assert parts is not None
    whole = sum(getattr(parts, name) for name in type(parts).__dataclass_fields__)
    assert whole == pytest.approx(24000 / 1024)


def test_memory_that_only_the_largest_step_takes_is_not_free() -> None:
    loud = completed()
    quiet = replaced(loud, quantities=replaced(loud.quantities, activation_peak_gib=2.0))

    parts = find((Run(manifest(methods=("fp16",)), (quiet,)),)).runs[0].methods[0].memory_parts

    assert parts is not None
    assert (parts.activation_peak_gib, parts.unexplained_gib) == (2.0, 0.0)
    whole = sum(getattr(parts, name) for name in type(parts).__dataclass_fields__)
    assert whole == pytest.approx(24000 / 1024)


def test_an_invalid_launch_gives_no_figure_and_is_shown() -> None:
    hot = Fault(kind="throttled", detail="slowed down")
    run = Run(manifest(methods=("fp16",)), (completed(speed=100), completed(round_=2, speed=10, faults=[hot])))

    (found,) = find((run,)).runs

    assert found.cells[0].stats["output_tokens_per_s"].count == 1
    assert found.cells[0].stats["output_tokens_per_s"].median == pytest.approx(100)
    assert [(launch.round, used) for launch, _, used in found.doubts] == [(2, False)]


def test_a_memory_that_does_not_add_up_leaves_the_speed_valid() -> None:
    odd = Fault(kind="memory_unexplained", detail="0.8 GiB too many")
    run = Run(manifest(methods=("fp16",)), (completed(faults=[odd]),))

    (found,) = find((run,)).runs

    assert found.cells[0].stats["output_tokens_per_s"].count == 1
    assert [used for _, _, used in found.doubts] == [True]


def test_the_factors_of_a_split_multiply_to_the_whole() -> None:
    split = find((with_controls(),)).runs[0].split("nf4")

    assert split is not None
    assert split.engine is not None
    assert split.format is not None
    assert split.batch is not None
    assert split.engine.ratio * split.format.ratio * split.batch.ratio == pytest.approx(split.whole.ratio)
    assert split.engine.verdict == split.format.verdict == "lower"


def test_equal_cells_are_a_tie_and_say_how_noisy_the_machine_is() -> None:
    (run,) = find((with_controls(),)).runs

    assert run.noise is not None
    assert run.noise.verdict == "same"
    speed, weights = run.detectable(), run.detectable("weights_gib")
    by_users = run.detectable_by_point("output_tokens_per_s", lambda one: {p.concurrency: p for p in one.served})
    assert speed
    assert by_users
    assert weights
    assert 0 < speed.least <= speed.most < 0.1
    assert 0 < by_users.least <= by_users.most < 0.1
    assert weights.least == weights.most == run.floor  # it does not vary, and below the floor nothing is decided


def test_a_cell_is_saturated_where_more_users_bring_less_than_a_tenth() -> None:
    launch = completed("fp16")
    flat = launch.model_copy(update={"points": (launch.points[0], loop(1, 50), loop(4, 190), loop(16, 200))})

    (growing,), (ended,) = (find((Run(manifest(methods=("fp16",)), (one,)),)).runs[0].cells for one in (launch, flat))

    assert growing.saturated_at is None
    assert ended.saturated_at == 4


def test_a_user_alone_with_other_prompts_saturates_nothing() -> None:
    launch = completed("fp16")
    loops = (loop(1, 180, prompt_tokens=64), loop(4, 190, prompt_tokens=512), loop(16, 380, prompt_tokens=512))
    (one,) = (
        find((Run(manifest(methods=("fp16",)), (replaced(launch, points=(launch.points[0], *loops)),)),)).runs[0].cells
    )

    assert one.apart is one.points[1]
    assert one.saturated_at is None


def test_controls_are_shown_beside_the_methods_and_a_twin_is_not() -> None:
    (run,) = find((with_controls(),)).runs

    assert [one.name for one in run.methods] == ["FP16", "BitsAndBytes NF4", "AWQ", "GPTQ"]
    assert [one.name for one in run.shown] == [
        "FP16",
        "FP16 in Transformers",
        "BitsAndBytes NF4",
        "BitsAndBytes NF4 in vLLM",
        "AWQ",
        "GPTQ",
    ]


def test_a_run_that_is_not_finished_is_not_featured_while_another_is() -> None:
    whole, part = with_controls(), with_controls()
    later = part.manifest.model_copy(update={"run_id": "2026-01-02-example", "created_at": "2026-01-02T00:00:00Z"})
    unfinished = Run(later, part.launches[:-1])

    both, alone = find((whole, unfinished)), find((unfinished,))

    assert both.featured is both.runs[0]
    assert alone.featured is alone.runs[0]


def test_a_part_of_an_experiment_is_not_featured_while_a_comparison_is() -> None:
    whole = with_controls()
    later = {"run_id": "2026-01-02-paradox", "created_at": "2026-01-02T00:00:00Z", "experiment": "equal_utilisation"}
    part = Run(whole.manifest.model_copy(update=later), whole.launches)

    both, alone = find((whole, part)), find((part,))

    assert both.featured is both.runs[0]
    assert alone.featured is alone.runs[0]


def test_of_one_model_the_run_with_the_most_methods_is_featured_and_of_another_the_newest() -> None:
    def in_one_round(run: Run) -> Run:
        profile = run.manifest.profile.model_copy(update={"rounds": 1})  # type: ignore[union-attr]
        return Run(run.manifest.model_copy(update={"profile": profile}), run.launches)

    def later(model_name: str | None) -> Run:
        later_manifest = manifest("2026-01-02-later", ("fp16",), "Other GPU", model_name=model_name)
        return in_one_round(Run(later_manifest, (completed(),)))

    same, another = (find((in_one_round(four_methods()), later(name))) for name in (None, "Another model"))

    assert same.featured is same.runs[0]
    assert another.featured is another.runs[1]


def test_a_run_with_controls_says_more_than_one_with_a_method_more() -> None:
    methods = ("fp16", "awq", "gptq", "w4a16", "fp8", "int8")
    later = Run(manifest("2026-02-01-later", methods), tuple(map(completed, methods)))
    controls = with_controls()

    assert len(controls.manifest.cells) > len(methods)
    assert find((controls, later)).featured is not None
    assert find((controls, later)).featured.manifest.run_id == controls.manifest.run_id  # type: ignore[union-attr]


def test_of_many_runs_that_a_peer_checked_only_those_that_are_shown_are_taken_up_whole() -> None:
    runs = [Run(manifest(f"2026-01-{day:02d}-example"), (completed(),), (peer(),)) for day in range(1, CHECKED + 6)]
    whole = tuple(run_findings(run) for run in runs)
    asked: list[int] = []

    class Asked(tuple[RunFindings, ...]):
        __slots__ = ()

        def __getitem__(self, at: Any) -> Any:
            asked.append(at)
            return super().__getitem__(at)

    found = choose(tuple(brief_of(run) for run in whole), Asked(whole))

    assert found.checked == tuple(reversed(whole))[:CHECKED]
    assert len(set(asked)) == CHECKED


def test_two_rounds_advise_nobody_and_three_do() -> None:
    few, enough = (find((with_controls(rounds),)).runs[0] for rounds in (2, 3))

    assert not few.advises
    assert enough.advises


def test_three_rounds_are_provisional_and_eight_are_not() -> None:
    few, many = (find((with_controls(rounds),)).runs[0] for rounds in (3, 8))

    assert few.provisional
    assert not many.provisional


def test_users_fit_by_the_context_that_each_has() -> None:
    run = Run(manifest(methods=("awq",)), (completed("awq", kv_cache_tokens=100_000),))

    (found,) = find((run,)).runs

    assert found.cells[0].users_by_context == {2_048: 48, 8_192: 12, 32_768: 3, 131_072: 0}


def test_a_percentile_needs_its_requests() -> None:
    assert percentile([1.0] * 63, 90) is None
    assert percentile([float(number) for number in range(1, 101)], 90) == 90
    assert percentile([3.0, 1.0, 2.0], 50) == 2
    assert set(latencies_s(loop(1, 100.0, requests=64))) >= {"ttft_p50_s", "ttft_p90_s", "itl_p99_s"}
    assert "ttft_p90_s" not in latencies_s(loop(1, 100.0, requests=63))


@given(st.integers(0, 10**6), st.sampled_from([50, 90, 99]))
def test_a_gap_percentile_is_right_to_two_percent(seed: int, rank: int) -> None:
    random = Random(seed)
    gaps = [10 ** random.uniform(-4, 1) for _ in range(700)]
    times, now = [0.0], 0.0
    for gap in gaps:
        now += gap
        times.append(now)
    exact = percentile([later - earlier for earlier, later in pairwise(times)], rank)

    from_histogram = gap_percentile_s(gaps_of([Answered(Ask([1], len(times)), 0.0, tuple(times))]), rank)

    assert exact is not None
    assert from_histogram == pytest.approx(exact, rel=0.02)


def test_a_llama_of_eight_billion_has_that_many_parameters_to_multiply_with() -> None:
    # 8.03 billion, less the embedding table of 128,256 by 4,096 that is only looked up, and the norms.
    assert linear_parameters(SHAPE) == pytest.approx(8.03e9 - 128256 * 4096, rel=1e-3)


def test_one_user_is_bound_by_memory_and_a_crowd_by_arithmetic() -> None:
    alone = roofline(SHAPE, LIMITS, 15.0, 131072, batch=1, context_tokens=0)
    crowd = roofline(SHAPE, LIMITS, 15.0, 0, batch=1024, context_tokens=0)

    # 15 GiB less an embedding table of 0.98 GiB, read at a terabyte a second.
    assert alone.limit_tokens_per_s == pytest.approx(1e12 / (15 * 2**30 - 128256 * 4096 * 2))
    assert (alone.bound, crowd.bound) == ("memory", "compute")


def test_tied_embeddings_are_read_as_the_output_head() -> None:
    tied = roofline(SHAPE.model_copy(update={"tied_embeddings": True}), LIMITS, 15.0, 0, batch=1, context_tokens=0)

    assert tied.bytes_per_step == 15 * 2**30


def test_the_shown_mode_is_the_one_that_serves() -> None:
    eager, graphs = cell("awq"), cell("awq").model_copy(update={"mode": "graphs"})
    run = Run(manifest(cells=(eager, graphs)), (completed(of=eager, speed=9), completed(of=graphs, speed=90)))

    (found,) = find((run,)).runs

    assert [one.cell.mode for one in found.shown] == ["graphs"]
    assert len(found.cells) == 2
    assert replace(found, cells=found.cells[:1]).shown[0].cell.mode == "eager"


def judged(method: MethodId, nll: tuple[float, ...], text: str = "a" * 64) -> Completed:
    windows = QualityWindows(
        nll_per_token=nll, kl_divergence_per_token=(0.04,) * len(nll), top1_agreement=(0.9,) * len(nll)
    )
    quality = Quality(
        text_sha256=text, window_tokens=512, vocabulary=2048, kept_tokens=2048, duration_s=1.0, windows=windows
    )
    return completed(method).model_copy(update={"quality": quality})


def test_a_perplexity_is_compared_window_by_window() -> None:
    base, ours = judged("fp16", (1.0, 2.0, 3.0)), judged("awq", (1.1, 2.1, 3.1))

    (run,) = find((Run(manifest(methods=("fp16", "awq")), (base, ours)),)).runs
    found = run.quality[cell("awq")]

    # The windows differ a hundred times more from one another than the methods do: pairing sees it all the same.
    assert found.perplexity == pytest.approx(exp(2.1))
    assert found.perplexity_ratio is not None
    assert (found.perplexity_ratio.low, found.perplexity_ratio.high) == pytest.approx((exp(0.1), exp(0.1)))


def test_a_launch_that_could_not_be_compared_with_the_baseline_gives_way_to_a_later_one() -> None:
    early, late = judged("awq", (1.1, 2.1)), judged("awq", (1.1, 2.1))
    assert early.quality
    alone = early.quality.windows.model_copy(update={"kl_divergence_per_token": None, "top1_agreement": None})
    early = early.model_copy(update={"quality": early.quality.model_copy(update={"windows": alone})})
    late = late.model_copy(update={"round": 2})

    (run,) = find((Run(manifest(methods=("fp16", "awq")), (judged("fp16", (1.0, 2.0)), early, late)),)).runs

    assert run.quality[cell("awq")].kl_divergence is not None


def test_another_text_is_no_comparison() -> None:
    base, ours = judged("fp16", (1.0, 2.0)), judged("awq", (1.1, 2.1), text="b" * 64)

    (run,) = find((Run(manifest(methods=("fp16", "awq")), (base, ours)),)).runs

    assert run.quality[cell("awq")].perplexity_ratio is None


def test_standings_name_every_number_of_users_once() -> None:
    (run,) = find((with_controls(),)).runs
    awq = run.of("awq")
    assert awq

    standings = run.standings(awq.cell)
    assert sorted(users for of_verdict in standings.values() for users in of_verdict) == sorted(run.by_users(awq.cell))
    assert standings["higher"]


@pytest.mark.parametrize(
    ("verdicts", "turns"),
    [
        ({1: "higher", 8: "higher", 64: "lower"}, (8, 64)),
        ({1: "lower", 8: "higher", 64: "same"}, (8, 1)),
        ({1: "higher", 8: "same"}, None),
        ({1: "lower"}, None),
        ({}, None),
    ],
)
def test_an_order_turns_where_a_cell_is_ahead_and_elsewhere_behind(
    verdicts: dict[int, Verdict], turns: tuple[int, int] | None
) -> None:
    comparisons = {users: Comparison(1, None, None, verdict) for users, verdict in verdicts.items()}

    assert crowd.turns(comparisons) == turns


def test_a_distribution_is_read_where_there_are_requests_enough_for_its_slowest_tenth() -> None:
    point = loop(4, 100, requests=100)
    assert point.requests
    took_s = tuple(number / 10 for number in Random(1).sample(range(1, 101), 100))
    varied = point.model_copy(update={"requests": point.requests.model_copy(update={"latency_s": took_s})})

    assert ranks_s(varied, "latency") == {10: 1.0, 25: 2.5, 50: 5.0, 75: 7.5, 90: 9.0}
    assert set(ranks_s(varied, "ttft").values()) == {point.requests.ttft_s[0]}
    assert ranks_s(loop(4, 100, requests=63), "latency") == {}


def test_memory_used_has_no_ratio_where_vllm_fills_a_share_of_the_card_and_has_one_where_its_cache_is_set() -> None:
    filled = with_controls()
    assert isinstance(filled.manifest, MeasuredRun)
    engine = replaced(filled.manifest.profile.engine, kv_cache_gib=4.0)
    profile = replaced(filled.manifest.profile, engine=engine)

    def ratio(run: Run) -> Comparison | None:
        (found,) = find((run,)).runs
        awq, base = found.of("awq"), found.baseline
        assert awq is not None
        assert base is not None
        return found.comparison(awq, base, "gpu_memory_used_mib")

    assert ratio(filled) is None
    assert ratio(Run(replaced(filled.manifest, profile=profile), filled.launches)) is not None


def test_with_as_many_users_as_make_equal_cells_differ_more_a_difference_decides_less() -> None:
    quiet = with_controls()
    noisy = tuple(
        replaced(
            launch,
            points=tuple(
                loop(16, speed=1.08 * point.output_tokens_per_s) if point.concurrency == 16 else point
                for point in launch.points
            ),
        )
        if isinstance(launch, Completed) and launch.cell.twin
        else launch
        for launch in quiet.launches
    )
    (before,), (after,) = find((quiet,)).runs, find((Run(quiet.manifest, noisy),)).runs

    assert before.floors == {1: MATERIAL, 4: MATERIAL, 16: MATERIAL}
    assert after.floors[16] > 0.05
    assert after.floors[4] == MATERIAL
    decides = {one.scenario.id: one.floor for one in after.recommendations}
    assert (decides["chat"], decides["batch"], decides["production"]) == (MATERIAL, *[after.floors[16]] * 2)


def test_the_first_request_of_a_lone_user_is_in_no_figure_whether_it_was_kept_out_or_not() -> None:
    launch = completed("nf4")
    slow_first = Requests(prompt_tokens=(32, 32), output_tokens=(64, 64), ttft_s=(1.0, 0.1), latency_s=(8.0, 2.0))
    older = loop(1, 12.8).model_copy(update={"requests": slow_first, "warmup_requests": 0})
    newer = loop(1, 32.0, requests=1)

    for point in (older, newer):
        points = (launch.points[0], point)
        (found,) = find((Run(manifest(methods=("nf4",)), (replaced(launch, points=points),)),)).runs
        one = found.of("nf4")
        assert one is not None
        assert one.stats["one_user_tokens_per_s"].median == pytest.approx(32.0)
    assert "itl_p50_s" not in latencies_s(settled(older))
    assert settled(loop(4, 100)) == loop(4, 100)
