"""One hash of what must be equal for two launches to belong in one run."""

import hashlib
import json
from collections.abc import Mapping
from typing import Any

from generator.manifest import Hardware

# Of no weight for runs without its tasks, which go on when it is installed; so it is in no hash.
TASKS_PACKAGE = "lm_eval"


def environment_sha256(hardware: Hardware, versions: Mapping[str, str]) -> str:
    """The hash of the machine and of the versions on it."""
    return _sha256(hardware.model_dump(), versions)


def is_environment(sha256: str, hardware: Hardware, versions: Mapping[str, str]) -> bool:
    """Whether it is theirs. Records that are older than a field of the machine were hashed without it."""
    known = {name: version for name, version in versions.items() if name != TASKS_PACKAGE}
    dumps = (hardware.model_dump(exclude_unset=True), hardware.model_dump(exclude_none=True))
    return sha256 in {environment_sha256(hardware, known), *(_sha256(dump, known) for dump in dumps)}


def _sha256(hardware: dict[str, Any], versions: Mapping[str, str]) -> str:
    same = {"hardware": hardware, "versions": dict(versions)}
    return hashlib.sha256(json.dumps(same, sort_keys=True).encode()).hexdigest()
