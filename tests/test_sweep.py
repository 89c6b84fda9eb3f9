"""A file that declares many runs: which they are, by which words each is made, and how it is refused, in one line."""

import os
import shutil
from pathlib import Path

import pytest

from generator.analyse.physics.cards import CARDS
from generator.declared import MOST_BYTES
from generator.errors import SweepError
from generator.profiles import SHIPPED, load_profile
from generator.sweep import Wanted, load_sweep, runs_of, shipped_sweeps

H200 = "NVIDIA H200"


def written(folder: Path, text: str) -> Path:
    path = folder / "many.toml"
    path.write_text(text)
    return path


def runs_in(folder: Path, text: str) -> tuple[Wanted, ...]:
    sweep, file = load_sweep(str(written(folder, text)))
    return runs_of(sweep, file)


def test_there_is_a_run_for_each_profile_card_and_budget_and_all_methods_are_in_it(tmp_path: Path) -> None:
    runs = runs_in(
        tmp_path,
        'profiles = ["llama-3.1-8b-synthetic", "llama-3.2-1b-synthetic"]\ncards = ["H200", "4090"]\n'
        'memory_budgets_gib = ["whole", 16]\nmethods = ["awq", "fp16"]\n',
    )

    assert [(run.profile, run.card, run.memory_budget_gib) for run in runs] == [
        (profile, card, budget)
        for profile in ("llama-3.1-8b-synthetic", "llama-3.2-1b-synthetic")
        for card in (H200, "NVIDIA GeForce RTX 4090")
        for budget in (None, 16.0)
    ]
    assert {run.methods for run in runs} == {("fp16", "awq")}


def test_what_a_file_leaves_out_is_as_in_a_measurement_of_its_profile(tmp_path: Path) -> None:
    assert runs_in(tmp_path, 'profiles = ["llama-3.1-8b-synthetic"]\n') == (
        Wanted("llama-3.1-8b-synthetic", None, None, ("fp16", "nf4", "awq", "gptq"), ()),
    )
    (every,) = runs_in(tmp_path, 'profiles = ["llama-3.1-8b-synthetic"]\nmethods = ["all"]\n')
    assert every.methods == ("fp16", "nf4", "awq", "gptq", "w4a16", "fp8", "int8")


def test_a_hundred_rounds_can_be_asked_for(tmp_path: Path) -> None:
    assert runs_in(tmp_path, 'profiles = ["demo"]\nrounds = 100\n')[0].words[-2:] == ("--rounds", "100")


def test_what_has_no_room_is_left_out_where_the_file_says_so(tmp_path: Path) -> None:
    for written_, left_out in (("", False), ("leave_out_what_has_no_room = true\n", True)):
        sweep, _ = load_sweep(str(written(tmp_path, 'profiles = ["demo"]\n' + written_)))
        assert sweep.leave_out_what_has_no_room == left_out


def test_the_words_of_a_run_say_all_that_it_is(tmp_path: Path) -> None:
    (run,) = runs_in(
        tmp_path,
        'profiles = ["llama-3.1-8b-synthetic"]\nmemory_budgets_gib = [24]\nmethods = ["fp16", "nf4"]\n'
        'engine = "vllm"\nmodes = ["graphs", "eager"]\nrounds = 8\ncontrols = true\ntwin = true\n'
        'disabled_kernels = ["MacheteLinearKernel"]\n',
    )

    assert " ".join(run.words) == (
        "measure --profile llama-3.1-8b-synthetic --method fp16 --method nf4 --memory-budget-gib 24 --engine vllm "
        "--mode graphs --mode eager --rounds 8 --controls --twin --disable-kernel MacheteLinearKernel"
    )
    assert run.less({"nf4"}).methods == ("fp16",)


def test_without_takes_away_what_has_all_that_it_names(tmp_path: Path) -> None:
    runs = runs_in(
        tmp_path,
        'profiles = ["llama-3.1-8b-synthetic", "llama-2-13b-synthetic"]\nmemory_budgets_gib = [16, 24]\n'
        'methods = ["fp16", "awq"]\n[[without]]\nprofile = "llama-2-13b-synthetic"\nmethod = "fp16"\n'
        '[[without]]\nprofile = "llama-2-13b-synthetic"\nmemory_budget_gib = 16\n',
    )

    assert [(run.profile, run.memory_budget_gib, run.methods) for run in runs] == [
        ("llama-3.1-8b-synthetic", 16, ("fp16", "awq")),
        ("llama-3.1-8b-synthetic", 24, ("fp16", "awq")),
        ("llama-2-13b-synthetic", 24, ("awq",)),
    ]


def test_a_profile_of_a_users_own_lies_where_the_file_says_seen_from_its_folder(tmp_path: Path) -> None:
    shipped = Path(__file__).parent.parent / "generator/profiles/llama-3.2-1b-synthetic.toml"
    (tmp_path / "mine.toml").write_text(shipped.read_text())

    (run,) = runs_in(tmp_path, 'profiles = ["mine.toml"]\n')

    assert run.words[2] == str(tmp_path / "mine.toml")


def test_a_card_without_a_data_sheet_is_known_where_it_is_here_or_on_record(tmp_path: Path) -> None:
    sweep, file = load_sweep(str(written(tmp_path, 'profiles = ["demo"]\ncards = ["NVIDIA Thing"]\n')))

    assert runs_of(sweep, file, ["NVIDIA Thing"])[0].card == "NVIDIA Thing"
    with pytest.raises(SweepError, match=r"many\.toml: field cards.0: no card that is known is called 'NVIDIA Thing'"):
        runs_of(sweep, file)


def test_cards_named_on_the_command_line_take_the_place_of_the_files_and_of_what_it_leaves_out_of_them(
    tmp_path: Path,
) -> None:
    text = 'profiles = ["llama-3.1-8b-synthetic"]\ncards = ["4090", "H200"]\n[[without]]\ncard = "RTX 4090"\n'
    sweep, file = load_sweep(str(written(tmp_path, text + 'method = "fp16"\n')))

    assert [(run.card, "fp16" in run.methods) for run in runs_of(sweep, file)] == [
        ("NVIDIA GeForce RTX 4090", False),
        (H200, True),
    ]
    assert [run.card for run in runs_of(sweep, file, instead=["L40S"])] == ["NVIDIA L40S"]
    with pytest.raises(SweepError, match=r"^--card: no card that is known is called 'H1000'"):
        runs_of(sweep, file, instead=["H1000"])


def test_what_is_left_out_of_a_card_that_the_file_does_not_name_is_of_no_use(tmp_path: Path) -> None:
    text = 'profiles = ["demo"]\ncards = ["H200"]\n[[without]]\ncard = "L4"\n'
    sweep, file = load_sweep(str(written(tmp_path, text)))

    with pytest.raises(SweepError, match=r"field without\.0: nothing of the sweep is of that kind"):
        runs_of(sweep, file)
    assert runs_of(sweep, file, instead=["H200"])
    other = 'profiles = ["demo"]\n[[without]]\nmethod = "int8"\nprofile = "other"\n'
    with pytest.raises(SweepError, match=r"field without\.0: nothing of the sweep is of that kind"):
        runs_of(*load_sweep(str(written(tmp_path, other))), instead=["H200"])


def test_cards_that_stand_twice_are_told_by_the_option_where_they_come_from_it(tmp_path: Path) -> None:
    sweep, file = load_sweep(str(written(tmp_path, 'profiles = ["demo"]\n')))

    with pytest.raises(SweepError, match=r"^--card: NVIDIA H200 stands twice"):
        runs_of(sweep, file, instead=["H200", "NVIDIA H200"])


def test_a_name_that_nothing_or_more_than_one_thing_has_is_told_with_all_that_there_are(tmp_path: Path) -> None:
    text = 'profiles = ["demo"]\ncards = ["{}"]\n'

    with pytest.raises(SweepError) as unknown:
        runs_of(*load_sweep(str(written(tmp_path, text.format("nosuch")))), ["A card", "NVIDIA H200"])
    assert str(unknown.value).partition("name one of ")[2] == ", ".join(
        dict.fromkeys(["A card", "NVIDIA H200", *CARDS])
    )
    with pytest.raises(SweepError) as several:
        runs_of(*load_sweep(str(written(tmp_path, text.format("H100")))))
    h100 = ", ".join(card for card in CARDS if "H100" in card)
    assert str(several.value) == f"many.toml: field cards.0: 'H100' could be {h100}; name more of it"


def test_all_methods_are_meant_whatever_else_is_named(tmp_path: Path) -> None:
    (run,) = runs_in(tmp_path, 'profiles = ["demo"]\nmethods = ["awq", "all"]\n')

    assert run.methods == load_profile("demo")[0].methods


def test_a_file_that_is_none_or_too_large_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.toml")
    (tmp_path / "large.toml").write_bytes(b"#" * (MOST_BYTES + 1))
    (tmp_path / "deep.toml").write_text("profiles = " + "[" * 5000)

    for name, told in (("pipe", "no regular file"), ("large", "larger than 1 MiB"), ("deep", "nested too deeply")):
        with pytest.raises(SweepError, match=rf"^{name}\.toml: {told}"):
            load_sweep(str(tmp_path / f"{name}.toml"))
        with pytest.raises(SweepError, match=rf"field profiles\.0: {name}\.toml: {told}"):
            runs_in(tmp_path, f'profiles = ["{name}.toml"]\n')


def test_a_part_of_a_name_is_enough_of_a_card_without_a_data_sheet_too(tmp_path: Path) -> None:
    sweep, file = load_sweep(str(written(tmp_path, 'profiles = ["demo"]\ncards = ["epyc"]\n')))

    assert runs_of(sweep, file, ["AMD EPYC"])[0].card == "AMD EPYC"
    exact, _ = load_sweep(str(written(tmp_path, 'profiles = ["demo"]\ncards = ["AMD EPYC"]\n')))
    assert runs_of(exact, file, ["AMD EPYC", "AMD EPYC 2"])[0].card == "AMD EPYC"
    with pytest.raises(SweepError, match="'epyc' could be AMD EPYC, AMD EPYC 2; name more"):
        runs_of(sweep, file, ["AMD EPYC", "AMD EPYC 2"])


def test_a_card_on_record_whose_name_begins_like_another_makes_that_one_no_less_known(tmp_path: Path) -> None:
    sweep, file = load_sweep(str(written(tmp_path, 'profiles = ["demo"]\ncards = ["A10", "L4"]\n')))

    runs = runs_of(sweep, file, ["NVIDIA A100-SXM4-80GB", "NVIDIA L40S"])

    assert [run.card for run in runs] == ["NVIDIA A10", "NVIDIA L4"]


def test_a_profile_is_left_out_however_its_path_is_written(tmp_path: Path) -> None:
    shutil.copy(SHIPPED / "demo.toml", tmp_path / "mine.toml")
    text = 'profiles = ["mine.toml"]\n[[without]]\nprofile = "./mine.toml"\nmethod = "nf4"\n'

    (run,) = runs_in(tmp_path, text)
    assert "nf4" not in run.methods


def test_a_file_in_another_encoding_says_so(tmp_path: Path) -> None:
    (tmp_path / "many.toml").write_bytes('# Größe\nprofiles = ["demo"]\n'.encode("latin-1"))

    with pytest.raises(SweepError, match=r"^many\.toml: not UTF-8 text; save it as that"):
        load_sweep(str(tmp_path / "many.toml"))


def test_the_sweeps_that_ship_can_be_expanded() -> None:
    assert shipped_sweeps()
    for name in shipped_sweeps():
        assert runs_of(*load_sweep(name))


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("profiles = [", "not valid TOML"),
        ('profile = ["demo"]', "field profile: there is no such field; the nearest: profiles"),
        ("profiles = []", "field profiles"),
        ('profiles = ["demo", "demo"]', "field profiles: should name each value once"),
        ('profiles = ["demo"]\ncards = ["4090", "RTX 4090"]', "field cards: NVIDIA GeForce RTX 4090 stands twice"),
        ('profiles = ["demo", "copy.toml"]', "field profiles: profile demo stands twice"),
        ('profiles = ["demo"]\n[[without]]\ncard = "H1000"', "field without.0.card: no card that is known"),
        ('profiles = ["nothing"]', "field profiles.0: profile .*no shipped profile"),
        ('profiles = ["demo"]\nmemory_budgets_gib = [0]', "field memory_budgets_gib.0"),
        ('profiles = ["demo"]\nmethods = ["int3"]', "field methods.0"),
        ('profiles = ["demo"]\nrounds = 0', "field rounds: .* found 0"),
        ('profiles = ["demo"]\ndisabled_kernels = ["--foo"]', "field disabled_kernels.0"),
        ('profiles = ["demo"]\nrounds = 101', "field rounds: .* found 101"),
        ('profiles = ["demo"]\n[[without]]\nprofile = 3', "field without.0.profile"),
        (
            'profiles = ["demo"]\ncards = ["4090", "H100"]',
            "field cards.1: 'H100' could be NVIDIA H100 PCIe",
        ),
        ('profiles = ["demo"]\n[[without]]', "field without.0: should name a profile, card"),
        (
            'profiles = ["demo"]\n[[without]]\nmethod = "int8"\nprofile = "other"',
            "field without.0: nothing of",
        ),
        ('profiles = ["demo"]\n[[without]]\nprofile = "demo"', "field without: nothing is left to be measured"),
    ],
)
def test_a_file_that_can_not_be_followed_is_refused_by_its_field(tmp_path: Path, text: str, told: str) -> None:
    shutil.copy(SHIPPED / "demo.toml", tmp_path / "copy.toml")

    with pytest.raises(SweepError, match=rf"^many\.toml: {told}") as refused:
        runs_in(tmp_path, text)

    assert "\n" not in str(refused.value)
    assert refused.value.exit_status == 24


def test_a_method_without_a_checkpoint_is_refused_with_those_that_have_one(tmp_path: Path) -> None:
    shipped = Path(__file__).parent.parent / "generator/profiles/llama-3.2-1b-synthetic.toml"
    text = shipped.read_text().partition("[checkpoints.awq]")[0]
    (tmp_path / "mine.toml").write_text(text.replace(', "awq", "gptq"', ""))

    with pytest.raises(SweepError) as refused:
        runs_in(tmp_path, 'profiles = ["mine.toml"]\nmethods = ["fp16", "int8"]\n')
    assert str(refused.value) == (
        "many.toml: field profiles.0: llama-3.2-1b-synthetic has no checkpoint for int8, only for fp16, nf4; leave out "
        "that method, or give the profile a checkpoint"
    )


def test_a_sweep_that_there_is_not_is_refused_with_those_that_there_are(tmp_path: Path) -> None:
    with pytest.raises(SweepError) as refused:
        load_sweep(str(tmp_path / "none.toml"))
    known = ", ".join(shipped_sweeps())
    assert str(refused.value) == (
        f"{tmp_path / 'none.toml'}: no shipped sweep ({known}) and no readable file of that name; name one of these, "
        "or give the path of your own TOML file"
    )
