"""The page of an imported run says whose figures they are and what the tool did not say; no run is mixed with it."""

import csv
import io
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from examples import with_controls
from imported_samples import SAMPLES, changed

from generator import site
from generator.analyse.imported import ImportedFindings
from generator.imported import FIGURES
from generator.importing import import_files
from generator.kept import in_bytes
from generator.measurements import write_launch, write_manifest
from generator.render.imported import charts_of, unsaid
from generator.render.units import LABELS


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    """A site of one measured run and three imported ones."""
    folder = tmp_path_factory.mktemp("imported")
    run = with_controls(rounds=3)
    write_manifest(folder / run.manifest.run_id, run.manifest)
    for launch in run.launches:
        write_launch(folder / run.manifest.run_id, launch)
    import_files([SAMPLES / "guidellm.json"], None, "guide", {}, folder)
    import_files([SAMPLES / "vllm-bench-serve-4.json"], None, "serve", {"card": "NVIDIA H200"}, folder)
    import_files([SAMPLES / "lm_eval.json"], None, "tasks", {}, folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "CACHE", folder / ".cache")
        files = site.site_files(root=folder)
        return {path: in_bytes(content).decode(errors="replace") for path, content in files.items()}


def test_every_figure_has_a_name_and_a_unit() -> None:
    assert set(FIGURES) <= set(LABELS)


def test_the_page_says_whose_figures_they_are(made: Mapping[str, str]) -> None:
    page = made["runs/guide.md"]

    assert "measured with GuideLLM 0.8.1 by somebody" in page
    assert "Quantpress did not measure this" in page
    assert "Said by whoever imported it" not in page


def test_what_the_importer_said_is_marked_on_the_page(made: Mapping[str, str]) -> None:
    page = made["runs/serve.md"]

    assert "NVIDIA H200&nbsp;*" in page
    assert "Said by whoever imported it, not by the file" in page


def test_the_page_says_what_the_tool_did_not(made: Mapping[str, str]) -> None:
    assert "benchmarks do not write the hardware into the file" in made["runs/serve.md"]
    assert "GuideLLM does not measure memory or power" in made["runs/guide.md"]


def test_the_page_says_which_field_each_figure_stood_in(made: Mapping[str, str]) -> None:
    page = made["runs/serve.md"]

    assert "<code>p99&#95;ttft&#95;ms</code></td><td>ms</td><td>0.001 times that</td>" in page


def test_several_loads_are_drawn_and_one_is_not(made: Mapping[str, str]) -> None:
    assert made["runs/guide.md"].count("data-figure=") == 4
    assert "data-figure=" not in made["runs/serve.md"]


def test_tasks_stand_with_their_errors(made: Mapping[str, str]) -> None:
    assert re.search(r"tiny-choice.*acc.*0\.7500.*0\.2500.*>4<", made["runs/tasks.md"].replace("&#45;", "-"))


def test_imported_runs_are_listed_and_stand_on_no_page_of_runs(made: Mapping[str, str]) -> None:
    assert 'href="runs/guide.html"' in made["appendix.md"]
    for path, text in made.items():
        if path not in {"appendix.md", "reproducibility.md"} and not re.search("guide|serve|tasks", path):
            assert "GuideLLM" not in text, path
            assert "runs/guide.html" not in text, path
    assert "guide" not in made["data/cells.csv"]


def test_the_table_for_download_has_each_figure_once_with_its_field(made: Mapping[str, str]) -> None:
    rows = [*csv.DictReader(io.StringIO(made["data/serve/figures.csv"]))]
    by_name = {row["quantity"]: row for row in rows}

    assert len(by_name) == len(rows)
    assert float(by_name["ttft_p99_s"]["value"]) == pytest.approx(0.49563869910198266)
    assert by_name["ttft_p99_s"]["field"] == "p99_ttft_ms"
    assert "data/serve/i0001.json" in made


def test_reasons_are_told_once_for_all_statistics_of_a_time(tmp_path: Path) -> None:
    results = import_files([SAMPLES / "guidellm.json"], None, "guide", {}, tmp_path)
    names = {name: numbers for _, these, numbers in unsaid(results.records) for name in these}

    assert names["itl"] == (1, 2)
    assert not any(name.startswith("itl_") for name in names)


def test_measurements_of_other_subjects_make_no_curve(tmp_path: Path) -> None:
    paths = [SAMPLES / f"aiperf-{users}.json" for users in (1, 4)]
    alike = ImportedFindings(import_files(paths, None, "alike", {}, tmp_path))
    mixed = [paths[0], SAMPLES / "vllm-bench-serve-4.json"]
    unlike = ImportedFindings(import_files(mixed, None, "unlike", {}, tmp_path / "other"))

    assert [mark.at for chart in charts_of(alike, alike.curves[0]) for mark in chart.series[0].marks][:2] == [1, 4]
    assert unlike.curves == ()


def test_what_a_file_says_stays_text_on_the_page(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    hostile = "<img src=x onerror=alert(1)> [a](javascript:alert(1)) {{ 7*7 }}"
    path = tmp_path / "x.json"
    path.write_bytes(changed("vllm-bench-serve-4.json", lambda file: file.update(model_id=hostile)))
    import_files([path], None, "hostile", {}, tmp_path / "measurements")
    monkeypatch.setattr(site, "CACHE", tmp_path / "cache")

    page = in_bytes(site.site_files(root=tmp_path / "measurements")["runs/hostile.md"]).decode()

    assert "<img" not in page
    assert "](javascript" not in page
    assert "{{" not in page


def test_a_site_that_was_remembered_is_made_anew_when_something_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "CACHE", tmp_path / "cache")
    root = tmp_path / "measurements"
    assert "runs/later.md" not in site.site_files(root=root)

    import_files([SAMPLES / "guidellm.json"], None, "later", {}, root)

    assert "runs/later.md" in site.site_files(root=root)
