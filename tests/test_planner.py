"""`quantpress fit`: what it takes for a model and a card, what it prints, and how it refuses, in one line each."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from test_model import LLAMA

from generator import cli, planner
from generator.analyse.fit_evidence import Evidence, Measured
from generator.analyse.planning import device_of
from generator.declared import MOST_BYTES
from generator.errors import PlanError, UsageError
from generator.folders import CHECKOUT
from generator.measurements import Run, read_runs
from generator.planner import card_named, cells_named, load_named, model_named
from generator.shapes import DEMO, PUBLIC, TINY


@pytest.fixture(autouse=True)
def _committed_runs_at_a_wide_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    def committed() -> tuple[Run, ...]:
        return read_runs(CHECKOUT / "measurements")

    monkeypatch.setattr(planner, "read_runs", committed)
    monkeypatch.setenv("COLUMNS", "240")


def status_of(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(("fit", *words))
    assert isinstance(ended.value.code, int)
    return ended.value.code


def written(folder: Path, config: object) -> Path:
    path = folder / "config.json"
    path.write_text(config if isinstance(config, str) else json.dumps(config))
    return path


def test_a_model_is_a_folder_a_file_a_public_name_or_a_profile(tmp_path: Path) -> None:
    file = written(tmp_path, LLAMA)
    llama = PUBLIC["llama-3.1-8b"].model

    assert model_named(str(file)) == model_named(str(tmp_path)) == (tmp_path.name, llama)
    assert model_named("llama-3.1-8b") == ("Llama 3.1 8B", llama)
    assert model_named("llama-3.1-8b-synthetic") == ("Llama 3.1 8B (synthetic weights)", llama)
    assert model_named("demo")[1].shape == DEMO


def test_a_profile_of_a_users_own_names_its_model(tmp_path: Path) -> None:
    text = (CHECKOUT / "generator/profiles/llama-3.1-8b-synthetic.toml").read_text()
    (tmp_path / "mine.toml").write_text(text.replace('synthetic = "llama-3.1-8b"', 'synthetic = "tiny"'))
    (tmp_path / "hub.toml").write_text(text.replace('synthetic = "llama-3.1-8b"', 'hub = "somebody/a-model"'))

    assert model_named(str(tmp_path / "mine.toml"))[1].shape == TINY
    with pytest.raises(
        PlanError, match="is on the hub, and nothing is downloaded for a plan; download somebody/a-model"
    ):
        model_named(str(tmp_path / "hub.toml"))


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ([1], "expected the fields of a model, found list"),
        (LLAMA | {"num_local_experts": 8}, "field num_local_experts 8: a mixture of experts"),
        (LLAMA | {"model_type": "mamba\n\x1b[2J"}, r'field model_type "mamba\n\u001b[2J": plans are made for llama,'),
        ({key: value for key, value in LLAMA.items() if key != "vocab_size"}, "field vocab_size: it is missing"),
    ],
)
def test_what_is_no_model_to_plan_for_is_a_line_with_the_file_and_the_field(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], config: Any, said: str
) -> None:
    path = tmp_path / "config.json"
    path.write_bytes(
        config.encode(errors="surrogateescape") if isinstance(config, str) else json.dumps(config).encode()
    )

    assert status_of(str(path), "--card", "4090") == 21
    line = capsys.readouterr().err
    assert line.startswith(f"quantpress: {tmp_path.name}/config.json: ")
    assert said in line
    assert line.count("\n") == 1


def test_a_file_as_large_as_weights_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    with path.open("wb") as file:
        file.truncate(MOST_BYTES + 1)

    with pytest.raises(PlanError, match=r"model\.safetensors: larger than 1 MiB"):
        model_named(str(path))


@pytest.mark.parametrize("word", ["no-such-model", "nowhere/config.json"])
def test_what_names_nothing_is_told_what_could_be_named(word: str) -> None:
    with pytest.raises(PlanError, match=r"no config\.json, no folder with one, .* or one of: llama-3\.1-8b, .*demo"):
        model_named(word)


def test_a_folder_without_a_configuration_says_so(tmp_path: Path) -> None:
    with pytest.raises(PlanError, match=r"config\.json: can't be read \(No such file or directory\)"):
        model_named(str(tmp_path))


@pytest.mark.parametrize(
    ("part", "name"),
    [
        ("4090", "NVIDIA GeForce RTX 4090"),
        ("a10", "NVIDIA A10"),
        ("A10G", "NVIDIA A10G"),
        ("A100 80GB PCIe", "NVIDIA A100 80GB PCIe"),
        ("l4", "NVIDIA L4"),
        ("RTX 6000 Ada", "NVIDIA RTX 6000 Ada Generation"),
    ],
)
def test_a_card_is_named_by_a_part_that_no_other_has(part: str, name: str) -> None:
    assert card_named(part, None, None).name == name


def test_a_part_that_several_cards_have_names_none_and_neither_does_one_that_no_card_has() -> None:
    with pytest.raises(UsageError, match=r"--card H100: could be NVIDIA H100 PCIe, .*; name more of it"):
        card_named("H100", None, None)
    with pytest.raises(UsageError, match=r"--card Voodoo: not among Tesla T4, .*; name one, or give --memory-gib"):
        card_named("Voodoo", None, None)
    with pytest.raises(UsageError, match="no card: give --card NAME, or --memory-gib"):
        card_named(None, None, 500)
    with pytest.raises(UsageError, match="--memory-gib: expected a number above 0 and below 1,000,000, found -1"):
        card_named(None, -1, None)


def test_a_card_of_which_only_figures_are_known_is_planned_for_as_well() -> None:
    card = card_named(None, 24, 1000)

    device = device_of(card.shown_gib, card.bandwidth_gb_per_s, Evidence(seen_share=Measured(0.99)))

    assert device.memory_gib == pytest.approx(23.76)
    assert device.bandwidth_gb_per_s == 1000
    assert card_named("4090", 20, None).shown_gib == 20
    assert card_named("4090", None, None).shown_gib == 24564 / 1024


def test_methods_are_planned_at_home_or_all_in_one_engine() -> None:
    assert [cell.id for cell in cells_named((), None, None)] == [
        "fp16-vllm-graphs",
        "nf4-transformers-eager",
        "awq-vllm-graphs",
        "gptq-vllm-graphs",
        "w4a16-vllm-graphs",
        "fp8-vllm-graphs",
        "int8-vllm-graphs",
    ]
    assert [cell.id for cell in cells_named((), "vllm", "eager")][1] == "nf4-vllm-eager"
    assert [cell.id for cell in cells_named((), "transformers", None)] == [
        "fp16-transformers-eager",
        "nf4-transformers-eager",
    ]
    with pytest.raises(UsageError, match="--method awq: it does not run in Transformers; leave --engine out"):
        cells_named(("awq",), "transformers", None)
    with pytest.raises(UsageError, match="--method fp61: there is no such method; name one of fp16"):
        cells_named(("fp61",), None, None)
    with pytest.raises(UsageError, match="--mode graphs: Transformers has only the eager mode"):
        cells_named((), "transformers", "graphs")


@pytest.mark.parametrize(
    ("context", "users", "option"), [(0, 1, "--context"), (1, 0, "--users"), (10**8, 1, "--context")]
)
def test_a_load_that_nobody_could_ask_for_is_refused(context: int, users: int, option: str) -> None:
    with pytest.raises(UsageError, match=f"{option}: expected 1 to 10"):
        load_named(context, users)


def test_a_plan_is_a_table_and_says_how_far_off_it_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("llama-3.1-8b", "--card", "4090") == 0

    said = capsys.readouterr().out
    assert "Llama 3.1 8B on NVIDIA GeForce RTX 4090, for 1 user" in said
    assert "14.99" in said
    assert "5.37" in said
    assert re.search(r"CUDA graphs \d\.\d% in the median, \d\.\d% at worst", " ".join(said.split()))


def test_explain_prints_each_formula_with_the_numbers_in_it_and_the_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("llama-3.1-8b", "--card", "4090", "--method", "awq", "--explain") == 0

    said = capsys.readouterr().out
    assert (
        "KV cache (exact): 2 × 32 layers × 8 heads × 128 × 2 B = 131,072 B a token, × 4,112 tokens = 0.50 GiB" in said
    )
    assert re.search(
        r"expected \(measured\): 1 / \(5\.21 GB / \(1,008 GB/s × 0\.\d+\) \+ \d\.\d+ ms\) = 12\d tokens/s \[", said
    )
    assert "] 2026-11-24-llama-3.1-8b-synthetic-3" in said


def test_without_runs_it_gives_the_bound_alone_and_says_so(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(planner, "read_runs", lambda: ())

    assert status_of("llama-3.1-8b", "--card", "4090", "--method", "awq", "--explain") == 0
    said = capsys.readouterr().out
    assert "at most (bound): 1,008 GB/s" in said
    assert "expected (unknown): no run says what this cell takes besides its bytes" in said
    assert "CUDA graphs (unknown): no run says, so it counts as nothing" in said


def test_check_prints_every_figure_and_how_far_off_each_quantity_was(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--check") == 0

    said = capsys.readouterr().out
    assert said.count("Speed after the first token, tokens/s (") > 60
    assert "2026-11-24-llama-3.1-8b-synthetic-smallest-budget" in said
    assert "all runs on its card" in said


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (
            ("llama-3.1-70b", "--card", "4090"),
            "RTX 4090 has 24.0; what would fit: a card of 40.8 GiB (BitsAndBytes NF4)\n",
        ),
        (
            ("llama-3.1-8b", "--card", "4090", "--method", "fp16", "--users", "20"),
            "; what would fit: a card of 29.5 GiB (FP16), or 10 users with as much context\n",
        ),
        (
            ("llama-3.1-8b", "--card", "4090", "--method", "fp16", "--context", "100000"),
            "; what would fit: a card of 32.0 GiB (FP16), or one user with 41,984 tokens\n",
        ),
        (
            ("llama-2-13b", "--card", "4090", "--context", "5000"),
            "Llama 2 13B for 1 user with 5,000 tokens: it is made for 4,096 at most; ask for no more\n",
        ),
    ],
)
def test_a_plan_that_nothing_fits_says_what_it_needs_and_what_would_fit(
    capsys: pytest.CaptureFixture[str], words: tuple[str, ...], said: str
) -> None:
    assert status_of(*words) == 22
    line = capsys.readouterr().err
    assert line.startswith("quantpress: ")
    assert line.endswith(said)
    assert line.count("\n") == 1


def test_a_plan_without_a_model_asks_for_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("--card", "4090") == 2
    assert "which model?" in capsys.readouterr().err


def test_a_terminal_of_80_columns_cuts_no_figure(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")

    assert status_of("gemma-2b", "--card", "H200", "--users", "3") == 0
    said = capsys.readouterr().out
    assert "…" not in said
    assert "Transformers," in said
    assert "2,229" in said
