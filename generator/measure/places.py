"""Where the folders and files that a profile names lie on this machine, and how they are named in what is published."""

import json
import os
import re
import secrets
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Final

from generator.errors import StorageError
from generator.profiles import LocalCheckpoint, Profile

# A path that starts at the root or at home may name a user. What stands for it: a number that only this machine can
# resolve, and its last part.
STANDS_FOR: Final = re.compile(r"^\[([0-9a-f]{8})\]/")


def cache_folder() -> Path:
    """Where Quantpress keeps what it can write or ask for again: synthetic checkpoints, what stands for a path."""
    home = os.path.expanduser("~")  # noqa: PTH111, a user without a home is no error
    fallback = Path(tempfile.gettempdir(), f"cache-{os.getuid()}") if home == "~" else Path(home, ".cache")
    return Path(os.environ.get("XDG_CACHE_HOME") or fallback) / "quantpress"


def located(written: str, profile_folder: Path) -> Path:
    """Where a path of a profile leads; a relative one starts at the folder of the profile's file."""
    private = STANDS_FOR.match(written)
    if private:
        return Path(_known().get(private[1], written))
    return (profile_folder / os.path.expanduser(written)).resolve()  # noqa: PTH111, as above


def published(profile: Profile) -> Profile:
    """The profile as a record may hold it: of a path that may name a user only the last part is told."""
    return _with_paths(profile, _shown)


def resolved(profile: Profile) -> Profile:
    """The profile of a record as another machine can follow it, which does not know what stands for a path here; what
    it tells of the checkpoints is the same."""

    def known(written: str) -> str:
        return str(located(written, Path())) if STANDS_FOR.match(written) else written

    return _with_paths(profile, known)


def _with_paths(profile: Profile, changed: Callable[[str], str]) -> Profile:
    checkpoints = {
        method: one.model_copy(update={"path": changed(one.path)}) if isinstance(one, LocalCheckpoint) else one
        for method, one in profile.checkpoints.items()
    }
    quality, tasks = profile.quality, profile.tasks
    if quality is not None:
        quality = quality.model_copy(update={"text": changed(quality.text)})
    if tasks is not None and tasks.folder is not None:
        tasks = tasks.model_copy(update={"folder": changed(tasks.folder)})
    return profile.model_copy(update={"checkpoints": checkpoints, "quality": quality, "tasks": tasks})


def _shown(written: str) -> str:
    if not written.startswith(("/", "~")):
        return written
    path = os.path.expanduser(written)  # noqa: PTH111, as above
    known = _known()
    number = next((number for number, other in known.items() if other == path), None)
    if number is None:
        number = secrets.token_hex(4)
        _remember(known | {number: path})
    return f"[{number}]/{Path(path).name}"


def _known() -> dict[str, str]:
    try:
        found: dict[str, str] = json.loads((cache_folder() / "paths.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found


def _remember(paths: dict[str, str]) -> None:
    folder = cache_folder()
    temporary = folder / f"paths.json.{os.getpid()}"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        temporary.write_text(json.dumps(paths, indent=2), encoding="utf-8")
        temporary.replace(folder / "paths.json")
    except OSError as error:
        raise StorageError(
            f"{folder}: {error.strerror}; name a folder that can be written in XDG_CACHE_HOME, or give the profile's "
            "paths as seen from its own folder"
        ) from None
