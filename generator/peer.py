"""What another benchmark found in the same configuration, as it is kept beside a run; the peer's own figures."""

from statistics import median
from typing import Annotated, Final, Literal

from pydantic import Field, TypeAdapter

from generator.cells import Cell
from generator.frozen import Frozen, PositiveCount, PositiveSeconds, SchemaVersion, Several, Timestamp
from generator.readable import Name, Text


class PeerResult(Frozen):
    """One launch of the peer with the arguments that a cell of the run had: its time for each batch of `batch` prompts
    of `prompt_tokens` tokens, with `output_tokens` new ones each."""

    schema_version: SchemaVersion
    tool: Literal["vllm bench latency"]
    tool_version: Name
    cell: Cell
    measured_at: Timestamp
    command: Text
    batch: PositiveCount
    prompt_tokens: PositiveCount
    output_tokens: PositiveCount
    durations_s: Annotated[Several[PositiveSeconds], Field(min_length=1)]

    @property
    def output_tokens_per_s(self) -> float:
        """The median over its batches."""
        return self.batch * self.output_tokens / median(self.durations_s)


PEER: Final = TypeAdapter(PeerResult)
