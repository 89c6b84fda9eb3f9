"""What is kept of each run: nothing is made twice, nothing stale is taken, and one run more is the work of one run."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from examples import completed, four_methods, replaced

from generator import site
from generator.analyse.findings import run_findings
from generator.folders import TEMPLATES
from generator.kept import Content, keep
from generator.measurements import Run, read_run, write_launch, write_manifest
from generator.render import alone, dataset, feed, history, matrix, pages, runs, units
from generator.render.about import teller

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
URL = "https://example.org/there/"


class Counted:
    """A function that counts its calls."""

    def __init__(self, function: Callable[..., object]) -> None:
        self.calls, self._function = 0, function

    def __call__(self, *arguments: object) -> object:
        self.calls += 1
        return self._function(*arguments)


@pytest.fixture
def records(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(site, "CACHE", tmp_path / "cache")
    return tmp_path / "measurements"


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Counts the runs whose page is made."""
    counted = Counted(alone.alone)
    monkeypatch.setattr(alone, "alone", counted)
    return counted


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> Counted:
    """Counts the runs that are read whole, on pages that tell of a few runs each."""
    told = (
        *((runs, "PAIRED"), (history, "TOLD"), (pages, "LISTED"), (feed, "ENTRIES"), (dataset, "NAMED")),
        *((matrix, "GROUPS"), (matrix, "SIDES"), (matrix, "LEFT")),
    )
    for module, name in told:
        monkeypatch.setattr(module, name, 2)
    monkeypatch.setattr(runs, "IN_PAGE", 8)
    counted = Counted(read_run)
    monkeypatch.setattr("generator.shelf.read_run", counted)
    return counted


def write(records: Path, *days: int) -> None:
    for day in days:
        name = {"run_id": f"2026-01-{day:02d}-example", "created_at": f"2026-01-{day:02d}T00:00:00Z"}
        run = Run(replaced(four_methods().manifest, **name), four_methods().launches)
        write_manifest(records / run.manifest.run_id, run.manifest)
        for launch in run.launches:
            write_launch(records / run.manifest.run_id, launch)


def remove(records: Path, day: int) -> None:
    folder = records / f"2026-01-{day:02d}-example"
    for path in sorted(folder.rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    folder.rmdir()


def contents(files: dict[str, Content]) -> dict[str, bytes]:
    return {
        path: it.read_bytes() if isinstance(it, Path) else it.encode() if isinstance(it, str) else it
        for path, it in files.items()
    }


@pytest.mark.parametrize("count", [5, 10])
def test_each_run_is_made_once_and_one_that_is_added_alone(records: Path, made: Counted, count: int) -> None:
    write(records, *range(1, count + 1))
    site.site_files(root=records)
    assert made.calls == count

    write(records, count + 1)
    site.site_files(root=records)
    assert made.calls == count + 1


def test_however_many_runs_there_are_as_many_are_read_whole_when_one_is_added(records: Path, read: Counted) -> None:
    reads = []
    for days in (range(1, 11), range(11, 26)):
        write(records, *days)
        site.site_files(root=records)
        before = read.calls
        write(records, days[-1] + 1)
        site.site_files(root=records)
        reads.append(read.calls - before)
        remove(records, days[-1] + 1)

    assert reads[0] == reads[1] < 10


def test_pages_that_tell_of_all_runs_stay_as_large_as_they_are(records: Path, read: Counted) -> None:
    sizes = []
    for days in (range(10, 20), range(20, 30)):
        write(records, *days)
        files = contents(site.site_files(root=records))
        sizes.append(
            [len(files[path]) for path in ("index.md", "explore.md", "matrix.md", "reproducibility.md", "feed.xml")]
        )

    assert read.calls
    for few, many in zip(*sizes, strict=True):
        assert abs(few - many) < 0.02 * few


def test_every_cell_is_in_the_page_or_in_what_its_script_brings_and_in_one_file(records: Path, read: Counted) -> None:
    write(records, *range(1, 6))
    files = contents(site.site_files(root=records))
    page, script = files["explore.md"].decode(), files["data/older-cells.js"].decode()
    brought = json.loads(script.partition("olderCells: ")[2].rpartition(" };")[0])

    assert read.calls
    assert page.count('<tr id="2026') == 8
    assert len(brought) == 12
    assert [row[1]["data-run"] for row in brought[::4]] == [f"2026-01-0{day}-example" for day in (3, 2, 1)]
    assert {row[0] for row in brought} == {"tr"}
    table = files["data/cells.csv"].decode().split("\r\n")
    assert table[0].startswith("run,cell,method,")
    assert {line.split(",")[0] for line in table[1:-1]} == {f"2026-01-0{day}-example" for day in range(1, 6)}


def test_what_is_brought_says_what_the_page_would_have_said(records: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write(records, 1, 2)
    monkeypatch.setattr(runs, "IN_PAGE", 1)
    script = contents(site.site_files(root=records))["data/older-cells.js"].decode()
    monkeypatch.setattr(runs, "IN_PAGE", 300)
    (records.parent / "cache" / "site.json").unlink()
    page = contents(site.site_files(root=records))["explore.md"].decode()

    def written(said: object) -> str:
        if isinstance(said, str):
            return said
        assert isinstance(said, list)
        name, attributes, *inside = said
        texts = "".join(f' {attribute}="{value}"' for attribute, value in attributes.items())
        closing = "" if name == "br" else f"</{name}>"
        return f"<{name}{texts}>{''.join(map(written, inside))}{closing}"

    rows = json.loads(script.partition("olderCells: ")[2].rpartition(" };")[0])
    plain = page.replace("&#45;", "-").replace("&#58;", ":")
    assert len(rows) == 4
    for row in rows:
        assert written(row) in plain


def test_what_was_kept_gives_the_bytes_that_are_made_from_nothing(records: Path, tmp_path: Path) -> None:
    write(records, 1, 2)
    site.site_files(root=records)
    write(records, 3)
    kept = contents(site.site_files(root=records))
    (tmp_path / "cache").rename(tmp_path / "old")

    assert contents(site.site_files(root=records)) == kept


def test_a_changed_record_or_another_address_makes_the_run_anew_and_no_other(records: Path, made: Counted) -> None:
    write(records, 1, 2, 3)
    before = contents(site.site_files(root=records))
    write_launch(records / "2026-01-02-example", completed("awq", round_=2, speed=555.0))
    after = contents(site.site_files(root=records))

    assert made.calls == 4
    assert {path for path in before if path.startswith("runs/") and before[path] != after[path]} == {
        "runs/2026-01-02-example.md"
    }
    site.site_files(root=records, site_url=URL)
    assert made.calls == 7


def test_one_digit_of_a_record_makes_its_run_anew(records: Path, made: Counted) -> None:
    write(records, 1, 2)
    site.site_files(root=records)
    launch = next((records / "2026-01-02-example" / "launches").iterdir())
    launch.write_text(launch.read_text().replace('"duration_s": 60.0', '"duration_s": 61.0', 1))
    files = contents(site.site_files(root=records))

    assert made.calls == 3
    assert b'"duration_s":61.0' in files[f"data/2026-01-02-example/{launch.name}"]


def test_another_template_makes_all_anew(records: Path, made: Counted, monkeypatch: pytest.MonkeyPatch) -> None:
    write(records, 1, 2)
    site.site_files(root=records)
    templates = records.parent / "templates"
    templates.mkdir()
    for path in TEMPLATES.glob("*.j2"):
        (templates / path.name).write_bytes(path.read_bytes())
    monkeypatch.setattr(site, "TEMPLATES", templates)
    site.site_files(root=records)
    assert made.calls == 2
    with (templates / "run.md.j2").open("a", encoding="utf-8") as file:
        file.write("\nThe end.\n")

    assert b"The end." in contents(site.site_files(root=records))["runs/2026-01-01-example.md"]
    assert made.calls == 4


def test_nothing_is_left_of_a_run_that_is_no_longer_there(records: Path, tmp_path: Path) -> None:
    write(records, 1, 2)
    site.site_files(root=records)
    remove(records, 2)
    files = contents(site.site_files(root=records))

    assert not any("2026-01-02" in path or b"2026-01-02" in content for path, content in files.items())
    assert not [*(tmp_path / "cache").rglob("*2026-01-02*")]


@pytest.mark.parametrize("damage", ["missing", "cut off", "no JSON", "another brief"])
def test_what_is_damaged_is_made_anew(records: Path, made: Counted, tmp_path: Path, damage: str) -> None:
    write(records, 1, 2)
    first = contents(site.site_files(root=records))
    (folder,) = (tmp_path / "cache" / "runs").glob("2026-01-01-example=*")
    page, told = folder / "runs" / "2026-01-01-example.md", folder / "told.json"
    if damage == "missing":
        page.unlink()
    elif damage == "cut off":
        page.write_bytes(page.read_bytes()[:-1])
    else:
        broken = "{" if damage == "no JSON" else json.dumps(json.loads(told.read_text()) | {"brief": "{}"})
        told.write_text(broken)
        (tmp_path / "cache" / "site.json").unlink()

    assert contents(site.site_files(root=records)) == first
    assert made.calls == 3


def test_a_label_of_a_constant_that_a_template_was_compiled_with_is_never_an_old_one(
    records: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(records, 1)
    site.site_files(root=records)
    monkeypatch.setattr(site, "_code", lambda: "other code")
    monkeypatch.setitem(units.LABELS, "output_tokens_per_s", ("Pace", "tokens/s", 0))
    files = contents(site.site_files(root=records))
    (records.parent / "cache").rename(records.parent / "old")

    assert contents(site.site_files(root=records)) == files


def test_what_another_build_has_kept_meanwhile_is_left_where_it_is_read(records: Path, tmp_path: Path) -> None:
    write(records, 1)
    site.site_files(root=records)
    (told,) = (tmp_path / "cache" / "runs").glob("*/told.json")
    key, before = json.loads(told.read_text())["key"], told.stat().st_ino
    run = run_findings(read_run(records / "2026-01-01-example"))
    environment = pages.environment_of(TEXTS)
    made = alone.alone(run, environment, teller(environment), "")

    again = keep(tmp_path / "cache" / "runs", key, made)

    assert told.stat().st_ino == before
    assert [*again.files.values()] == [told.parent / path for path in made.files]
    assert [*told.parent.parent.iterdir()] == [told.parent]
