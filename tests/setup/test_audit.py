import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
HASH = f"--hash=sha256:{'0' * 64}"
PROJECT = {"dependencies": ["jinja2>=3"], "optional-dependencies": {"dev": ["pytest"]}}


@pytest.fixture(scope="module")
def audit() -> ModuleType:
    spec = importlib.util.spec_from_file_location("audit", ROOT / "setup" / "audit.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_every_package_of_our_locks_has_a_version_and_hashes(audit: ModuleType) -> None:
    for name in audit.EXTRAS:
        lines = audit.entries((ROOT / "requirements" / f"{name}.lock").read_text(encoding="utf-8"))
        assert lines
        assert not [*audit.lock_faults(name, lines)]


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ("jinja2==3.1.6", "jinja2==3.1.6 has no hash"),
        (f"jinja2>=3.1 {HASH}", "'jinja2>=3.1' is no package with a version"),
        (f"jinja2==3.* {HASH}", "is no package with a version"),
        (f"jinja2 @ https://example.org/jinja2.whl {HASH}", "is no package with a version"),
        ("--extra-index-url https://example.org/simple", "is no package with a version"),
        ("jinja2==3.1.6 --hash=md5:00", "has no hash"),
    ],
)
def test_a_line_that_pip_would_take_from_anywhere_is_found(audit: ModuleType, line: str, told: str) -> None:
    assert told in next(audit.lock_faults("core", [line]))


def test_a_lock_that_is_older_than_what_the_project_asks_for_is_found(audit: ModuleType) -> None:
    lines = [f"jinja2==2.11 {HASH}", f"pytest==9.0 {HASH}"]
    assert [*audit.missing("core", lines, PROJECT)] == [
        "requirements/core.lock: jinja2>=3 of pyproject.toml is not in it; run `make lock`"
    ]
    assert [*audit.missing("dev", [f"Jinja2==3.1.6 {HASH}"], PROJECT)] == [
        "requirements/dev.lock: pytest of pyproject.toml is not in it; run `make lock`"
    ]
    assert not [*audit.missing("dev", [f"Jinja2==3.1.6 {HASH}", f"pytest==9.0 {HASH}"], PROJECT)]


def test_a_known_vulnerability_is_told_unless_somebody_accepted_it(audit: ModuleType) -> None:
    known = {"id": "PYSEC-2026-1", "aliases": ["CVE-2026-1"], "fix_versions": ["3.1.7"], "description": ""}
    found: list[dict[str, Any]] = [
        {"name": "jinja2", "version": "3.1.6", "vulns": [known]},
        {"name": "pytest", "version": "9.0", "vulns": []},
        {"name": "torch", "skip_reason": "not found"},
    ]
    (told,) = audit.vulnerabilities(found, set())
    assert told.startswith("jinja2 3.1.6: PYSEC-2026-1 is known; versions without it: 3.1.7.")
    assert not [
        *audit.vulnerabilities(found, audit.accepted("# why\nCVE-2026-1 only with a sandbox, and there is none"))
    ]


def test_a_package_that_two_locks_hold_in_two_versions_is_asked_for_twice(audit: ModuleType) -> None:
    batches = audit.without_repeats(["jinja2==3.0", "jinja2==3.1", "pytest==9.0"])
    assert batches == [["jinja2==3.0", "pytest==9.0"], ["jinja2==3.1"]]
