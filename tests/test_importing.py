"""`quantpress import`: what is taken in, what is refused, and that nothing is half taken in."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from imported_samples import NAMES, SAMPLES, changed, content, imported, read
from running import command, environment

from generator import imported_runs, measurements
from generator.errors import ImportFileError, RecordError, UsageError
from generator.folders import run_folders
from generator.imported_runs import read_all, read_imported
from generator.importing import import_files
from generator.measurements import read_runs

SERVE = SAMPLES / "vllm-bench-serve-4.json"
LONG = 20_000


def test_what_was_imported_is_read_back_as_it_was(tmp_path: Path) -> None:
    results = import_files([SAMPLES / name for name in NAMES], None, None, {}, tmp_path)

    assert read_all(tmp_path) == (results,)
    assert len(results.manifest.sources) == len(NAMES)
    assert [record.number for record in results.records] == [*range(1, len(results.records) + 1)]


def test_an_imported_run_is_no_run(tmp_path: Path) -> None:
    import_files([SERVE], None, None, {}, tmp_path)

    assert run_folders(tmp_path) == []
    assert read_runs(tmp_path) == ()


def test_what_the_importer_says_is_marked_as_said(tmp_path: Path) -> None:
    stated: Any = {"card": "NVIDIA H200", "engine": "vLLM", "model": "demo", "method": None, "precision": None}
    (record,) = import_files([SERVE], None, None, stated, tmp_path).records

    assert record.subject.card == "NVIDIA H200"
    assert record.stated == ("engine", "card")  # the file itself says that the model is demo
    assert "card" not in record.subject.absent


def test_the_importer_cannot_say_otherwise_than_the_file(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="says demo"):
        import_files([SERVE], None, None, {"model": "llama"}, tmp_path)


def test_of_several_files_all_are_imported_or_none(tmp_path: Path) -> None:
    bad = tmp_path / "bad.json"
    bad.write_text("{}")

    with pytest.raises(ImportFileError, match=r"bad\.json"):
        import_files([SERVE, bad], None, None, {}, tmp_path / "measurements")

    assert not (tmp_path / "measurements").exists()


def test_a_failed_write_leaves_nothing_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    written = measurements.write_file

    def full(path: Path, kind: Any, value: Any) -> None:
        if path.name == "manifest.json":
            raise OSError(28, "No space left on device")
        written(path, kind, value)

    monkeypatch.setattr(imported_runs, "write_file", full)
    with pytest.raises(OSError, match="No space"):
        import_files([SERVE], None, None, {}, tmp_path)

    assert list((tmp_path / "imported").iterdir()) == []


def test_a_file_is_imported_once(tmp_path: Path) -> None:
    first = import_files([SERVE], None, None, {}, tmp_path)
    copy = tmp_path / "copy.json"
    copy.write_bytes(SERVE.read_bytes())

    with pytest.raises(ImportFileError, match=f"imported already, as {first.manifest.run_id}"):
        import_files([copy], None, None, {}, tmp_path)
    with pytest.raises(ImportFileError, match="another file of this command"):
        import_files([copy, SERVE], None, None, {}, tmp_path / "empty")


def test_runs_of_one_day_and_tool_are_numbered(tmp_path: Path) -> None:
    one, two = (import_files([SAMPLES / f"aiperf-{n}.json"], None, None, {}, tmp_path) for n in (1, 4))

    assert two.manifest.run_id == f"{one.manifest.run_id}-2"


def test_a_run_gets_the_name_that_was_asked_for_unless_it_is_taken(tmp_path: Path) -> None:
    import_files([SERVE], None, "mine", {}, tmp_path)

    with pytest.raises(UsageError, match="choose another"):
        import_files([SAMPLES / "guidellm.json"], None, "mine", {}, tmp_path)
    with pytest.raises(UsageError, match="small letters"):
        import_files([SAMPLES / "guidellm.json"], None, "../mine", {}, tmp_path)


def test_an_imported_run_and_another_of_one_name_are_refused(tmp_path: Path) -> None:
    import_files([SERVE], None, "mine", {}, tmp_path)
    (tmp_path / "mine" / "launches").mkdir(parents=True)

    with pytest.raises(RecordError, match="two runs of one name"):
        run_folders(tmp_path)


def test_a_tool_can_be_forced_and_an_unknown_one_is_named(tmp_path: Path) -> None:
    forced = import_files([SERVE], "VLLM bench serve", None, {}, tmp_path)
    assert forced.records[0].source.tool == "vllm bench serve"

    with pytest.raises(UsageError, match="llama-bench"):
        import_files([SERVE], "llama", None, {}, tmp_path)
    with pytest.raises(ImportFileError, match="no file of GuideLLM"):
        import_files([SAMPLES / "aiperf-1.json"], "GuideLLM", None, {}, tmp_path)


def test_a_changed_record_no_longer_belongs_to_its_source(tmp_path: Path) -> None:
    results = import_files([SERVE], None, "mine", {}, tmp_path)
    path = tmp_path / "imported" / "mine" / "launches" / "i0001.json"
    path.write_text(path.read_text().replace(results.manifest.sources[0].sha256, "0" * 64))

    with pytest.raises(RecordError, match="field source"):
        read_imported(tmp_path / "imported" / "mine")


@pytest.mark.parametrize("name", NAMES)
def test_every_truncation_of_a_file_is_refused_or_says_the_same(name: str) -> None:
    whole = content(name)
    # Of long files some ends in the middle, and each of the last.
    ends = {*range(len(whole)), len(whole)} if len(whole) <= 2500 else {*range(0, len(whole), len(whole) // 150)}
    ends |= {*range(max(0, len(whole) - 60), len(whole))}
    for end in sorted(ends):
        try:
            found = read(name, whole[:end])
        except ImportFileError:
            continue
        assert [one.figures for one in found] == [one.figures for one in imported(name)]


@pytest.mark.parametrize("name", NAMES)
def test_a_file_without_one_of_its_fields_is_refused_or_says_no_more(name: str) -> None:
    whole = json.loads(content(name))
    known = [one.figures.known for one in imported(name)]
    for field in whole if isinstance(whole, dict) else whole[0]:
        less = {key: value for key, value in (whole if isinstance(whole, dict) else whole[0]).items() if key != field}
        try:
            found = read(name, json.dumps(less if isinstance(whole, dict) else [less, *whole[1:]]).encode())
        except ImportFileError:
            continue
        for one, before in zip(found, known, strict=True):
            assert one.figures.known.items() <= before.items()


SHALLOW = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=5,
)


@settings(max_examples=150, deadline=None)
@given(st.data())
def test_a_file_with_anything_in_one_of_its_places_is_refused_in_a_line_or_read(data: st.DataObject) -> None:
    name = data.draw(st.sampled_from([one for one in NAMES if one != "guidellm.json"]))

    def change(file: Any) -> None:
        here: Any = file
        while True:
            keys = [*here] if isinstance(here, dict) else [*range(len(here))]
            key = data.draw(st.sampled_from(keys))
            if not isinstance(here[key], dict | list) or not here[key] or data.draw(st.integers(0, 3)) == 0:
                here[key] = data.draw(SHALLOW)
                return
            here = here[key]

    try:
        for record in read(name, changed(name, change)):
            assert record.figures.known or record.tasks
    except ImportFileError as refused:
        line = str(refused)
        assert line.startswith(f"{name}: ")
        assert line.isprintable()
        assert len(line) <= 390


HOSTILE = {
    "empty": (b" ", "not valid JSON"),
    "not text": (b"\xff\xfe{", "expected UTF-8"),
    "nested": (b"[" * LONG, "not valid JSON|nested too deeply|objects and lists"),
    "twice": (b'{"avg_latency": 1, "avg_latency": 2}', "stands twice"),
    "of no tool": (b'{"speed": 12}', "of no tool that is known here"),
    "a number": (b"12", "of no tool that is known here"),
    "nan": (
        b'{"model_id":"m","avg_latency":NaN,"latencies":[1],"percentiles":{"50":1}}',
        "field avg_latency: expected a number, found nan",
    ),
    "infinite": (
        b'{"model_id":"m","avg_latency":1e999,"latencies":[1],"percentiles":{"50":1}}',
        "field avg_latency: expected a number, found inf",
    ),
    "negative": (
        b'{"model_id":"m","avg_latency":-1,"latencies":[1],"percentiles":{"50":1}}',
        "avg_latency",
    ),
    "a flag": (
        b'{"model_id":"m","avg_latency":true,"latencies":[1],"percentiles":{"50":1}}',
        "expected a number, found True",
    ),
    "huge": (b'{"model_id":"m","avg_latency":' + b"1" * 5000 + b"}", "thousands of digits"),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_in_a_line(kind: str) -> None:
    data, words = HOSTILE[kind]
    with pytest.raises(ImportFileError, match=words) as refused:
        read("x.json", data)
    assert len(str(refused.value)) <= 390


def test_a_missing_an_empty_and_a_folder_are_refused(tmp_path: Path) -> None:
    (tmp_path / "empty.json").touch()
    for name, words in (("none.json", "no such file"), ("empty.json", "it is empty"), (".", "it is no file")):
        with pytest.raises(ImportFileError, match=words):
            import_files([tmp_path / name], None, None, {}, tmp_path / "measurements")


def test_the_name_of_a_file_and_the_command_name_no_folder_of_the_user(tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    path.write_bytes(SERVE.read_bytes())

    manifest = import_files([path], None, None, {}, tmp_path / "measurements").manifest

    assert manifest.command == "quantpress import result.json"
    assert str(tmp_path) not in manifest.model_dump_json()


def test_the_commands_take_in_check_and_export_what_a_tool_wrote(tmp_path: Path) -> None:
    def run(*words: str) -> subprocess.CompletedProcess[str]:
        done = command(*words)
        return subprocess.run(done, env=environment(tmp_path), capture_output=True, text=True, check=False)

    done = run("import", str(SERVE), "--card", "NVIDIA H200", "--run-id", "mine")
    assert (done.returncode, done.stdout, done.stderr) == (0, "mine: 1 measurement imported\n", "")
    assert run("check").returncode == 0
    assert run("export", str(tmp_path / "table"), "--format", "csv").returncode == 0
    assert "NVIDIA H200" in (tmp_path / "table" / "observations.csv").read_text()

    again = run("import", str(SERVE))
    assert (again.returncode, again.stdout) == (ImportFileError.exit_status, "")
    assert again.stderr == f"quantpress: {SERVE.name}: imported already, as mine; leave it out\n"
