"""`quantpress check` judges imported runs as it judges others, each by its own laws."""

import json
from pathlib import Path

import pytest
from imported_samples import SAMPLES

from generator.check import check, status_of
from generator.errors import IMPOSSIBLE_RESULTS, RecordError
from generator.folders import TEMPLATES, templates_in
from generator.importing import import_files
from generator.render.check import for_terminal, report
from generator.render.pages import environment_of


@pytest.fixture
def root(tmp_path: Path) -> Path:
    import_files([SAMPLES / "vllm-bench-serve-4.json"], None, "serve", {}, tmp_path)
    return tmp_path


@pytest.mark.parametrize("below", ["", "imported", "imported/serve"])
def test_an_imported_run_is_found_wherever_the_path_points(root: Path, below: str) -> None:
    (checked,) = check([root / below])

    assert (checked.name, checked.verdict) == ("serve", "sound")


def test_figures_that_cannot_be_true_are_told_with_their_field(root: Path) -> None:
    path = root / "imported" / "serve" / "launches" / "i0001.json"
    record = json.loads(path.read_text())
    record["figures"]["latency_mean_s"] = 268.49
    path.write_text(json.dumps(record))

    checked = check([root])

    assert status_of(checked) == IMPOSSIBLE_RESULTS
    told = for_terminal(report(checked, environment_of(templates_in(TEMPLATES))))
    assert "i0001.json, figures.requests_per_s: 14.86376155" in told
    assert "as many at once as were asked for" in told


def test_a_file_that_is_no_record_is_told(root: Path) -> None:
    (root / "imported" / "serve" / "launches" / "i0001.json").write_text("{}")

    checked = check([root])

    assert status_of(checked) == RecordError.exit_status
    assert "i0001.json" in checked[0].faults[0]
