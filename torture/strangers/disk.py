"""Hostile folders: what a run's folder may hold that is no record, each made of a valid run in one way."""

import os
import shutil
import socket
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Final

from generator.untrusted import MAX_FILES
from torture.strangers.records import FILES, MOST_BYTES

Spoil = Callable[[Path], object]


def _linked(file: str) -> Spoil:
    def spoil(run: Path) -> None:
        path = run / FILES[file]
        outside = run.parent.parent / f"outside-{path.name}"
        path.rename(outside)
        path.symlink_to(outside)

    return spoil


def _instead(file: str, make: Spoil) -> Spoil:
    def spoil(run: Path) -> None:
        path = run / FILES[file]
        path.unlink()
        make(path)

    return spoil


def _beside(file: str, name: str) -> Spoil:
    """The same record once more, by another name."""
    return lambda run: shutil.copyfile(run / FILES[file], (run / FILES[file]).with_name(name))


def _linked_folder(name: str) -> Spoil:
    def spoil(run: Path) -> None:
        outside = run.parent.parent / f"outside-{name or 'run'}"
        (run / name).rename(outside)
        (run / name).symlink_to(outside)

    return spoil


def _launches_as(make: Spoil) -> Spoil:
    def spoil(run: Path) -> None:
        shutil.rmtree(run / "launches")
        make(run / "launches")

    return spoil


def _socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as one:
        folder = Path.cwd()
        os.chdir(path.parent)  # the address of a socket may have no more than some hundred bytes
        try:
            one.bind(path.name)
        finally:
            os.chdir(folder)


def _sparse(path: Path) -> None:
    with path.open("wb") as file:
        file.truncate(10 * 1024**3)


def _many(run: Path) -> None:
    for number in range(MAX_FILES + 1):
        (run / "launches" / f".{number}").touch()


def _in_other_form(run: Path) -> None:
    (run / unicodedata.normalize("NFD", "manifést.json")).touch()


LAUNCH: Final = Path(FILES["launch"]).name

DISK: Final[dict[str, Spoil]] = {
    **{f"{file} is a link": _linked(file) for file in FILES},
    **{f"{file} is missing or a pipe": _instead(file, os.mkfifo) for file in FILES},
    **{f"{file} is a folder": _instead(file, Path.mkdir) for file in FILES},
    **{f"{file} is a socket": _instead(file, _socket) for file in FILES},
    **{f"{file} is 10 GiB of nothing": _instead(file, _sparse) for file in FILES},
    "manifest is missing": lambda run: (run / FILES["manifest"]).unlink(),
    "launch is a link to nothing": _instead("launch", lambda path: path.symlink_to("nowhere")),
    "launch is a link to itself": _instead("launch", lambda path: path.symlink_to(path.name)),
    "launch is a link to an endless device": _instead("launch", lambda path: path.symlink_to("/dev/zero")),
    "launch is a link to another launch": lambda run: (run / "launches/r02-fp16-vllm-graphs.json").symlink_to(LAUNCH),
    "the run is a link": _linked_folder(""),
    "its launches are a link": _linked_folder("launches"),
    "its peers are a link": _linked_folder("peers"),
    "its launches are a link to themselves": _launches_as(lambda path: path.symlink_to(path.name)),
    "its launches are a file": _launches_as(Path.touch),
    "its launches are a pipe": _launches_as(os.mkfifo),
    "a launch by another name": _beside("launch", "r1-fp16-vllm-graphs.json"),
    "a launch in capitals": _beside("launch", LAUNCH.upper().replace("JSON", "json")),
    "a launch of another ending": _beside("launch", "r01-fp16-vllm-graphs.JSON"),
    "a copy of an editor": _beside("launch", LAUNCH + "~"),
    "a launch with a space": _beside("launch", "r01-fp16-vllm-graphs .json"),
    "a launch with a line break": _beside("launch", "r01\n-fp16-vllm-graphs.json"),
    "a launch that colours a terminal": _beside("launch", "\x1b[31mr01.json"),
    "a launch that is not named in UTF-8": _beside("launch", os.fsdecode(b"r01-\xff.json")),
    "a launch with a look-alike letter": _beside("launch", "r01-fр16-vllm-graphs.json"),
    "a launch that turns round": _beside("launch", "r01\u202enosj.json"),
    "a peer by another name": _beside("peer", "another.json"),
    "a manifest in capitals": _beside("manifest", "Manifest.json"),
    "a manifest in another form": _in_other_form,
    "a second manifest": _beside("manifest", "manifest.json.orig"),
    "a program": lambda run: (run / "run.sh").write_text("#!/bin/sh\n"),
    "a page": lambda run: (run / "index.html").write_text("<script>alert(1)</script>"),
    "a folder of folders": lambda run: (run / "a/b/c/d").mkdir(parents=True),
    "a folder in the launches": lambda run: (run / "launches/more").mkdir(),
    "a launch in a folder of the launches": lambda run: shutil.copytree(run / "launches", run / "launches/more.json"),
    "a folder that is named otherwise": lambda run: run.rename(run.with_name("2026-01-01-other")),
    "more files than a run has": _many,
    "a file that is too large by a byte": lambda run: (run / FILES["launch"]).write_bytes(
        (run / FILES["launch"]).read_bytes().ljust(MOST_BYTES + 1)
    ),
}
