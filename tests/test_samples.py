"""Raw samples: what a launch may say, at its boundaries, and what follows from it."""

import json

import pytest
from examples import TASKS, completed, quality
from pydantic import ValidationError

from generator.frozen import Frozen
from generator.samples import (
    GAP_FLOOR_S,
    GAP_GROWTH,
    Energy,
    Gaps,
    Point,
    QualityWindows,
    Requests,
    Sample,
    TaskScore,
    Telemetry,
)

SAMPLE = Sample(duration_s=2.0, prompt_tokens=7, output_tokens=10)
REQUESTS = Requests(prompt_tokens=(4,), output_tokens=(3,), ttft_s=(0.5,), latency_s=(1.5,))
GAPS = Gaps(counts={"1": 1})
POINT = completed().points[0]
ENERGY = Energy(window_s=1.0, energy_j=90.0, idle_w=20.0, faults=())
WINDOWS = QualityWindows(nll_per_token=(2.0,), kl_divergence_per_token=(0.1,), top1_agreement=(0.9,))
TELEMETRY = Telemetry(
    readings=1, power_w_mean=1.0, temperature_c_max=1.0, sm_clock_mhz_median=1.0, throttled_percent=0.0
)

# Of each field what is just good enough, and what no longer is.
BOUNDS: list[tuple[Frozen, str, list[object], list[object]]] = [
    (SAMPLE, "duration_s", [1e-9], [0]),
    (SAMPLE, "prompt_tokens", [0], [-1, 0.5]),
    (SAMPLE, "output_tokens", [1], [0, -1]),
    (REQUESTS, "output_tokens", [[1]], [[0]]),
    (REQUESTS, "ttft_s", [[1e-9], [1.5]], [[0]]),
    (GAPS, "counts", [{}, {"0": 1}, {"9999": 1}], [{"": 1}, {"10000": 1}, {"x1": 1}, {"1x": 1}, {"-1": 1}]),
    (GAPS, "counts", [{"1": 1}], [{"1": 0}, {"1": -1}]),
    (POINT, "concurrency", [1], [0]),
    (POINT, "samples", [[SAMPLE.model_dump()]], [[]]),
    (POINT, "warmup_requests", [0, 1], [-1]),
    (ENERGY, "window_s", [1e-9], [0]),
    (ENERGY, "energy_j", [0], [-1]),
    (WINDOWS, "nll_per_token", [[0]], [[-0.1]]),
    (WINDOWS, "kl_divergence_per_token", [[0], None], [[-0.1]]),
    (WINDOWS, "top1_agreement", [[0], [1], None], [[-0.1], [1.1]]),
    (quality(), "window_tokens", [2], [1]),
    (quality(), "vocabulary", [2], [1]),
    (quality(), "kept_tokens", [1], [0]),
    (TELEMETRY, "throttled_percent", [0, 100], [-1, 101]),
]


def changed(value: Frozen, /, **fields: object) -> Frozen:
    return type(value).model_validate_json(json.dumps(json.loads(value.model_dump_json()) | fields))


@pytest.mark.parametrize(("value", "field", "accepted", "refused"), BOUNDS)
def test_a_field_is_refused_just_beyond_its_bounds(
    value: Frozen, field: str, accepted: list[object], refused: list[object]
) -> None:
    for content in accepted:
        assert json.loads(changed(value, **{field: content}).model_dump_json())[field] == content
    for content in refused:
        with pytest.raises(ValidationError, match=field):
            changed(value, **{field: content})


def test_a_sample_has_its_tokens_over_its_duration() -> None:
    assert SAMPLE.output_tokens_per_s == 5
    assert changed(POINT, samples=[one.model_dump() for one in (SAMPLE, SAMPLE)]).output_tokens_per_s == 5  # type: ignore[attr-defined]


@pytest.mark.parametrize("column", ["prompt_tokens", "output_tokens", "ttft_s", "latency_s"])
def test_the_columns_of_requests_are_equally_long(column: str) -> None:
    said = "prompt_tokens, output_tokens, ttft_s and latency_s must be equally long, and not empty"
    with pytest.raises(ValidationError, match=rf"Value error, {said} \["):
        changed(REQUESTS, **{column: [2, 2]})


def test_a_closed_loop_without_requests_is_refused() -> None:
    with pytest.raises(ValidationError, match="and not empty"):
        Requests(prompt_tokens=(), output_tokens=(), ttft_s=(), latency_s=())


def test_a_first_token_after_the_last_is_refused() -> None:
    with pytest.raises(ValidationError, match=r"Value error, ttft_s can't be longer than latency_s \["):
        Requests(prompt_tokens=(1, 1), output_tokens=(1, 1), ttft_s=(1.0, 2.1), latency_s=(2.0, 2.0))


def test_the_time_per_token_is_that_of_the_tokens_after_the_first() -> None:
    loop = Requests(
        prompt_tokens=(1, 1, 1), output_tokens=(1, 2, 5), ttft_s=(0.5, 0.5, 1.0), latency_s=(0.5, 1.25, 3.0)
    )

    assert loop.tpot_s == (0.75, 0.5)


def test_the_classes_of_gaps_begin_at_a_microsecond_and_grow_by_a_fiftieth() -> None:
    assert (GAP_FLOOR_S, GAP_GROWTH) == (1e-6, 1.02)


def test_a_point_may_have_its_energy() -> None:
    absent = {name: why for name, why in POINT.absent.items() if name != "energy"}

    assert changed(POINT, energy=ENERGY.model_dump(), absent=absent).energy == ENERGY  # type: ignore[attr-defined]


def test_a_record_older_than_the_warm_up_has_none() -> None:
    older = json.loads(POINT.model_dump_json())
    del older["warmup_requests"]

    assert Point.model_validate_json(json.dumps(older)).warmup_requests == 0


def test_the_columns_of_windows_are_equally_long_where_they_are() -> None:
    said = "nll_per_token, kl_divergence_per_token and top1_agreement must be equally long"
    for column in ("kl_divergence_per_token", "top1_agreement", "nll_per_token"):
        with pytest.raises(ValidationError, match=rf"Value error, {said} \["):
            changed(WINDOWS, **{column: [0.5, 0.5]})
    with pytest.raises(ValidationError, match="nll_per_token"):
        QualityWindows(nll_per_token=(), kl_divergence_per_token=None, top1_agreement=None)


@pytest.mark.parametrize("field", ["task_version", "filter", "value", "standard_error"])
def test_of_a_task_s_score_each_may_be_null_or_not(field: str) -> None:
    whole = TaskScore(
        task="t", task_version="1", metric="acc", filter="none", value=-0.5, standard_error=0.0, documents=1, absent={}
    )

    assert changed(whole, **{field: None, "absent": {field: "not told"}}) != whole
    assert TASKS[0].filter is None
