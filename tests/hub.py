"""A hub on this machine that speaks the Hugging Face hub's protocol to its client, and fails where it is told to."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

COMMIT = "0e9e39f249a16976918f6564b8830bc894c89659"


def safetensors(data: bytes) -> bytes:
    """A file of one tensor of bytes."""
    head = json.dumps({"weight": {"dtype": "U8", "shape": [len(data)], "data_offsets": [0, len(data)]}}).encode()
    return len(head).to_bytes(8, "little") + head + data


FILES = {
    "config.json": b'{"model_type": "llama"}',
    "model.safetensors": safetensors(bytes(range(250)) * 160),
    "model.bin": b"a pickle, which nobody asked for",
    "modeling_own.py": b"raise SystemExit('code that nobody asked for')",
}
LENGTH = len(FILES["model.safetensors"])

# What asks for the checkpoint: the product, in a process of its own, because the client reads its settings once.
CLIENT = """
import json, sys, time
from huggingface_hub import constants
from pathlib import Path
from generator.measure.checkpoints import prepare
from generator.profiles import HubCheckpoint
given = json.loads(sys.argv[1])
time.sleep = lambda _: None  # between the client's own tries
constants.DOWNLOAD_CHUNK_SIZE = given["chunk_bytes"]  # what its client asks for again is what has not filled a chunk
found = prepare("fp16", HubCheckpoint(hub="example/model", revision=given["revision"]), Path(), given["revisions"])
print(type(found).__name__, getattr(found, "message", ""), getattr(found, "revision", ""))
print(sorted(path.name for path in found.folder.iterdir()) if type(found).__name__ == "Ready" else "")
"""


class Hub(BaseHTTPRequestHandler):
    """`failure` is what goes wrong: nothing; a status and the hub's name for it; the body that is cut after so many
    bytes of each answer, that stalls there, or in which that byte is another. `sent_bytes` counts those of the weights,
    `commit` is the newest one."""

    failure = ""
    commit = COMMIT
    files = FILES
    sent_bytes = 0
    protocol_version = "HTTP/1.1"

    def do_HEAD(self) -> None:
        self.answer(body=False)

    def do_GET(self) -> None:
        self.answer(body=True)

    def answer(self, *, body: bool) -> None:
        asked = re.search(r"/(?:revision|tree|resolve)/(\w{40})", self.path)
        headers = {"X-Repo-Commit": asked[1] if asked else self.commit, "Connection": "close"}
        kind, _, amount = self.failure.partition(" ")
        if kind == "status":
            code, _, name = amount.partition(" ")
            return self.reply(int(code), b"{}", headers | ({"X-Error-Code": name} if name else {}), body=body)
        path = self.path.partition("?")[0]
        if "/tree/" in path:
            entries = [self.entry(name) for name in self.files]
            return self.reply(200, json.dumps(entries).encode(), headers, body=body)
        if path.startswith("/api/models/"):
            siblings = [{"rfilename": name} for name in self.files]
            found = {"id": "example/model", "sha": headers["X-Repo-Commit"], "siblings": siblings, "private": False}
            return self.reply(200, json.dumps(found).encode(), headers, body=body)
        name = path.rpartition("/")[2]
        content = self.files[name]
        headers |= {"ETag": f'"{oid(name, content)}"', "Accept-Ranges": "bytes"}
        if kind == "damage" and name.endswith(".safetensors"):
            at = int(amount)
            content = content[:at] + bytes([content[at] ^ 1]) + content[at + 1 :]
        return self.part(name, content, headers, body=body)

    def part(self, name: str, content: bytes, headers: dict[str, str], *, body: bool) -> None:
        kind, _, amount = self.failure.partition(" ")
        start, code = 0, 200
        if found := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start, code = int(found[1]), 206
            if start >= len(content) or kind == "unsatisfiable":
                return self.reply(416, b"", headers | {"Content-Range": f"bytes */{len(content)}"}, body=body)
            headers |= {"Content-Range": f"bytes {start}-{len(content) - 1}/{len(content)}"}
        cut = int(amount) if kind in {"cut", "stall"} and name.endswith(".safetensors") else None
        return self.reply(code, content[start:], headers, body=body, cut=cut, counted=name.endswith(".safetensors"))

    def reply(
        self,
        code: int,
        content: bytes,
        headers: dict[str, str],
        *,
        body: bool,
        cut: int | None = None,
        counted: bool = False,
    ) -> None:
        self.send_response(code)
        for name, value in (headers | {"Content-Length": str(len(content))}).items():
            self.send_header(name, value)
        self.end_headers()
        if body:
            self.wfile.write(content[:cut])
            if counted:
                type(self).sent_bytes += len(content[:cut])
            if self.failure.startswith("stall") and cut is not None:
                self.wfile.flush()
                time.sleep(4)
        self.close_connection = True

    def entry(self, name: str) -> dict[str, object]:
        content = self.files[name]
        found: dict[str, object] = {"type": "file", "path": name, "size": len(content), "oid": git_oid(content)}
        if name.endswith(".safetensors"):
            found["lfs"] = {"oid": oid(name, content), "size": len(content), "pointerSize": 130}
        return found

    def log_message(self, *_: object) -> None:
        pass


def oid(name: str, content: bytes) -> str:
    """What the hub names a file after: large files by SHA-256, others as git does."""
    return hashlib.sha256(content).hexdigest() if name.endswith(".safetensors") else git_oid(content)


def git_oid(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content, usedforsecurity=False).hexdigest()


@contextmanager
def serving() -> Iterator[tuple[str, type[Hub]]]:
    """The address of a hub of its own, and the hub."""
    handler = type("ThisHub", (Hub,), {})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        server.daemon_threads = True
        Thread(target=server.serve_forever, daemon=True).start()
        try:
            yield f"http://127.0.0.1:{server.server_port}", handler
        finally:
            server.shutdown()


def settings(endpoint: str, folder: Path) -> dict[str, str]:
    """The environment in which the client asks this hub, and keeps what it gets below `folder`."""
    return {
        "HF_ENDPOINT": endpoint,
        "HF_HOME": str(folder),
        "XDG_CACHE_HOME": str(folder / "cache"),
        "HF_HUB_DISABLE_TELEMETRY": "1",
        "HF_HUB_DISABLE_XET": "1",
        "HF_HUB_DISABLE_PROGRESS_BARS": "1",
        "HF_HUB_DOWNLOAD_TIMEOUT": "1",
        "HF_HUB_ETAG_TIMEOUT": "1",
    }


def ask(
    endpoint: str,
    folder: Path,
    revision: str | None = COMMIT,
    revisions: dict[str, str] | None = None,
    chunk_bytes: int = 10 * 2**20,
) -> str:
    """What `prepare` makes of the hub."""
    given = json.dumps({"revision": revision, "revisions": revisions or {}, "chunk_bytes": chunk_bytes})
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", CLIENT, given],
        env=os.environ | settings(endpoint, folder),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout
