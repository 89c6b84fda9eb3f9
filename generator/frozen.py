"""What every value that is read from or written to a file has in common: frozen, strict, nothing unknown in it; and the
kinds of its figures, by unit.

A figure is held to what a machine can have or take at all: beyond that it is in another unit, or no measurement.
"""

from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Final, Literal, Self, TypeVar

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from generator.readable import Name, Text

T = TypeVar("T")


class Frozen(BaseModel):
    """A value that is valid by construction and can't change afterwards.

    Strict: `true` is no number, `"3"` is no 3; NaN and infinities are refused; unknown fields are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


def _is_a_date(text: str) -> str:
    try:
        datetime.fromisoformat(text)
    except ValueError as error:
        raise ValueError(f"should be a date and a time that there are: {error}") from None
    return text


def _is_whole(value: object) -> object:
    if type(value) is not int:  # a literal 1 would take true and 1.0
        raise ValueError("should be a whole number")
    return value


def _without_sign(zero: float) -> float:
    return zero + 0.0


# Ordinary digits only: \d would take those of every script.
Slug = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z0-9]([a-z0-9.-]*[a-z0-9])?$")]
Timestamp = Annotated[
    str,
    StringConstraints(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"),
    AfterValidator(_is_a_date),
]
Whole: Final = BeforeValidator(_is_whole)
SchemaVersion = Annotated[Literal[1], Whole]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

# All items but the first that is wrong are nobody's business: a file of a million would be a million faults.
Several = Annotated[tuple[T, ...], Field(fail_fast=True)]

# -0 is read as 0.
NonNegative = Annotated[float, Field(ge=0), AfterValidator(_without_sign)]
Positive = Annotated[float, Field(gt=0)]
Percent = Annotated[NonNegative, Field(le=100)]
Count = Annotated[int, Field(ge=0, le=10**12)]
PositiveCount = Annotated[int, Field(ge=1, le=10**12)]

Seconds = Annotated[NonNegative, Field(le=10**8)]  # three years
PositiveSeconds = Annotated[Positive, Field(le=10**8)]
Mib = Annotated[NonNegative, Field(le=2**30)]  # a pebibyte
PositiveMib = Annotated[Positive, Field(le=2**30)]
MibChange = Annotated[float, Field(ge=-(2**30), le=2**30), AfterValidator(_without_sign)]
Gib = Annotated[NonNegative, Field(le=2**20)]
PositiveGib = Annotated[Positive, Field(le=2**20)]
Watts = Annotated[NonNegative, Field(le=10**5)]
PositiveWatts = Annotated[Positive, Field(le=10**5)]
Joules = Annotated[NonNegative, Field(le=10**13)]  # so many watts for as many seconds
Nats = Annotated[NonNegative, Field(le=10**4)]
Celsius = Annotated[NonNegative, Field(le=200)]
Megahertz = Annotated[NonNegative, Field(le=10**5)]
PerSecond = Annotated[Positive, Field(le=10**9)]  # tokens, GB, TFLOP


class WithReasons(Frozen):
    """A value each of whose nulls has its reason in `absent`, a field that its class declares last."""

    if TYPE_CHECKING:
        absent: dict[Name, Text]

    @model_validator(mode="after")
    def _a_reason_for_each_null(self) -> Self:
        nulls = {name for name, content in self if content is None}
        if nulls != set(self.absent):
            odd = ", ".join(sorted(nulls ^ set(self.absent)))
            raise ValueError(f"absent must name exactly the quantities that are null; look at: {odd}")
        return self
