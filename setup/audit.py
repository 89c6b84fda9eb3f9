"""Audits what the locks would install: packages with a version and hashes, all that pyproject.toml asks for, and, where
the service that knows of vulnerabilities answers, none that is known to have one.

`make check` runs it: status 1 when a lock is wrong, or a vulnerability is known that `requirements/accepted.txt` does
not name. Without a network it says what it could not look up.
"""

import json
import re
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from packaging.requirements import InvalidRequirement, Requirement
from packaging.utils import canonicalize_name

ROOT: Final = Path(__file__).parent.parent

# Which extra each lock is for; the core is in all of them. PyTorch's CPU build has a lock of its own, by hand.
EXTRAS: Final = {
    "core": None,
    "cpu": "cpu",
    "cuda": "cuda",
    "dev": "dev",
    "tasks": "tasks",
    "ray": "ray",
    "export": "export",
    "builders": "builders",
    "torch-cpu": None,
}
BY_HAND: Final = "torch-cpu"

DEADLINE_S: Final = 600

_HASH: Final = re.compile(r"--hash=sha256:[0-9a-f]{64}\b")


def main() -> None:
    """Print what was found, and end with status 1 if that is not as it must be."""
    locks = {name: entries((ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8")) for name in EXTRAS}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    faults = [fault for name, lines in locks.items() for fault in lock_faults(name, lines)]
    faults += [fault for name, lines in locks.items() if name != BY_HAND for fault in missing(name, lines, project)]
    pinned = sorted({pin for lines in locks.values() for line in lines if (pin := pin_of(line))})
    print(f"{len(pinned)} locked packages: ", end="", flush=True)
    try:
        found = looked_up(pinned)
    except (OSError, subprocess.SubprocessError, ValueError):
        print("the service that knows of vulnerabilities can't be reached; locks and hashes alone were looked at")
    else:
        known = sum("skip_reason" not in one for one in found)
        faults += vulnerabilities(found, accepted((ROOT / "requirements" / "accepted.txt").read_text(encoding="utf-8")))
        print(f"{known} looked up for known vulnerabilities, {len(pinned) - known} could not be")
    for fault in faults:
        print(fault)
    sys.exit(bool(faults))


def entries(lock: str) -> list[str]:
    """The packages of a lock, each in a line with its hashes."""
    whole = lock.replace("\\\n", " ").splitlines()
    return [" ".join(line.split()) for line in whole if line.strip() and not line.startswith(("#", "-r "))]


def lock_faults(name: str, lines: list[str]) -> Iterator[str]:
    """What is wrong with the lines of a lock: no version, no hash, or a place of its own to be fetched from."""
    for line in lines:
        package = line.partition(" --hash")[0]
        if pin_of(line) is None:
            yield f"requirements/{name}.lock: {package[:100]!r} is no package with a version; run `make lock`"
        elif not _HASH.search(line):
            yield f"requirements/{name}.lock: {package} has no hash; run `make lock`"


def pin_of(line: str) -> str | None:
    """`name==version` as an index has it, without the label of a build; None where the line is anything else."""
    try:
        requirement = Requirement(line.partition(" --hash")[0])
    except InvalidRequirement:
        return None
    (specifier, *more) = requirement.specifier or [None]
    if requirement.url or more or specifier is None or specifier.operator != "==" or specifier.version.endswith(".*"):
        return None
    return f"{canonicalize_name(requirement.name)}=={specifier.version.partition('+')[0]}"


def missing(name: str, lines: list[str], project: dict[str, Any]) -> Iterator[str]:
    """What pyproject.toml asks for and the lock does not hold, or not in a version that it allows."""
    extra = EXTRAS[name]
    wanted = [*project["dependencies"], *(project["optional-dependencies"][extra] if extra else ())]
    held = [Requirement(line.partition(" --hash")[0]) for line in lines if pin_of(line)]
    for asked in map(Requirement, wanted):
        same = [one for one in held if canonicalize_name(one.name) == canonicalize_name(asked.name)]
        versions = [next(iter(one.specifier)).version for one in same]
        by_hand = name == "cpu" and asked.name == "torch"
        if not by_hand and not any(asked.specifier.contains(version, prereleases=True) for version in versions):
            yield f"requirements/{name}.lock: {asked} of pyproject.toml is not in it; run `make lock`"


def looked_up(pinned: list[str]) -> list[dict[str, Any]]:
    """What pip-audit finds of each. Raises `OSError`, `SubprocessError` or `ValueError` where it can't be asked."""
    found: list[dict[str, Any]] = []
    for batch in without_repeats(pinned):
        with tempfile.NamedTemporaryFile("w", suffix=".txt") as file:
            file.write("\n".join(batch) + "\n")
            file.flush()
            options = ["--disable-pip", "--no-deps", "--progress-spinner", "off", "--format", "json"]
            command = [sys.executable, "-m", "pip_audit", *options, "--requirement", file.name]
            done = subprocess.run(command, capture_output=True, check=False, timeout=DEADLINE_S)
        found += json.loads(done.stdout)["dependencies"]
    return found


def without_repeats(pinned: list[str]) -> list[list[str]]:
    """Lists that hold no package twice, which pip-audit refuses: two locks may hold two versions."""
    batches: list[dict[str, str]] = []
    for pin in pinned:
        name = pin.partition("==")[0]
        batch = next((one for one in batches if name not in one), None)
        if batch is None:
            batches.append(batch := {})
        batch[name] = pin
    return [list(batch.values()) for batch in batches]


def accepted(text: str) -> set[str]:
    """The vulnerabilities that the project lives with: the first word of each line; the rest says why."""
    return {line.split()[0] for line in text.splitlines() if line.strip() and not line.startswith("#")}


def vulnerabilities(found: list[dict[str, Any]], lived_with: set[str]) -> Iterator[str]:
    """Each known vulnerability that nobody has accepted, and the versions without it."""
    for package in found:
        for known in package.get("vulns", ()):
            if lived_with.isdisjoint({known["id"], *known.get("aliases", ())}):
                mended = ", ".join(known.get("fix_versions", ())) or "none yet"
                yield (
                    f"{package['name']} {package['version']}: {known['id']} is known; versions without it: {mended}. "
                    "Run `make lock`, or name it in requirements/accepted.txt and say why it does no harm here"
                )


if __name__ == "__main__":
    main()
