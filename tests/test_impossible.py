"""A run with figures that can't be true is shown as that, and nothing follows from it."""

import shutil
from pathlib import Path

import pytest
from breaking import CARD, EDITS, run_of
from examples import four_methods

from generator import site
from generator.analyse.brief import brief_of
from generator.analyse.findings import choose, find, run_findings
from generator.analyse.pairs import pairs_of
from generator.analyse.physics.contradiction import Contradiction
from generator.errors import UsageError
from generator.folders import CHECKOUT
from generator.kept import in_bytes
from generator.measurements import Run, write_launch, write_manifest
from torture.forgeries.records import as_read

OTHER = "2026-11-24-llama-3.1-8b-synthetic"


def forged() -> Run:
    run = run_of(CARD)
    EDITS["device_speed"][1](run)
    return as_read(run)


def genuine(name: str = OTHER) -> Run:
    return as_read(run_of(name))


def test_it_is_not_featured_though_it_is_the_newest() -> None:
    before, after = (find((genuine(), run)).featured for run in (genuine(CARD), forged()))

    assert before is not None
    assert after is not None
    assert (before.manifest.run_id, after.manifest.run_id) == (CARD, OTHER)


def test_alone_it_leaves_the_site_without_a_featured_run() -> None:
    findings = find((forged(),))

    assert (findings.featured, findings.explained, findings.served) == (None, None, None)
    assert len(findings.runs) == 1


def test_to_feature_it_all_the_same_is_refused_with_the_mend() -> None:
    with pytest.raises(
        UsageError, match=r"featured_run: .* can't be true, `quantpress check` says which; name another"
    ):
        find((genuine(), forged()), CARD)


def test_it_advises_and_recommends_nothing() -> None:
    run = find((forged(),)).runs[0]

    assert find((genuine(CARD),)).runs[0].advises
    assert not run.advises
    assert run.recommendations == ()


def test_it_is_compared_with_no_other_run() -> None:
    assert pairs_of(find((genuine(), genuine(CARD))), 10) != ()
    assert pairs_of(find((genuine(), forged())), 10) == ()


def test_it_is_no_part_of_the_paradox() -> None:
    parts = ("equal-utilisation", "equal-kv-cache", "smallest-budget")
    runs = [find((genuine(f"{OTHER}-{part}"),)).runs[0] for part in parts]
    lie = Contradiction("whole_bytes", "quantities.weights_gib", 1.1, "exactly", 1.0)
    briefs = [brief_of(run) for run in runs]

    assert len(choose(tuple(briefs), runs).paradox) == 3
    runs[2] = run_findings(runs[2].run, (lie,))
    assert choose((*briefs[:2], brief_of(runs[2])), runs).paradox == ()


def written(run: Run, root: Path) -> Path:
    folder = root / run.manifest.run_id
    write_manifest(folder, run.manifest)
    for launch in run.launches:
        write_launch(folder, launch)
    return folder


def test_its_page_says_so_first_and_lists_mark_it_when_it_is_kept_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(site, "CACHE", tmp_path / "cache")
    root = tmp_path / "measurements"
    written(forged(), root)
    shutil.copytree(CHECKOUT / "measurements" / OTHER, root / OTHER)
    made = site.site_files(site.Choices(), root)
    again = site.site_files(site.Choices(price_per_hour=0.4), root)  # another site of the same records

    for files in (made, again):
        page, other, appendix, feed = (
            in_bytes(files[path]).decode()
            for path in (f"runs/{CARD}.md", f"runs/{OTHER}.md", "appendix.md", "feed.xml")
        )
        before, _, after = page.partition('<div class="admonition danger" id="contradictions">')
        assert before.rstrip().endswith(f"# {CARD.replace('-', '&#45;')}")
        assert "launches/r01&#45;awq&#45;vllm&#45;graphs.json" in after.partition("</div>")[0]
        assert "can’t be true" not in other
        assert appendix.count("not possible") == 1
        assert feed.count("Figures of this run can’t be true") == 1
        assert OTHER.replace("-", "&#45;") in in_bytes(files["index.md"]).decode()
        home = in_bytes(files["index.md"]).decode()
        assert home.count(CARD.replace("-", "&#45;")) == home.count("not possible") == 1


def test_invented_runs_would_be_told_from_real_ones() -> None:
    """If the fixture of all tests did not look past it."""
    from generator.analyse.physics.laws import contradictions_of

    assert {"environment", "typed"} <= {one.law for one in contradictions_of(four_methods())}
