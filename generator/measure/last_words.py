"""What a log says of a worker that ended without a word, or hangs. It knows no engine.

Before the log ends there may be a dump of the stacks, as `faulthandler` writes it: all threads of a worker that was
killed by a signal of its own making, or that was asked where it hangs.
"""

import faulthandler
import re
import sys
from pathlib import Path
from time import monotonic, sleep
from typing import Final

from generator.measure.redaction import redacted
from generator.orphan import PASSED_ON
from generator.readable import readable

DUMP_S: Final = 2.0
_LOOK_S: Final = 0.05
_END_BYTES: Final = 2**20

_DUMP: Final = re.compile(r"^(Fatal Python error: .*|(Current thread|Thread) 0x[0-9a-f]+ .*)$", re.MULTILINE)
_FRAME: Final = re.compile(r'^Current thread 0x.*\n  File "(.+)", line \d+ in (.+)$', re.MULTILINE)
# What vLLM puts before each line: the process that says it, the level, the time and the place.
_PREFIX: Final = re.compile(r"^(\([\w ]*pid=\d+\) )?((ERROR|CRITICAL) \d\d-\d\d [\d:]+ \[\S+:\d+\] )?")
_EXCEPTION: Final = re.compile(r"^[\w.]*(Error|Exception)\b")
_ERROR: Final = re.compile(r"\b\w*(Error|Exception)\b")
# An exception that only says that there was another, in another process.
_POINTER: Final = re.compile(r"root cause above|EngineDeadError")
_NO_NAME: Final = ("site-packages", "dist-packages")


def answer_with_stacks() -> None:
    """Let this process write the stacks of all its threads to its log when a signal kills it, and when its parent asks:
    from C, so that it works while Python's lock is held by code that does not return."""
    faulthandler.enable()
    faulthandler.register(PASSED_ON, all_threads=True)


def await_stacks(log: Path) -> None:
    """Wait until the stacks that were asked for stand in the log whole, or do not come."""
    deadline, before = monotonic() + DUMP_S, ""
    while monotonic() < deadline:
        sleep(_LOOK_S)
        text = _text(log)
        if text == before and _FRAME.search(text):
            return
        before = text


def innermost_frame(log: Path) -> str | None:
    """Where the last dump of the log was at work, as "module.function"; None where there is no dump."""
    found = _FRAME.findall(_text(log))
    if not found:
        return None
    file, function = found[-1]
    return f"{_module(Path(file))}.{function}"


def root_cause(log: Path) -> str:
    """The last exception that the log names and that does not point to another one, or the last line that speaks of an
    error, or the last line at all; before a dump of stacks."""
    text = _text(log)
    dump = _DUMP.search(text)
    said = text[: dump.start()] if dump else text
    lines = [_PREFIX.sub("", line.strip()) for line in said.splitlines()]
    lines = [" ".join(line.split()) for line in lines if line.strip()]
    exceptions = [line for line in lines if _EXCEPTION.match(line)]
    causes = [line for line in exceptions if not points_elsewhere(line)]
    errors = [line for line in lines if _ERROR.search(line)]
    last = (causes or exceptions or errors or lines or ["it said nothing"])[-1]
    return readable(redacted("".join(character for character in last if character.isprintable())))[:400]


def points_elsewhere(message: str) -> bool:
    """Whether an engine's message only says that the cause is named in the log."""
    return bool(_POINTER.search(message))


def _module(file: Path) -> str:
    """The module that lies in `file`, without the folders of this machine."""
    places = [Path(place) for place in sys.path if place and file.is_relative_to(place)]
    relative = file.relative_to(max(places, key=lambda place: len(place.parts))) if places else Path(file.name)
    parts = [part for part in relative.with_suffix("").parts if part not in _NO_NAME]
    return ".".join(parts).removesuffix(".__init__")


def _text(log: Path) -> str:
    """The end of the log, where the cause stands."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - _END_BYTES))
            return file.read().decode(errors="replace")
    except OSError as error:
        return f"its log can't be read: {error.strerror}"
