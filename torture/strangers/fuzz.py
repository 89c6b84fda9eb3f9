"""Fuzzing with atheris, which keeps what reaches new code: of the record reader by bytes, of the renderer by words that
the reader accepts. Each target runs in a process of its own, because the fuzzer ends it.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

EXECUTIONS: Final = {"reader": 1_000_000, "renderer": 500}
LIMIT_S: Final = 1_200
SEED: Final = 1
_MOST_BYTES: Final = {"reader": 8192, "renderer": 120}


@dataclass
class Found:
    """`accepted` is how many inputs were valid; `amiss` are those that should not have been, or did harm."""

    executions: int = 0
    accepted: int = 0
    amiss: list[str] = field(default_factory=list)
    tracebacks: list[str] = field(default_factory=list)
    took_s: float = 0.0


def fuzz(target: str, executions: int, limit_s: float = LIMIT_S, seed: int = SEED) -> Found:
    """Run a target so many times, or until the limit."""
    with tempfile.TemporaryDirectory() as name:
        told = Path(name) / "found.json"
        command = [
            sys.executable,
            "-m",
            "torture.strangers.fuzz",
            target,
            str(executions),
            str(limit_s),
            str(seed),
            str(told),
        ]
        done = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False)
        if not told.is_file():
            raise SystemExit(f"the fuzzer of the {target} ended by itself: {done.stderr[-2000:]}")
        return Found(**json.loads(told.read_text(encoding="utf-8")))


def main() -> None:
    """Print a line for each target; raises SystemExit where anything escaped."""
    found = {target: fuzz(target, executions) for target, executions in EXECUTIONS.items()}
    for target, one in found.items():
        harm = "accepted that should not be" if target == "reader" else "acted on a page"
        fine = f"{len(one.tracebacks)} tracebacks   {len(one.amiss)} {harm}"
        speed = f"{one.executions / one.took_s:,.0f}/s, {one.accepted:,} valid"
        print(f"fuzz {target:<9} {one.executions:>9,} executions   {fine}   ({speed})")
    faults = [line for one in found.values() for line in (*one.tracebacks, *one.amiss)]
    for line in faults:
        print(f"  {line}")
    if faults or any(one.executions < EXECUTIONS[target] for target, one in found.items()):
        raise SystemExit(1)


def _run_here(target: str, executions: int, limit_s: float, seed: int, told: Path) -> None:
    """In the process that the fuzzer ends: it calls `once` until that is done, and writes what was found."""
    import atheris

    with atheris.instrument_imports(include=["generator"]):
        from torture.strangers import targets

        once, seeds, mutate = targets.TARGETS[target]()
    found, start = Found(), time.monotonic()

    def one(data: bytes) -> None:
        found.executions += 1
        try:
            outcome = once(data)
            found.accepted += outcome is not None
            if outcome and len(found.amiss) < 20:
                found.amiss.append(outcome[:300])
        except Exception as error:
            if len(found.tracebacks) < 20:
                found.tracebacks.append(f"{type(error).__name__}: {error!s:.200}, by {data!r:.300}")
        found.took_s = time.monotonic() - start
        if found.executions >= executions or found.took_s > limit_s:
            told.write_text(json.dumps(asdict(found)), encoding="utf-8")
            os._exit(0)

    corpus = told.with_name("corpus")
    corpus.mkdir()
    for number, content in enumerate(seeds):
        (corpus / str(number)).write_bytes(content)
    options = [f"-max_len={_MOST_BYTES[target]}", f"-seed={seed}", "-verbosity=0", "-rss_limit_mb=2048", "-timeout=20"]
    more: dict[str, Any] = {"custom_mutator": mutate} if mutate else {}
    atheris.Setup([sys.argv[0], *options, str(corpus)], one, **more)
    atheris.Fuzz()


if __name__ == "__main__":
    if len(sys.argv) > 1:
        _run_here(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4]), Path(sys.argv[5]))
    else:
        main()
