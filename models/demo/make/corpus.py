"""Builds the demo model's text from the standard library of the interpreter that runs it; knows nothing of models."""

import argparse
import ast
import hashlib
import json
import lzma
import platform
import re
import sysconfig
from dataclasses import dataclass
from pathlib import Path

BETWEEN_FILES = "<|endoftext|>"

# Written by the build of one machine, or tables of characters and help texts: no programs to learn from.
NOT_PROGRAMS = ("site-packages", "encodings", "pydoc_data", "_sysconfigdata", "config-")

# A grant of its own, or a holder who does not mention the foundation: free too, but not under the PSF licence alone.
GRANT = re.compile(
    r"permission to use, copy|permission is hereby granted|redistribution and use in source|provided ['\"]as-is",
    re.IGNORECASE,
)
HOLDER = re.compile(r"copyright (?:\(c\)|©|by |\d{4})", re.IGNORECASE)
FOUNDATION = re.compile(r"\bPSF\b|Python Software Foundation")

HELD_OUT_BYTES = 100_000
VALIDATION_BYTES = 400_000
LARGEST_UNSEEN_FILE = 16_000


@dataclass(frozen=True)
class Module:
    """One source file: its path inside the library and its text."""

    path: str
    text: str

    @property
    def size(self) -> int:
        return len(self.text.encode())

    @property
    def rank(self) -> str:
        """A place in a fixed shuffle, the same on every machine."""
        return hashlib.sha256(self.path.encode()).hexdigest()


@dataclass(frozen=True)
class Split:
    """Three sets of modules that share no file."""

    train: tuple[Module, ...]
    validation: tuple[Module, ...]
    heldout: tuple[Module, ...]


def reason_to_leave_out(path: str, raw: bytes) -> str | None:
    if any(part.startswith(NOT_PROGRAMS) for part in path.split("/")):
        return "not a program"
    try:
        text = raw.decode("utf-8")
        ast.parse(text)
    except (SyntaxError, ValueError):
        return "not valid UTF-8 Python"
    if not text.strip():
        return "empty"
    if GRANT.search(text) or (HOLDER.search(text) and not FOUNDATION.search(text)):
        return "a licence or holder of its own"
    return None


def read_library(library: Path) -> tuple[list[Module], dict[str, int]]:
    """The modules that stay, in order of their paths, and how many were left out for which reason."""
    modules: list[Module] = []
    left_out: dict[str, int] = {}
    seen: set[str] = set()
    for path, file in sorted((file.relative_to(library).as_posix(), file) for file in library.rglob("*.py")):
        if path.startswith("site-packages/"):
            continue
        raw = file.read_bytes()
        reason = reason_to_leave_out(path, raw)
        text = "" if reason else raw.decode("utf-8").replace("\r\n", "\n").replace("\r", "\n")
        if reason is None and text in seen:
            reason = "a copy of another file"
        if reason is not None:
            left_out[reason] = left_out.get(reason, 0) + 1
            continue
        seen.add(text)
        modules.append(Module(path, text))
    return modules, left_out


def split(modules: list[Module]) -> Split:
    """Fills the held-out set, then the validation set, with small files in the order of the fixed shuffle."""
    heldout: list[Module] = []
    validation: list[Module] = []
    small = sorted((module for module in modules if module.size <= LARGEST_UNSEEN_FILE), key=lambda module: module.rank)
    for module in small:
        if sum(chosen.size for chosen in heldout) < HELD_OUT_BYTES:
            heldout.append(module)
        elif sum(chosen.size for chosen in validation) < VALIDATION_BYTES:
            validation.append(module)
    unseen = {module.path for module in heldout + validation}
    train = tuple(module for module in modules if module.path not in unseen)
    return Split(train, tuple(validation), tuple(heldout))


def joined(modules: tuple[Module, ...]) -> str:
    return BETWEEN_FILES.join(module.text for module in modules) + BETWEEN_FILES


def described(modules: tuple[Module, ...]) -> dict[str, int | str]:
    text = joined(modules).encode()
    return {"files": len(modules), "bytes": len(text), "sha256": hashlib.sha256(text).hexdigest()}


def lines_also_in_training(sets: Split) -> float:
    """The share of held-out lines of 40 characters or more that the training text holds word for word."""
    known = {line.strip() for module in sets.train for line in module.text.splitlines()}
    long = [line.strip() for module in sets.heldout for line in module.text.splitlines() if len(line.strip()) >= 40]
    return sum(line in known for line in long) / len(long)


def manifest(sets: Split, left_out: dict[str, int]) -> dict[str, object]:
    everything = tuple(sorted(sets.train + sets.validation + sets.heldout, key=lambda module: module.path))
    return {
        "source": f"standard library of CPython {platform.python_version()}, its test suite included",
        "licence": "PSF-2.0",
        "whole": described(everything),
        "train": described(sets.train),
        "validation": described(sets.validation),
        "heldout": described(sets.heldout),
        "files_left_out": dict(sorted(left_out.items())),
        "split_rule": (
            f"Files of at most {LARGEST_UNSEEN_FILE} bytes, in the order of the SHA-256 of their paths, are held out until "
            f"they hold {HELD_OUT_BYTES} bytes; the next ones validate until they hold {VALIDATION_BYTES}; all others train."
        ),
        "heldout_lines_also_in_training": round(lines_also_in_training(sets), 4),
        "heldout_paths": [module.path for module in sets.heldout],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("out", type=Path, help="folder to write the three texts and manifest.json into")
    out: Path = parser.parse_args().out
    out.mkdir(parents=True, exist_ok=True)

    modules, left_out = read_library(Path(sysconfig.get_path("stdlib")))
    sets = split(modules)
    (out / "train.txt.xz").write_bytes(lzma.compress(joined(sets.train).encode(), preset=6))
    (out / "validation.txt.xz").write_bytes(lzma.compress(joined(sets.validation).encode(), preset=6))
    (out / "heldout.txt").write_bytes(joined(sets.heldout).encode())
    (out / "manifest.json").write_text(json.dumps(manifest(sets, left_out), indent=2) + "\n")


if __name__ == "__main__":
    main()
