"""Profiles: what ships is sound; what is wrong in a user's file is named in one line."""

from pathlib import Path
from typing import Any

import pytest

from generator.errors import UsageError
from generator.measure import session
from generator.methods import METHOD_IDS, METHODS
from generator.order import Order
from generator.profiles import SHIPPED, HubCheckpoint, LocalCheckpoint, TaskList, load_profile, shipped_profiles


@pytest.mark.parametrize("name", shipped_profiles())
def test_every_shipped_profile_has_every_method_and_measures_the_article_s_unless_told_otherwise(name: str) -> None:
    profile, _ = load_profile(name)

    assert profile.methods == METHOD_IDS
    assert {method.id for method in METHODS if method.stars} <= set(profile.default_methods)
    assert profile.name == name
    assert profile.headline.concurrencies == (7,)
    assert profile.headline.repeats >= 3
    assert 1 in {users for workload in profile.workloads[1:] for users in workload.concurrencies}


def test_public_checkpoints_are_pinned_to_a_commit() -> None:
    profile, _ = load_profile("llama-3.1-8b")

    checkpoints = [profile.checkpoints[method] for method in profile.default_methods]
    assert all(isinstance(checkpoint, HubCheckpoint) and checkpoint.revision for checkpoint in checkpoints)


def test_a_user_s_own_file_may_name_folders_beside_it(tmp_path: Path) -> None:
    (tmp_path / "mine.toml").write_text(
        'name = "mine"\nmodel_name = "Mine"\nrounds = 1\n'
        '[[workloads]]\nname = "w"\nkind = "batch"\nprompts = ["a"]\noutput_tokens = 8\nrepeats = 1\n'
        "[engine]\nmax_model_len = 64\n"
        '[checkpoints.fp16]\npath = "model"\n'
    )

    profile, file = load_profile(str(tmp_path / "mine.toml"))

    assert file == tmp_path / "mine.toml"
    assert profile.checkpoints == {"fp16": LocalCheckpoint(path="model")}


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("name = ", "not valid TOML"),
        ('name = "a b"', "field name: string should match"),
        ('nme = "x"', "field nme: there is no such field; the nearest: name; correct it"),
        ('name = "x"\nruonds = 1', "field ruonds: there is no such field; the nearest: rounds"),
        ("zzz = 1", "field zzz: there is no such field; correct it"),
        (
            'name = "x"\nmodel_name = "X"\nrounds = 0',
            "field rounds: input should be greater than or equal to 1, found 0",
        ),
        ('name = "x"\nmodel_name = "X"\nrounds = 1\n[checkpoints.int3]\npath = "m"', "field checkpoints.int3: "),
        (
            '[[workloads]]\nkind = "batch"\nrepaets = 1',
            "field workloads.0.repaets: there is no such field; the nearest: r",
        ),
        ('[[workloads]]\nkind = "batch"\nusers = [1]', "field workloads.0.users: there is no such field"),
        ('[checkpoints.fp16]\nhbu = "a/b"', "field checkpoints.fp16.hbu: there is no such field; the nearest: hub"),
        ('[checkpoints.fp16]\nhub = "a b"', "field checkpoints.fp16.hub: string should match"),
        (
            '[engine]\nmax_model_len = "long"',
            "field engine.max_model_len: input should be a valid integer, found 'long'",
        ),
        ('name = "x"\nmodel_name = "X"', "field rounds: field required"),
    ],
)
def test_a_fault_in_a_profile_is_one_line_that_names_it(tmp_path: Path, text: str, fault: str) -> None:
    (tmp_path / "bad.toml").write_text(text)

    with pytest.raises(UsageError) as raised:
        load_profile(str(tmp_path / "bad.toml"))

    assert "bad.toml" in str(raised.value)
    assert fault in str(raised.value)
    assert "\n" not in str(raised.value)


def test_an_unknown_profile_is_answered_with_the_known_ones() -> None:
    with pytest.raises(UsageError, match=r"demo, .*llama-3\.1-8b"):
        load_profile("nosuch")


@pytest.mark.parametrize(
    ("lm_eval", "mend"), [(None, r"install it with `make tasks`"), ("installed", r"there is no folder 'gone'")]
)
def test_tasks_that_can_never_be_done_end_the_order_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lm_eval: str | None, mend: str
) -> None:
    monkeypatch.setattr(session, "find_spec", lambda _: lm_eval)
    profile, file = load_profile("demo")
    profile = profile.model_copy(update={"tasks": TaskList(names=("one",), folder="gone")})
    watcher: Any = None

    with pytest.raises(UsageError, match=mend):
        session.measure(Order(profile, file, profile.cells, None, "quantpress measure"), watcher, tmp_path)


def test_random_weights_do_no_tasks(tmp_path: Path) -> None:
    (tmp_path / "random.toml").write_text(
        'name = "random"\nmodel_name = "Random"\nweights = "random"\nrounds = 1\n'
        '[[workloads]]\nname = "w"\nkind = "batch"\nprompts = ["a"]\noutput_tokens = 8\nrepeats = 1\n'
        '[tasks]\nnames = ["one"]\n[engine]\nmax_model_len = 64\n[checkpoints.fp16]\nsynthetic = "tiny"\n'
    )

    with pytest.raises(UsageError, match=r"leave out \[quality\] and \[tasks\]"):
        load_profile(str(tmp_path / "random.toml"))


def test_a_run_s_profile_has_the_methods_of_the_run_alone() -> None:
    profile, _ = load_profile("demo")

    alone = profile.with_methods(("fp16", "int8"))

    assert alone.methods == ("fp16", "int8")
    assert {cell.method for cell in alone.cells} == {"fp16", "int8"}
    assert alone.with_methods(alone.methods) == alone


def test_methods_measured_by_default_need_checkpoints(tmp_path: Path) -> None:
    own = tmp_path / "own.toml"
    text = (SHIPPED / "demo.toml").read_text().replace("[checkpoints.int8]", "[checkpoints.nf5]")
    own.write_text(text.partition("[checkpoints.nf5]")[0])

    with pytest.raises(UsageError, match=r"own.toml: .*default_methods.5: there is no \[checkpoints.int8\]"):
        load_profile(str(own))
