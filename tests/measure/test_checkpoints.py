"""Checkpoints come from folders and from the hub; one that can't be had, or must not be loaded, is a sentence."""

import importlib.util
import json
from collections.abc import Iterator
from pathlib import Path

import hub as hubs
import pytest
from examples import completed, replaced
from hub import COMMIT, LENGTH, Hub, ask

from generator.measure.checkpoints import Ready, Unavailable, prepare, revisions_of
from generator.measure.safety import why_refused
from generator.profiles import LocalCheckpoint

NEWER = "1" * 40
needs_client = pytest.mark.skipif(
    importlib.util.find_spec("huggingface_hub") is None, reason="no engine is installed: run `make setup`"
)


@pytest.fixture
def hub() -> Iterator[tuple[str, type[Hub]]]:
    with hubs.serving() as served:
        yield served


@needs_client
def test_a_checkpoint_of_the_hub_arrives_without_pickles_or_code_and_says_its_commit(
    hub: tuple[str, type[Hub]], tmp_path: Path
) -> None:
    said = ask(hub[0], tmp_path, revision=None)

    assert said.startswith(f"Ready  {COMMIT}")
    assert "['config.json', 'model.safetensors']" in said


@needs_client
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("status 403 GatedRepo", "is gated: accept its licence"),
        ("status 404 RepoNotFound", "the hub answered 404; check the name"),
        ("status 404 RevisionNotFound", "the hub answered 404; check the name"),
        ("status 401", "the hub answered 401; check the name, the revision and your access"),
        ("status 416", "the hub answered 416; check"),
        ("status 429", "the hub answered 429; wait"),
        ("status 500", "the hub answered 500; wait"),
        ("status 503", "the hub answered 503; wait"),
        ("stall 10000", "the download broke off (ReadTimeout); check the network"),
        ("damage 30000", "model.safetensors arrived damaged 2 times"),
    ],
)
def test_what_the_hub_refuses_or_spoils_is_a_sentence_with_its_mend_and_the_next_try_completes(
    hub: tuple[str, type[Hub]], tmp_path: Path, failure: str, words: str
) -> None:
    hub[1].failure = failure
    said = ask(hub[0], tmp_path)
    hub[1].failure = ""

    assert said.startswith("Unavailable example/model")
    assert words in said
    assert ask(hub[0], tmp_path).startswith("Ready")


@needs_client
@pytest.mark.parametrize("cut", range(0, LENGTH, 8000))
def test_a_download_that_is_cut_before_a_chunk_is_full_is_a_sentence_and_the_next_one_completes_it(
    hub: tuple[str, type[Hub]], tmp_path: Path, cut: int
) -> None:
    hub[1].failure = f"cut {cut}"
    first = ask(hub[0], tmp_path)
    hub[1].failure, hub[1].sent_bytes = "", 0
    second = ask(hub[0], tmp_path)

    assert first.startswith("Unavailable example/model: the download broke off")
    assert second.startswith("Ready")
    assert hub[1].sent_bytes == LENGTH


@needs_client
@pytest.mark.parametrize("cut", [3000, 20_001, LENGTH - 1])
def test_a_download_that_is_cut_again_and_again_goes_on_where_it_was(
    hub: tuple[str, type[Hub]], tmp_path: Path, cut: int
) -> None:
    hub[1].failure = f"cut {cut}"

    assert ask(hub[0], tmp_path, chunk_bytes=1).startswith("Ready")
    assert hub[1].sent_bytes == LENGTH


@needs_client
def test_without_a_network_the_mend_is_the_network(tmp_path: Path) -> None:
    said = ask("http://127.0.0.1:9", tmp_path)

    assert said.startswith("Unavailable example/model")
    assert "(ConnectError); check the network" in said


@needs_client
def test_what_was_downloaded_serves_without_a_network_unless_it_was_damaged_since(
    hub: tuple[str, type[Hub]], tmp_path: Path
) -> None:
    ask(hub[0], tmp_path)
    assert ask("http://127.0.0.1:9", tmp_path).startswith("Ready")

    (blob,) = (path for path in tmp_path.glob("hub/models--*/blobs/*") if path.stat().st_size == LENGTH)
    content = bytearray(blob.read_bytes())
    content[30_000] ^= 1
    blob.write_bytes(content)

    assert ask("http://127.0.0.1:9", tmp_path).startswith("Unavailable example/model")
    assert ask(hub[0], tmp_path).startswith("Ready")


@needs_client
def test_a_run_keeps_the_commit_that_it_began_with(hub: tuple[str, type[Hub]], tmp_path: Path) -> None:
    hub[1].commit = NEWER

    assert ask(hub[0], tmp_path, revision=None, revisions={"example/model": COMMIT}).startswith(f"Ready  {COMMIT}")
    assert ask(hub[0], tmp_path, revision=None).startswith(f"Ready  {NEWER}")


def test_a_run_s_commits_are_read_from_its_launches() -> None:
    launch = completed()
    configuration = replaced(launch.configuration, model_source="example/model", model_revision=COMMIT)

    assert revisions_of([launch, replaced(launch, configuration=configuration)]) == {"example/model": COMMIT}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A checkpoint that may be loaded."""
    for name in ("config.json", "model.safetensors"):
        (tmp_path / name).write_bytes(hubs.FILES[name])
    return tmp_path


def test_a_checkpoint_that_is_whole_may_be_loaded(folder: Path) -> None:
    assert why_refused(folder) is None

    parts = {"weight_map": {"weight": "model.safetensors"}}
    (folder / "model.safetensors.index.json").write_text(json.dumps(parts))
    (folder / "pytorch_model.bin").write_bytes(b"a pickle that nothing needs")
    assert why_refused(folder) is None


def test_a_link_that_its_owner_made_is_followed(folder: Path, tmp_path_factory: pytest.TempPathFactory) -> None:
    elsewhere = tmp_path_factory.mktemp("elsewhere") / "weights.safetensors"
    (folder / "model.safetensors").rename(elsewhere)
    (folder / "model.safetensors").symlink_to(elsewhere)

    assert why_refused(folder) is None


@pytest.mark.parametrize(
    ("file", "content", "words"),
    [
        ("config.json", '{"auto_map": {"AutoModel": "modeling_own.Model"}}', "config.json: field auto_map names code"),
        ("config.json", '{"vision_config": {"parts": [{"auto_map": {}}]}}', "config.json: field auto_map names code"),
        ("tokenizer_config.json", '{"auto_map": {}}', "tokenizer_config.json: field auto_map names code"),
        ("config.json", "[]", "config.json: not a JSON object"),
        ("config.json", "[" * 100_000, "config.json: not a JSON object"),
    ],
)
def test_a_checkpoint_that_brings_code_is_refused(folder: Path, file: str, content: str, words: str) -> None:
    (folder / file).write_text(content)

    assert (why_refused(folder) or "").startswith(words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("../other/model.safetensors", "expected names of .safetensors files in the same folder"),
        ("/etc/passwd", "expected names of .safetensors files in the same folder"),
        ("..\\model.safetensors", "expected names of .safetensors files in the same folder"),
        ("pytorch_model.bin", "expected names of .safetensors files in the same folder"),
        ("model-00002-of-00002.safetensors", "which is not there; complete the download or the copy"),
    ],
)
def test_an_index_that_leads_out_or_to_pickles_or_nowhere_is_refused(folder: Path, name: str, words: str) -> None:
    (folder / "model.safetensors.index.json").write_text(json.dumps({"weight_map": {"weight": name}}))

    assert words in (why_refused(folder) or "")


@pytest.mark.parametrize("index", ["[]", "{}", '{"weight_map": []}', "no JSON"])
def test_an_index_that_is_none_is_refused(folder: Path, index: str) -> None:
    (folder / "model.safetensors.index.json").write_text(index)

    assert "not a JSON object with a weight_map" in (why_refused(folder) or "")


def test_weights_that_are_cut_at_any_byte_or_longer_than_they_say_are_refused(folder: Path) -> None:
    path = folder / "model.safetensors"
    whole = hubs.safetensors(b"weights")
    for wrong in (*(whole[:length] for length in range(len(whole))), whole + b"more"):
        path.write_bytes(wrong)
        assert "download or copy it again" in (why_refused(folder) or ""), wrong
    path.write_bytes(whole)
    assert why_refused(folder) is None


def test_a_folder_is_taken_as_it_is_and_published_without_what_lies_above_it(folder: Path) -> None:
    found = prepare("fp16", LocalCheckpoint(path=str(folder)), Path(), {})

    assert found == Ready(folder, f"local folder {folder.name}", None)


@pytest.mark.parametrize(
    ("files", "words"), [((), "no config.json"), (("config.json", "pytorch_model.bin"), "no .safetensors file")]
)
def test_a_folder_that_lacks_safe_weights_is_refused(tmp_path: Path, files: tuple[str, ...], words: str) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")

    found = prepare("fp16", LocalCheckpoint(path="."), tmp_path, {})

    assert isinstance(found, Unavailable)
    assert words in found.message
