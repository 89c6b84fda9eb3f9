"""`quantpress export`: one tidy table, which pandas and DuckDB read with the types that it has."""

import csv
import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from examples import TASKS, completed, failed, manifest, reported
from imported_samples import SAMPLES

from generator import exporting, measurements
from generator.errors import RecordError, UsageError
from generator.exporting import export, observations
from generator.importing import import_files
from generator.measurements import Run, write_launch, write_manifest
from generator.render.tidy import COLUMNS

NO_PYARROW = "pyarrow is not installed: make export"
NO_PANDAS = "pandas is not installed: `make tasks` brings it"
NO_DUCKDB = "duckdb is not installed: run `make test`"


def write(run: Run, root: Path) -> None:
    folder = root / run.manifest.run_id
    write_manifest(folder, run.manifest)
    for launch in run.launches:
        write_launch(folder, launch)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A measured run with a failed launch, a reported one, an imported one."""
    folder = tmp_path / "measurements"
    launches = (completed(tasks=TASKS), failed("awq"))
    write(Run(manifest(run_id="mine", methods=("fp16", "awq")), launches), folder)
    write(reported(), folder)
    import_files([SAMPLES / "guidellm.json"], None, "theirs", {"card": "=cmd"}, folder)
    return folder


@pytest.fixture
def table(root: Path, tmp_path: Path) -> Path:
    pytest.importorskip("pyarrow", reason=NO_PYARROW)
    export(tmp_path / "out", root=root)
    return tmp_path / "out"


def rows(folder: Path) -> list[dict[str, str]]:
    with (folder / "observations.csv").open(encoding="utf-8", newline="") as file:
        return [*csv.DictReader(file)]


def test_each_request_of_a_launch_is_a_row_for_each_of_its_figures(root: Path) -> None:
    found = [one for one in observations(root) if one.kind == "request" and one.quantity == "ttft_s"]

    assert [one.position for one in found if one.concurrency == 4] == [*range(64)]
    assert {one.concurrency for one in found} == {1, 4, 16}
    assert all(one.value and one.valid for one in found)


def test_every_figure_says_whose_it_is(root: Path) -> None:
    assert {(one.run, one.origin, one.trust) for one in observations(root)} == {
        ("mine", "measured", "own"),
        (reported().manifest.run_id, "reported", "own"),
        ("theirs", "imported", "imported"),
    }


def test_a_failed_launch_is_a_row_without_a_figure_and_with_its_reason(root: Path) -> None:
    (found,) = [one for one in observations(root) if one.kind == "failure"]

    assert (found.method, found.quantity, found.value) == ("awq", None, None)
    assert "CUDA out of memory" in (found.reason or "")


def test_a_quantity_that_does_not_exist_is_null_and_has_its_reason(root: Path) -> None:
    for one in observations(root):
        assert (one.value is None) == (one.reason is not None)


def test_the_files_have_as_many_rows_as_there_are_observations(table: Path, root: Path) -> None:
    import pyarrow.parquet as pq

    expected = sum(1 for _ in observations(root))

    assert len(rows(table)) == expected
    assert pq.read_metadata(table / "observations.parquet").num_rows == expected


def test_no_text_of_the_csv_is_taken_for_a_formula(table: Path) -> None:
    assert {row["card"] for row in rows(table) if row["run"] == "theirs"} == {"'=cmd"}


READERS: dict[str, Callable[[Any, Path], Any]] = {
    "csv": lambda pandas, folder: pandas.read_csv(
        folder / "observations.csv", dtype_backend="numpy_nullable", parse_dates=["measured_at"]
    ),
    "parquet": lambda pandas, folder: pandas.read_parquet(
        folder / "observations.parquet", dtype_backend="numpy_nullable"
    ),
}


@pytest.mark.parametrize("form", READERS)
def test_pandas_reads_numbers_nulls_and_times_as_such(table: Path, form: str) -> None:
    pandas = pytest.importorskip("pandas", reason=NO_PANDAS)
    frame = READERS[form](pandas, table)

    assert list(frame.columns) == [*COLUMNS]
    assert {name: str(frame.dtypes[name]) for name in ("value", "round", "concurrency", "position", "valid")} == {
        "value": "Float64",
        "round": "Int64",
        "concurrency": "Int64",
        "position": "Int64",
        "valid": "boolean",
    }
    assert str(frame.dtypes["measured_at"]).endswith("UTC]")
    assert frame.loc[frame["run"] == "theirs", "round"].isna().all()
    speeds = frame[(frame["quantity"] == "output_tokens_per_s") & (frame["origin"] == "imported")]["value"]
    assert speeds.tolist() == pytest.approx([306.653006950188, 366.3629233721372])


@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_duckdb_reads_numbers_nulls_and_times_as_such(table: Path, form: str) -> None:
    duckdb = pytest.importorskip("duckdb", reason=NO_DUCKDB)
    path = f"{table}/observations.{form}"
    relation = duckdb.read_csv(path) if form == "csv" else duckdb.read_parquet(path)
    types = {name: str(kind) for name, kind in zip(relation.columns, relation.types, strict=True)}

    assert types["value"] == "DOUBLE"
    assert {types[name] for name in ("round", "concurrency", "position")} == {"BIGINT"}
    assert types["valid"] == "BOOLEAN"
    assert types["measured_at"].startswith("TIMESTAMP")
    theirs = relation.filter("origin = 'imported' and round is null and value is not null")
    [(fastest,)] = theirs.filter("quantity = 'output_tokens_per_s'").aggregate("max(value)").fetchall()
    assert fastest == pytest.approx(366.3629233721372)


def test_both_tables_say_the_same(table: Path) -> None:
    pandas = pytest.importorskip("pandas", reason=NO_PANDAS)
    one, other = (read(pandas, table) for read in READERS.values())

    alike = [name for name in COLUMNS if name != "card"]  # of one, the CSV is no formula
    differing = [name for name in alike if not one[name].equals(other[name].astype(one[name].dtype))]
    assert differing == []


def test_the_description_names_each_file_with_its_hash_and_each_variable_with_its_unit(table: Path) -> None:
    told = json.loads((table / "dataset.jsonld").read_text(encoding="utf-8"))

    assert (told["@context"], told["@type"]) == ("https://schema.org", "Dataset")
    for file in told["distribution"]:
        content = (table / file["contentUrl"]).read_bytes()
        assert file["sha256"] == hashlib.sha256(content).hexdigest()
        assert file["contentSize"] == f"{len(content)} B"
    units = {one["name"]: one.get("unitText") for one in told["variableMeasured"]}
    assert (units["ttft_s"], units["kl_divergence_per_token"]) == ("s", "nats")
    assert told["temporalCoverage"].startswith("2026-")


def test_only_what_was_asked_for_is_written(root: Path, tmp_path: Path) -> None:
    export(tmp_path / "out", ["csv"], root)

    assert [path.name for path in (tmp_path / "out").iterdir()] == ["observations.csv"]


def test_without_pyarrow_nothing_is_begun_and_a_line_says_what_to_install(
    root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(exporting, "find_spec", lambda _: None)

    with pytest.raises(UsageError, match="make export"):
        export(tmp_path / "out", root=root)
    assert not (tmp_path / "out").exists()


def test_a_record_that_is_none_leaves_the_files_of_the_last_export(root: Path, tmp_path: Path) -> None:
    export(tmp_path / "out", ["csv"], root)
    before = (tmp_path / "out" / "observations.csv").read_bytes()
    next((root / "mine" / "launches").iterdir()).write_text("{}")

    with pytest.raises(RecordError):
        export(tmp_path / "out", ["csv"], root)

    assert (tmp_path / "out" / "observations.csv").read_bytes() == before
    assert len([*(tmp_path / "out").iterdir()]) == 1


def test_no_records_make_an_empty_table(tmp_path: Path) -> None:
    assert export(tmp_path / "out", ["csv", "jsonld"], tmp_path / "none") == 0
    assert rows(tmp_path / "out") == []


def test_launches_are_read_as_they_are_asked_for(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[str] = []
    parse = measurements.parse

    def noted(path: Path, *rest: Any) -> Any:
        read.append(path.parent.name)
        return parse(path, *rest)

    monkeypatch.setattr(measurements, "parse", noted)

    next(iter(observations(root)))

    assert read.count("launches") == 1


def test_a_later_export_stands_in_place_of_the_earlier_one(root: Path, tmp_path: Path) -> None:
    export(tmp_path / "out", ["csv"], root)
    import_files([SAMPLES / "lm_eval.json"], None, "later", {}, root)

    export(tmp_path / "out", ["csv"], root)

    assert "later" in {row["run"] for row in rows(tmp_path / "out")}
