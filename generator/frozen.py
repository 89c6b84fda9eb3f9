"""What every value that is read from or written to a file has in common: frozen, strict, nothing unknown in it."""

from typing import TYPE_CHECKING, Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator


class Frozen(BaseModel):
    """A value that is valid by construction and can't change afterwards.

    Strict: `true` is no number, `"3"` is no 3; NaN and infinities are refused; unknown fields are refused.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True, allow_inf_nan=False)


# No control, format (which includes the bidirectional overrides), private-use or unassigned characters: text that
# reaches a page must look like what it is.
Text = Annotated[str, StringConstraints(max_length=2000, pattern=r"^\P{C}*$")]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^\P{C}+$")]
Slug = Annotated[str, StringConstraints(max_length=100, pattern=r"^[a-z0-9][a-z0-9.-]*$")]
Timestamp = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$")]
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]

NonNegative = Annotated[float, Field(ge=0)]
Positive = Annotated[float, Field(gt=0)]
Percent = Annotated[float, Field(ge=0, le=100)]
Count = Annotated[int, Field(ge=0, le=10**12)]


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
