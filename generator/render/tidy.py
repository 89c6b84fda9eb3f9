"""Observations as the rows of a tidy table: one figure each, with its unit, by columns that have one type each."""

from typing import Final

from generator.analyse.observations import Observation
from generator.render.sheet import defused
from generator.render.units import LABELS, unit

# What the columns are to a program that types them; all may be null but the first five.
COLUMNS: Final = {
    "run": "text",
    "origin": "text",
    "trust": "text",
    "launch": "text",
    "kind": "text",
    "measured_at": "timestamp",
    "card": "text",
    "model": "text",
    "cell": "text",
    "method": "text",
    "engine": "text",
    "mode": "text",
    "round": "whole",
    "valid": "flag",
    "workload": "text",
    "concurrency": "whole",
    "position": "whole",
    "quantity": "text",
    "unit": "text",
    "value": "number",
    "reason": "text",
}

# Units of what pages give no figure of.
_UNITS: Final = {
    "prompt_tokens": "tokens",
    "output_tokens": "tokens",
    "ttft_s": "s",
    "latency_s": "s",
    "energy_j": "J",
    "window_s": "s",
    "idle_w": "W",
    "nll_per_token": "nats",
    "kl_divergence_per_token": "nats",
    "top1_agreement": "1",
    "copy_gb_per_s": "GB/s",
    "matmul_tflop_per_s": "TFLOP/s",
    "readings": "1",
    "power_w_mean": "W",
    "temperature_c_max": "°C",
    "sm_clock_mhz_median": "MHz",
    "throttled_percent": "%",
}


def unit_of(observation: Observation) -> str | None:
    """The unit of its figure; None where it has none, as the metrics of tasks."""
    quantity = observation.quantity
    if quantity is None or observation.kind == "task":
        return None
    return unit(quantity) if quantity in LABELS else _UNITS[quantity]


def row_of(observation: Observation) -> tuple[object, ...]:
    """Its values in the order of `COLUMNS`."""
    values = observation._asdict() | {"unit": unit_of(observation)}
    return tuple(values[name] for name in COLUMNS)


def as_texts(row: tuple[object, ...]) -> list[str]:
    """A row as a CSV file has it: null is nothing, and no text is taken for a formula."""
    return [_text(value) for value in row]


def _text(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, float) else defused(str(value)) if isinstance(value, str) else str(value)
