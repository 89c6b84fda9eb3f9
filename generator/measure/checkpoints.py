"""From a profile's checkpoints to folders on this machine, before any clock runs. Only this uses the network."""

import hashlib
import subprocess
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.manifest import MeasuredRun
from generator.measure.places import STANDS_FOR, cache_folder, located
from generator.measure.redaction import redacted
from generator.measure.safety import why_refused
from generator.methods import MethodId, method_of
from generator.orphan import run_guarded
from generator.profiles import Checkpoint, HubCheckpoint, LocalCheckpoint, SyntheticCheckpoint
from generator.record import Completed, Failed

# Weights as safetensors only: a pickle can run code. And no code.
WANTED: Final = ("*.safetensors", "*.json", "tokenizer.model")

# How often a file that arrives damaged is asked for.
DOWNLOADS: Final = 2


@dataclass(frozen=True, slots=True)
class Ready:
    """A checkpoint that a worker can load."""

    folder: Path
    source: str
    revision: str | None


@dataclass(frozen=True, slots=True)
class Unavailable:
    """A checkpoint that can't be had, and why."""

    message: str


def revisions_of(launches: Sequence[Completed | Failed]) -> dict[str, str]:
    """The commit of each hub model that a run was measured with: the hub may have a newer one when it goes on."""
    known = [launch.configuration for launch in launches if isinstance(launch, Completed)]
    return {one.model_source: one.model_revision for one in known if one.model_revision is not None}


def prepare_all(
    manifest: MeasuredRun, profile_folder: Path, revisions: dict[str, str], tell: Callable[[MethodId], None]
) -> dict[MethodId, Ready | Unavailable]:
    """`prepare` for each method of the run, after `tell` was told of it."""
    found: dict[MethodId, Ready | Unavailable] = {}
    for method in dict.fromkeys(cell.method for cell in manifest.cells):
        tell(method)
        found[method] = prepare(method, manifest.profile.checkpoints[method], profile_folder, revisions)
    return found


def prepare(
    method: MethodId, checkpoint: Checkpoint, profile_folder: Path, revisions: dict[str, str]
) -> Ready | Unavailable:
    """Have the method's checkpoint on this machine: find it, download it or write it. `revisions` are those that the
    run is held to; a model that comes to it is added."""
    match checkpoint:
        case LocalCheckpoint():
            return _local(checkpoint, profile_folder)
        case HubCheckpoint():
            found = _from_hub(checkpoint.hub, checkpoint.revision or revisions.get(checkpoint.hub))
            if isinstance(found, Ready) and found.revision is not None:
                revisions[checkpoint.hub] = found.revision
            return found
        case SyntheticCheckpoint():
            return _synthetic(method, checkpoint)


def format_of(method: MethodId) -> MethodId:
    """The method whose files it reads: its own, or those of FP16, which it quantises as it loads them."""
    return method if method_of(method).quantised == "ahead" else "fp16"


def is_here(method: MethodId, checkpoint: Checkpoint, profile_folder: Path) -> bool:
    """Whether a model lies on this machine already; of one from the hub, whether its description does. Nothing is
    asked of any network."""
    match checkpoint:
        case LocalCheckpoint():
            return located(checkpoint.path, profile_folder).is_dir()
        case SyntheticCheckpoint():
            return (_synthetic_folder(method, checkpoint) / "config.json").is_file()
    try:
        from huggingface_hub import try_to_load_from_cache  # comes with the engines, so not at the top
    except ImportError:
        return False
    return isinstance(try_to_load_from_cache(checkpoint.hub, "config.json", revision=checkpoint.revision), str)


def _synthetic_folder(method: MethodId, checkpoint: SyntheticCheckpoint) -> Path:
    return cache_folder() / f"{checkpoint.synthetic}-synthetic" / format_of(method)


def _local(checkpoint: LocalCheckpoint, profile_folder: Path) -> Ready | Unavailable:
    written, folder = checkpoint.path, located(checkpoint.path, profile_folder)
    # An absolute path may name a user: only its last part is published.
    private = written.startswith(("/", "~")) or STANDS_FOR.match(written)
    source = f"local folder {Path(written).name if private else _relative(Path(written))}"
    fault = why_refused(folder)
    return Ready(folder, source, None) if fault is None else Unavailable(f"{source}: {fault}")


def _relative(path: Path) -> str:
    return "/".join(part for part in path.parts if part != "..")


def _from_hub(name: str, revision: str | None) -> Ready | Unavailable:
    for _ in range(DOWNLOADS):
        path = _download(name, revision)
        if isinstance(path, Unavailable):
            return path
        damaged = [file for file in sorted(path.iterdir()) if not _is_as_the_hub_has_it(file)]
        if not damaged:
            fault = why_refused(path)
            return Ready(path, name, path.name) if fault is None else Unavailable(f"{name}: {fault}")
        for file in damaged:
            file.resolve().unlink()
            file.unlink(missing_ok=True)
    return Unavailable(
        f"{name}: {damaged[0].name} arrived damaged {DOWNLOADS} times (it is not what the hub's hash says); check the "
        "disk, the memory and the network, and run again"
    )


def _download(name: str, revision: str | None) -> Path | Unavailable:
    try:
        from huggingface_hub import snapshot_download  # comes with the engines, so not at the top
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        return Unavailable("huggingface_hub is not installed; `make setup` installs it with the engines")
    try:
        return Path(snapshot_download(name, revision=revision, allow_patterns=list(WANTED)))
    except GatedRepoError:
        return Unavailable(f"{name} is gated: accept its licence on its page, then `hf auth login`")
    except LocalEntryNotFoundError:
        return Unavailable(f"{name}: not on this machine, and the hub can't be reached: check the network")
    except HfHubHTTPError as error:
        status = error.response.status_code
        mend = (
            "wait, and run again" if status == 429 or status >= 500 else "check the name, the revision and your access"
        )
        return Unavailable(f"{name}: the hub answered {status}; {mend}")
    except Exception as error:  # a full disk, and whatever the HTTP client makes of a network that fails half-way
        why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        return Unavailable(
            f"{name}: the download broke off ({why}); check the network and the disk's space: "
            "files that arrived whole are kept"
        )


def _is_as_the_hub_has_it(file: Path) -> bool:
    """By the hash that the hub's client names the downloaded file after: SHA-256 of large files, git's own of others.
    What was right once is not read again while its size and time stay."""
    stored = file.resolve()
    size, expected = stored.stat().st_size, stored.name
    if len(expected) not in {40, 64}:  # a copy where there are no links, or a hub that gives no hash
        return True
    mark, state = cache_folder() / "verified" / expected, f"{stored} {size} {stored.stat().st_mtime_ns}"
    with suppress(OSError):
        if mark.read_text(encoding="utf-8") == state:
            return True
    found = hashlib.sha256() if len(expected) == 64 else hashlib.sha1(b"blob %d\0" % size, usedforsecurity=False)
    with stored.open("rb") as content:
        while chunk := content.read(2**20):
            found.update(chunk)
    if found.hexdigest() != expected:
        return False
    with suppress(OSError):
        mark.parent.mkdir(parents=True, exist_ok=True)
        mark.write_text(state, encoding="utf-8")
    return True


def _synthetic(method: MethodId, checkpoint: SyntheticCheckpoint) -> Ready | Unavailable:
    format_ = format_of(method)
    folder = _synthetic_folder(method, checkpoint)
    if not (folder / "config.json").is_file():
        # torch lives in the engines' processes, never in this one.
        command = [
            sys.executable,
            "-m",
            "generator.measure.synthetic",
            checkpoint.synthetic,
            format_,
            str(folder),
        ]
        done = run_guarded(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        if done.returncode != 0:
            words = (done.stderr.decode(errors="replace").strip().splitlines() or ["no reason given"])[-1]
            return Unavailable(f"the synthetic {format_} checkpoint could not be written: {redacted(words)[:300]}")
    return Ready(folder, f"synthetic {checkpoint.synthetic}, {format_}", None)
