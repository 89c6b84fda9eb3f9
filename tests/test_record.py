"""Records of launches: the words of the format, what may be null, and what must follow from the samples."""

import json
from typing import Any

import pytest
from examples import SHAPE, completed, failed, replaced
from pydantic import ValidationError

from generator.record import (
    LAUNCH,
    SCHEMA_VERSION,
    STAGES,
    Completed,
    Configuration,
    Fault,
    Quantities,
    Shape,
    Unserved,
)

# The first four make a launch invalid.
FAULT_KINDS = (
    "foreign_process",
    "busy_processor",
    "throttled",
    "clock_jump",
    "memory_unexplained",
    "quality_unmeasured",
    "tasks_unmeasured",
)


def changed(launch: Any = None, **fields: object) -> Any:
    whole = json.loads(LAUNCH.dump_json(launch or completed()))
    return LAUNCH.validate_json(json.dumps(whole | fields))


def with_quantities(**fields: object) -> Any:
    return changed(quantities=json.loads(completed().quantities.model_dump_json()) | fields)


def fault(kind: str) -> Fault:
    return Fault.model_validate({"kind": kind, "detail": "as it was"})


def test_what_is_written_has_the_version_that_is_read() -> None:
    assert SCHEMA_VERSION == 1
    assert changed(schema_version=SCHEMA_VERSION) == completed()
    with pytest.raises(ValidationError, match="schema_version"):
        changed(schema_version=2)


def test_a_launch_fails_in_one_of_the_stages_that_it_goes_through() -> None:
    assert STAGES == ("prepare", "import", "wait", "load", "warm-up", "generate", "tasks", "close")
    for stage in STAGES:
        assert changed(failed(), stage=stage).stage == stage
    with pytest.raises(ValidationError, match="stage"):
        changed(failed(), stage="unknown")


@pytest.mark.parametrize(
    "reason",
    [
        "out_of_memory",
        "missing_package",
        "checkpoint_unavailable",
        "unsupported",
        "wrong_kernel",
        "time_out",
        "crashed",
        "no_room",
        "engine_error",
    ],
)
def test_a_launch_fails_for_a_reason_that_is_known(reason: str) -> None:
    assert changed(failed(), reason=reason).reason == reason


@pytest.mark.parametrize("kind", FAULT_KINDS)
def test_a_fault_of_the_machine_makes_a_launch_invalid_and_one_of_the_account_does_not(kind: str) -> None:
    assert completed(faults=[fault(kind)]).valid == (kind not in FAULT_KINDS[:4])
    assert not completed(faults=[fault(kind), fault("throttled")]).valid
    assert completed().valid


def test_a_launch_has_the_method_of_its_cell() -> None:
    assert completed("awq").method == "awq"


@pytest.mark.parametrize(("round_", "fits"), [(0, False), (1, True), (1000, True), (1001, False)])
def test_rounds_are_counted_from_1_to_1000(round_: int, *, fits: bool) -> None:
    if fits:
        assert changed(round=round_).round == round_
    else:
        with pytest.raises(ValidationError, match="round"):
            changed(round=round_)


def test_a_launch_has_a_point_at_least() -> None:
    with pytest.raises(ValidationError, match="at least 1 item"):
        changed(points=[])


def test_a_point_that_was_not_served_is_one_of_a_user_at_least() -> None:
    def unserved(users: int) -> Unserved:
        return Unserved(workload="w", concurrency=users, reason="no_room", message="none")

    assert unserved(1).concurrency == 1
    with pytest.raises(ValidationError, match="concurrency"):
        unserved(0)


@pytest.mark.parametrize("value", [True, 3, 0.5, "auto", None])
def test_an_argument_of_the_engine_keeps_its_kind(value: object) -> None:
    content = json.loads(completed().configuration.model_dump_json()) | {"arguments": {"a": value}}
    (found,) = Configuration.model_validate_json(json.dumps(content)).arguments.values()

    assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize("field", ["model_revision", "attention_backend", "kv_cache_bytes_per_token", "shape"])
def test_of_a_configuration_what_is_not_known_is_null(field: str) -> None:
    given = completed().configuration
    whole = replaced(given, model_revision="abc", attention_backend="FLASH_ATTN")
    content = json.loads(whole.model_dump_json())

    assert Configuration.model_validate_json(json.dumps(content)) == whole
    assert getattr(Configuration.model_validate_json(json.dumps(content | {field: None})), field) is None


def test_a_shape_may_say_how_many_positions_it_has() -> None:
    assert SHAPE.positions is None
    assert Shape.model_validate(SHAPE.model_dump() | {"positions": 8192}).positions == 8192


@pytest.mark.parametrize("name", [name for name in Quantities.model_fields if name != "absent"])
def test_a_quantity_is_a_number_or_null_with_its_reason(name: str) -> None:
    nulls = dict.fromkeys(Quantities.model_fields, None) | {
        "absent": {other: "not read" for other in Quantities.model_fields if other != "absent"}
    }
    absent = {other: "not read" for other in Quantities.model_fields if other not in {"absent", name}}

    assert getattr(Quantities.model_validate(nulls), name) is None
    assert getattr(Quantities.model_validate(nulls | {name: 1, "absent": absent}), name) == 1


@pytest.mark.parametrize(("deviation", "fits"), [(0.9e-6, True), (-0.9e-6, True), (1.1e-6, False), (-1.1e-6, False)])
def test_the_headline_is_the_samples_median_to_a_millionth(deviation: float, *, fits: bool) -> None:
    stated = completed().points[0].output_tokens_per_s * (1 + deviation)
    if fits:
        assert with_quantities(output_tokens_per_s=stated).quantities.output_tokens_per_s == stated
    else:
        with pytest.raises(ValidationError, match=r"output_tokens_per_s.* the samples' median, 100 \["):
            with_quantities(output_tokens_per_s=stated)


def test_a_launch_without_its_headline_is_refused() -> None:
    absent = completed().quantities.absent | {"output_tokens_per_s": "lost"}

    with pytest.raises(ValidationError, match="the samples' median, 100 "):
        with_quantities(output_tokens_per_s=None, absent=absent)


def test_the_tokens_are_the_sum_over_the_samples() -> None:
    two = [{"duration_s": 1.0, "prompt_tokens": 7, "output_tokens": 100}] * 2
    points = [json.loads(completed().points[0].model_dump_json()) | {"samples": two}]
    quantities = json.loads(completed().quantities.model_dump_json())

    found = changed(points=points, quantities=quantities | {"output_tokens_total": 200})

    assert isinstance(found, Completed)
    with pytest.raises(ValidationError, match=r"output_tokens_total.* the samples' sum, 200 \["):
        changed(points=points, quantities=quantities | {"output_tokens_total": 199})
