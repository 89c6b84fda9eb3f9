"""The command line: every fault in one line, with a status of its own."""

import errno
import io
import subprocess
from pathlib import Path
from typing import NoReturn

import pytest
from running import command

from generator import cli, words
from generator.folders import CHECKOUT


def status_of(*words: str) -> int:
    with pytest.raises(SystemExit) as ended:
        cli.main(words)
    assert isinstance(ended.value.code, int)
    return ended.value.code


@pytest.mark.parametrize("below", ["", "/pages"])
def test_pages_that_cannot_be_written_there_are_told_with_the_place(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], below: str
) -> None:
    (tmp_path / "a-file").write_text("mine")

    assert status_of("pages", f"{tmp_path}/a-file{below}") == 8
    said = capsys.readouterr().err
    assert said.startswith(f"quantpress: {tmp_path}/a-file{below}: ")
    assert said.count("\n") == 1


def test_a_fault_of_the_machine_that_nobody_expected_is_a_line_with_path_and_reason(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused(*_: object) -> int:
        raise PermissionError(errno.EACCES, "Permission denied", "measurements/a-run/logs")

    monkeypatch.setitem(cli.COMMANDS, "measure", refused)

    assert status_of("measure") == 8
    assert capsys.readouterr().err == (
        "quantpress: measurements/a-run/logs: Permission denied; give permission, make room or name another place, "
        "and run the command again\n"
    )


def test_a_fault_of_the_machine_before_the_command_is_understood_is_a_line_too(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refused() -> NoReturn:
        raise OSError(errno.EIO, "Input/output error", "profiles")

    monkeypatch.setattr(words, "shipped_profiles", refused)

    assert status_of("measure") == 8
    assert capsys.readouterr().err.startswith("quantpress: profiles: Input/output error; ")


def test_a_pipe_that_is_closed_ends_the_command_quietly() -> None:
    with subprocess.Popen(
        command("schema"), cwd=CHECKOUT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()

        assert process.stderr.read() == ""
        assert process.wait() == 141


def test_what_the_terminal_is_told_ends_like_all_else_when_its_reader_has_gone() -> None:
    class Closed(io.StringIO):
        def write(self, _: str) -> int:
            raise BrokenPipeError

    with pytest.raises(BrokenPipeError):
        cli.Terminal(file=Closed()).print("a table")


def test_to_begin_anew_and_to_go_on_are_not_asked_for_together(capsys: pytest.CaptureFixture[str]) -> None:
    assert status_of("measure", "--profile", "demo", "--new", "--retry-failed") == 2
    assert "--new and --retry-failed: the one begins a run, the other goes on with one" in capsys.readouterr().err
