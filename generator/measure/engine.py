"""What an engine is: something that loads one method's checkpoint and turns token ids into token ids."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, Protocol

from generator.frozen import Frozen, Name, Positive
from generator.methods import MethodId
from generator.profiles import EngineSettings, Workload
from generator.record import Configuration


class LaunchRequest(Frozen):
    """All that the worker process is told. `checkpoint` is a folder on this machine."""

    method: MethodId
    checkpoint: str
    model_source: Name
    model_revision: Name | None
    device: Literal["cuda", "cpu"]
    memory_budget_gib: Positive | None
    workload: Workload
    engine: EngineSettings


@dataclass(frozen=True, slots=True)
class Loaded:
    """What an engine says of itself once it is ready. The KV cache is None where none is pre-allocated."""

    configuration: Configuration
    weights_bytes: int
    kv_cache_bytes: int | None
    kv_cache_tokens: int | None


class Engine(Protocol):
    """One method, ready to be measured. Made by the engine module's `import_engine`, which imports the framework."""

    def load(self) -> Loaded:
        """Read the checkpoint and get ready to generate."""

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        """Generate greedily, all prompts at once; the new token ids of each, exactly `output_tokens` of them."""

    def close(self) -> None:
        """Give the device back."""


class WrongKernelError(Exception):
    """The engine took a kernel that is not the method's."""


class UnsupportedError(Exception):
    """The engine can't run this method on this machine."""
