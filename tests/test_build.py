"""The build: a bad record ends it in one line and leaves the last good site as it was."""

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.request import urlopen

import pytest

ROOT = Path(__file__).parent.parent


@pytest.fixture
def project(tmp_path: Path) -> Path:
    for name in ("generator", "templates", "measurements", "site/pages", "mkdocs.yml"):
        source, target = ROOT / name, tmp_path / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "logs", ".lock"))
        else:
            shutil.copy(source, target)
    return tmp_path


def build(project: Path) -> "subprocess.CompletedProcess[str]":
    environment = dict(os.environ, PYTHONPATH=str(project), NO_MKDOCS_2_WARNING="1")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict"]
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=False)


def test_what_ships_builds_without_a_warning(project: Path) -> None:
    done = build(project)

    assert done.returncode == 0, done.stderr
    assert (project / "site/public/index.html").is_file()
    assert (project / "site/public/data/schema/launch.schema.json").is_file()


def test_pages_on_disk_name_the_address_that_the_environment_has(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "generator.cli", "pages", str(tmp_path)]
    environment = dict(os.environ, QUANTPRESS_SITE_URL="https://example.org/there")

    subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, check=True)

    assert 'href="https://example.org/there/feed.xml"' in (tmp_path / "feed.xml").read_text(encoding="utf-8")
    assert (tmp_path / "cards" / "index.png").read_bytes().startswith(b"\x89PNG")


def test_write_ups_get_their_figures_in_any_folder_but_their_own(project: Path) -> None:
    page = project / "site/pages/notes/mine.md"
    page.parent.mkdir()
    page.write_text('---\ntitle: Mine\nwrite_up: true\n---\n{{ value("weights_gib", "awq") }}\n', encoding="utf-8")
    own = page.read_text(encoding="utf-8")

    def pages(*words: str) -> str:
        command = [sys.executable, "-m", "generator.cli", "pages", *words]
        environment = dict(os.environ, PYTHONPATH=str(project))
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True).stdout

    assert "Not filled in" not in pages("elsewhere")
    assert " GiB" in (project / "elsewhere/notes/mine.md").read_text(encoding="utf-8")
    assert "Not filled in, for they would lose what they name: notes/mine.md." in pages()
    assert page.read_text(encoding="utf-8") == own


def test_pages_on_disk_and_the_list_of_names_take_the_run_that_mkdocs_yml_features(project: Path) -> None:
    page, settings = project / "site/pages/notes/mine.md", project / "mkdocs.yml"
    page.parent.mkdir()
    page.write_text("---\nwrite_up: true\n---\n{{ provenance() }}\n", encoding="utf-8")
    featured = "extra:\n  quantpress:\n    featured_run: 2025-article-rtx-4090\n"
    settings.write_text(settings.read_text(encoding="utf-8").replace("extra:\n", featured), encoding="utf-8")

    def said(*words: str) -> str:
        command = [sys.executable, "-m", "generator.cli", *words]
        environment = dict(os.environ, PYTHONPATH=str(project))
        return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True).stdout

    said("pages", "elsewhere")

    assert 'href="../runs/2025-article-rtx-4090.html"' in (project / "elsewhere/notes/mine.md").read_text()
    assert re.search(r"2025-article-rtx-4090 +featured; ", said("names"))


def test_a_page_under_a_generated_name_stays_the_authors_on_disk_and_in_the_site(project: Path) -> None:
    page = project / "site/pages/scenarios.md"
    page.write_text("# My own scenarios\n", encoding="utf-8")
    environment = dict(os.environ, PYTHONPATH=str(project))
    command = [sys.executable, "-m", "generator.cli", "pages"]

    done = subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True, check=True)

    assert "wrote them: scenarios.md. To get the generated ones, remove or rename yours" in done.stdout
    assert page.read_text(encoding="utf-8") == "# My own scenarios\n"
    assert build(project).returncode == 0
    assert "My own scenarios</h1>" in re.sub("<a .*?</a>", "", (project / "site/public/scenarios.html").read_text())


def test_a_truncated_record_ends_the_build_and_leaves_the_old_site(project: Path) -> None:
    assert build(project).returncode == 0
    before = (project / "site/public/index.html").read_bytes()
    record = project / "measurements/2025-article-rtx-4090/launches/r01-awq-vllm-eager.json"
    record.write_text(record.read_text()[:200])

    done = build(project)

    assert done.returncode == 5
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("quantpress: "))
    assert "2025-article-rtx-4090/launches/r01-awq-vllm-eager.json: not valid JSON" in line
    assert (project / "site/public/index.html").read_bytes() == before


def test_an_authors_page_gets_its_figures_and_a_name_of_nothing_leaves_the_old_site(project: Path) -> None:
    page = project / "site/pages/mine.md"
    figure, table = '{{ value("weights_gib", "awq") }}\n', "| A | B |\n|---|---|\n| a | b |\n"
    page.write_text(f"---\ntitle: Mine\nwrite_up: true\n---\n# Mine\n\n{figure}\n{table}", encoding="utf-8")
    settings = project / "mkdocs.yml"
    nav = settings.read_text(encoding="utf-8").replace("nav:\n", "nav:\n  - Mine: mine.md\n")
    settings.write_text(nav, encoding="utf-8")
    assert build(project).returncode == 0
    before = (project / "site/public/mine.html").read_bytes()
    assert b" GiB" in before
    assert b'<div class="qp-table" tabindex="0" role="region" aria-label="A, B"><table>' in before

    page.write_text(page.read_text(encoding="utf-8").replace("awq", "int3"), encoding="utf-8")
    done = build(project)

    assert done.returncode == 2
    assert "quantpress: mine.md, line 7: there is no method 'int3'" in done.stderr
    assert (project / "site/public/mine.html").read_bytes() == before


def test_a_page_that_does_not_ask_for_its_figures_is_not_published(project: Path) -> None:
    (project / "site/pages/mine.md").write_text('# Mine\n\n{{ value("weights_gib", "awq") }}\n', encoding="utf-8")

    done = build(project)

    assert done.returncode == 2
    assert (
        "quantpress: mine.md, line 3: readers would get {{ value(…) }} as it stands; add `write_up: true`"
        in done.stderr
    )
    assert not (project / "site/public").exists()


def test_a_page_that_cannot_be_read_ends_the_build_in_a_line(project: Path) -> None:
    (project / "site/pages/mine.md").symlink_to("nowhere.md")

    done = build(project)

    assert done.returncode == 8
    (line,) = (line for line in done.stderr.splitlines() if line.startswith("quantpress: "))
    assert "site/pages/mine.md: No such file or directory" in line
    assert "Traceback" not in done.stderr


def test_a_changed_record_reloads_the_page_that_is_being_served(project: Path) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    url = f"http://{address}/quantpress/index.html"  # the path of site_url
    environment = dict(os.environ, PYTHONPATH=str(project), NO_MKDOCS_2_WARNING="1")
    command = [sys.executable, "-m", "mkdocs", "serve", "--dev-addr", address]
    server = subprocess.Popen(command, cwd=project, env=environment, stderr=subprocess.DEVNULL)
    try:
        wait_until(lambda: "RTX 4090" in fetched(url))
        manifest = project / "measurements/2025-article-rtx-4090/manifest.json"
        manifest.write_text(manifest.read_text().replace("RTX 4090", "RTX 4091"))
        wait_until(lambda: "RTX 4091" in fetched(url))
    finally:
        server.terminate()
        server.wait()


def fetched(url: str) -> str:
    try:
        with urlopen(url, timeout=5) as answer:  # noqa: S310, a server of our own
            return str(answer.read().decode())
    except OSError:  # not up yet
        return ""


def wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 60
    while not true():
        assert time.monotonic() < deadline, "a minute went by"
        time.sleep(0.2)


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["--profile", "nosuch"], 2, "no shipped profile"),
        (["--profile", "demo", "--method", "int3"], 2, "name one of these"),
        (["--profile", "llama-3.1-8b"], 3, "no NVIDIA GPU found"),
        (["--profile", "demo", "--require-gpu"], 3, "no NVIDIA GPU found"),
        (["--profile", "demo", "--memory-budget-gib", "24"], 3, "there is no GPU"),
        (["--profile", "demo", "--mode", "graphs"], 3, "there is none; measure with --mode eager"),
        (["--profile", "demo", "--mode", "eager", "--mode", "graphs"], 3, "measure with --mode eager"),
        (["--profile", "demo", "--rounds", "0"], 2, "expected 1 to 100"),
    ],
)
def test_a_wrong_order_is_one_line_with_its_own_status(arguments: list[str], status: int, words: str) -> None:
    command = [sys.executable, "-m", "generator.cli", "measure", *arguments]
    environment = dict(os.environ, CUDA_VISIBLE_DEVICES="")

    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)

    assert done.returncode == status
    assert words in done.stderr
    assert len(done.stderr.splitlines()) == 1
