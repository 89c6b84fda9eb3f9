"""How a method bears long contexts: one user with ever longer prompts, and the longest that is answered."""

from collections.abc import Sequence
from typing import Final

from generator.errors import UsageError
from generator.profiles import ClosedLoop, LongestPrompt, Profile, refusing_in_a_line

# Long enough to see the time per token, short beside the prompts.
ANSWER_TOKENS: Final = 64
REQUESTS: Final = 2

LENGTHS: Final = (2_048, 8_192, 32_768)


def with_long_prompts(profile: Profile, lengths: Sequence[int] = LENGTHS) -> Profile:
    """The profile with a loop of one user for each length of prompt, in tokens, and the search for the longest one in
    place of all but its first workload. A request may be as long as the model and the KV cache allow.

    Raises `UsageError` when a length is none that a prompt can have.
    """
    for length in lengths:
        if length < 1:
            raise UsageError(f"--prompt: expected at least 1 token, found {length}")
    with refusing_in_a_line("--prompt"):
        loops = [
            ClosedLoop(
                name=f"prompt-{length}",
                kind="closed-loop",
                users=(1,),
                requests=REQUESTS,
                random_prompt_tokens=length,
                output_tokens=ANSWER_TOKENS,
            )
            for length in sorted(set(lengths))
        ]
    longest = LongestPrompt(name="longest-prompt", kind="longest-prompt", output_tokens=ANSWER_TOKENS)
    return profile.model_copy(
        update={
            "workloads": (profile.headline, *loops, longest),
            "engine": profile.engine.model_copy(update={"max_model_len": "auto"}),
            "quality": None,
            "tasks": None,
        }
    )
