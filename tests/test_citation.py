"""CITATION.cff says of the program what pyproject.toml says."""

import tomllib
from pathlib import Path

import yaml  # type: ignore[import-untyped]

from generator import __version__

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_citation_has_what_its_format_requires() -> None:
    assert CITATION["cff-version"] == "1.2.0"
    assert CITATION["type"] == "software"
    assert CITATION["authors"] == [{"name": "Quantpress contributors"}]
    assert all(CITATION[field] for field in ("message", "title", "abstract"))


def test_version_and_licence_are_those_of_the_project() -> None:
    assert CITATION["version"] == PROJECT["version"] == __version__
    assert CITATION["license"] == PROJECT["license"]
