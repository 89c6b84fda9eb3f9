"""What tokens cost, where the author says what an hour of the card does."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """What an hour of the card costs."""

    per_hour: float
    currency: str

    def per_million_tokens(self, output_tokens_per_s: float) -> float:
        """What a million output tokens cost at a speed, with the card busy all the time."""
        return self.per_hour / 3600 / output_tokens_per_s * 1e6
