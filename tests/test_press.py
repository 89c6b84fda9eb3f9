"""Many new runs are made by several processes, with the same outcome as by one."""

from pathlib import Path

import pytest

from bench.many import ORIGINALS, write_copy
from generator import press, site
from generator.errors import RecordError
from generator.kept import Content, in_bytes


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nine runs, and never only one core."""
    monkeypatch.setattr(site, "CACHE", tmp_path / "cache")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
    for number in range(9):
        write_copy(ORIGINALS / "2026-11-24-demo", tmp_path / "measurements", number)
    return tmp_path / "measurements"


def contents(files: dict[str, Content]) -> dict[str, bytes]:
    return {path: in_bytes(content) for path, content in files.items()}


def test_several_processes_make_what_one_makes(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = contents(site.site_files(root=records))
    monkeypatch.setattr(site, "CACHE", records.parent / "another")
    monkeypatch.setattr(press, "MANY", 5)
    here: list[Path] = []
    monkeypatch.setattr(press, "read_run", here.append)

    shared = site.site_files(root=records)

    assert here == []  # none was made in this process
    assert contents(shared) == alone


def test_a_bad_record_is_refused_as_it_is_by_one_process(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "MANY", 5)
    broken = records / "2024-01-05-demo" / "launches" / "r01-awq-vllm-eager.json"
    broken.write_text("{", encoding="utf-8")

    with pytest.raises(RecordError, match=r"2024-01-05-demo/launches/r01-awq-vllm-eager\.json: not valid JSON"):
        site.site_files(root=records)


def test_few_runs_start_no_process(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "ProcessPoolExecutor", None)

    assert site.site_files(root=records)


def test_where_no_process_can_be_started_one_makes_all(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError("no semaphores")

    monkeypatch.setattr(press, "MANY", 5)
    monkeypatch.setattr(press, "ProcessPoolExecutor", none)

    assert "runs/2024-01-09-demo.md" in site.site_files(root=records)
