"""Records: what is written is read back the same; what is not a record is refused with file and field."""

import json
import subprocess
from contextlib import suppress
from pathlib import Path

import pytest
from examples import cell, completed, failed, four_methods, manifest
from hypothesis import given
from hypothesis import strategies as st

from generator.errors import RecordError, StorageError
from generator.folders import MEASUREMENTS
from generator.measurements import launch_name, read_run, read_runs, sweep, write_launch, write_manifest
from generator.record import LAUNCH


def write_example(root: Path) -> Path:
    run = four_methods()
    folder = root / "measurements" / run.manifest.run_id
    write_manifest(folder, run.manifest)
    for launch in run.launches:
        write_launch(folder, launch)
    return folder


def test_a_run_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    folder = write_example(tmp_path)

    run = read_run(folder)

    assert run.manifest == four_methods().manifest
    assert sorted(run.launches, key=str) == sorted(four_methods().launches, key=str)
    assert read_runs(folder.parent) == (run,)


@given(
    speed=st.floats(0.01, 1e6),
    weights_gib=st.floats(0.001, 1000),
    tokens=st.none() | st.integers(1, 10**9),
    round_=st.integers(1, 1000),
)
def test_any_launch_survives_the_way_through_json(
    speed: float, weights_gib: float, tokens: int | None, round_: int
) -> None:
    launch = completed("awq", round_, speed, weights_gib, tokens)

    assert LAUNCH.validate_json(LAUNCH.dump_json(launch)) == launch


def test_a_record_cut_at_any_byte_is_refused_in_one_line(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    path = folder / "launches" / launch_name(cell("fp16"), 1)
    whole = path.read_bytes().rstrip()

    for length in range(0, len(whole), 7):
        path.write_bytes(whole[:length])
        with pytest.raises(RecordError) as raised:
            read_run(folder)
        assert "launches/r01-fp16-vllm-eager.json" in str(raised.value)
        assert "\n" not in str(raised.value)


HOSTILE = {
    "no JSON": "hello",
    "NaN": '{"a": NaN}',
    "infinity by overflow": '{"status": "completed", "duration_s": 1e999}',
    "deep nesting": "[" * 100_000,
    "a number of thousands of digits": '{"round": ' + "9" * 5000 + "}",
    "a list": "[]",
    "another version": '{"schema_version": 2, "status": "failed"}',
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_json_is_refused_in_one_line(tmp_path: Path, name: str) -> None:
    folder = write_example(tmp_path)
    (folder / "launches" / launch_name(cell("fp16"), 1)).write_text(HOSTILE[name])

    with pytest.raises(RecordError) as raised:
        read_run(folder)

    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("round", True),
        ("round", 0),
        ("method", "int3"),
        ("duration_s", -1),
        ("duration_s", "60"),
        ("unknown", 1),
        ("started_at", "yesterday"),
        ("started_at", "2026-01-01T00:00:00Z\u202e"),
    ],
)
def test_a_wrong_field_is_refused_by_name(tmp_path: Path, field: str, value: object) -> None:
    folder = write_example(tmp_path)
    path = folder / "launches" / launch_name(cell("fp16"), 1)
    path.write_text(json.dumps(json.loads(path.read_text()) | {field: value}))

    with pytest.raises(RecordError, match=field):
        read_run(folder)


def test_a_key_that_stands_twice_is_refused(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    path = folder / "launches" / launch_name(cell("fp16"), 1)
    path.write_text(path.read_text().replace('"round": 1', '"round": 1, "round": 1'))

    with pytest.raises(RecordError, match="twice"):
        read_run(folder)


def test_a_figure_that_its_samples_contradict_is_refused(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    path = folder / "launches" / launch_name(cell("fp16"), 1)
    record = json.loads(path.read_text())
    record["quantities"]["output_tokens_per_s"] *= 2
    path.write_text(json.dumps(record))

    with pytest.raises(RecordError, match="samples' median"):
        read_run(folder)


def test_a_fault_has_the_field_as_the_file_has_it_and_quotes_no_more_than_a_short_value(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    path = folder / "launches" / launch_name(cell("fp16"), 1)
    whole = json.loads(path.read_text())

    def said(**changes: object) -> str:
        path.write_text(json.dumps(whole | changes))
        with pytest.raises(RecordError) as raised:
            read_run(folder)
        return str(raised.value).partition(f"{path.name}: ")[2]

    quantities = whole["quantities"]
    assert said(quantities=quantities | {"weights_gib": -1}) == (
        "field quantities.weights_gib: input should be greater than 0, found -1; correct it, or remove the file and "
        "measure again"
    )
    assert said(quantities=quantities | {"output_tokens_per_s": 1.5}).startswith(
        "field quantities.output_tokens_per_s: expected the samples' median, 340; correct it"
    )
    assert said(quality="x" * 100).startswith(f"field quality: input should be an object, found '{'x' * 56}...;")
    assert said(quantites=quantities).startswith("field quantites: there is no such field; the nearest: quantities")


def test_a_renamed_run_says_how_to_mend_it(tmp_path: Path) -> None:
    folder = write_example(tmp_path).rename(tmp_path / "measurements" / "mine")

    with pytest.raises(
        RecordError, match=r"'mine', found '2026-01-01-example'; name the folder as the run, or correct"
    ):
        read_run(folder)


def test_a_launch_that_is_a_link_is_called_one(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    path = folder / "launches" / launch_name(cell("fp16"), 1)
    path.unlink()
    path.symlink_to("nowhere")

    with pytest.raises(
        RecordError, match=r"eager\.json: a link; a record must lie where it is read: put the file itself here$"
    ):
        read_run(folder)


def test_a_null_without_a_reason_is_refused(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    path = folder / "launches" / launch_name(cell("fp16"), 1)
    record = json.loads(path.read_text())
    record["quantities"]["load_time_s"] = None
    path.write_text(json.dumps(record))

    with pytest.raises(RecordError, match="load_time_s"):
        read_run(folder)


def test_a_run_whose_manifest_is_missing_says_so(tmp_path: Path) -> None:
    (tmp_path / "measurements" / "headless" / "launches").mkdir(parents=True)

    with pytest.raises(RecordError, match=r"headless/manifest\.json: missing"):
        read_runs(tmp_path / "measurements")


def test_a_folder_with_nothing_but_logs_is_no_run(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    (folder.parent / "of-another-branch" / "logs").mkdir(parents=True)
    (folder.parent / "empty").mkdir()

    assert len(read_runs(folder.parent)) == 1


def test_what_a_killed_writer_left_is_swept(tmp_path: Path) -> None:
    folder = write_example(tmp_path)
    stray = folder / "launches" / ".r02-fp16.json.tmp"
    stray.write_text("half")
    begun = folder.parent / "2026-01-02-begun"
    begun.mkdir()
    (begun / ".manifest.json.tmp").write_text("half")

    assert len(read_runs(folder.parent)) == 1
    sweep(folder.parent)

    assert not stray.exists()
    assert not begun.exists()
    assert len(read_run(folder).launches) == 4


def test_a_disk_that_gives_back_other_bytes_gets_no_record(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("generator.measurements.Path.read_bytes", lambda _: b"torn")

    with pytest.raises(StorageError, match="what was written reads back otherwise"):
        write_example(tmp_path)

    assert not [path for path in tmp_path.rglob("*") if path.is_file()]


def test_a_record_that_cannot_be_written_leaves_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_example(tmp_path)
    before = (folder / "launches" / launch_name(cell("awq"), 1)).read_bytes()

    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("generator.measurements.os.fsync", no_space)
    with pytest.raises(StorageError, match="No space left"):
        write_launch(folder, failed("awq"))

    assert (folder / "launches" / launch_name(cell("awq"), 1)).read_bytes() == before
    assert list(folder.glob("**/.*.tmp")) == []


def test_a_disk_that_is_full_is_a_sentence_and_what_was_written_stays(tmp_path: Path) -> None:
    small = tmp_path / "small"
    small.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(small)]
    if subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("no permission to mount a small disk, so a full one was not tried")
    try:
        folder = write_example(small)
        before = {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        fill(small)

        with pytest.raises(StorageError, match="No space left on device; make room"):
            write_launch(folder, completed("awq", 2))

        assert {path: path.read_bytes() for path in folder.rglob("*") if path.is_file()} == before
    finally:
        subprocess.run(["umount", str(small)], check=True)


def fill(disk: Path) -> None:
    with suppress(OSError), (disk / "filler").open("wb", buffering=0) as filler:
        while True:
            filler.write(b"\0" * 1024)


def test_every_record_that_ships_is_as_the_schema_says() -> None:
    runs = read_runs(MEASUREMENTS)

    assert any(run.manifest.origin == "reported" for run in runs)
    assert manifest().schema_version == 1
