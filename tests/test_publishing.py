"""The recipes that publish the site: pinned, with no more rights than they need, of commands that there are."""

import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from builders import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
PAGES = ROOT / ".github/workflows/pages.yml"
GITLAB = ROOT / "deploy/gitlab-ci.yml"


def read(path: Path) -> dict[str, Any]:
    found = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert isinstance(found, dict)
    return found


def steps(path: Path) -> Iterator[dict[str, Any]]:
    for job in read(path)["jobs"].values():
        yield from job["steps"]


def fresh_clone(target: Path) -> Path:
    """What is in version control, or would be with the next commit, and nothing that was built."""
    listing = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listing, cwd=ROOT, capture_output=True, check=True).stdout.decode().split("\0")
    for name in filter(None, names):
        if (ROOT / name).is_file():
            (target / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, target / name)
    return target


def shell(script: str, folder: Path, **more: str) -> "subprocess.CompletedProcess[str]":
    """A script as a runner runs it: from its own folder, in an environment that knows nothing of this one."""
    kept = {name: value for name, value in os.environ.items() if name in {"HOME", "LANG"} or name.startswith("PIP_")}
    path = os.pathsep.join(one for one in os.environ["PATH"].split(os.pathsep) if "venv" not in one.lower())
    without = os.environ.get("VIRTUAL_ENV")
    path = os.pathsep.join(one for one in path.split(os.pathsep) if not without or not one.startswith(without))
    command = ["bash", "-euo", "pipefail", "-c", script]
    environment = {**kept, "PATH": path, **more}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_to_a_commit_and_says_its_version(path: Path) -> None:
    lines = [line for line in path.read_text(encoding="utf-8").splitlines() if "uses:" in line]

    assert lines
    for line in lines:
        assert re.search(r"uses: [\w-]+/[\w-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$", line), line


def test_only_the_job_that_publishes_may_write_and_it_runs_no_code_of_the_checkout() -> None:
    workflow = read(PAGES)
    build, publish = workflow["jobs"]["build"], workflow["jobs"]["publish"]

    assert workflow["permissions"] == {}
    assert build["permissions"] == {"contents": "read"}
    assert publish["permissions"] == {"pages": "write", "id-token": "write"}
    assert publish["needs"] == "build"
    assert [*publish["steps"][0]] == ["id", "uses"]


def test_both_recipes_run_the_same_commands_with_the_records_checked_before_anything_is_built() -> None:
    on_github = [step["run"] for step in steps(PAGES) if "run" in step]
    on_gitlab = read(GITLAB)["pages"]["script"]

    assert on_gitlab[:-1] == on_github
    assert [command.split("/")[-1] for command in on_github] == [
        "install.sh core",
        "quantpress check",
        "mkdocs build --strict",
    ]
    (uploaded,) = [step["with"]["path"] for step in steps(PAGES) if "with" in step and "path" in step["with"]]
    assert on_gitlab[-1].split()[:3] == ["mv", uploaded, "public"]
    assert read(GITLAB)["pages"]["artifacts"]["paths"] == ["public"]


@pytest.fixture(scope="module")
def clone(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh clone in which the GitLab recipe's first line was run."""
    folder = fresh_clone(tmp_path_factory.mktemp("clone"))
    done = shell(read(GITLAB)["pages"]["script"][0], folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def go_on(clone: Path) -> "subprocess.CompletedProcess[str]":
    """Run the recipe's other lines."""
    script = "\n".join(read(GITLAB)["pages"]["script"][1:])
    return shell(script, clone, QUANTPRESS_SITE_URL="https://group.example/site", NO_MKDOCS_2_WARNING="1")


def test_a_record_that_is_none_ends_the_recipe_before_anything_is_published(clone: Path) -> None:
    manifest = next((clone / "measurements").glob("*/manifest.json"))
    record = manifest.read_text(encoding="utf-8")
    manifest.write_text("{}", encoding="utf-8")

    done = go_on(clone)

    manifest.write_text(record, encoding="utf-8")
    assert done.returncode == 5, done.stdout + done.stderr
    assert not (clone / "public").exists()


def test_the_gitlab_recipe_publishes_from_a_fresh_clone(clone: Path) -> None:
    done = go_on(clone)

    assert done.returncode == 0, done.stdout + done.stderr
    assert "https://group.example/site/comparison.html" in (clone / "public/sitemap.xml").read_text(encoding="utf-8")
    assert (clone / ".cache/quantpress").is_dir()
