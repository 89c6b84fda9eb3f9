"""Many new runs are made by several processes, with the same outcome as by one."""

from pathlib import Path

import pytest
from examples import four_methods, replaced

from generator import press, site
from generator.errors import RecordError
from generator.kept import Content, in_bytes
from generator.measurements import Run, write_launch, write_manifest


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Nine runs, and never only one core."""
    monkeypatch.setattr(site, "CACHE", tmp_path / "cache")
    monkeypatch.setattr("os.sched_getaffinity", lambda _: {0, 1}, raising=False)
    for day in range(1, 10):
        name = {"run_id": f"2026-01-{day:02d}-example", "created_at": f"2026-01-{day:02d}T00:00:00Z"}
        run = Run(replaced(four_methods().manifest, **name), four_methods().launches)
        write_manifest(tmp_path / "measurements" / run.manifest.run_id, run.manifest)
        for launch in run.launches:
            write_launch(tmp_path / "measurements" / run.manifest.run_id, launch)
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
    broken = records / "2026-01-05-example" / "launches" / "r01-awq-vllm-eager.json"
    broken.write_text("{", encoding="utf-8")

    with pytest.raises(RecordError, match=r"2026-01-05-example/launches/r01-awq-vllm-eager\.json: not valid JSON"):
        site.site_files(root=records)


def test_few_runs_start_no_process(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(press, "ProcessPoolExecutor", None)

    assert site.site_files(root=records)


def test_where_no_process_can_be_started_one_makes_all(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(*_: object) -> None:
        raise OSError("no semaphores")

    monkeypatch.setattr(press, "MANY", 5)
    monkeypatch.setattr(press, "ProcessPoolExecutor", none)

    assert "runs/2026-01-09-example.md" in site.site_files(root=records)
