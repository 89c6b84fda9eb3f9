"""A figure that can't be true beside others of its record, or beside what is known of the hardware."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

# What is contradicted, by the name that templates/contradictions.md.j2 has a sentence for.
Law = Literal[
    # times
    "stages_in_launch",
    "parts_in_launch",
    "launch_explained",
    "parts_in_stage",
    "stage_explained",
    "parts_in_load",
    "first_token_in_warm_up",
    "first_token_is_cold",
    "requests_in_loop",
    "users_in_loop",
    "users_busy",
    "tokens_of_requests",
    "gaps_of_tokens",
    "gaps_of_latencies",
    "one_after_another",
    "no_holes",
    "after_its_run",
    "rounds_in_order",
    "not_in_future",
    # hardware
    "card_bandwidth",
    "card_arithmetic",
    "card_memory",
    "card_capability",
    "device_speed",
    "device_latency",
    # memory
    "memory_of_card",
    "memory_share",
    "memory_parts",
    "memory_of_machine",
    "whole_bytes",
    "whole_pages",
    "weights_of_shape",
    "cache_per_token",
    "cache_tokens",
    "cache_asked",
    "utilisation_asked",
    # energy
    "metered_window",
    "power_limit",
    "power_idle",
    "power_readings",
    "readings_in_time",
    "idle_read_once",
    "idle_below_work",
    "temperature",
    "clock",
    "fault_missing",
    "counter_step",
    # work
    "in_profile",
    "method_of_cell",
    "tokens_asked",
    "requests_asked",
    "repeats_asked",
    "time_asked",
    "rounds_asked",
    "context",
    # quality
    "worse_than_guessing",
    "baseline_differs_from_itself",
    "agreement_of_divergence",
    "better_than_baseline",
    "same_predictions",
    "single_precision",
    "whole_positions",
    # figures
    "copied",
    "typed",
    "finer_than_the_clock",
    "no_spread",
    "environment",
]
Relation = Literal["at most", "at least", "exactly"]
Figure = int | float | str


@dataclass(frozen=True, slots=True)
class Contradiction:
    """What a field says, and what it could say at most, at least or alone, in the field's own unit; nothing of that
    where no other value would mend it. `file` is below the run's folder."""

    law: Law
    field: str
    found: Figure
    relation: Relation | None
    possible: Figure | None
    file: str = "manifest.json"


def at_most(law: Law, field: str, found: float | None, most: float | None) -> Iterator[Contradiction]:
    """The contradiction, if `found` is more; none where either is not known."""
    if found is not None and most is not None and found > most:
        yield Contradiction(law, field, found, "at most", most)


def at_least(law: Law, field: str, found: float | None, least: float | None) -> Iterator[Contradiction]:
    """The contradiction, if `found` is less; none where either is not known."""
    if found is not None and least is not None and found < least:
        yield Contradiction(law, field, found, "at least", least)


def within(law: Law, field: str, found: float | None, least: float, most: float) -> Iterator[Contradiction]:
    """The contradiction, if `found` is less than the one or more than the other."""
    yield from at_least(law, field, found, least)
    yield from at_most(law, field, found, most)


def exactly(law: Law, field: str, found: Figure, expected: Figure) -> Iterator[Contradiction]:
    """The contradiction, if the two differ."""
    if found != expected:
        yield Contradiction(law, field, found, "exactly", expected)
