"""What an engine is: something that loads one cell's checkpoint and turns token ids into token ids."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from generator.cells import Cell
from generator.frozen import Frozen, PositiveGib
from generator.profiles import EngineSettings, TaskList, Workload
from generator.readable import Label, Name
from generator.record import Configuration


class QualityRequest(Frozen):
    """A text to predict, and where the baseline's predictions of it are, or are to be written by the baseline."""

    text: str
    window_tokens: int
    windows: int
    reference: str


class LaunchRequest(Frozen):
    """All that the worker process is told. `checkpoint` is a folder on this machine, and so is the tasks' own;
    `workloads` suit the cell."""

    cell: Cell
    checkpoint: str
    model_source: Label
    model_revision: Name | None
    device: Literal["cuda", "cpu"]
    memory_budget_gib: PositiveGib | None
    workloads: tuple[Workload, ...]
    quality: QualityRequest | None
    tasks: TaskList | None
    engine: EngineSettings


@dataclass(frozen=True, slots=True)
class Loaded:
    """How an engine came to be ready; a time is None where the engine has no such step. `compiled` says whether it
    compiled anew, or found what it needs in its cache; None where it does not compile."""

    configuration: Configuration
    compiled: bool | None
    weights_load_time_s: float | None
    compile_time_s: float | None
    graph_capture_time_s: float | None


@dataclass(frozen=True, slots=True)
class EngineMemory:
    """Where an engine's memory is, by its own account, after it has worked; None where it has no such part, or where
    there is no GPU. The fields are those of `record.Quantities`, in bytes; but `non_torch_bytes` counts the whole
    device, other programs included, and `allocator_bytes` is all that PyTorch's allocator holds, for an engine that
    leaves the accounting to it."""

    weights_bytes: int
    kv_cache_bytes: int | None
    kv_cache_tokens: int | None
    activation_peak_bytes: int | None
    cuda_graphs_bytes: int | None
    non_torch_bytes: int | None
    allocator_bytes: int | None


@dataclass(frozen=True, slots=True)
class Ask:
    """A request: its prompt's token ids, and how many new ones it wants."""

    prompt: Sequence[int]
    output_tokens: int


@dataclass(frozen=True, slots=True)
class Answered:
    """When a request was sent and when its tokens came, on one clock, in seconds."""

    ask: Ask
    sent_s: float
    token_s: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Served:
    """A closed loop that was answered. `together` is the most requests that were ever worked on at once, `waited` the
    steps in which one was kept out because the KV cache had no room for it, `put_back` how often one lost its place
    there to another and had to begin again."""

    answered: list[Answered]
    together: int
    waited: int
    put_back: int


class Engine(Protocol):
    """One cell, ready to be measured. Made by the engine module's `engine_for`; importing that module imports the
    framework."""

    def load(self) -> Loaded:
        """Read the checkpoint and get ready to generate."""

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        """Generate greedily, all prompts at once; the new token ids of each, exactly `output_tokens` of them."""

    def serve(self, asks: Sequence[Ask], users: int) -> Served:
        """Answer all, so that `users` of them are in flight at any time; a user sends when it has its answer. When one
        can't be answered, none is left in the engine, and the error is raised."""

    def score(self, windows: Sequence[Sequence[int]]) -> Iterator[Any]:
        """For each window its log-probabilities, a float32 tensor [length − 1, vocabulary] in the machine's memory; row
        i predicts token i + 1."""

    def context_tokens(self) -> int:
        """How many tokens a request may have at most, its answer included: what the model was made for, or less where
        a pre-allocated KV cache holds less."""

    def memory(self) -> EngineMemory:
        """Where the memory is, now."""

    def close(self) -> None:
        """Give the device back."""


class WrongKernelError(Exception):
    """The engine took a kernel that is not the method's."""


class NoRoomError(Exception):
    """A prompt, or a load, needs more context than there is room for."""


class UnsupportedError(Exception):
    """The engine can't run this method on this machine."""
