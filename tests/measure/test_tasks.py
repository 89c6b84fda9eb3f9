"""Tasks of lm_eval: what it is told of an engine whose predictions are known, and what it finds of a real one."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from math import log, sqrt
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from running import command, environment

from generator.cells import Cell
from generator.manifest import MeasuredRun
from generator.measure.engine import LaunchRequest
from generator.measure.launcher import Answer, launch
from generator.measurements import read_runs
from generator.profiles import TaskList, load_profile
from generator.record import Completed
from generator.samples import TaskScore

pytest.importorskip("lm_eval", reason="lm_eval is not installed: run `make tasks`")

import torch
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import WhitespaceSplit

from generator.measure.tasks import ServedModel

MODEL = Path(__file__).parents[2] / "models" / "demo" / "fp16"
VOCABULARY = 100
FIRST, END = 1, 2
LIKELY, UNLIKELY = log(0.5), log(0.5 / (VOCABULARY - 1))


class Counting:
    """An engine that says after token n, with probability 1/2, token n + 1; all others share the rest."""

    def __init__(self, context_tokens: int = 64) -> None:
        self._context_tokens = context_tokens
        self.windows: list[list[int]] = []
        self.batches: list[list[list[int]]] = []

    def context_tokens(self) -> int:
        return self._context_tokens

    def score(self, windows: Sequence[list[int]]) -> Iterator[Any]:
        for ids in windows:
            assert 2 <= len(ids) < self._context_tokens  # a token may have to be answered
            self.windows.append(ids)
            rows = torch.full((len(ids) - 1, VOCABULARY), UNLIKELY)
            rows[range(len(ids) - 1), [(token + 1) % VOCABULARY for token in ids[:-1]]] = LIKELY
            yield rows

    def generate(self, prompts: Sequence[Sequence[int]], output_tokens: int) -> list[list[int]]:
        assert all(0 < len(ids) <= self._context_tokens - output_tokens for ids in prompts)
        self.batches.append([list(ids) for ids in prompts])
        return [[(ids[-1] + step) % VOCABULARY for step in range(1, output_tokens + 1)] for ids in prompts]


@pytest.fixture
def checkpoint(tmp_path: Path) -> Path:
    """Of its texts each word is a token: t40 is token 40."""
    words = Tokenizer(WordLevel({f"t{token}": token for token in range(VOCABULARY)}, "t0"))
    words.pre_tokenizer = WhitespaceSplit()
    words.save(str(tmp_path / "tokenizer.json"))
    (tmp_path / "config.json").write_text(json.dumps({"bos_token_id": FIRST, "eos_token_id": 0}))
    (tmp_path / "generation_config.json").write_text(json.dumps({"eos_token_id": [0, END]}))
    return tmp_path


def served(checkpoint: Path, engine: Counting, together: int = 2) -> ServedModel:
    return ServedModel(engine, checkpoint, together)  # type: ignore[arg-type]


def text(*ids: int) -> str:
    return " ".join(f"t{token}" for token in ids)


def asked(*arguments: Any) -> Any:
    return SimpleNamespace(args=arguments)


def test_of_a_continuation_its_own_tokens_count_alone(checkpoint: Path) -> None:
    (next_ones, greedy), (others, not_greedy) = served(checkpoint, Counting()).loglikelihood(
        [asked("t40 t50", " t51 t52"), asked("t40 t50", " t51 t60")]
    )

    assert next_ones == pytest.approx(2 * LIKELY)
    assert others == pytest.approx(LIKELY + UNLIKELY)
    assert (greedy, not_greedy) == (True, False)


def test_without_a_context_the_model_s_first_token_is_it(checkpoint: Path) -> None:
    engine = Counting()

    ((found, _),) = served(checkpoint, engine).loglikelihood([asked("", "t40 t41")])

    assert engine.windows == [[FIRST, 40, 41]]
    assert found == pytest.approx(UNLIKELY + LIKELY)


def test_a_context_without_room_is_cut_off_at_the_left(checkpoint: Path) -> None:
    engine = Counting(context_tokens=6)

    ((found, _),) = served(checkpoint, engine).loglikelihood([asked(text(*range(40, 60)), " t60 t61")])

    assert engine.windows == [[57, 58, 59, 60, 61]]
    assert found == pytest.approx(2 * LIKELY)
    with pytest.raises(ValueError, match="no room"):
        served(checkpoint, engine).loglikelihood([asked("t40", f" {text(*range(41, 46))}")])


def test_of_a_text_longer_than_the_context_each_token_is_predicted_once(checkpoint: Path) -> None:
    engine = Counting(context_tokens=8)

    (found,) = served(checkpoint, engine).loglikelihood_rolling([asked(text(*range(40, 60)))])

    assert found == pytest.approx(UNLIKELY + 19 * LIKELY)  # before the first is only the model's first token
    assert [len(ids) for ids in engine.windows] == [7, 7, 7, 7]


def test_an_answer_ends_where_the_task_or_the_model_ends_it(checkpoint: Path) -> None:
    options = {"until": ["t45"], "max_gen_toks": 4}

    stopped, ended, whole = served(checkpoint, Counting()).generate_until(
        [asked("t42", options), asked(text(VOCABULARY - 3), options), asked("t60", options)]
    )

    assert stopped == "t43 t44 "
    assert ended == text(VOCABULARY - 2, VOCABULARY - 1)  # then comes token 0
    assert whole == "t61 t62 t63 t64"


def test_prompts_are_cut_to_leave_room_and_sent_a_few_at_a_time(checkpoint: Path) -> None:
    engine = Counting(context_tokens=8)
    prompts = [asked(text(*range(40, 40 + length)), {"max_gen_toks": 5}) for length in (9, 2, 0)]

    served(checkpoint, engine, together=2).generate_until([*prompts, asked("t40", {"max_gen_toks": 4})])

    assert engine.batches == [[[46, 47, 48], [40, 41]], [[FIRST]], [[40]]]


@pytest.mark.parametrize("options", [{"do_sample": True, "temperature": 0.7, "max_gen_toks": 4}, {"max_gen_toks": 64}])
def test_what_an_engine_cannot_answer_is_refused(checkpoint: Path, options: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=r"sampled|no room"):
        served(checkpoint, Counting()).generate_until([asked("t40", options)])


PROFILE = f"""
name = "tasks"
model_name = "The demo model"
purpose = "demo"
rounds = 1
[[workloads]]
name = "two"
kind = "batch"
output_tokens = 4
repeats = 1
random_prompts = 2
random_prompt_tokens = 16
[tasks]
names = ["tiny-choice", "tiny-answer", "tiny-text"]
limit = 5
folder = "own"
[engine]
max_model_len = 256
max_num_batched_tokens = 512
kv_cache_gib = 0.05
[checkpoints.fp16]
path = "{MODEL}"
"""

CHOICES: list[tuple[str, list[str], int]] = [
    ("import", [" os", " def", " ("], 0),  # two tokens are all that is predicted
    ("def f(self", [", x):", ": x,)", " import"], 0),
    ("for line in", [" text", " return", " lines:"], 0),
    ("try:\n    x = 1\nexcept", [" ValueError:", " return", " while"], 0),
    ("if x is", [" None:", " def:"], 1),
    ("beyond the limit", [" a", " b"], 0),
]
PROMPTS = ["import os, sys\nclass Queue:\n    def", "def read_config(path):\n    with", "for i in", "if __name__ =="]
TEXTS = ["def read(path):\n    return open(path).read()\n", "class Queue:\n    pass\n"]


@pytest.mark.engine
def test_the_scores_of_tasks_are_those_of_a_direct_computation(tmp_path: Path) -> None:
    direct = Direct()
    answers = [direct.answer(prompt) for prompt in PROMPTS[:3]] + ["no such answer"]
    (tmp_path / "tasks.toml").write_text(PROFILE)
    choice = {"doc_to_text": "start", "doc_to_choice": "ends", "doc_to_target": "label", "target_delimiter": ""}
    write_task(
        tmp_path / "own",
        {"task": "tiny-choice", "output_type": "multiple_choice", **choice},
        [{"start": start, "ends": ends, "label": label} for start, ends, label in CHOICES],
    )
    options = {"until": ["\n"], "max_gen_toks": 12}
    write_task(
        tmp_path / "own",
        {"task": "tiny-answer", "output_type": "generate_until", "doc_to_text": "start", "doc_to_target": "answer"}
        | {"generation_kwargs": options, "metric_list": [{"metric": "exact_match"}]},
        [{"start": start, "answer": answer} for start, answer in zip(PROMPTS, answers, strict=True)],
    )
    write_task(
        tmp_path / "own",
        {"task": "tiny-text", "output_type": "loglikelihood_rolling", "doc_to_text": "", "doc_to_target": "text"}
        | {"metric_list": [{"metric": "bits_per_byte"}]},
        [{"text": one} for one in TEXTS],
    )

    done = subprocess.run(
        command("measure", "--profile", str(tmp_path / "tasks.toml")),
        env=environment(tmp_path),
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stderr + done.stdout
    (run,) = read_runs(tmp_path / "measurements")
    assert isinstance(run.manifest, MeasuredRun)
    assert run.manifest.versions["lm_eval"]
    (one,) = run.launches
    assert isinstance(one, Completed)
    assert one.faults == ()
    scores = {(score.task, score.metric): score for score in one.tasks}
    right = [label == direct.choice(start, ends) for start, ends, label in CHOICES[:5]]
    assert 0 < sum(right) < 5
    assert_mean(scores["tiny-choice", "acc"], right)
    assert_mean(scores["tiny-answer", "exact_match"], [True, True, True, False])
    text_score = scores["tiny-text", "bits_per_byte"]
    bits = -sum(direct.log_probability("", one) for one in TEXTS) / log(2)
    assert text_score.value == pytest.approx(bits / len("".join(TEXTS)), rel=2e-3)
    assert text_score.documents == 2
    assert set(text_score.absent) == {"filter", "standard_error"}
    assert text_score.task_version == "1.5"


def assert_mean(score: TaskScore, right: list[bool]) -> None:
    share, count = sum(right) / len(right), len(right)
    assert score.value == pytest.approx(share)
    assert score.standard_error == pytest.approx(sqrt(share * (1 - share) / (count - 1)))
    assert score.documents == count


def write_task(folder: Path, task: dict[str, Any], documents: list[dict[str, Any]]) -> None:
    folder.mkdir(exist_ok=True)
    data = folder / f"{task['task']}.jsonl"
    data.write_text("".join(f"{json.dumps(one)}\n" for one in documents))
    source = {"dataset_path": "json", "dataset_kwargs": {"data_files": {"test": str(data)}}, "test_split": "test"}
    # JSON is YAML too.
    (folder / f"{task['task']}.yaml").write_text(json.dumps(task | source | {"metadata": {"version": 1.5}}))


class Direct:
    """The same model in Transformers, asked without lm_eval or an engine of ours."""

    def __init__(self) -> None:
        from transformers import AutoModelForCausalLM

        self._tokenizer: Any = Tokenizer.from_file(str(MODEL / "tokenizer.json"))
        self._model: Any = AutoModelForCausalLM.from_pretrained(MODEL, dtype=torch.float16).eval()

    def log_probability(self, context: str, continuation: str) -> float:
        before = self._tokenizer.encode(context).ids or [0]
        ids = before + self._tokenizer.encode(continuation).ids
        with torch.inference_mode():
            rows = self._model(input_ids=torch.tensor([ids])).logits[0, :-1].float().log_softmax(-1)
        return sum(float(rows[place - 1, ids[place]]) for place in range(len(before), len(ids)))

    def choice(self, context: str, continuations: list[str]) -> int:
        found = [self.log_probability(context, one) for one in continuations]
        return found.index(max(found))

    def answer(self, prompt: str) -> str:
        ids = self._tokenizer.encode(prompt).ids
        for _ in range(12):
            with torch.inference_mode():
                ids.append(int(self._model(input_ids=torch.tensor([ids])).logits[0, -1].argmax()))
        found: str = self._tokenizer.decode(ids[len(self._tokenizer.encode(prompt).ids) :])
        return found.split("\n", maxsplit=1)[0]


@pytest.mark.engine
def test_tasks_that_cannot_be_done_cost_nothing_that_was_measured(tmp_path: Path) -> None:
    profile, _ = load_profile("demo")
    request = LaunchRequest(
        cell=Cell(method="fp16", engine="transformers", mode="eager"),
        checkpoint=str(MODEL),
        model_source="demo",
        model_revision=None,
        device="cpu",
        memory_budget_gib=None,
        workloads=(profile.headline.model_copy(update={"output_tokens": 4, "repeats": 1}),),
        quality=None,
        tasks=TaskList(names=("no-such-task",)),
        engine=profile.engine,
    )

    answer = launch(request, tmp_path / "log", lambda _: None)

    assert isinstance(answer, Answer), answer
    assert answer.completed["tasks"] == []
    (fault,) = answer.completed["faults"]
    assert fault["kind"] == "tasks_unmeasured"
    assert "no-such-task" in fault["detail"]
    assert answer.completed["quantities"]["output_tokens_per_s"] > 0
