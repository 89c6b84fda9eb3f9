"""Citations and the CSV file of a run: what other programs read."""

import csv
import json
from io import StringIO

import pytest
from examples import four_methods, manifest, replaced, with_controls

from generator.analyse.findings import find
from generator.analyse.run import RunFindings
from generator.folders import MEASUREMENTS
from generator.measurements import Run, read_run
from generator.render.cite import Citation, cite
from generator.render.sheet import COLUMNS, cells_csv, defused


def found(run: Run) -> RunFindings:
    return find((run,)).runs[0]


def cited(**changed: object) -> Citation:
    return cite(found(Run(replaced(manifest(), **changed), four_methods().launches)))


def test_a_measured_run_is_cited_with_its_title_year_version_and_environment() -> None:
    citation = cited(versions={"quantpress": "0.1.0"}, environment_sha256="ab" * 32)

    assert citation.bibtex.splitlines() == [
        "@misc{quantpress-2026-01-01-example,",
        "  title = {Llama 3.1 8B (synthetic weights) on Example GPU, run 2026-01-01-example},",
        "  year = {2026},",
        "  howpublished = {Quantpress},",
        "  version = {0.1.0},",
        f"  note = {{run 2026-01-01-example, environment {'ab' * 32}}},",
        "}",
    ]
    assert citation.markdown == (
        "[Llama 3.1 8B (synthetic weights) on Example GPU, run 2026-01-01-example](runs/2026-01-01-example.html), "
        "Quantpress 0.1.0, 2026-01-01, environment abababababab"
    )


def test_a_version_that_nobody_recorded_is_left_out() -> None:
    citation = cited()

    assert "version" not in citation.bibtex
    assert "Quantpress, 2026-01-01" in citation.markdown


def test_a_reported_run_is_cited_as_what_its_author_published() -> None:
    run = read_run(MEASUREMENTS / "2025-article-rtx-4090")
    citation = cite(found(run))

    source = json.loads((MEASUREMENTS / "2025-article-rtx-4090" / "manifest.json").read_text())["source"]
    assert f"url = {{{source['url']}}}" in citation.bibtex
    assert f"author = {{{{{source['author']}}}}}" in citation.bibtex


def test_a_name_breaks_out_of_neither_form() -> None:
    hostile = r"50% of {x}_$\y} [a](b) <i>"
    citation = cite(found(Run(manifest(model_name=hostile), four_methods().launches)))

    title = citation.bibtex.splitlines()[1]
    assert title.count("{") == title.count("}")
    assert r"50\% of {\textbraceleft}x{\textbraceright}\_\${\textbackslash}y{\textbraceright}" in title
    assert r"\[a\](b) \<i\>" in citation.markdown


def test_the_csv_file_has_a_row_for_each_cell_and_quantity() -> None:
    run = found(with_controls())
    text = cells_csv(run)

    header, *rows = csv.reader(StringIO(text, newline=""))
    assert tuple(header) == COLUMNS
    assert len(rows) == sum(len(one.stats) for one in run.cells)
    (speed,) = (row for row in rows if row[0] == "awq-vllm-eager" and row[4] == "output_tokens_per_s")
    stat = run.cells[2].stats["output_tokens_per_s"]
    assert speed[1:6] == ["awq", "vllm", "eager", "output_tokens_per_s", "tokens/s"]
    assert [float(one) for one in speed[6:]] == pytest.approx([stat.median, stat.low, stat.high, 3])


def test_the_csv_file_ends_its_lines_as_the_standard_says() -> None:
    text = cells_csv(found(four_methods()))

    assert text.endswith("\r\n")
    assert text.count("\n") == text.count("\r\n")


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@x", "\tx", "\rx"])
def test_no_text_of_the_csv_file_is_a_formula(text: str) -> None:
    assert defused(text) == f"'{text}"
    assert defused(f"x{text}") == f"x{text}"


def test_negative_figures_of_the_csv_file_stay_numbers() -> None:
    first = four_methods().launches[0]
    quantities = replaced(first.quantities, gpu_memory_free_mib=-12.5)  # type: ignore[union-attr]
    text = cells_csv(found(Run(manifest(), (replaced(first, quantities=quantities),))))

    assert ",MiB,-12.5,-12.5,-12.5,1\r\n" in text
