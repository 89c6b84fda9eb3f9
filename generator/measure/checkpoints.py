"""From a profile's checkpoints to folders on this machine, before any clock runs. Only this uses the network."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from generator.methods import MethodId, method_of
from generator.orphan import run_guarded
from generator.profiles import Checkpoint, HubCheckpoint, LocalCheckpoint, SyntheticCheckpoint

# Weights as safetensors only: a pickle can run code.
WANTED: Final = ("*.safetensors", "*.json", "tokenizer.model")


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


def cache_folder() -> Path:
    """Where synthetic checkpoints are kept."""
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(root) / "quantpress"


def prepare(method: MethodId, checkpoint: Checkpoint, profile_folder: Path) -> Ready | Unavailable:
    """Have the method's checkpoint on this machine: find it, download it or write it."""
    match checkpoint:
        case LocalCheckpoint():
            return _local(checkpoint, profile_folder)
        case HubCheckpoint():
            return _from_hub(checkpoint)
        case SyntheticCheckpoint():
            return _synthetic(method, checkpoint)


def _local(checkpoint: LocalCheckpoint, profile_folder: Path) -> Ready | Unavailable:
    written = Path(checkpoint.path)
    folder = (profile_folder / written.expanduser()).resolve()
    # An absolute path may name a user: only its last part is published.
    source = f"local folder {written.name if written.is_absolute() or '~' in checkpoint.path else _relative(written)}"
    if not (folder / "config.json").is_file():
        return Unavailable(
            f"{source}: no config.json there; give the path of a checkpoint's folder, as the profile's folder sees it"
        )
    if not any(folder.glob("*.safetensors")):
        return Unavailable(f"{source}: no .safetensors file there; other weight formats can run code and are refused")
    return Ready(folder, source, None)


def _relative(path: Path) -> str:
    return "/".join(part for part in path.parts if part != "..")


def _from_hub(checkpoint: HubCheckpoint) -> Ready | Unavailable:
    try:
        from huggingface_hub import snapshot_download  # comes with the engines, so not at the top
        from huggingface_hub.errors import GatedRepoError, HfHubHTTPError, LocalEntryNotFoundError
    except ImportError:
        return Unavailable("huggingface_hub is not installed; `make setup` installs it with the engines")
    name = checkpoint.hub
    try:
        path = Path(snapshot_download(name, revision=checkpoint.revision, allow_patterns=list(WANTED)))
    except GatedRepoError:
        return Unavailable(f"{name} is gated: accept its licence on its page, then `hf auth login`")
    except LocalEntryNotFoundError:
        return Unavailable(f"{name}: not on this machine, and the hub can't be reached: check the network")
    except HfHubHTTPError as error:
        return Unavailable(
            f"{name}: the hub answered {error.response.status_code}; check the name, the revision and your access"
        )
    except Exception as error:  # a full disk, and whatever the HTTP client makes of a network that fails half-way
        why = (isinstance(error, OSError) and error.strerror) or type(error).__name__
        return Unavailable(
            f"{name}: the download broke off ({why}); check network and disk space: what has arrived is kept"
        )
    return Ready(path, name, path.name)


def _synthetic(method: MethodId, checkpoint: SyntheticCheckpoint) -> Ready | Unavailable:
    format_ = method if method_of(method).quantised == "ahead" else "fp16"
    folder = cache_folder() / f"{checkpoint.synthetic}-synthetic" / format_
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
            return Unavailable(f"the synthetic {format_} checkpoint could not be written: {words[:300]}")
    return Ready(folder, f"synthetic {checkpoint.synthetic}, {format_}", None)
