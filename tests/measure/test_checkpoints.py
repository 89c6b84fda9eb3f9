"""Checkpoints come from folders and from the hub; one that can't be had is a sentence, whatever went wrong on the way.

The hub is a server on this machine that speaks the hub's protocol to its real client, and fails where it is told to.
"""

import hashlib
import importlib.util
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from generator.measure.checkpoints import Ready, Unavailable, prepare
from generator.profiles import LocalCheckpoint

COMMIT = "0e9e39f249a16976918f6564b8830bc894c89659"
FILES = {
    "config.json": b'{"model_type": "llama"}',
    "model.safetensors": b"\x00" * 40_000,
    "model.bin": b"a pickle, which nobody asked for",
}
CLIENT = """
from pathlib import Path
from generator.measure.checkpoints import prepare
from generator.profiles import HubCheckpoint
import sys
found = prepare("fp16", HubCheckpoint(hub="example/model", revision=sys.argv[1]), Path())
print(type(found).__name__, getattr(found, "message", ""), getattr(found, "revision", ""))
print(sorted(path.name for path in found.folder.iterdir()) if type(found).__name__ == "Ready" else "")
"""


class Hub(BaseHTTPRequestHandler):
    """`failure` is what goes wrong: nothing, a status, or a body that breaks off after so many bytes."""

    failure: str = ""
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        headers = {"X-Repo-Commit": COMMIT, "Connection": "close"}
        kind, _, amount = self.failure.partition(" ")
        if kind == "status":
            code, _, name = amount.partition(" ")
            return self.reply(int(code), b"{}", headers | ({"X-Error-Code": name} if name else {}), body=body)
        path = self.path.partition("?")[0]
        if "/tree/" in path:
            return self.reply(200, json.dumps([entry(name) for name in FILES]).encode(), headers, body=body)
        if path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in FILES]
            found = {"id": "example/model", "sha": COMMIT, "siblings": siblings, "private": False}
            return self.reply(200, json.dumps(found).encode(), headers, body=body)
        content = FILES[path.rpartition("/")[2]]
        etag = {"ETag": f'"{hashlib.sha256(content).hexdigest()}"', "Accept-Ranges": "bytes"}
        return self.reply(200, content, headers | etag, body=body, cut=int(amount) if kind == "cut" else None)

    def reply(self, code: int, content: bytes, headers: dict[str, str], *, body: bool, cut: int | None = None) -> None:
        self.send_response(code)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content[:cut])
        self.close_connection = True

    def log_message(self, *_: object) -> None:
        pass


def entry(name: str) -> dict[str, object]:
    return {"type": "file", "path": name, "size": len(FILES[name]), "oid": hashlib.sha1(FILES[name]).hexdigest()}  # noqa: S324


@pytest.fixture
def hub() -> Iterator[tuple[str, type[Hub]]]:
    handler = type("ThisHub", (Hub,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}", handler
        server.shutdown()


def ask(endpoint: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CLIENT, COMMIT],
        env=os.environ
        | {
            "HF_ENDPOINT": endpoint,
            "HF_HOME": str(folder),
            "HF_HUB_DISABLE_TELEMETRY": "1",
            "HF_HUB_DISABLE_XET": "1",
            "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


needs_client = pytest.mark.skipif(
    importlib.util.find_spec("huggingface_hub") is None, reason="no engine is installed: run `make setup`"
)


@needs_client
def test_a_checkpoint_of_the_hub_arrives_without_its_pickles_and_says_its_commit(
    hub: tuple[str, type[Hub]], tmp_path: Path
) -> None:
    said = ask(hub[0], tmp_path)

    assert said.startswith(f"Ready  {COMMIT}")
    assert "['config.json', 'model.safetensors']" in said


@needs_client
@pytest.mark.parametrize(
    ("failure", "words"),
    [
        ("status 403 GatedRepo", "is gated: accept its licence"),
        ("status 404 RepoNotFound", "the hub answered 404"),
        ("status 404 RevisionNotFound", "the hub answered 404"),
        ("status 401", "the hub answered 401"),
        ("status 500", "the hub answered 500"),
    ],
)
def test_what_the_hub_refuses_is_a_sentence_with_its_mend(
    hub: tuple[str, type[Hub]], tmp_path: Path, failure: str, words: str
) -> None:
    hub[1].failure = failure

    said = ask(hub[0], tmp_path)

    assert said.startswith("Unavailable example/model")
    assert words in said


@needs_client
def test_a_download_that_breaks_off_is_a_sentence_and_the_next_one_completes_it(
    hub: tuple[str, type[Hub]], tmp_path: Path
) -> None:
    hub[1].failure = "cut 10000"
    first = ask(hub[0], tmp_path)
    hub[1].failure = ""
    second = ask(hub[0], tmp_path)

    assert first.startswith("Unavailable example/model: the download broke off")
    assert second.startswith("Ready")


@needs_client
def test_without_a_network_the_mend_is_the_network(tmp_path: Path) -> None:
    said = ask("http://127.0.0.1:9", tmp_path)

    assert said.startswith("Unavailable example/model")
    assert "(ConnectError); check network" in said


def test_a_folder_is_taken_as_it_is_and_published_without_what_lies_above_it(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_text("{}")
    (tmp_path / "model.safetensors").write_bytes(b"")

    found = prepare("fp16", LocalCheckpoint(path=str(tmp_path)), Path())

    assert found == Ready(tmp_path, f"local folder {tmp_path.name}", None)


@pytest.mark.parametrize(
    ("files", "words"), [((), "no config.json"), (("config.json", "pytorch_model.bin"), "no .safetensors file")]
)
def test_a_folder_that_lacks_safe_weights_is_refused(tmp_path: Path, files: tuple[str, ...], words: str) -> None:
    for name in files:
        (tmp_path / name).write_text("{}")

    found = prepare("fp16", LocalCheckpoint(path="."), tmp_path)

    assert isinstance(found, Unavailable)
    assert words in found.message
