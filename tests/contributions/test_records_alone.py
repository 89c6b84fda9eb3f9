import html
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.folders import CHECKOUT, MEASUREMENTS

RUN = "2026-11-24-demo"
PLACE = f"measurements/contributed/{RUN}"


def git(repository: Path, *arguments: str) -> str:
    who = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.org"]
    done = subprocess.run(["git", "-C", str(repository), *who, *arguments], check=True, capture_output=True, text=True)
    return done.stdout.strip()


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A checkout with a branch, `contribution`, that has a run of the demo and nothing else."""
    git(tmp_path, "init", "-q", "-b", "main")
    (tmp_path / "README.md").write_text("ours")
    git(tmp_path, "add", ".")
    git(tmp_path, "commit", "-q", "-m", "begin")
    git(tmp_path, "switch", "-q", "-c", "contribution")
    shutil.copytree(MEASUREMENTS / RUN, tmp_path / PLACE, ignore=shutil.ignore_patterns("logs"))
    return tmp_path


def said(done: "subprocess.CompletedProcess[str]") -> str:
    return html.unescape(done.stdout)


def look_at(repository: Path) -> "subprocess.CompletedProcess[str]":
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "--allow-empty", "-m", "records")
    git(repository, "switch", "-q", "main")
    return subprocess.run(
        [sys.executable, str(CHECKOUT / ".ci" / "records.py"), "main", "contribution"],
        cwd=repository,
        env=os.environ | {"PYTHONPATH": str(CHECKOUT)},
        capture_output=True,
        text=True,
        check=False,
    )


def test_records_alone_are_checked_without_being_checked_out(repository: Path) -> None:
    done = look_at(repository)
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("<p><strong>1 run: nothing wrong")
    assert RUN in said(done)
    assert not (repository / PLACE).exists()


def test_a_record_that_is_none_is_told_with_its_file(repository: Path) -> None:
    file = next((repository / PLACE / "launches").iterdir())
    file.write_text(file.read_text().replace('"schema_version": 1', '"schema_version": 2'))
    done = look_at(repository)
    assert done.returncode == 5
    assert file.name in said(done)


@pytest.mark.parametrize(
    "path",
    [
        "README.md",
        "mkdocs.yml",
        ".ci/run",
        ".github/workflows/records.yml",
        "generator/hook.py",
        "measurements/2026-11-24-mine/manifest.json",
        f"measurements/attested/{RUN}/manifest.json",
        f"{PLACE}/launches/readme.md",
        f"{PLACE}/logs/r01.log",
        f"{PLACE}/.gitattributes",
        f"{PLACE}/launches/deeper/r01.json",
        f"{PLACE}/launches/r01\n.json",
        f"{PLACE}/launches/<img src=x>.json",
    ],
)
def test_anything_but_records_is_refused(repository: Path, path: str) -> None:
    (repository / path).parent.mkdir(parents=True, exist_ok=True)
    (repository / path).write_text("{}")
    done = look_at(repository)
    assert done.returncode == 2
    assert "no record's place" in said(done)
    assert "<img" not in done.stdout


def test_a_link_and_a_program_are_refused_though_they_are_called_records(repository: Path) -> None:
    (repository / PLACE / "launches" / "r08-fp16-vllm-eager.json").symlink_to("/etc/passwd")
    program = repository / PLACE / "launches" / "r09-fp16-vllm-eager.json"
    program.write_text("{}")
    program.chmod(0o755)
    done = look_at(repository)
    assert done.returncode == 2
    assert "mode 120000" in done.stdout
    assert "mode 100755" in done.stdout
    assert "root:" not in done.stdout


def test_what_was_published_can_not_be_removed_and_a_file_has_its_limit(repository: Path) -> None:
    git(repository, "add", "-A")
    git(repository, "commit", "-q", "-m", "published")
    git(repository, "branch", "-f", "main")
    first, second = sorted((repository / PLACE / "launches").iterdir())[:2]
    first.unlink()
    second.write_bytes(b" " * (4 * 1024 * 1024 + 1))
    done = look_at(repository)
    assert done.returncode == 2
    assert "removed" in done.stdout
    assert "4194305 bytes" in done.stdout


def test_an_empty_contribution_says_so(repository: Path) -> None:
    shutil.rmtree(repository / "measurements")
    assert "nothing changes" in look_at(repository).stdout
