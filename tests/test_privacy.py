"""Nothing that is published or attached to a report says whose machine it was, and nothing is sent to others."""

import importlib.util
import socket
from pathlib import Path

import pytest

from generator.errors import StorageError
from generator.folders import CHECKOUT
from generator.measure import redaction
from generator.measure.places import located, published, resolved
from generator.measure.redaction import Redactor, redact_logs, redacted
from generator.ordering import published_word
from generator.profiles import LocalCheckpoint, Profile, QualityText, load_profile
from torture import leaks

SECRETS = {
    "HF_TOKEN": "no-shape-at-all",
    "AWS_SECRET_ACCESS_KEY": "wJalrXUtnFEMI/bPxRfiCYEXAMPLEKEY",
    "MY_PAT": "another-secret",
    "DB_PASSWORD": "swordfish",
}
PLANTED = {
    **SECRETS,
    "USER": "alicia",
    "HOSTNAME": "aliciasbox",
    "KUBECONFIG": "/srv/alicia-data/kube",
    "HOME": "/home/al",
}


@pytest.fixture
def alicia(monkeypatch: pytest.MonkeyPatch) -> None:
    """A user of her own, on a host of her own."""
    for name, value in PLANTED.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(socket, "gethostname", lambda: "aliciasbox.example.org")
    monkeypatch.setattr(redaction, "_here", Redactor)


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        *((f"the value {secret} is wrong", "the value [secret] is wrong") for secret in SECRETS.values()),
        ("token hf_abcdefghijkl", "token [secret]"),
        ("ghp_0123456789abcdef, sk-proj-0123456789", "[secret], [secret]"),
        ("AKIAIOSFODNN7EXAMPLE", "[secret]"),
        ("Authorization: Bearer abc.def", "Authorization: Bearer [secret]"),
        ("https://me:word@example.org/x", "https://[secret]@example.org/x"),
        ("eyJhbGciOiJI.eyJzdWIi.SflKxw", "[secret]"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----", "[secret]"),
        ("by alicia@example.org", "by [address]"),
        ("host aliciasbox.example.org, or ALICIASBOX:8000", "host [host], or [host]:8000"),
        ("user alicia, not felicia or aliciado", "user [user], not felicia or aliciado"),
        ("/home/al/models/x.json, not /home/alice", "~/models/x.json, not …/alice"),
        ("/srv/alicia-data/kube/x", "[folder]/x"),
        (f'File "{CHECKOUT}/generator/cli.py", line 3', 'File "[quantpress]/generator/cli.py", line 3'),
        ("/mnt/of/somebody/model.safetensors: torn", "…/model.safetensors: torn"),
        ("/x/y/site-packages/torch/nn.py", "…/site-packages/torch/nn.py"),
        ("/usr/lib/libcuda.so and 3 tokens/s and/or x", "/usr/lib/libcuda.so and 3 tokens/s and/or x"),
        ("GPU-01234567-89ab-cdef-0123-456789abcdef", "[GPU]"),
        ("CUDA out of memory. Tried to allocate 2.00 GiB", "CUDA out of memory. Tried to allocate 2.00 GiB"),
    ],
)
@pytest.mark.usefixtures("alicia")
def test_what_says_whose_machine_it_is_is_taken_out(said: str, kept: str) -> None:
    assert redacted(said) == kept
    assert redacted(kept) == kept


@pytest.mark.usefixtures("alicia")
def test_logs_are_redacted_in_place_and_keep_bytes_that_are_no_text(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "r01.log"
    log.parent.mkdir()
    log.write_bytes(b"\xff\xfe loaded by alicia\n")

    redact_logs(tmp_path)

    assert log.read_bytes() == b"\xff\xfe loaded by [user]\n"
    assert [path.name for path in log.parent.iterdir()] == ["r01.log"]


def with_paths(path: str) -> Profile:
    profile = load_profile("demo")[0]
    return profile.model_copy(
        update={
            "checkpoints": {"fp16": LocalCheckpoint(path=path)},
            "quality": QualityText(text=path, window_tokens=2, windows=2),
        }
    )


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    return tmp_path


def test_a_path_that_may_name_a_user_is_published_by_its_last_part_and_still_found_here(kept: Path) -> None:
    profile = published(with_paths("/home/alicia/models/mine"))

    text = profile.model_dump_json()
    assert "alicia" not in text
    assert "/mine" in text
    checkpoint = profile.checkpoints["fp16"]
    assert isinstance(checkpoint, LocalCheckpoint)
    assert located(checkpoint.path, Path("/anywhere")) == Path("/home/alicia/models/mine")
    assert published(with_paths("/home/alicia/models/mine")) == profile, "the same order is the same order"
    assert published(with_paths("/home/alicia/other/mine")) != profile, "and another folder another one"
    assert published(profile) == profile
    assert resolved(profile) == with_paths("/home/alicia/models/mine"), "another machine is told the way"
    assert [path.name for path in (kept / "quantpress").iterdir()] == ["paths.json"]


@pytest.mark.usefixtures("kept")
def test_a_path_as_the_profile_s_folder_sees_it_stays_and_one_at_home_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", "/home/alicia")

    assert published(with_paths("../models/mine")) == with_paths("../models/mine")
    assert located("../models/mine", Path("/profiles/here")) == Path("/profiles/models/mine")
    hidden = published(with_paths("~/mine")).quality
    assert hidden is not None
    assert located(hidden.text, Path()) == Path("/home/alicia/mine")


def test_a_cache_that_can_t_be_written_is_a_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", "/dev/null")

    with pytest.raises(StorageError, match="XDG_CACHE_HOME"):
        published(with_paths("/home/alicia/models/mine"))


@pytest.mark.parametrize(
    ("word", "told"),
    [
        ("/home/alicia/mine.toml", "mine.toml"),
        ("--profile=/home/alicia/mine.toml", "--profile=mine.toml"),
        ("~/mine.toml", "mine.toml"),
        ("../../alicia/mine.toml", "mine.toml"),
        ("profiles/mine.toml", "profiles/mine.toml"),
        ("--rounds=3", "--rounds=3"),
    ],
)
def test_the_command_is_published_without_folders_that_lie_elsewhere(word: str, told: str) -> None:
    assert published_word(word) == told


@pytest.mark.parametrize(
    ("address", "told"), [("node-7.lab.example:6379", "ADDRESS"), ("auto", "auto"), ("local", "local")]
)
def test_the_command_is_published_without_the_address_of_a_cluster(address: str, told: str) -> None:
    assert published_word(address, address) == told
    assert published_word(f"--ray={address}", address) == f"--ray={told}"
    assert published_word("--rounds", address) == "--rounds"


@pytest.fixture(scope="module")
def namespaces() -> None:
    if why := leaks.why_no_namespace():
        pytest.skip(why)


@pytest.mark.usefixtures("namespaces")
def test_packets_are_counted_where_a_program_tries_to_reach_others(tmp_path: Path) -> None:
    assert leaks.control(tmp_path) > 0
    assert leaks.packets_sent(["true"], tmp_path) == (0, 0)


@pytest.mark.engine
@pytest.mark.usefixtures("namespaces")
@pytest.mark.skipif(importlib.util.find_spec("transformers") is None, reason="no engine is installed: run `make setup`")
def test_a_real_launch_and_the_site_tell_of_nobody_and_send_nothing(tmp_path: Path) -> None:
    canaries = leaks.Canaries(tmp_path)

    project, packets = leaks.measure_and_build(canaries, "nf4")

    assert packets == 0
    assert len(canaries.planted) >= 25
    assert list(project.glob("measurements/*/launches/*.json"))
    assert list(project.glob("measurements/*/logs/*.log"))
    assert [*canaries.found(project / "measurements"), *canaries.found(project / "site/public")] == []
    (manifest,) = project.glob("measurements/*/manifest.json")
    manifest.write_text(manifest.read_text() + next(iter(canaries.planted)))
    assert len(list(canaries.found(project / "measurements"))) == 1, "a canary that is there is found"
