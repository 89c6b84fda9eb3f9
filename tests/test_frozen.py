"""The kinds of values that files are made of, at their boundaries."""

from math import inf, nan
from typing import Any

import pytest
from examples import completed
from pydantic import TypeAdapter, ValidationError

from generator.frozen import Count, Frozen, NonNegative, Percent, Positive, Sha256, Slug, Timestamp, WithReasons
from generator.readable import Name, Text

ACCEPTED: dict[str, tuple[Any, tuple[object, ...]]] = {
    "text": (Text, ("", "a", "é – ×", "x" * 2000)),
    "name": (Name, ("a", " ", "x" * 200)),
    "slug": (Slug, ("a", "0", "a.b-c", "x" * 100)),
    "timestamp": (Timestamp, ("2026-01-31T23:59:59Z",)),
    "sha256": (Sha256, ("0123456789abcdef" * 4,)),
    "non-negative": (NonNegative, (0, 0.5, 1e300)),
    "positive": (Positive, (1e-300, 0.5)),
    "percent": (Percent, (0, 0.5, 100)),
    "count": (Count, (0, 1, 10**12)),
}
REFUSED: dict[str, tuple[Any, tuple[object, ...]]] = {
    "text": (Text, ("x" * 2001, "a\nb", "\na", "a\n", "\u202ea", "a\u2066", "\x00", "\ue000", "\u0378")),
    "name": (Name, ("", "x" * 201, "\na", "a\n", "a\u200bb")),
    "slug": (Slug, ("", "-a", ".a", "a b", "_a", "a_", "A", "é", "a/b", "a\n", "x" * 101)),
    "timestamp": (
        Timestamp,
        ("x2026-01-31T23:59:59Z", "2026-01-31T23:59:59Zx", "2026-01-31T23:59:59", "26-01-31T23:59:59Z"),
    ),
    "sha256": (Sha256, ("0" * 63, "0" * 65, "x" + "0" * 64, "0" * 64 + "x", "A" * 64)),
    "non-negative": (NonNegative, (-1e-9, -0.5)),
    "positive": (Positive, (0, -0.5)),
    "percent": (Percent, (-0.5, 100.5)),
    "count": (Count, (-1, 10**12 + 1)),
}


@pytest.mark.parametrize("kind", ACCEPTED)
def test_a_value_within_its_bounds_is_taken_as_it_is(kind: str) -> None:
    annotation, values = ACCEPTED[kind]

    assert [TypeAdapter(annotation).validate_python(value) for value in values] == list(values)


@pytest.mark.parametrize(
    ("kind", "value"), [(kind, value) for kind, (_, values) in REFUSED.items() for value in values]
)
def test_a_value_beyond_its_bounds_is_refused(kind: str, value: object) -> None:
    with pytest.raises(ValidationError):
        TypeAdapter(REFUSED[kind][0]).validate_python(value)


def test_an_empty_name_is_called_too_short() -> None:
    with pytest.raises(ValidationError, match="at least 1 character"):
        TypeAdapter(Name).validate_python("")


class Pair(Frozen):
    figure: NonNegative
    word: Text


@pytest.mark.parametrize("figure", ["3", True, inf, -inf, nan])
def test_a_text_a_truth_and_what_is_not_finite_are_no_figures(figure: object) -> None:
    with pytest.raises(ValidationError):
        Pair(figure=figure, word="")  # type: ignore[arg-type]


def test_a_value_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        Pair(figure=1, word="").figure = 2  # type: ignore[misc]


def test_an_unknown_field_is_refused() -> None:
    with pytest.raises(ValidationError, match="Extra inputs"):
        Pair(figure=1, word="", other=1)  # type: ignore[call-arg]


class Known(WithReasons):
    one: NonNegative | None
    two: NonNegative | None
    three: NonNegative | None
    absent: dict[Name, Text]


def test_each_null_has_its_reason_and_nothing_else_has_one() -> None:
    assert Known(one=None, two=0, three=1, absent={"one": "not read"}).one is None

    with pytest.raises(
        ValidationError, match="absent must name exactly the quantities that are null; look at: one, two "
    ):
        Known(one=None, two=0, three=None, absent={"two": "not read", "three": "not read"})


def test_a_copy_of_a_record_is_equal_and_may_be_a_key() -> None:
    assert completed().cell.model_copy() == completed().cell
    assert len({completed().cell, completed().cell}) == 1
