"""Generated files on disk: an author's own are never overwritten or removed, whatever happened to the ledger."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from generator.folders import CHECKOUT
from generator.ledger import LEDGER, ours, write_files

MADE = {"index.md": "# Made\n", "runs/a.md": "# A\n"}
MINE = "# My own\n"


def test_a_page_of_the_authors_is_left_and_named_and_the_others_are_written(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text(MINE)

    done = write_files(MADE, tmp_path)

    assert done.left == ("index.md",)
    assert done.changed == 1
    assert (tmp_path / "index.md").read_text() == MINE
    assert (tmp_path / "runs/a.md").read_text() == "# A\n"
    assert ours(tmp_path) == {"runs/a.md"}


def test_what_an_earlier_call_wrote_is_written_anew(tmp_path: Path) -> None:
    write_files(MADE, tmp_path)

    done = write_files({"index.md": "# Made anew\n"}, tmp_path)

    assert done.left == ()
    assert (tmp_path / "index.md").read_text() == "# Made anew\n"
    assert not (tmp_path / "runs/a.md").exists()


@pytest.mark.parametrize("files", [{"index.md": "# Made anew\n"}, {}], ids=["still generated", "no longer generated"])
def test_a_generated_page_that_the_author_went_on_writing_is_the_authors(tmp_path: Path, files: dict[str, str]) -> None:
    write_files(MADE, tmp_path)
    (tmp_path / "index.md").write_text(MINE)

    for _ in range(2):
        write_files(files, tmp_path)

    assert (tmp_path / "index.md").read_text() == MINE


def test_without_a_ledger_nothing_that_differs_is_overwritten(tmp_path: Path) -> None:
    write_files(MADE, tmp_path)
    (tmp_path / LEDGER).unlink()
    (tmp_path / "index.md").write_text(MINE)

    assert write_files({"index.md": "# Made anew\n", "runs/a.md": "# A\n"}, tmp_path).left == ("index.md",)
    assert (tmp_path / "index.md").read_text() == MINE
    assert ours(tmp_path) == {"runs/a.md"}  # as it would be written, so it is no loss


def test_a_page_that_is_removed_or_renamed_is_generated_again(tmp_path: Path) -> None:
    (tmp_path / "index.md").write_text(MINE)
    write_files(MADE, tmp_path)
    (tmp_path / "index.md").rename(tmp_path / "mine.md")

    assert write_files(MADE, tmp_path).left == ()
    assert (tmp_path / "index.md").read_text() == "# Made\n"


def test_what_a_call_wrote_that_broke_off_is_known_to_the_next(tmp_path: Path) -> None:
    (tmp_path / "runs").write_text("a file where the folder would be")
    with pytest.raises(OSError, match="runs"):
        write_files(MADE, tmp_path)
    (tmp_path / "runs").unlink()

    assert write_files({"index.md": "# Made anew\n"}, tmp_path).left == ()


def test_make_clean_removes_what_was_generated_and_no_page_of_the_authors(tmp_path: Path) -> None:
    shutil.copy(CHECKOUT / "Makefile", tmp_path)
    shutil.copytree(CHECKOUT / "generator", tmp_path / "generator", ignore=shutil.ignore_patterns("__pycache__"))
    (tmp_path / "tests").mkdir()
    pages = tmp_path / "site/pages"
    write_files(MADE | {"explore.md": "# Explore\n"}, pages)
    (pages / "explore.md").write_text(MINE)
    (pages / "notes.md").write_text(MINE)

    subprocess.run(["make", "clean", f"VIRTUAL_ENV={sys.prefix}"], cwd=tmp_path, check=True)

    assert {path.relative_to(pages).as_posix() for path in pages.rglob("*.*")} == {"explore.md", "notes.md"}


def test_a_write_that_breaks_off_leaves_the_old_file_and_no_part_of_the_new(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files({"a.md": "old"}, tmp_path)
    whole = Path.write_bytes

    def cut(path: Path, content: bytes) -> int:
        whole(path, content[:2])
        raise OSError("No space left on device")

    monkeypatch.setattr(Path, "write_bytes", cut)
    with pytest.raises(OSError, match="No space"):
        write_files({"a.md": "new and longer"}, tmp_path)
    monkeypatch.undo()

    assert (tmp_path / "a.md").read_text() == "old"
    assert ours(tmp_path) == {"a.md"}
    assert write_files({"a.md": "new and longer"}, tmp_path).left == ()
    assert {path.name for path in tmp_path.iterdir()} == {"a.md", LEDGER}
