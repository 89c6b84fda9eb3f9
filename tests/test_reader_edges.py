"""The reader and writer at their edges: what lies in the wrong place or can't be read, and what is said of it."""

import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest
from examples import cell, completed, failed, manifest, peer, replaced, reported

from generator.errors import RecordError, StorageError
from generator.measurements import (
    Run,
    json_schemas,
    launch_name,
    peer_name,
    read_run,
    read_runs,
    sweep,
    write_launch,
    write_manifest,
    write_peer,
)

FP16 = "launches/r01-fp16-vllm-eager.json"
MOST_BYTES = 4 * 1024 * 1024


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run of FP16 alone, checked by a peer."""
    return written(tmp_path, Run(manifest(methods=("fp16",)), (completed("fp16"),), (peer(),)))


def written(root: Path, run: Run) -> Path:
    folder = root / "measurements" / run.manifest.run_id
    write_manifest(folder, run.manifest)
    for launch in run.launches:
        write_launch(folder, launch)
    for result in run.peers:
        write_peer(folder, result)
    return folder


def refused(folder: Path) -> str:
    """What is said of the run, after the name of its folder."""
    with pytest.raises(RecordError) as raised:
        read_run(folder)
    return str(raised.value).removeprefix(f"measurements/{folder.name}/")


def test_a_run_is_its_manifest_its_launches_and_its_peers(folder: Path) -> None:
    assert read_run(folder) == Run(manifest(methods=("fp16",)), (completed("fp16"),), (peer(),))
    assert sorted(str(path.relative_to(folder)) for path in folder.rglob("*.json")) == [
        FP16,
        "manifest.json",
        "peers/vllm-bench-latency-fp16-vllm-eager.json",
    ]


def test_files_are_named_by_round_and_cell() -> None:
    assert launch_name(cell("awq"), 7) == "r07-awq-vllm-eager.json"
    assert launch_name(cell("fp16", twin=True), 123) == "r123-fp16-vllm-eager-twin.json"
    assert peer_name(peer()) == "vllm-bench-latency-fp16-vllm-eager.json"


def test_runs_are_read_from_old_to_new_and_equally_old_ones_by_name(tmp_path: Path) -> None:
    for name, day in (("a", 3), ("c", 1), ("b", 1)):
        dated = replaced(manifest(), run_id=name, created_at=f"2026-01-0{day}T00:00:00Z")
        root = written(tmp_path, Run(dated, ())).parent

    assert [run.manifest.run_id for run in read_runs(root)] == ["b", "c", "a"]


def test_a_renamed_run_is_refused_with_both_names(folder: Path) -> None:
    renamed = folder.rename(folder.with_name("mine"))

    assert refused(renamed) == (
        "manifest.json: field run_id: expected the folder's name, 'mine', found '2026-01-01-example'; name the folder "
        "as the run, or correct the field"
    )


def test_a_launch_in_the_file_of_another_is_refused_with_the_name_it_should_have(folder: Path) -> None:
    (folder / FP16).rename(folder / "launches" / "r02-fp16-vllm-eager.json")

    assert refused(folder) == (
        "launches/r02-fp16-vllm-eager.json: field cell or round: this content belongs in a file named "
        "r01-fp16-vllm-eager.json"
    )


def test_a_launch_of_a_cell_that_the_manifest_does_not_name_is_refused(folder: Path) -> None:
    write_launch(folder, failed("awq"))

    assert refused(folder) == (
        "launches/r01-awq-vllm-eager.json: field cell: expected one that the manifest names, found 'awq-vllm-eager'"
    )


def test_reported_and_measured_launches_do_not_mix(tmp_path: Path, folder: Path) -> None:
    write_launch(folder, reported().launches[0])
    assert refused(folder) == f"{FP16}: field status: 'reported' does not belong in a measured run"

    other = written(tmp_path / "other", reported())
    assert len(read_run(other).launches) == 2
    write_launch(other, completed("fp16"))
    assert refused(other) == f"{FP16}: field status: 'completed' does not belong in a reported run"


def test_a_peer_s_result_in_the_file_of_another_is_refused(folder: Path) -> None:
    (folder / "peers" / peer_name(peer())).rename(folder / "peers" / "mine.json")

    assert refused(folder) == (
        "peers/mine.json: field cell: this content belongs in a file named vllm-bench-latency-fp16-vllm-eager.json"
    )


def test_what_ends_in_no_json_is_no_record(folder: Path) -> None:
    (folder / "launches" / "notes.txt").write_text("mine")

    assert refused(folder) == "launches/notes.txt: no record, whose name ends with .json; remove it"


def test_a_file_may_be_as_large_as_the_largest_and_no_larger(folder: Path) -> None:
    whole = (folder / FP16).read_bytes()

    (folder / FP16).write_bytes(whole.ljust(MOST_BYTES))
    assert len(read_run(folder).launches) == 1
    (folder / FP16).write_bytes(whole.ljust(MOST_BYTES + 1))
    assert refused(folder).startswith(f"{FP16}: larger than 4")
    assert refused(folder).endswith(" bytes, which no record is; remove the file")


def nested(path: Path) -> None:
    path.write_text("[" * 10_000)


def in_latin_1(path: Path) -> None:
    path.write_bytes(b'{"a": "\xe9"}')


def missing(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (missing, "manifest.json: missing; every run needs one; restore it, or remove the folder"),
        (in_latin_1, "manifest.json: byte 7: expected UTF-8 text; restore the file or remove it"),
        (nested, "manifest.json: byte 0: nested too deeply to be a record; remove the file"),
    ],
)
def test_a_file_that_is_no_text_of_a_record_says_what_it_is_and_how_to_mend_it(
    folder: Path, spoil: Callable[[Path], None], said: str
) -> None:
    spoil(folder / "manifest.json")

    assert refused(folder) == said


def test_what_is_no_json_says_so_with_the_place(folder: Path) -> None:
    (folder / FP16).write_text("{")

    assert refused(folder).startswith(f"{FP16}: not valid JSON: byte 1: Expecting property name")
    assert refused(folder).endswith("; restore the file, or remove it")


def test_a_key_that_stands_twice_is_named_and_quoted_no_longer_than_sixty_letters(folder: Path) -> None:
    (folder / FP16).write_text(json.dumps({"first": 1})[:-1] + f', "{"x" * 61}": 1, "{"x" * 61}": 2}}')

    assert f"field {'x' * 60}: the key stands twice in one object" in refused(folder)


def test_a_folder_in_the_place_of_a_file_can_t_be_read(folder: Path) -> None:
    (folder / FP16).unlink()
    (folder / FP16).mkdir()

    assert refused(folder).startswith(f"{FP16}: ")


def test_a_path_is_shown_from_measurements_on_or_by_its_last_three_names(tmp_path: Path) -> None:
    for place, shown in (("measurements", "measurements/gone"), ("elsewhere", f"{tmp_path.name}/elsewhere/gone")):
        with pytest.raises(RecordError) as raised:
            read_run(tmp_path / place / "gone")
        assert str(raised.value).startswith(f"{shown}: can't be read: No such file")


def test_a_fault_in_a_field_says_what_to_do(folder: Path) -> None:
    (folder / FP16).write_text(json.dumps(json.loads((folder / FP16).read_text()) | {"round": 0}))

    assert refused(folder) == (
        f"{FP16}: field round: input should be greater than or equal to 1, found 0; correct it, or remove the file and "
        "measure again"
    )


def test_a_record_ends_with_a_line_and_is_indented_for_people(folder: Path) -> None:
    content = (folder / FP16).read_text()

    assert content.endswith("\n}\n")
    assert '\n  "cell": {\n    "method": "fp16",' in content


def test_a_launch_that_is_written_tells_its_file_and_takes_the_old_one_s_place(folder: Path) -> None:
    assert write_launch(folder, failed("fp16")) == folder / FP16
    assert read_run(folder).launches == (failed("fp16"),)
    assert [path for path in folder.rglob("*") if path.name.endswith(".tmp")] == []


def test_what_is_written_is_read_back_before_it_takes_the_old_one_s_place(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / FP16).read_bytes()

    def garbled(descriptor: int) -> None:
        os.ftruncate(descriptor, 100)

    monkeypatch.setattr("generator.measurements.os.fsync", garbled)
    with pytest.raises(StorageError, match="what was written reads back otherwise"):
        write_launch(folder, failed("fp16"))

    assert (folder / FP16).read_bytes() == before


def test_file_and_folder_reach_the_disk_in_the_order_that_outlives_a_crash(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, bytes]] = []
    real = os.fsync

    def noting(descriptor: int) -> None:
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        synced.append((path.name, path.read_bytes()[-3:] if path.is_file() else (folder / FP16).read_bytes()[-3:]))
        real(descriptor)

    monkeypatch.setattr("generator.measurements.os.fsync", noting)
    open_before = open_files()
    write_launch(folder, failed("fp16"))

    assert synced == [(f".{Path(FP16).name}.tmp", b"\n}\n"), ("launches", b"\n}\n")]
    assert open_files() == open_before


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


def test_a_place_that_can_t_be_written_is_a_sentence(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def read_only(_: int) -> None:
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("generator.measurements.os.fsync", read_only)
    with pytest.raises(StorageError) as raised:
        write_manifest(tmp_path / "measurements" / "mine", manifest())

    assert str(raised.value) == (
        "measurements/mine/manifest.json: can't be written: Read-only file system; make room or give permission and "
        "run the command again: finished launches are kept"
    )
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_sweeping_takes_the_temporary_files_alone(folder: Path) -> None:
    strays = [folder / ".manifest.json.tmp", folder / "launches" / ".r02.json.tmp"]
    kept = [folder / "logs" / "notes.tmp", folder / ".hidden"]
    (folder / "logs").mkdir()
    for path in (*strays, *kept):
        path.write_text("half")

    sweep(folder.parent)

    assert [path.exists() for path in (*strays, *kept)] == [False, False, True, True]
    assert len(read_run(folder).launches) == 1


def test_each_kind_of_file_has_its_published_schema() -> None:
    schemas = json_schemas()

    assert sorted(schemas) == ["imported", "imported-manifest", "launch", "manifest", "peer"]
    assert "Completed" in schemas["launch"]["$defs"]
    assert "MeasuredRun" in schemas["manifest"]["$defs"]
    assert schemas["peer"]["title"] == "PeerResult"
