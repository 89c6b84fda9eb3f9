"""The first fault of a value that does not follow its schema: by field, as its author knows it, and in one line."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from examples import completed, manifest
from pydantic import TypeAdapter, ValidationError

from generator.faults import first_fault, nearest
from generator.manifest import MANIFEST
from generator.record import LAUNCH

Spoil = Callable[[Any], object]


def said(kind: TypeAdapter[Any], value: object, spoil: Spoil) -> str:
    content = json.loads(kind.dump_json(value))
    spoil(content)
    with pytest.raises(ValidationError) as raised:
        kind.validate_json(json.dumps(content))
    return first_fault(raised.value, kind.json_schema())


def of_launch(spoil: Spoil) -> str:
    return said(LAUNCH, completed(), spoil)


def of_manifest(spoil: Spoil) -> str:
    return said(MANIFEST, manifest(), spoil)


def of_checkpoint(content: object) -> str:
    return of_manifest(lambda run: run["profile"]["checkpoints"].update(fp16=content))


def test_a_misspelt_field_is_told_with_the_nearest_names_though_it_is_missing_too() -> None:
    assert of_launch(lambda one: one.update(rond=one.pop("round"))) == (
        "field rond: there is no such field; the nearest: round"
    )
    assert of_launch(lambda one: one["configuration"]["shape"].update(hiden=1)) == (
        "field configuration.shape.hiden: there is no such field; the nearest: hidden"
    )
    assert of_launch(lambda one: one.update(zzz=1)) == "field zzz: there is no such field"


def test_an_unknown_field_goes_before_a_wrong_value_and_that_before_what_is_missing() -> None:
    def spoil(one: Any) -> None:
        del one["unserved"]
        one["round"] = 0

    assert of_launch(spoil) == "field round: input should be greater than or equal to 1, found 0"
    assert of_launch(lambda one: one.update(round=0, zzz=1)) == "field zzz: there is no such field"
    assert of_launch(lambda one: one.pop("unserved")) == "field unserved: field required"


def test_items_are_told_by_their_place_and_kinds_are_left_out() -> None:
    def first_token(one: Any) -> None:
        one["points"][1]["requests"]["ttft_s"][3] = 0

    assert of_launch(first_token) == "field points.1.requests.ttft_s.3: input should be greater than 0, found 0"
    assert of_manifest(lambda run: run["profile"]["workloads"][0].update(repeats=0)) == (
        "field profile.workloads.0.repeats: input should be greater than or equal to 1, found 0"
    )
    assert of_manifest(lambda run: run["profile"]["workloads"][0].update(users=[1])) == (
        "field profile.workloads.0.users: there is no such field"
    )


def test_of_several_forms_a_field_that_another_has_is_no_unknown_one() -> None:
    assert of_checkpoint({"path": ""}) == (
        "field profile.checkpoints.fp16.path: string should have at least 1 character, found ''"
    )
    assert of_checkpoint({}) == "field profile.checkpoints.fp16.hub: field required"
    assert of_checkpoint({"hub": "a/b", "zzz": 1}) == "field profile.checkpoints.fp16.zzz: there is no such field"
    assert of_checkpoint({"path": "m", "revision": 3}).startswith("field profile.checkpoints.fp16.")


@pytest.mark.parametrize("value", [{}, [1], [], {"a": 1}])
def test_what_has_parts_is_not_quoted(value: object) -> None:
    assert of_launch(lambda one: one.update(started_at=value)) == "field started_at: input should be a valid string"


@pytest.mark.parametrize("length", [57, 58, 59, 60, 500])
def test_a_value_is_quoted_up_to_sixty_letters(length: int) -> None:
    found = of_launch(lambda one: one.update(round="x" * length)).partition(", found ")[2]

    assert found == (f"'{'x' * length}'" if length <= 58 else f"'{'x' * 56}...")


def test_a_list_is_quoted_as_little_as_a_tuple() -> None:
    with pytest.raises(ValidationError) as raised:
        TypeAdapter(int).validate_python((1, 2))

    assert first_fault(raised.value, {}) == "input should be a valid integer"


def test_what_concerns_the_whole_has_no_field() -> None:
    with pytest.raises(ValidationError) as raised:
        LAUNCH.validate_json("[]")

    assert not first_fault(raised.value, LAUNCH.json_schema()).startswith("field")


def test_all_near_names_are_told_and_none_where_there_is_none() -> None:
    assert nearest("repaets", ["repeats", "repeat", "users"]) == "; the nearest: repeats, repeat"
    assert nearest("zzz", ["repeats"]) == ""
