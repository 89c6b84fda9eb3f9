from dataclasses import replace
from pathlib import Path

import pytest
from examples import four_methods, replaced, reported

from generator.analyse.findings import Findings, find
from generator.errors import RecordError
from generator.folders import TEMPLATES, Trust, run_folders, templates_in
from generator.kept import key_of
from generator.measurements import Run, read_runs, write_launch, write_manifest
from generator.render.pages import environment_of, render_pages, render_run


def run_of(run_id: str, trust: Trust = "own") -> Run:
    run = four_methods()
    return replace(run, manifest=replaced(run.manifest, run_id=run_id), trust=trust)


def written(root: Path, *runs: tuple[str, Run]) -> Path:
    for where, run in runs:
        folder = root / where / run.manifest.run_id
        write_manifest(folder, run.manifest)
        for launch in run.launches:
            write_launch(folder, launch)
    return root


def featured(found: Findings) -> str | None:
    return found.featured.manifest.run_id if found.featured else None


def test_whose_a_run_is_follows_from_where_it_lies(tmp_path: Path) -> None:
    root = written(tmp_path, ("", run_of("a")), ("attested", run_of("b")), ("contributed", run_of("c")))
    assert {run.manifest.run_id: run.trust for run in read_runs(root)} == {
        "a": "own",
        "b": "attested",
        "c": "contributed",
    }


def test_two_runs_of_one_name_are_refused_with_both_places(tmp_path: Path) -> None:
    root = written(tmp_path, ("", run_of("a")), ("contributed", run_of("a")))
    with pytest.raises(RecordError, match=r"two runs of one name, a and contributed/a; rename one"):
        run_folders(root)


def test_a_run_that_is_moved_is_made_into_pages_again(tmp_path: Path) -> None:
    before = key_of(written(tmp_path, ("contributed", run_of("a"))) / "contributed" / "a", "state")
    (tmp_path / "attested").mkdir()
    moved = (tmp_path / "contributed" / "a").rename(tmp_path / "attested" / "a")
    assert key_of(moved, "state") != before


@pytest.mark.parametrize("trust", ["attested", "contributed"])
def test_somebody_elses_run_is_listed_by_its_origin_and_chosen_only_by_name(trust: Trust) -> None:
    runs = (run_of("a"), run_of("b", trust))
    found = find(runs)
    assert [brief.origin for brief in found.briefs] == ["measured", trust]
    assert featured(found) == "a"
    assert found.explained is not None
    assert found.explained.manifest.run_id == "a"
    assert featured(find(runs, "b")) == "b"
    assert featured(find(runs[1:])) is None


def test_reported_figures_that_were_sent_in_are_not_those_of_the_article() -> None:
    theirs = replace(reported(), trust="contributed")
    assert find((theirs,)).reported is None
    assert find((theirs,)).briefs[0].origin == "contributed"


def test_a_contributed_run_says_on_its_page_whose_it_is() -> None:
    found, words = find((run_of("a"), run_of("b", "contributed"))), environment_of(templates_in(TEMPLATES))
    ours, theirs = (render_run(run, words, ()) for run in found.runs)
    meaning = "nobody here has repeated it. [What that means](../reproducibility.md#whose-figures-these-are)"
    assert '<span class="qp-badge qp-badge--contributed">contributed</span>' in theirs
    assert meaning in theirs
    assert meaning not in ours


def test_what_each_origin_means_stands_once_for_all_that_there_are() -> None:
    both, ours = find((run_of("a"), run_of("b", "attested"))), find((run_of("a"),))
    meaning = "The publisher of this site has made sure whose machine wrote them"
    assert meaning in render_pages(both, templates_in(TEMPLATES), ())["reproducibility.md"]
    assert meaning not in render_pages(ours, templates_in(TEMPLATES), ())["reproducibility.md"]
