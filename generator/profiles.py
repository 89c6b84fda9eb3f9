"""What to measure, as data: which checkpoints, which workload, which engine settings. It knows nothing of how.

The profiles that ship with Quantpress lie beside this file in `profiles/`, as TOML; a user's own has the same form.
"""

from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Discriminator, Field, ValidationError, model_validator

from generator.cells import Cell, Mode, cells_of
from generator.declared import declared_in
from generator.errors import UsageError
from generator.faults import first_fault
from generator.frozen import Frozen, PositiveCount, PositiveGib, Seconds, Several, Slug
from generator.methods import METHOD_IDS, EngineId, MethodId
from generator.readable import Label, Name, Text
from generator.record import Shape
from generator.shapes import PUBLIC, TINY

REQUESTS_PER_USER: Final = 4

SHIPPED: Final = Path(__file__).parent / "profiles"

# A class of vLLM.
Kernel = Annotated[str, Field(max_length=100, pattern=r"^[A-Za-z0-9_]+$")]

Tokens = Annotated[int, Field(gt=0, le=1_000_000)]


class HubCheckpoint(Frozen):
    """A model on the Hugging Face hub; with `revision` left out, the commit that is found is recorded all the same."""

    hub: Annotated[str, Field(max_length=200, pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*/[A-Za-z0-9_][A-Za-z0-9_.-]*$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None


class LocalCheckpoint(Frozen):
    """A model folder; a relative path starts at the folder of the profile's file."""

    path: Label


class SyntheticCheckpoint(Frozen):
    """A model that is written on this machine: real shapes and file formats, random values, so no quality."""

    synthetic: Literal["llama-3.1-8b", "llama-3.2-1b", "llama-2-13b", "tiny"]

    @property
    def shape(self) -> Shape:
        """The dimensions that it is written in."""
        return TINY if self.synthetic == "tiny" else PUBLIC[self.synthetic].model.shape

    @property
    def positions(self) -> int:
        """The longest context that it is made for, in tokens."""
        return self.shape.positions or 0


Checkpoint = HubCheckpoint | LocalCheckpoint | SyntheticCheckpoint


class _Work(Frozen):
    """What every cell is given to do: the same prompts, greedy, exactly `output_tokens` new tokens for each."""

    name: Slug
    output_tokens: Tokens
    seed: Annotated[int, Field(ge=0, lt=2**32)] = 0
    engines: Annotated[Several[EngineId], Field(min_length=1)] = ("vllm", "transformers")
    modes: Annotated[Several[Mode], Field(min_length=1)] = ("eager", "graphs")

    def suits(self, cell: Cell) -> bool:
        """Whether the cell is given this workload."""
        return cell.engine in self.engines and cell.mode in self.modes


class _Prompted(_Work):
    """The prompts are either texts (`prompts`) or `random_prompt_tokens` random token ids each, new ones for each
    request, which also suit models that have no tokenizer."""

    prompts: Several[Text] = ()
    random_prompt_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = 0

    @model_validator(mode="after")
    def _one_kind_of_prompt(self) -> Self:
        if bool(self.prompts) == (self.random_prompt_tokens > 0):
            raise ValueError("give either prompts, or random_prompt_tokens")
        return self


class Batch(_Prompted):
    """All prompts at once, as one call; such a batch is a repeat. It measures throughput.

    Repeats go on until there are `repeats` of them and they have taken `at_least_s`, which a metered window needs.
    """

    kind: Literal["batch"]
    random_prompts: Annotated[int, Field(ge=0, le=1024)] = 0
    repeats: Annotated[int, Field(ge=1, le=100)]
    at_least_s: Seconds = 0
    warmup_repeats: Annotated[int, Field(ge=0, le=100)] = 1

    @model_validator(mode="after")
    def _as_many_as_there_are(self) -> Self:
        if bool(self.prompts) == (self.random_prompts > 0):
            raise ValueError("random_prompts says how many, and goes with random_prompt_tokens")
        return self

    @property
    def concurrencies(self) -> tuple[int, ...]:
        """How many requests are in flight at once: one figure, all of them."""
        return (len(self.prompts) or self.random_prompts,)


class ClosedLoop(_Prompted):
    """So many users, each of whom sends the next request when the last is answered. It measures what a user feels.

    `requests` at each number of users in `users`, but at least `REQUESTS_PER_USER` for each of them: the first ones are
    all sent at once, and say more of that than of a service. Of a user who is alone the first of several warms up, and
    is in no figure. The outputs are `output_tokens` long on average, from half to one and a half times that, the same
    for every cell: of equal length, they would all end at once, and the next prompts would wait for one another as they
    never do in service. Where it `must_fit`, all users' contexts must have room at once, or else the loop counts as not
    served.
    """

    kind: Literal["closed-loop"]
    users: Annotated[Several[Annotated[int, Field(ge=1, le=1024)]], Field(min_length=1)]
    requests: Annotated[int, Field(ge=1, le=100_000)]
    must_fit: bool = False

    @property
    def concurrencies(self) -> tuple[int, ...]:
        """How many requests are in flight at once: a figure for each number of users."""
        return self.users

    def requests_of(self, users: int) -> int:
        """How many requests so many users send."""
        return max(self.requests, users * REQUESTS_PER_USER if users > 1 else 0)


class LongestPrompt(_Work):
    """The longest prompt that is really answered, found by trying, to within `step_tokens`."""

    kind: Literal["longest-prompt"]
    step_tokens: Tokens = 1024

    @property
    def concurrencies(self) -> tuple[int, ...]:
        """How many requests are in flight at once: one."""
        return (1,)


Workload = Annotated[Batch | ClosedLoop | LongestPrompt, Discriminator("kind")]


class QualityText(Frozen):
    """A text that every cell predicts: the first `windows` windows of `window_tokens` tokens each. Its path starts at
    the folder of the profile's file."""

    text: Label
    window_tokens: Annotated[int, Field(ge=2, le=100_000)]
    windows: Annotated[int, Field(ge=2, le=1_000)]


class TaskList(Frozen):
    """Tasks of lm-evaluation-harness that every cell does, by the names that lm_eval knows them by; the first `limit`
    documents of each, or all. `folder` holds tasks of the user's own, as YAML files; its path starts at the folder of
    the profile's file."""

    names: Annotated[Several[Name], Field(min_length=1)]
    limit: PositiveCount | None = None
    folder: Label | None = None


class EngineSettings(Frozen):
    """What the engines are told. The two scheduler limits are pinned, because vLLM's own defaults depend on the card.

    Each layer is shared by `tensor_parallel_size` cards; figures of memory are then those of one of them.
    `kv_cache_gib` sizes the KV cache, and must be given on a CPU; where it is null, the memory that
    `gpu_memory_utilization` leaves does. With a `max_model_len` of "auto" a request may be as long as the model and the
    KV cache allow.
    """

    dtype: Literal["float16", "bfloat16"] = "float16"
    tensor_parallel_size: PositiveCount = 1
    max_model_len: Tokens | Literal["auto"]
    gpu_memory_utilization: Annotated[float, Field(gt=0, lt=1)] = 0.9
    max_num_seqs: PositiveCount = 256
    max_num_batched_tokens: Tokens = 8192
    kv_cache_gib: PositiveGib | None = None
    disabled_kernels: Several[Kernel] = ()


class Profile(Frozen):
    """One model, its checkpoint for each method, and the work. `rounds` is the launches of each cell.

    The first workload is the one that the headline figures come from. `default_methods` are measured where nobody names
    others; all that have a checkpoint, if it is empty.
    """

    name: Slug
    model_name: Name
    purpose: Literal["benchmark", "demo"] = "benchmark"
    weights: Literal["trained", "random"] = "trained"
    needs_gpu: bool = False
    modes: Annotated[Several[Mode], Field(min_length=1)] = ("eager",)
    controls: bool = False
    twin: bool = False
    rounds: Annotated[int, Field(ge=1, le=100)]
    workloads: Annotated[Several[Workload], Field(min_length=1)]
    quality: QualityText | None = None
    tasks: TaskList | None = None
    engine: EngineSettings
    checkpoints: Annotated[dict[MethodId, Checkpoint], Field(min_length=1)]
    default_methods: Several[MethodId] = ()

    @model_validator(mode="after")
    def _random_weights_have_no_quality(self) -> Self:
        if self.weights == "random" and (self.quality is not None or self.tasks is not None):
            raise ValueError("random weights have no quality to measure: leave out [quality] and [tasks]")
        return self

    @model_validator(mode="after")
    def _headline_is_for_all(self) -> Self:
        names = [workload.name for workload in self.workloads]
        if len(set(names)) < len(names):
            raise ValueError("each workload needs a name of its own")
        headline = self.workloads[0]
        if not isinstance(headline, Batch) or not all(headline.suits(cell) for cell in self.cells):
            raise ValueError("the first workload must be of kind batch, and for every engine and mode of the profile")
        return self

    @model_validator(mode="after")
    def _default_methods_have_checkpoints(self) -> Self:
        for number, method in enumerate(self.default_methods):
            if method not in self.checkpoints:
                raise ValueError(f"default_methods.{number}: there is no [checkpoints.{method}]")
        return self

    @property
    def headline(self) -> Batch:
        """The workload of the headline figures."""
        first = self.workloads[0]
        assert isinstance(first, Batch)
        return first

    @property
    def methods(self) -> tuple[MethodId, ...]:
        """The methods that the profile has checkpoints for, in the order of `METHODS`."""
        return tuple(method for method in METHOD_IDS if method in self.checkpoints)

    def with_methods(self, methods: Collection[MethodId]) -> Self:
        """As it is published with a run of these methods alone."""
        checkpoints = {method: one for method, one in self.checkpoints.items() if method in methods}
        return self.model_copy(update={"checkpoints": checkpoints, "default_methods": ()})

    @property
    def cells(self) -> tuple[Cell, ...]:
        """The cells of a run of the whole profile."""
        return cells_of(self.methods, self.modes, controls=self.controls, twin=self.twin)


def shipped_profiles() -> tuple[str, ...]:
    """The names of the profiles that ship with Quantpress."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load_profile(name_or_file: str) -> tuple[Profile, Path]:
    """The profile and its file, from whose folder its relative paths start.

    Raises `UsageError`, with the mend, when there is no such profile or its file is not one.
    """
    path = SHIPPED / f"{name_or_file}.toml" if name_or_file in shipped_profiles() else Path(name_or_file)
    try:
        return declared_in(path, Profile), path.resolve()
    except OSError:
        known = ", ".join(shipped_profiles())
        raise UsageError(
            f"profile {name_or_file!r}: no shipped profile ({known}) and no readable file of that name; "
            "name one of these, or give the path of your own TOML file"
        ) from None


@contextmanager
def refusing_in_a_line(option: str) -> Iterator[None]:
    """While this lasts, a value that makes no valid closed loop is a `UsageError` of the option that it came from."""
    try:
        yield
    except ValidationError as error:
        raise UsageError(f"{option}: {first_fault(error, ClosedLoop.model_json_schema())}") from None
