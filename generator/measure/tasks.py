"""Tasks of lm-evaluation-harness (lm_eval), done by the engine that serves: lm_eval reads documents, asks and judges;
here its texts become token ids, and the engine's predictions its answers.

It is the only module that imports lm_eval, which is optional (`make tasks`). A task's data must be on this machine.
"""

import json
from collections.abc import Iterator, Sequence
from itertools import groupby
from math import isfinite
from numbers import Real
from pathlib import Path
from typing import Any

import torch
from lm_eval.api.metrics import mean, mean_stderr
from lm_eval.api.model import TemplateLM
from lm_eval.defaults import DEFAULT_OTHER_SEED
from lm_eval.evaluator import evaluate
from lm_eval.models.utils import normalize_gen_kwargs, postprocess_generated_text
from lm_eval.tasks import TaskManager
from lm_eval.utils import get_rolling_token_windows, make_disjoint_window
from tokenizers import Tokenizer

from generator.measure.engine import Engine, LaunchRequest
from generator.profiles import TaskList
from generator.samples import TaskScore


def measure_tasks(engine: Engine, request: LaunchRequest, tasks: TaskList) -> list[TaskScore]:
    """How well the engine does the tasks. It gets as many prompts at once as the first workload has, which it has
    served before."""
    loaded = TaskManager(include_path=tasks.folder).load(list(tasks.names))
    for task in loaded["tasks"].values():
        task.set_fewshot_seed(DEFAULT_OTHER_SEED)  # the same examples for every cell
    model = ServedModel(engine, Path(request.checkpoint), request.workloads[0].concurrencies[0])
    return list(_scores(evaluate(model, loaded, limit=tasks.limit, bootstrap_iters=0), loaded["tasks"]))


class ServedModel(TemplateLM):  # type: ignore[misc]  # lm_eval is not typed here
    """A loaded engine as lm_eval wants its models. What has no room is cut off at the left, as lm_eval does."""

    def __init__(self, engine: Engine, checkpoint: Path, together: int) -> None:
        super().__init__()
        self._engine, self._together = engine, together
        self._tokenizer = Tokenizer.from_file(str(checkpoint / "tokenizer.json"))
        settings: dict[str, Any] = {}
        for file in (checkpoint / "config.json", checkpoint / "generation_config.json"):
            settings |= json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        ends = settings["eos_token_id"]  # Llama 3.1 has several
        self._ends: list[int] = ends if isinstance(ends, list) else [ends]
        begin = settings.get("bos_token_id")
        self._begin: int = self._ends[0] if begin is None else begin

    @property
    def eot_token_id(self) -> int:
        """The token that ends a text."""
        return self._ends[0]

    @property
    def prefix_token_id(self) -> int:
        """What stands before a text that has no context."""
        return self._begin

    def tok_encode(self, string: str, *, add_special_tokens: bool | None = None, **_: Any) -> list[int]:
        """The text's ids, with what the tokenizer puts before every text unless told not to."""
        return list(self._tokenizer.encode(string, add_special_tokens=add_special_tokens is not False).ids)

    def loglikelihood_rolling(self, requests: Sequence[Any], **_: Any) -> list[float]:
        """The log-probability of each text; one without room is cut into windows, which are added up."""
        found = []
        for request in requests:
            windows = get_rolling_token_windows(
                self.tok_encode(request.args[0]),
                prefix_token=self.prefix_token_id,
                max_seq_len=self._room() - 1,
                context_len=1,
            )
            parts = [("", *make_disjoint_window(window)) for window in windows]
            found.append(sum(log_probability for log_probability, _ in self._loglikelihood_tokens(parts)))
        return found

    def generate_until(self, requests: Sequence[Any], **_: Any) -> list[str]:
        """The greedy answer to each prompt, up to the first of its stop sequences."""
        wanted = [(request.args[0], normalize_gen_kwargs(request.args[1])) for request in requests]
        answers: list[str] = []
        for output_tokens, group in groupby(wanted, lambda one: int(one[1]["max_gen_toks"])):
            alike = list(group)
            for start in range(0, len(alike), self._together):
                answers += self._answers(alike[start : start + self._together], output_tokens)
        return answers

    def _loglikelihood_tokens(
        self, requests: Sequence[tuple[Any, list[int], list[int]]], **_: Any
    ) -> list[tuple[float, bool]]:
        """For each pair of a context and its continuation: the continuation's log-probability, and whether it is the
        greedy one."""
        windows = [self._window(context, continuation) for _, context, continuation in requests]
        found = []
        for request, rows in zip(requests, self._engine.score(windows), strict=True):
            truth = torch.tensor(request[2], dtype=torch.int64)
            predicted = rows[len(rows) - len(truth) :]
            log_probability = float(predicted.gather(1, truth[:, None]).sum())
            found.append((log_probability, bool((predicted.argmax(1) == truth).all())))
        return found

    def _window(self, context: list[int], continuation: list[int]) -> list[int]:
        if len(continuation) >= self._room():
            raise ValueError(f"a continuation of {len(continuation)} tokens has no room in a context of {self._room()}")
        return [*(context or [self._begin]), *continuation][-self._room() :]

    def _answers(self, wanted: Sequence[tuple[str, Any]], output_tokens: int) -> Iterator[str]:
        room = self._engine.context_tokens() - output_tokens
        if room < 1:
            raise ValueError(f"an answer of {output_tokens} tokens leaves a prompt no room")
        if any(options["do_sample"] for _, options in wanted):
            raise ValueError("the task wants its answers sampled, and engines answer greedily here")
        prompts = [(self.tok_encode(prompt) or [self._begin])[-room:] for prompt, _ in wanted]
        for (_, options), ids in zip(wanted, self._engine.generate(prompts, output_tokens), strict=True):
            end = next((place for place, token in enumerate(ids) if token in self._ends), len(ids))
            yield postprocess_generated_text(self._tokenizer.decode(ids[:end]), options["until"], None)

    def _room(self) -> int:
        """How long a window may be: to predict one, an engine may have to answer a token."""
        return self._engine.context_tokens() - 1


def _scores(found: dict[str, Any], tasks: dict[str, Any]) -> Iterator[TaskScore]:
    """lm_eval's results as records, tasks and groups of tasks. With its bootstrap off it gives no standard error, not
    even of a mean, which needs none."""
    for name, results in found["results"].items():
        for key, result in results.items():
            metric, comma, filter_ = key.partition(",")
            if not comma or metric.endswith("_stderr"):
                continue
            samples = found["samples"].get(name, [])
            of_each = [one[metric] for one in samples if one["filter"] == filter_ and metric in one]
            is_mean = name in tasks and tasks[name].aggregation().get(metric, mean) is mean
            version = found["versions"].get(name)
            values: dict[str, Any] = {
                # "Yaml" and "none" are lm_eval's words for nothing.
                "task_version": None if version in {None, "Yaml"} else str(version),
                "filter": None if filter_ == "none" else filter_,
                "value": float(result) if isinstance(result, Real) and isfinite(result) else None,
                "standard_error": float(mean_stderr(of_each)) if is_mean and len(of_each) > 1 else None,
            }
            absent = {field: _WHY_ABSENT[field] for field, value in values.items() if value is None}
            documents = len(of_each) if name in tasks else results["sample_len"]
            yield TaskScore(task=name, metric=metric, documents=documents, absent=absent, **values)


_WHY_ABSENT = {
    "task_version": "the task states none",
    "filter": "the answers are judged as they are",
    "value": "lm_eval found no number for it",
    "standard_error": "it is known only of a mean over the documents of one task, two or more",
}
