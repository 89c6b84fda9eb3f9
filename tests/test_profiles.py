"""Profiles: what ships is sound; what is wrong in a user's file is named in one line."""

from pathlib import Path

import pytest

from generator.errors import UsageError
from generator.profiles import HubCheckpoint, LocalCheckpoint, load_profile, shipped_profiles


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_covers_the_four_methods(name: str) -> None:
    profile, _ = load_profile(name)

    assert profile.methods == ("fp16", "nf4", "awq", "gptq")
    assert profile.name == name
    assert profile.headline.concurrencies == (7,)
    assert profile.headline.repeats >= 3
    assert 1 in {users for workload in profile.workloads[1:] for users in workload.concurrencies}


def test_public_checkpoints_are_pinned_to_a_commit() -> None:
    profile, _ = load_profile("llama-3.1-8b")

    checkpoints = list(profile.checkpoints.values())
    assert all(isinstance(checkpoint, HubCheckpoint) and checkpoint.revision for checkpoint in checkpoints)


def test_a_user_s_own_file_may_name_folders_beside_it(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nmodel_name = "Mine"\nrounds = 1\n'
        '[[workloads]]\nname = "w"\nkind = "batch"\nprompts = ["a"]\noutput_tokens = 8\nrepeats = 1\n'
        "[engine]\nmax_model_len = 64\n"
        '[checkpoints.fp16]\npath = "model"\n'
    )

    profile, folder = load_profile(str(tmp_path / "mine.toml"))

    assert folder == tmp_path
    assert profile.checkpoints == {"fp16": LocalCheckpoint(path="model")}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name = ", "not valid TOML"),
        ('name = "a b"', "field name"),
        ('nme = "x"', "field "),
        ('name = "x"\nmodel_name = "X"\nrounds = 0', "field rounds"),
        ('name = "x"\nmodel_name = "X"\nrounds = 1\n[checkpoints.int3]\npath = "m"', "field checkpoints.int3"),
    ],
)
def test_a_fault_in_a_profile_is_one_line_that_names_it(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "bad.toml").write_text(text)

    with pytest.raises(UsageError) as raised:
        load_profile(str(tmp_path / "bad.toml"))

    assert "bad.toml" in str(raised.value)
    assert fault in str(raised.value) or "field" in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"demo, llama-3\.1-8b"):
        load_profile("nosuch")
