"""How the memory of an engine that reserves none beforehand grows with the prompt.

Transformers reads a whole prompt in one pass, so its activations grow with it. vLLM reads in steps of a limited size,
and what the largest takes is in what it reserved when it started.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from generator.analyse.cell import CellFindings
from generator.analyse.memory import GIB, smallest_card
from generator.cells import Cell
from generator.record import Completed


@dataclass(frozen=True, slots=True)
class Growth:
    """What a run with long prompts, `run_id`, says of the engine of `cell`: with one user's `tokens` of context it took
    so much for each of them besides the KV cache. All of it is counted as growing: a little too much for short ones."""

    run_id: str
    cell: Cell
    tokens: int
    activation_bytes_per_token: float

    def of(self, one: CellFindings) -> CellFindings:
        """A cell of any run with the smallest card that follows; as it is where this says nothing of its engine."""
        if one.reserves or one.cell.engine != self.cell.engine:
            return one
        return replace(one, stats={**one.stats, **smallest_card(one.valid, one.stats, self.activation_bytes_per_token)})


def growth_of(run_id: str, cells: Iterable[CellFindings]) -> Growth | None:
    """From the cells of a run with long prompts; None where all reserve their memory. Of several that which grows most:
    the format of the weights has no part in it."""
    found = [growth for one in cells if not one.reserves and (growth := _of_cell(run_id, one))]
    return max(found, key=lambda growth: growth.activation_bytes_per_token, default=None)


def _of_cell(run_id: str, one: CellFindings) -> Growth | None:
    of_alone = [
        point.requests
        for launch in one.valid
        if isinstance(launch, Completed)
        for point in launch.points
        if point.concurrency == 1 and point.requests
    ]
    contexts = [map(sum, zip(found.prompt_tokens, found.output_tokens, strict=True)) for found in of_alone]
    tokens = max((tokens for of_point in contexts for tokens in of_point), default=0)
    peak, configuration = one.stats.get("activation_peak_gib"), one.configuration
    if not tokens or peak is None or configuration is None or configuration.kv_cache_bytes_per_token is None:
        return None
    besides = peak.high * GIB / tokens - configuration.kv_cache_bytes_per_token
    return Growth(run_id, one.cell, tokens, max(0.0, besides))
