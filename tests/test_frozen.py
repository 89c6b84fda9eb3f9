"""The kinds of values that files are made of, at their boundaries."""

from math import inf, nan
from typing import Any

import pytest
from examples import completed
from pydantic import TypeAdapter, ValidationError

from generator import frozen
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


@pytest.mark.parametrize(
    ("kind", "least", "most"),
    [
        (frozen.Seconds, 0, 10**8),
        (frozen.Mib, 0, 2**30),
        (frozen.MibChange, -(2**30), 2**30),
        (frozen.Gib, 0, 2**20),
        (frozen.Watts, 0, 10**5),
        (frozen.Joules, 0, 10**13),
        (frozen.Nats, 0, 10**4),
        (frozen.Celsius, 0, 200),
        (frozen.Megahertz, 0, 10**5),
    ],
)
def test_a_figure_in_a_unit_has_the_least_and_the_most_that_there_can_be(kind: Any, least: float, most: float) -> None:
    values = TypeAdapter(kind)
    assert [values.validate_python(float(edge)) for edge in (least, most)] == [least, most]
    for beyond in (least - 0.5, most + 0.5):
        with pytest.raises(ValidationError):
            values.validate_python(float(beyond))


@pytest.mark.parametrize(
    ("kind", "most"),
    [
        (frozen.PositiveSeconds, 10**8),
        (frozen.PositiveMib, 2**30),
        (frozen.PositiveGib, 2**20),
        (frozen.PositiveWatts, 10**5),
        (frozen.PerSecond, 10**9),
    ],
)
def test_what_something_took_is_more_than_nothing_and_no_more_than_there_can_be(kind: Any, most: float) -> None:
    values = TypeAdapter(kind)
    assert [values.validate_python(edge) for edge in (1e-9, float(most))] == [1e-9, most]
    for beyond in (0.0, -1e-9, most + 0.5):
        with pytest.raises(ValidationError):
            values.validate_python(beyond)


def test_nothing_below_zero_has_no_sign_and_a_count_from_one_on_is_whole() -> None:
    for kind in (frozen.Seconds, frozen.MibChange, frozen.Percent):
        assert str(TypeAdapter(kind).validate_python(-0.0)) == "0.0"
    counts = TypeAdapter(frozen.PositiveCount)
    assert [counts.validate_python(edge) for edge in (1, 10**12)] == [1, 10**12]
    for beyond in (0, 10**12 + 1):
        with pytest.raises(ValidationError):
            counts.validate_python(beyond)


def test_a_schema_version_is_the_number_one_and_nothing_that_equals_it() -> None:
    version = TypeAdapter(frozen.SchemaVersion)
    assert version.validate_python(1) == 1
    for other in (True, 1.0, "1", 2):
        with pytest.raises(ValidationError):
            version.validate_python(other)
    with pytest.raises(ValidationError, match="should be a whole number"):
        version.validate_python(True)  # noqa: FBT003, it is the value


def test_a_time_is_one_that_there_is() -> None:
    times = TypeAdapter(frozen.Timestamp)
    assert times.validate_python("2024-02-29T23:59:59Z") == "2024-02-29T23:59:59Z"
    for other in ("2026-02-29T00:00:00Z", "2026-13-01T00:00:00Z", "2026-01-01T24:30:00Z"):
        with pytest.raises(ValidationError, match="should be a date and a time that there are"):
            times.validate_python(other)
