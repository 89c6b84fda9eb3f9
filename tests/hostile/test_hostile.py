"""Records as a stranger might write them: refused in a line that says where, and never more than that."""

import json
from pathlib import Path

import pytest
from examples import failed
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from generator.errors import RecordError
from generator.manifest import Hardware
from generator.measurements import parse, read_run
from generator.readable import readable
from generator.record import LAUNCH
from generator.untrusted import in_ascii
from torture.strangers.corpus import cases
from torture.strangers.disk import DISK
from torture.strangers.hostile import (
    KINDS,
    MOST_MB,
    MOST_S,
    Tally,
    try_cuts,
    try_files,
    try_flips,
    try_folders,
    weigh,
    write_valid_run,
)
from torture.strangers.records import FILES, valid, written

# A share of the corpus, so that the suite stays quick; the whole of it is `python -m torture.strangers.hostile`.
SHARE = 9


def test_what_the_hostile_files_are_made_of_is_valid(tmp_path: Path) -> None:
    run = read_run(write_valid_run(tmp_path))

    assert (len(run.launches), len(run.peers)) == (1, 1)


def test_the_corpus_has_each_case_once_and_none_is_the_valid_file() -> None:
    found = [(case.file, case.content) for case in cases()]

    assert len({(case.kind, case.file, case.name) for case in cases()}) == len(found) >= 300
    assert not {(file, written(valid(file))) for file in FILES} & set(found)


def test_no_hostile_file_is_accepted_or_crashes_the_reader(tmp_path: Path) -> None:
    few = [case for case in cases() if case.kind not in {"numbers", "text", "bombs"}]
    many = [case for case in cases() if case.kind in {"numbers", "text"}]

    tally = try_files(tmp_path / "measurements", [*few, *many[::SHARE]])

    assert tally.tried > 1000
    assert (tally.accepted, tally.crashed, tally.told_badly) == ([], [], [])


def test_no_hostile_folder_is_accepted_crashes_the_reader_or_holds_it_up(tmp_path: Path) -> None:
    tally = try_folders(tmp_path)

    assert tally.tried == len(DISK)
    assert (tally.accepted, tally.crashed, tally.told_badly) == ([], [], [])


def test_a_file_cut_at_any_byte_is_refused() -> None:
    assert try_cuts(every=SHARE).clean


def test_a_file_with_a_bit_turned_over_is_refused_or_valid() -> None:
    tally = try_flips(every=8 * SHARE - 1)

    assert (tally.crashed, tally.told_badly) == ([], [])


@pytest.mark.parametrize("name", ["a list of lists", "a list of numbers", "many fields", "a long name of a field"])
def test_a_small_file_costs_little_however_it_is_filled(tmp_path: Path, name: str) -> None:
    (case,) = (case for case in cases() if (case.kind, case.file, case.name) == ("bombs", "launch", name))
    ((_, took_s, rose_mb),) = weigh([case], tmp_path)

    assert took_s < 3 * MOST_S  # other tests may run beside it
    assert rose_mb < MOST_MB


def test_the_tally_would_tell_of_each_kind_of_fault() -> None:
    def crash() -> None:
        raise KeyError("x")

    def tell(message: str) -> None:
        raise RecordError(message)

    tally = Tally()
    tally.take("taken", lambda: None)
    tally.take("crashes", crash)
    for message in (
        "x.json: field a: wrong",
        "x.json: wrong",
        "x.json: field a: \x1b[31m",
        "x.json: field a: " + "a" * 400,
    ):
        tally.take("told", tell, message)

    assert (len(tally.accepted), len(tally.crashed), len(tally.told_badly)) == (1, 1, 3)


def test_a_whole_measurements_folder_may_be_a_link(tmp_path: Path) -> None:
    folder = write_valid_run(tmp_path / "elsewhere")
    (tmp_path / "measurements").symlink_to(folder.parent)

    assert read_run(tmp_path / "measurements" / folder.name).manifest.run_id == folder.name


def test_what_begins_with_a_dot_and_the_logs_are_not_read(tmp_path: Path) -> None:
    folder = write_valid_run(tmp_path)
    (folder / "logs").mkdir()
    (folder / "logs" / "r01.log").write_bytes(b"\xff")
    (folder / ".DS_Store").write_bytes(b"\xff")
    (folder / "launches" / ".r02.json.tmp").write_bytes(b"\xff")

    assert len(read_run(folder).launches) == 1


def test_a_zero_with_a_sign_is_read_as_zero() -> None:
    record = valid("launch")
    record["quantities"]["gpu_memory_baseline_mib"] = -0.0
    record["quantities"]["gpu_memory_free_mib"] = -0.0

    read = parse(Path("x.json"), written(record), LAUNCH)

    assert str(read.quantities.gpu_memory_baseline_mib) == str(read.quantities.gpu_memory_free_mib) == "0.0"  # type: ignore[union-attr]


@pytest.mark.parametrize("words", ["Müller & 王 · 2 µs", "使用vLLM测量", "Привет, world", "größe 🦙", "x → y ≤ 3°"])
def test_words_of_any_language_are_text(words: str) -> None:
    assert failed("awq", words).message == readable(words) == words


@pytest.mark.parametrize(
    "words", ["p\u0430ypal", "Ａ", "a\u0301", "a\u200bb", "\x1b[31mred", "zz\u0336\u0337\u0338\u0335"]
)
def test_what_an_engine_says_is_made_readable(words: str) -> None:
    with pytest.raises(ValueError, match="message"):
        type(failed("awq")).model_validate(failed("awq").model_dump() | {"message": words})

    assert failed("awq", readable(words)).message


def test_a_name_of_hardware_has_no_letter_that_passes_for_another() -> None:
    for name in ("NVIDIA H100", "Intel(R) Xeon(R) @ 2.0GHz"):
        assert Hardware(device="cuda", gpu_name=name).gpu_name == name
    with pytest.raises(ValueError, match="gpu_name"):
        Hardware(device="cuda", gpu_name="NVIDIA Н100")


@given(st.sampled_from(sorted(KINDS)), st.randoms())
def test_the_order_of_the_fields_does_not_matter(file: str, random: object) -> None:
    def shuffled(value: object) -> object:
        if isinstance(value, dict):
            items = [*value.items()]
            random.shuffle(items)  # type: ignore[attr-defined]
            return {key: shuffled(one) for key, one in items}
        return [shuffled(one) for one in value] if isinstance(value, list) else value

    record = valid(file)
    path = Path(FILES[file])

    assert parse(path, written(shuffled(record)), KINDS[file]) == parse(path, written(record), KINDS[file])


@pytest.mark.parametrize("file", FILES)
def test_each_kind_of_record_is_read_back_as_it_was_written(file: str) -> None:
    read = parse(Path(FILES[file]), written(valid(file)), KINDS[file])

    assert parse(Path(FILES[file]), KINDS[file].dump_json(read), KINDS[file]) == read


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inside: st.lists(inside, max_size=3) | st.dictionaries(st.text(), inside, max_size=3),
    max_leaves=8,
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(st.sampled_from(sorted(KINDS)), st.data())
def test_whatever_stands_in_a_field_is_valid_or_refused_in_a_printable_line(file: str, data: st.DataObject) -> None:
    record = valid(file)
    key = data.draw(st.sampled_from(sorted(record)) | st.text())
    tally = Tally()

    tally.take(key, parse, Path(FILES[file]), json.dumps(record | {key: data.draw(JSON)}).encode(), KINDS[file])

    assert (tally.crashed, tally.told_badly) == ([], [])


@given(st.text())
def test_a_message_never_acts_on_a_terminal(text: str) -> None:
    assert in_ascii(text).isascii()
    assert in_ascii(text).isprintable()


@given(st.text())
def test_readable_text_stays_as_it_is(text: str) -> None:
    assert readable(readable(text)) == readable(text)
    assert failed("awq", readable(text)).message == readable(text)
