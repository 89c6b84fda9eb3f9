"""What is looked at before a file is anything: its kind, its size, its bytes; each limit at its edge."""

import os
import threading
from pathlib import Path

import pytest

from generator import untrusted
from generator.errors import RecordError
from generator.untrusted import content_of, entries, in_ascii, refusal, shown, text_of

TWICE = "the key stands twice in one object; correct it, or remove the file and measure again"
FILE = Path("measurements/mine/manifest.json")


def refused(content: bytes) -> str:
    with pytest.raises(RecordError) as raised:
        text_of(FILE, content)
    return str(raised.value).removeprefix("measurements/mine/manifest.json: ")


def told(path: Path) -> str:
    with pytest.raises(RecordError) as raised:
        content_of(path)
    return str(raised.value).partition(": ")[2]


def object_of(keys: int) -> bytes:
    return ("{" + ", ".join(f'"k{number}": 1' for number in range(keys)) + "}").encode()


def test_text_that_means_one_thing_is_given_back_as_it_is() -> None:
    assert (
        text_of(FILE, b' {"a": [1.5, true, null], "b": {"a": 2}} \n') == ' {"a": [1.5, true, null], "b": {"a": 2}} \n'
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": "\xe9"}', "byte 7: expected UTF-8 text; restore the file or remove it"),
        (
            b'\xef\xbb\xbf{"a": 1}',
            "not valid JSON: byte 0: Unexpected UTF-8 BOM (decode using utf-8-sig); restore the file, or remove it",
        ),
        (b"[1, 2]", "byte 0: expected an object, {...}; restore the file, or remove it and measure again"),
        (b"1", "byte 0: expected an object, {...}; restore the file, or remove it and measure again"),
        (b"", "not valid JSON: byte 0: Expecting value; restore the file, or remove it"),
        ('{"é": }'.encode(), "not valid JSON: byte 7: Expecting value; restore the file, or remove it"),
        (
            b'{"a": 1, "b": 2, "a": 3}',
            f"field a: {TWICE}",
        ),
        (
            b'{"a": {"b": 1, "b": 1}}',
            f"field b: {TWICE}",
        ),
        (b'{"a": ' + b"1" * 5000 + b"}", "byte 0: a number of thousands of digits; remove the file"),
        (b'{"a": ' + b"[" * 9_999 + b"]" * 9_999 + b"}", "byte 0: nested too deeply to be a record; remove the file"),
    ],
    ids=["no UTF-8", "a mark", "a list", "a number", "nothing", "no value", "twice", "twice below", "digits", "deep"],
)
def test_anything_else_is_refused_with_the_place_and_what_mends_it(content: bytes, message: str) -> None:
    assert refused(content) == message


def test_so_many_objects_and_lists_may_be_in_a_file_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted, "MAX_PARTS", 4)
    text_of(FILE, b'{"a": [[], {}]}')
    assert refused(b'{"a": [[], {}, []]}') == (
        "byte 0: more than 4 objects and lists, which no record has; remove the file"
    )


def test_so_many_keys_may_be_in_an_object_and_no_more() -> None:
    text_of(FILE, object_of(2000))
    assert refused(object_of(2001)).startswith("field k0: in an object of more than 2,000 fields, which no record has")


def test_a_key_is_quoted_no_longer_than_sixty_letters() -> None:
    key = "x" * 61
    assert refused(f'{{"{key}": 1, "{key}": 2}}'.encode()).startswith(f"field {'x' * 60}: the key")


def test_a_file_may_be_as_large_as_the_largest_and_no_larger(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted, "MAX_FILE_BYTES", 10)
    path = tmp_path / "manifest.json"
    path.write_bytes(b"0123456789")
    assert content_of(path) == b"0123456789"
    path.write_bytes(b"0123456789.")
    assert told(path) == "larger than 10 bytes, which no record is; remove the file"


def test_only_a_regular_file_is_read_and_nothing_waits_for_a_pipe(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "link").symlink_to("/etc/hostname")
    os.mkfifo(tmp_path / "pipe")
    assert told(tmp_path / "folder") == "no regular file; remove it"
    assert told(tmp_path / "pipe") == "no regular file; remove it"
    assert told(tmp_path / "link") == "no regular file; remove it"
    assert told(tmp_path / "gone") == "missing; every run needs one; restore it, or remove the folder"
    assert told(tmp_path / "folder" / "gone" / "deeper").startswith("missing")


def test_a_pipe_that_takes_a_file_s_place_after_the_look_is_neither_waited_for_nor_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "manifest.json"
    path.write_bytes(b"{}")
    looked_at = path.lstat()
    path.unlink()
    os.mkfifo(path)
    monkeypatch.setattr(Path, "lstat", lambda _: looked_at)
    said: list[str] = []
    thread = threading.Thread(target=lambda: said.append(told(path)), daemon=True)
    thread.start()
    thread.join(5)
    assert said == ["no regular file; remove it"]


def test_a_link_that_takes_a_file_s_place_after_the_look_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "secret").write_text("secret")
    looked_at = (tmp_path / "secret").lstat()
    (tmp_path / "manifest.json").symlink_to(tmp_path / "secret")
    monkeypatch.setattr(Path, "lstat", lambda _: looked_at)
    assert told(tmp_path / "manifest.json").startswith("can't be read: ")


def names(folder: Path) -> list[str]:
    return [entry.name for entry in entries(folder)]


def entries_told(folder: Path) -> str:
    with pytest.raises(RecordError) as raised:
        names(folder)
    return str(raised.value).partition(": ")[2]


def test_a_folder_s_entries_come_by_name_without_those_that_begin_with_a_dot(tmp_path: Path) -> None:
    for name in ("b.json", ".hidden", "a.json"):
        (tmp_path / name).write_text("{}")
    (tmp_path / ".link").symlink_to("a.json")
    assert names(tmp_path) == ["a.json", "b.json"]


def test_links_are_refused_in_a_folder_and_as_one(tmp_path: Path) -> None:
    folder = tmp_path / "real"
    folder.mkdir()
    (tmp_path / "linked").symlink_to(folder)
    assert entries_told(tmp_path / "linked") == (
        "a link; a record must lie where it is read: put the folder itself here"
    )
    (folder / "a.json").symlink_to("/etc/hostname")
    assert entries_told(folder) == "a link; a record must lie where it is read: put the file itself here"


def test_a_folder_has_so_many_files_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(untrusted, "MAX_FILES", 2)
    for name in ("a", "b"):
        (tmp_path / name).touch()
    assert names(tmp_path) == ["a", "b"]
    (tmp_path / "c").touch()
    assert entries_told(tmp_path) == "no part of a run, which has no more than 2 files; remove the folder"


def test_a_folder_that_is_not_there_says_so(tmp_path: Path) -> None:
    assert entries_told(tmp_path / "gone") == "can't be read: No such file or directory"


def test_a_message_is_printable_ascii_and_short_whatever_the_file_is_named() -> None:
    message = str(refusal(Path("measurements") / ("\x1b[31m\u202e" + "x" * 600), "é" * 10))
    assert len(message) == untrusted.MAX_MESSAGE
    assert message.startswith("measurements/\\x1b[31m\\u202exxx")
    assert message.endswith("xxx: " + "\\xe9" * 10)
    assert "..." in message
    assert str(refusal(FILE, "short")) == "measurements/mine/manifest.json: short"


def test_a_message_just_as_long_as_the_longest_is_whole() -> None:
    at_most = "x" * (untrusted.MAX_MESSAGE - len("measurements/mine/manifest.json: "))
    assert str(refusal(FILE, at_most)).endswith(at_most)
    assert "..." in str(refusal(FILE, at_most + "x"))


def test_printable_ascii_stays_and_all_else_becomes_an_escape() -> None:
    assert in_ascii(" ~aZ'\"\\") == " ~aZ'\"\\"
    assert in_ascii("é\x7f\n\u202e😀") == "\\xe9\\x7f\\n\\u202e\\U0001f600"


def test_a_path_is_shown_from_measurements_on_or_by_its_last_three_names() -> None:
    assert shown(Path("/home/me/measurements/mine/launches/a.json")) == "measurements/mine/launches/a.json"
    assert shown(Path("/home/me/other/mine/launches/a.json")) == "mine/launches/a.json"


def test_the_limits_leave_room_for_every_run_that_a_profile_allows() -> None:
    assert untrusted.MAX_FILE_BYTES == 4_194_304
    assert (untrusted.MAX_FILES, untrusted.MAX_PARTS, untrusted.MAX_KEYS) == (5_000, 20_000, 2_000)
    assert untrusted.MAX_MESSAGE == 390
