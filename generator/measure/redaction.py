"""What says whose machine this is, taken out of text: folders, names of its user and host, addresses, secrets.

Failures are published, and logs are attached to reports. Records need none of this: they hold an allow-list.
"""

import os
import re
import socket
import subprocess
import sys
from collections.abc import Iterable, Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Final

import psutil

from generator.folders import CHECKOUT, MEASUREMENTS

# Variables of the environment that hold a secret, by their names.
SECRET_NAME: Final = re.compile(r"TOKEN|SECRET|PASS|KEY|CREDENTIAL|AUTH|COOKIE|_PAT$", re.IGNORECASE)

# Secrets that can be told by their looks, wherever they come from.
SECRET_SHAPES: Final = re.compile(
    r"\bhf_\w{6,}"  # Hugging Face
    r"|\bgh[opsur]_\w{10,}|\bgithub_pat_\w{10,}|\bglpat-[\w-]{10,}"  # GitHub, GitLab
    r"|\bsk-[\w-]{10,}|\bAIza[\w-]{20,}|\bxox[a-z]-[\w-]{10,}"  # OpenAI and its like, Google, Slack
    r"|\bA[KS]IA[A-Z0-9]{12,}"  # Amazon
    r"|\beyJ[\w-]{8,}\.[\w-]+\.[\w-]*"  # JSON web tokens
    r"|(?<=://)[^\s/@]+(?=@)"  # user and password of an address
    r"|(?<=Bearer )\S+"
    r"|-----BEGIN [A-Z ]*PRIVATE KEY-----[\s\S]*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)"
)
EMAIL: Final = re.compile(r"[\w.+-]+@[\w-]+(?:\.[\w-]+)+")
GPU_ID: Final = re.compile(r"\b(?:GPU|MIG)-[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
# A path from the root; what is left of those that have no name of their own here.
PATH: Final = re.compile(r"(?<![\w\]~…./:<-])((?:/[^\s/:'\"`(),;<>\[\]]+)+)/([^\s/:'\"`(),;<>\[\]]+)")

# Folders of any machine, which say nothing of this one.
OF_ANY_MACHINE: Final = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/etc", "/dev", "/proc", "/sys", "/opt", "/run")
# Names that many machines and users have, and words of ordinary text besides.
OF_ANYBODY: Final = frozenset({"root", "user", "admin", "ubuntu", "debian", "nobody", "runner", "docker", "localhost"})
NEVER: Final = r"(?!)"
SHORTEST_NAME: Final = 3
SHORTEST_SECRET: Final = 6


class Redactor:
    """Takes out what says whose machine this is, by what the environment says when it is made."""

    def __init__(self) -> None:
        self._known, self._names = _known(), _names()
        # The longest first; a folder, where its name ends.
        literals = [f"{re.escape(one)}{'(?![A-Za-z0-9_-])' if one[0] == '/' else ''}" for one in _sorted(self._known)]
        self._literals = re.compile("|".join(literals) or NEVER)
        words = "|".join(map(re.escape, _sorted(self._names))) or NEVER
        self._words = re.compile(f"(?<![A-Za-z0-9])(?:{words})(?![A-Za-z0-9])", re.IGNORECASE)

    def __call__(self, text: str) -> str:
        text = SECRET_SHAPES.sub("[secret]", text)
        text = self._literals.sub(lambda found: self._known[found[0]], text)
        text = EMAIL.sub("[address]", text)
        text = GPU_ID.sub("[GPU]", text)
        text = PATH.sub(_shortened, text)
        return self._words.sub(lambda found: self._names[found[0].lower()], text)


@cache
def _here() -> Redactor:
    return Redactor()


def redacted(text: str) -> str:
    """The text without what says whose machine this is."""
    return _here()(text)


def redact_logs(folder: Path) -> None:
    """Redact every log of the run in `folder`. Its engines write them, so that can only be done afterwards."""
    for log in folder.glob("logs/*.log"):
        before = log.read_bytes().decode("utf-8", "surrogateescape")
        after = redacted(before)
        if after != before:
            temporary = log.with_name(f".{log.name}.tmp")
            temporary.write_bytes(after.encode("utf-8", "surrogateescape"))
            temporary.replace(log)


def _sorted(words: Iterable[str]) -> list[str]:
    return sorted(words, key=len, reverse=True)


def _shortened(found: re.Match[str]) -> str:
    """A path without the folders above its last part, or above what is installed; one of any machine as it is."""
    path = found[0]
    if path.startswith(tuple(f"{folder}/" for folder in OF_ANY_MACHINE)):
        return path
    for root in ("site-packages", "dist-packages"):
        if f"/{root}/" in path:
            return f"…/{root}/{path.partition(f'/{root}/')[2]}"
    return f"…/{found[2]}"


def _known() -> dict[str, str]:
    """Literally what must not be told, and what stands for it."""
    found: dict[str, str] = {}
    for name, value in os.environ.items():
        if SECRET_NAME.search(name) and len(value) >= SHORTEST_SECRET and not value.isdecimal():
            found[value] = "[secret]"
        else:
            below = (path for path in value.split(os.pathsep) if path.count("/") > 1)
            found |= dict.fromkeys(filter(_is_private, below), "[folder]")
    found |= dict.fromkeys(_addresses(), "[address]")
    named = {sys.prefix: "[venv]", os.path.expanduser("~"): "~"}  # noqa: PTH111, a user without a home is no error
    with suppress(OSError):  # a working folder that somebody has removed
        named[str(Path.cwd())] = "."
    named |= {str(MEASUREMENTS.absolute()): "measurements", str(CHECKOUT): "[quantpress]"}
    return found | {folder: label for folder, label in named.items() if _is_private(folder)}


def _is_private(path: str) -> bool:
    return path.startswith("/") and path != "/" and not path.startswith(OF_ANY_MACHINE)


def _names() -> dict[str, str]:
    """Words, in lower case, that name the user or the host."""
    host = socket.gethostname()
    users = [os.environ.get(name, "") for name in ("USER", "LOGNAME", "USERNAME", "SUDO_USER")]
    hosts = [host, host.partition(".")[0], os.environ.get("HOSTNAME", ""), os.environ.get("HOST", "")]
    home = Path(os.path.expanduser("~")).name  # noqa: PTH111, as above
    found = dict.fromkeys([*users, home, *_git_names()], "[user]") | dict.fromkeys(hosts, "[host]")
    return {
        name.lower(): label
        for name, label in found.items()
        if len(name) >= SHORTEST_NAME and name.lower() not in OF_ANYBODY
    }


def _git_names() -> Iterator[str]:
    for field in ("user.name", "user.email"):
        with suppress(OSError):
            done = subprocess.run(["git", "config", field], capture_output=True, check=False)
            yield done.stdout.decode("utf-8", "replace").strip()


def _addresses() -> Iterator[str]:
    """Of this machine in its networks."""
    with suppress(OSError):
        for interface in psutil.net_if_addrs().values():
            for one in interface:
                address = one.address.partition("%")[0]
                if address not in {"127.0.0.1", "::1", "00:00:00:00:00:00"}:
                    yield address
