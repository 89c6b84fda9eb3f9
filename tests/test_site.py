"""The site's files: remembered while nothing changes that they come from, made anew as soon as anything does."""

import errno
import json
import os
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
from examples import four_methods, with_controls

from generator import site
from generator.errors import RecordError, UsageError
from generator.folders import MEASUREMENTS
from generator.kept import Content
from generator.ledger import write_files
from generator.measurements import read_runs, write_launch, write_manifest

REPORTED = "2025-article-rtx-4090"


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(site, "CACHE", tmp_path / "cache")
    shutil.copytree(MEASUREMENTS / REPORTED, tmp_path / "measurements" / REPORTED)
    return tmp_path / "measurements"


def page(files: Mapping[str, Content], path: str) -> str:
    text = files[path]
    assert isinstance(text, str)
    return text


def never(*_: object) -> dict[str, str]:
    raise AssertionError("made anew")


def test_what_is_remembered_is_what_was_made_and_nothing_is_made_twice(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = site.site_files(root=records)
    monkeypatch.setattr(site, "_make", never)

    assert site.site_files(root=records) == first


def test_a_new_run_or_another_featured_one_makes_the_pages_anew(records: Path) -> None:
    before = site.site_files(root=records)
    run = four_methods()
    folder = records / run.manifest.run_id
    write_manifest(folder, run.manifest)
    for launch in run.launches:
        write_launch(folder, launch)

    after = site.site_files(root=records)

    assert run.manifest.run_id in page(after, "index.md")
    assert run.manifest.run_id not in page(before, "index.md")
    assert site.site_files(site.Choices(featured_run=REPORTED), records)["index.md"] != page(after, "index.md")


def test_another_address_of_the_site_makes_what_names_it_anew(records: Path) -> None:
    there = site.site_files(root=records, site_url="https://example.org/there/")

    assert "https://example.org/there/feed.xml" in page(there, "feed.xml")
    assert "https://example.org/there/" not in page(site.site_files(root=records), "feed.xml")


def test_pictures_are_remembered_and_written_byte_for_byte(records: Path, tmp_path: Path) -> None:
    first = site.site_files(root=records)

    assert isinstance(first["cards/index.png"], bytes)
    assert site.site_files(root=records)["cards/index.png"] == first["cards/index.png"]
    assert write_files(first, tmp_path / "pages").changed == len(first)
    assert (tmp_path / "pages" / "cards" / "index.png").read_bytes() == first["cards/index.png"]
    assert write_files(first, tmp_path / "pages").changed == 0


def test_a_record_that_went_bad_is_refused_though_the_good_pages_are_remembered(records: Path) -> None:
    site.site_files(root=records)
    record = records / REPORTED / "launches" / "r01-awq-vllm-eager.json"
    record.write_text(record.read_text()[:100])

    with pytest.raises(RecordError, match="r01-awq"):
        site.site_files(root=records)


def test_a_record_that_cannot_be_read_is_told_as_check_tells_it(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = records / REPORTED / "launches" / "r01-awq-vllm-eager.json"
    opened = os.open

    def refusing(path: Path, flags: int) -> int:
        if path == record:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return opened(path, flags)

    monkeypatch.setattr("generator.untrusted.os.open", refusing)
    said = rf"{REPORTED}/launches/r01-awq-vllm-eager\.json: can't be read: Permission denied"

    with pytest.raises(RecordError, match=said):
        read_runs(records)
    with pytest.raises(RecordError, match=said):
        site.site_files(root=records)


@pytest.mark.parametrize("damage", ["", "{", "[]", "{}", '{"key": "another", "files": {}}', "no pictures", "no base64"])
def test_a_damaged_memory_costs_time_and_nothing_else(records: Path, damage: str) -> None:
    first = site.site_files(root=records)
    kept = records.parent / "cache" / "site.json"
    whole = json.loads(kept.read_text())
    if damage == "no pictures":
        damage = json.dumps(whole | {"pictures": []})
    if damage == "no base64":
        damage = json.dumps(whole | {"pictures": {"cards/index.png": "ä"}})
    kept.write_text(damage)

    assert site.site_files(root=records) == first
    assert json.loads(kept.read_text())["files"] == {path: it for path, it in first.items() if isinstance(it, str)}


def test_a_folder_that_cannot_be_written_costs_time_and_nothing_else(records: Path) -> None:
    (records.parent / "cache").write_text("a file where the folder would be")

    assert "index.md" in site.site_files(root=records)


def test_a_price_makes_the_comparison_say_what_a_million_tokens_cost(records: Path) -> None:
    run = with_controls()
    folder = records / run.manifest.run_id
    write_manifest(folder, run.manifest)
    for launch in run.launches:
        write_launch(folder, launch)

    without = page(site.site_files(root=records), "comparison.md")
    priced = page(site.site_files(site.Choices(price_per_hour=0.36), records), "comparison.md")

    assert "a million output tokens cost" not in without
    # FP16 made about 700 tokens/s for sixteen users: 0.36 an hour is 0.0001 a second, and a million take 1,430 of them.
    assert "a million output tokens cost" in priced
    assert "&#8364;0.14" in priced


@pytest.mark.parametrize(
    ("written", "words"),
    [
        ({"price_per_hour": -1}, "price_per_hour: expected a number above 0, found -1"),
        ({"price_per_hour": True}, "price_per_hour: expected a number"),
        ({"price": 1}, "unknown field 'price'"),
        ({"price_per_hour": 1, "currency": "a long word"}, "currency: expected a sign"),
        (["featured_run"], "expected fields"),
    ],
)
def test_a_choice_that_is_none_is_named_with_its_field(written: object, words: str) -> None:
    with pytest.raises(UsageError, match=words):
        site.Choices.of(written)


def test_files_written_twice_change_nothing_the_second_time(records: Path, tmp_path: Path) -> None:
    files = site.site_files(root=records)

    assert f"data/{REPORTED}/cells.csv" in files
    assert write_files(files, tmp_path).changed == len(files)
    assert write_files(files, tmp_path).changed == 0
    assert (tmp_path / f"data/{REPORTED}/cells.csv").read_bytes().count(b"\r\n") > 1


def test_what_an_author_wrote_under_the_name_of_a_run_s_page_stands(records: Path) -> None:
    path = f"runs/{REPORTED}.md"

    files = site.site_files(root=records, written={path: "---\nwrite_up: true\n---\n\n# Mine\n"})

    assert str(files[path]).endswith("# Mine\n")


def test_a_featured_run_that_is_no_name_is_refused() -> None:
    with pytest.raises(UsageError, match=r"featured_run: expected the name of a run, found \['x'\]"):
        site.Choices.of({"featured_run": ["x"]})
