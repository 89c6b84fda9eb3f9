"""Why an unfinished run is not gone on with: what of its machine or of its packages is another one now."""

from collections.abc import Iterator, Sequence

from generator.manifest import MeasuredRun
from generator.measurements import Run


def why_not_resumed(new: MeasuredRun, runs: Sequence[Run]) -> str | None:
    """Of the newest run of the same order that lacks launches, what differs from `new`; None where there is none."""
    for run in reversed(runs):
        old = run.manifest
        if isinstance(old, MeasuredRun) and _is_unfinished_of_the_same_order(old, run, new):
            return f"{old.run_id} is not gone on with, for figures are not mixed: {'; '.join(_differences(old, new))}"
    return None


def _is_unfinished_of_the_same_order(old: MeasuredRun, run: Run, new: MeasuredRun) -> bool:
    return (
        old.environment_sha256 != new.environment_sha256
        and len(run.launches) < len(old.cells) * old.profile.rounds
        and (old.cells, old.memory_budget_gib, old.experiment) == (new.cells, new.memory_budget_gib, new.experiment)
        and old.profile == new.profile.model_copy(update={"rounds": old.profile.rounds})
    )


def _differences(old: MeasuredRun, new: MeasuredRun) -> Iterator[str]:
    before, now = ({**run.hardware.model_dump(), **run.versions} for run in (old, new))
    for name in [*before, *(name for name in now if name not in before)]:
        was, is_ = before.get(name), now.get(name)
        if was != is_:
            yield f"{name.replace('_', ' ')} was {was or 'not there'}, and is {is_ or 'not there'}"
