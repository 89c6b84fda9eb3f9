"""What a measurement and a site tell of the machine and to the network: canaries are planted, packets are counted.

A real launch of the demo model in Transformers, one in vLLM that fails, and a build of the site, in a copy of this
checkout: in a network of their own, whose only way out is a cable to nowhere that counts; under another host name.

    python -m torture.leaks
"""

import json
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from generator.errors import SOME_LAUNCHES_FAILED
from generator.folders import CHECKOUT
from generator.profiles import SHIPPED

COPIED: Final = ("generator", "templates", "site/pages", "mkdocs.yml", "models/demo/fp16", "models/demo/heldout.txt")

# Everything but loopback leads into one end of a cable, the name server too; nobody listens at the other. IPv6 is off,
# or the kernel would announce itself there. What was sent is asked of the kernel at the end.
NETWORK: Final = """
hostname "$0"
ip link set lo up
ip link add out type veth peer name nowhere
sysctl -qw net.ipv6.conf.out.disable_ipv6=1 net.ipv6.conf.nowhere.disable_ipv6=1
ip address add 192.0.2.2/24 dev out
ip link set nowhere up
ip link set out up
ip route add default via 192.0.2.1
echo nameserver 192.0.2.53 > "$1.resolv"
mount --bind "$1.resolv" /etc/resolv.conf
sent=$1
shift
"$@"
status=$?
ip -json -stats link show out > "$sent"
exit $status
"""
CONTROL: Final = """
import socket
from contextlib import suppress
with suppress(OSError):
    socket.create_connection(("198.51.100.1", 443), 0.5)
with suppress(OSError):
    socket.getaddrinfo("hub.example", 443)
"""


@dataclass
class Canaries:
    """Words that stand nowhere but where they were planted. `planted` says where, by the word."""

    folder: Path
    planted: dict[str, str] = field(default_factory=dict)

    def word(self, where: str) -> str:
        """A new one."""
        word = f"zebra{len(self.planted) + 1:02d}quagga"
        self.planted[word] = where
        return word

    def below(self, parent: Path, where: str) -> Path:
        """A new folder that is named after one."""
        path = parent / self.word(where)
        path.mkdir(parents=True)
        return path

    def found(self, root: Path) -> Iterator[str]:
        """Each that is in a file below `root`, or in its name."""
        for path in sorted(root.rglob("*")):
            content = path.read_bytes().lower() if path.is_file() else b""
            for word, where in self.planted.items():
                if word.encode() in content or word in str(path.relative_to(root)):
                    yield f"{where} ({word}) in {path.relative_to(root)}"


def why_no_namespace() -> str | None:
    """Why this machine has no network of one's own to offer; None where it has."""
    words = ["unshare", "-rnm", "--uts", "ip", "link", "add", "out", "type", "veth", "peer", "name", "nowhere"]
    if shutil.which("unshare") is None or shutil.which("ip") is None:
        return "no namespaces here: there is no `unshare` or no `ip`"
    done = subprocess.run(words, capture_output=True, text=True, check=False)
    return f"no namespaces here: {done.stderr.strip()[:200]}" if done.returncode else None


def packets_sent(command: list[str], folder: Path, host: str = "canary", **how: object) -> tuple[int, int]:
    """How many packets left for other machines while the command ran, and its exit status."""
    sent = folder / "sent.json"
    around = ["unshare", "-rnm", "--uts", "sh", "-c", NETWORK, host, str(sent)]
    done = subprocess.run([*around, *command], check=False, **how)  # type: ignore[call-overload]
    return json.loads(sent.read_text())[0]["stats64"]["tx"]["packets"], done.returncode


def control(folder: Path) -> int:
    """The packets of a program that does try to reach others: what is counted is really counted."""
    return packets_sent([sys.executable, "-c", CONTROL], folder, stdout=subprocess.DEVNULL)[0]


def plant(canaries: Canaries) -> tuple[Path, dict[str, str]]:
    """A checkout of its own, with a user, an environment and folders full of canaries; and that environment."""
    home = canaries.below(canaries.folder, "the home folder")
    project = canaries.below(home, "the working folder")
    for name in COPIED:
        source, target = CHECKOUT / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, target)
    environment = {name: value for name, value in os.environ.items() if name in {"LANG", "LC_ALL", "VIRTUAL_ENV"}}
    secrets = {
        "HF_TOKEN": "hf_{}",
        "HUGGING_FACE_HUB_TOKEN": "hf_{}",
        "AWS_ACCESS_KEY_ID": "AKIA{}",
        "AWS_SECRET_ACCESS_KEY": "{}/secret",
        "OPENAI_API_KEY": "sk-{}",
        "GITHUB_TOKEN": "ghp_{}",
        "WANDB_API_KEY": "{}",
        "DATABASE_URL": "postgres://{}@192.0.2.7/records",
        "USER": "{}",
        "LOGNAME": "{}",
        "HOSTNAME": "{}",
        "EMAIL": "{}@example.org",
        "GIT_AUTHOR_NAME": "{}",
        "GIT_AUTHOR_EMAIL": "{}@example.org",
        "GIT_COMMITTER_NAME": "{}",
        "GIT_COMMITTER_EMAIL": "{}@example.org",
        "OLDPWD": "/home/{}",
        "KUBECONFIG": "/home/{}/config",
        "SSH_AUTH_SOCK": "/run/{}/agent",
        "NOTE": "{}",
    }
    environment |= {name: form.format(canaries.word(f"${name}")) for name, form in secrets.items()}
    folders = {name: canaries.below(canaries.folder, f"${name}") for name in ("TMPDIR", "XDG_CONFIG_HOME", "PATH")}
    environment |= {name: str(path) for name, path in folders.items()}
    environment |= {
        "HOME": str(home),
        "PATH": f"{folders['PATH']}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(project),
        "CUDA_VISIBLE_DEVICES": "",
        "NO_MKDOCS_2_WARNING": "1",
    }
    token = home / ".cache/huggingface/token"
    token.parent.mkdir(parents=True)
    token.write_text(f"hf_{canaries.word('the token file of the hub')}")
    _commit(canaries, project, environment)
    return project, environment


def _commit(canaries: Canaries, project: Path, environment: Mapping[str, str]) -> None:
    for words in (
        ("config", "--global", "user.name", f"{canaries.word('git user.name')} Person"),
        ("config", "--global", "user.email", f"{canaries.word('git user.email')}@example.org"),
        ("init", "-q"),
        ("add", "mkdocs.yml"),
        ("commit", "-qm", "A checkout"),
    ):
        subprocess.run(["git", *words], cwd=project, env=environment, check=True)


def write_profile(canaries: Canaries, project: Path) -> Path:
    """The demo, short: NF4 in Transformers, and a checkpoint for AWQ that vLLM can't load; all by absolute paths."""
    broken = canaries.below(canaries.folder, "a model's folder") / "broken"
    shutil.copytree(project / "models/demo/fp16", broken)
    settings = json.loads((broken / "config.json").read_text())
    (broken / "config.json").write_text(json.dumps(settings | {"num_hidden_layers": 99}))
    text = (SHIPPED / "demo.toml").read_text(encoding="utf-8").partition("[checkpoints.fp16]")[0]
    text = re.sub(r"^default_methods = .*\n", "", text, flags=re.MULTILINE)
    for long, short in (("= 256", "= 8"), ("= 128", "= 8"), ("windows = 24", "windows = 2"), ("[2, 4, 8, 16]", "[2]")):
        text = text.replace(long, short)
    text = text.replace("../../models/demo", str(project / "models/demo"))
    text += f'[checkpoints.nf4]\npath = "{project}/models/demo/fp16"\n[checkpoints.awq]\npath = "{broken}"\n'
    path = canaries.below(canaries.folder, "the profile's folder") / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def measure_and_build(canaries: Canaries, *methods: str) -> tuple[Path, int]:
    """The project after a measurement of the methods and a build; and how many packets left meanwhile."""
    project, environment = plant(canaries)
    profile = write_profile(canaries, project)
    host = canaries.word("the host name")
    words = ["-m", "generator.cli", "measure", f"--profile={profile}", *(f"--method={method}" for method in methods)]
    packets, status = packets_sent([sys.executable, *words], canaries.folder, host, cwd=project, env=environment)
    expected = SOME_LAUNCHES_FAILED if "awq" in methods else 0
    assert status == expected, f"expected exit status {expected}, found {status}"
    built, status = packets_sent(
        [sys.executable, "-m", "mkdocs", "build", "-q"], canaries.folder, host, cwd=project, env=environment
    )
    assert status == 0, f"the site was not built; exit status {status}"
    return project, packets + built


def main() -> None:
    """Print what was planted and what leaked; exit status 1 where anything did."""
    if why := why_no_namespace():
        print(why)
        raise SystemExit(1)
    with tempfile.TemporaryDirectory() as folder:
        canaries = Canaries(Path(folder))
        project, packets = measure_and_build(canaries, "nf4", "awq")
        leaks = [leak for part in ("measurements", "site/public") for leak in canaries.found(project / part)]
        counted = control(canaries.folder)
    print(*leaks, sep="\n", end="\n" if leaks else "")
    print(f"canaries            {len(canaries.planted):5} planted   {len(leaks):5} leaked")
    print(f"external requests   {packets:5} packets sent   {counted:5} by a program that tries")
    if leaks or packets or not counted:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
