"""A value in a file of another tool, and where it stands: what is asked of it is given, or refused by its name."""

from collections.abc import Iterator
from math import isfinite
from typing import Any, Self

from generator.imported import Reading


class OddFieldError(ValueError):
    """A field is not what its tool writes; the message names it, what was expected and what was found."""


class Place:
    """What stands at `path` of a file. Raises `OddFieldError` where it is not of the kind that is asked for."""

    def __init__(self, value: Any, path: str = "") -> None:
        self.value = value
        self.path = path

    def __getitem__(self, name: str) -> Self:
        found = self.get(name)
        if found is None:
            raise OddFieldError(f"field {self._of(name)}: expected a value, found none")
        return found

    def get(self, name: str) -> Self | None:
        """What stands under `name`; None where there is nothing, or null."""
        if not isinstance(self.value, dict):
            raise self.odd("an object")
        value = self.value.get(name)
        return None if value is None else type(self)(value, self._of(name))

    def deep(self, *names: str) -> Self | None:
        """What stands under the names, one in the other; None where there is nothing."""
        found: Self | None = self
        for name in names:
            found = found.get(name) if found is not None else None
        return found

    def items(self) -> Iterator[tuple[str, Self]]:
        """The fields of an object, by name."""
        if not isinstance(self.value, dict):
            raise self.odd("an object")
        for name, value in self.value.items():
            yield name, type(self)(value, self._of(name))

    def parts(self) -> Iterator[Self]:
        """What is in a list, which must not be empty."""
        if not isinstance(self.value, list) or not self.value:
            raise self.odd("a list with something in it")
        for at, value in enumerate(self.value):
            yield type(self)(value, f"{self.path}[{at}]")

    def number(self) -> float:
        """A finite number."""
        if isinstance(self.value, bool) or not isinstance(self.value, int | float) or not isfinite(self.value):
            raise self.odd("a number")
        return self.value

    def whole(self) -> int:
        """A whole number; some tools write 8 as 8.0."""
        number = self.number()
        if number != int(number):
            raise self.odd("a whole number")
        return int(number)

    def text(self) -> str:
        """A text that is not empty."""
        if not isinstance(self.value, str) or not self.value.strip():
            raise self.odd("a text")
        return self.value.strip()

    def odd(self, expected: str) -> OddFieldError:
        """That something else was expected here."""
        shown = repr(self.value) if isinstance(self.value, str | int | float | None) else type(self.value).__name__
        return OddFieldError(f"field {self.path or '(the whole)'}: expected {expected}, found {shown[:60]}")

    def _of(self, name: str) -> str:
        return f"{self.path}.{name}" if self.path else name


# What one of a unit is in ours.
FACTORS = {
    "1": 1.0,
    "s": 1.0,
    "ms": 1e-3,
    "ns": 1e-9,
    "1/s": 1.0,
    "bytes of weights": 1 / 2**30,  # GiB
    "MB": 1e6 / 2**20,  # MiB
    "%": 1.0,
    "W": 1.0,
    "mJ": 1e-3,
    "kWh": 3.6e6,  # J
}


class Readings:
    """The figures of one measurement, as they are taken from their places, and where each stood."""

    def __init__(self) -> None:
        self.figures: dict[str, float] = {}
        self.readings: dict[str, Reading] = {}

    def take(self, name: str, place: Place | None, unit: str, *, whole: bool = False) -> None:
        """Take the figure `name` from `place`, where it is in `unit`; nothing where there is no such place."""
        if place is not None:
            factor = FACTORS[unit]
            self.figures[name] = place.whole() if whole else place.number() * factor
            self.readings[name] = Reading(field=place.path, unit=unit, factor=factor)

    def take_count(self, name: str, place: Place | None) -> None:
        """Take a number of things."""
        self.take(name, place, "1", whole=True)

    def take_inverse(self, name: str, place: Place | None, unit: str) -> None:
        """Take what is so many for one of `unit` in the file, and so much for each of them here."""
        if place is not None:
            found = place.number()
            if found <= 0:
                raise place.odd("a number above 0")
            self.figures[name] = FACTORS[unit] / found
            self.readings[name] = Reading(field=place.path, unit=f"1/{unit}", factor=FACTORS[unit], inverted=True)

    def take_all(self, quantity: str, place: Place | None, unit: str, names: dict[str, str]) -> None:
        """Take a mean and percentiles: `names` has what each is called at `place`, by what it is called here."""
        if place is not None:
            for ours, theirs in names.items():
                self.take(f"{quantity}_{ours}_s", place.get(theirs), unit)
