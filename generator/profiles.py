"""What to measure, as data: which checkpoints, which workload, which engine settings. It knows nothing of how.

The profiles that ship with Quantpress lie beside this file in `profiles/`, as TOML; a user's own has the same form.
"""

import json
import tomllib
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, ValidationError, model_validator

from generator.errors import UsageError
from generator.frozen import Frozen, Name, Positive, Slug, Text
from generator.methods import METHOD_IDS, MethodId

SHIPPED: Final = Path(__file__).parent / "profiles"

Tokens = Annotated[int, Field(gt=0, le=1_000_000)]


class HubCheckpoint(Frozen):
    """A model on the Hugging Face hub; with `revision` left out, the commit that is found is recorded all the same."""

    hub: Annotated[str, Field(pattern=r"^[A-Za-z0-9][\w.-]*/[\w.-]+$")]
    revision: Annotated[str, Field(pattern=r"^[0-9a-f]{40}$")] | None = None


class LocalCheckpoint(Frozen):
    """A model folder; a relative path starts at the folder of the profile's file."""

    path: Name


class SyntheticCheckpoint(Frozen):
    """A model that is written on this machine: real shapes and file formats, random values, so no quality."""

    synthetic: Literal["llama-3.1-8b", "tiny"]


Checkpoint = HubCheckpoint | LocalCheckpoint | SyntheticCheckpoint


class Workload(Frozen):
    """What every method is given to do: the same prompts, greedy, exactly `output_tokens` new tokens for each.

    Either `prompts` (texts) or `random_prompts` prompts of `random_prompt_tokens` random token ids each, for models
    that have no tokenizer. All prompts are sent at once; one such batch is a repeat.
    """

    prompts: tuple[Text, ...] = ()
    random_prompts: Annotated[int, Field(ge=0, le=1024)] = 0
    random_prompt_tokens: Annotated[int, Field(ge=0, le=1_000_000)] = 0
    output_tokens: Tokens
    repeats: Annotated[int, Field(ge=1, le=100)]
    warmup_repeats: Annotated[int, Field(ge=0, le=100)] = 1
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _one_kind_of_prompt(self) -> Self:
        random = self.random_prompts > 0 and self.random_prompt_tokens > 0
        if bool(self.prompts) == random:
            raise ValueError("give either prompts, or random_prompts with random_prompt_tokens")
        return self

    @property
    def concurrency(self) -> int:
        """How many prompts are in flight at once."""
        return len(self.prompts) or self.random_prompts


class EngineSettings(Frozen):
    """What the engines are told. The two scheduler limits are pinned, because vLLM's own defaults depend on the card.

    `kv_cache_gib` sizes the KV cache on a CPU; on a GPU, the memory that `gpu_memory_utilization` leaves does.
    """

    dtype: Literal["float16", "bfloat16"] = "float16"
    max_model_len: Tokens
    gpu_memory_utilization: Annotated[float, Field(gt=0, lt=1)] = 0.9
    enforce_eager: bool = True
    max_num_seqs: Annotated[int, Field(ge=1)] = 256
    max_num_batched_tokens: Tokens = 8192
    kv_cache_gib: Positive = 1.0
    disabled_kernels: tuple[Annotated[str, Field(pattern=r"^\w+$")], ...] = ()


class Profile(Frozen):
    """One model, its checkpoint for each method, and the work. `rounds` is the launches of each method."""

    name: Slug
    model_name: Name
    purpose: Literal["benchmark", "demo"] = "benchmark"
    weights: Literal["trained", "random"] = "trained"
    needs_gpu: bool = False
    rounds: Annotated[int, Field(ge=1, le=100)]
    workload: Workload
    engine: EngineSettings
    checkpoints: Annotated[dict[MethodId, Checkpoint], Field(min_length=1)]

    @property
    def methods(self) -> tuple[MethodId, ...]:
        """The methods that the profile has checkpoints for, in the order of `METHODS`."""
        return tuple(method for method in METHOD_IDS if method in self.checkpoints)


def shipped_profiles() -> tuple[str, ...]:
    """The names of the profiles that ship with Quantpress."""
    return tuple(sorted(path.stem for path in SHIPPED.glob("*.toml")))


def load_profile(name_or_file: str) -> tuple[Profile, Path]:
    """The profile and the folder that its relative paths start from.

    Raises `UsageError`, with the mend, when there is no such profile or its file is not one.
    """
    path = SHIPPED / f"{name_or_file}.toml" if name_or_file in shipped_profiles() else Path(name_or_file)
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        known = ", ".join(shipped_profiles())
        raise UsageError(
            f"profile {name_or_file!r}: no shipped profile ({known}) and no readable file of that name; "
            "name one of these, or give the path of your own TOML file"
        ) from None
    try:
        # By way of JSON, so that a profile is judged by the same strict rules as the manifest that will hold it.
        profile = Profile.model_validate_json(json.dumps(tomllib.loads(text), default=str))
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{path.name}: not valid TOML: {error}; correct that line") from None
    except ValidationError as error:
        raise UsageError(f"{path.name}: {first_fault(error)}") from None
    return profile, path.resolve().parent


def first_fault(error: ValidationError) -> str:
    """The first thing that validation found wrong, in one line: field, what was expected, what was there."""
    fault = error.errors(include_url=False, include_context=False)[0]
    field = ".".join(str(part) for part in fault["loc"]) or "the whole file"
    found = "" if fault["type"] in {"missing", "extra_forbidden"} else f", found {_shortened(fault['input'])}"
    return f"field {field}: {fault['msg'][0].lower()}{fault['msg'][1:]}{found}"


def _shortened(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
