"""An author's own pages: prose with figures and charts by reference, which must name something."""

from collections.abc import Sequence

import pytest
from examples import completed, four_methods, manifest, with_controls

from generator.analyse.findings import find
from generator.errors import UsageError
from generator.folders import TEMPLATES
from generator.measurements import Run
from generator.methods import MethodId
from generator.render.gallery import Gallery
from generator.render.units import times, with_unit
from generator.render.write_up import CHARTS, names, write_up

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
FRONT = "---\ntitle: What I found\nwrite_up: true\n---\n"


def written(page: str, run: Run | None = None, gallery: Gallery | None = None) -> str:
    return write_up("mine.md", FRONT + page, find((run or with_controls(),)), TEXTS, gallery or Gallery())


def test_a_figure_is_the_one_of_the_records() -> None:
    (run,) = find((with_controls(),)).runs
    awq = run.of("awq")
    assert awq

    speed = with_unit(awq.stats["output_tokens_per_s"], "output_tokens_per_s").replace("/", "&#47;")
    assert speed.replace("&#47;", "/") in written('AWQ makes {{ value("output_tokens_per_s", "awq") }}.')


def test_a_ratio_comes_with_its_interval() -> None:
    (run,) = find((with_controls(),)).runs
    awq, base = run.of("awq"), run.baseline
    assert awq
    assert base
    comparison = run.comparison(awq, base, "output_tokens_per_s")
    assert comparison

    assert f"{times(comparison.ratio)} (95% interval" in written('{{ ratio("output_tokens_per_s", "awq") }}')


def test_a_tie_reads_as_a_ratio_in_a_sentence() -> None:
    speeds: dict[MethodId, Sequence[float]] = {"awq": (600, 580, 610), "gptq": (612, 585, 604)}
    launches = [
        completed(method, round_, speed) for method, of in speeds.items() for round_, speed in enumerate(of, start=1)
    ]
    page = written(
        '{{ ratio("output_tokens_per_s", "gptq", to="awq") }} of AWQ’s speed', Run(manifest(), tuple(launches))
    )

    assert page.removeprefix(FRONT) == "1.01× (a tie: 95% interval 0.97× to 1.04×) of AWQ’s speed"


def test_a_chart_brings_its_files_and_stands_under_the_author_s_title() -> None:
    gallery = Gallery()
    page = written('{{ chart("output_tokens_per_s", "My title", "My words.") }}', gallery=gallery)

    assert "My title" in page
    assert "My words." in page
    assert set(gallery.files) == {
        f"data/charts/mine-output-tokens-per-s-2026-01-01-example.{kind}" for kind in ("csv", "json")
    }


@pytest.mark.parametrize("name", CHARTS)
def test_every_chart_that_a_run_has_can_be_named(name: str) -> None:
    (run,) = find((with_controls(),)).runs
    reference = f'{{{{ chart("{name}", "t") }}}}'
    if CHARTS[name](run):
        assert "qp-picture" in written(reference)
    else:
        with pytest.raises(UsageError, match="has no figures for the chart"):
            written(reference)


def test_front_matter_and_prose_stay_as_they_are() -> None:
    assert written("# A *title*\n\nProse with `code` & more.\n") == FRONT + "# A *title*\n\nProse with `code` & more.\n"


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ('value("output_tokens_per_s", "awq", run="2020-01-01-none")', "there is no run '2020-01-01-none'"),
        ('value("output_tokens_per_s", "int3")', "there is no method 'int3'"),
        ('value("output_tokens_per_s", "awq", engine="mine")', "there is no engine 'mine'"),
        ('value("output_tokens_per_s", "awq", engine="transformers")', "has no figures of awq in Transformers"),
        ('value("speed", "awq")', "has no 'speed'"),
        ('ratio("speed", "awq")', "have no ratio of 'speed'"),
        ('ratio("output_tokens_total", "awq")', "have no ratio of 'output_tokens_total'"),
        ('chart("speeds", "t")', "there is no chart 'speeds'"),
        ("speed_of_awq", "there is no 'speed_of_awq'; `quantpress names` lists all"),
        ('vaule("weights_gib", "awq")', "there is no 'vaule'; the nearest: value; `quantpress names` lists all"),
        ('value("weight_gib", "awq")', "the nearest: weights_gib"),
        ('value("speed", "awq")', "the nearest: output_tokens_per_s"),  # what tables call it
        ('value("cuda_graphs_gib", "awq")', "has no 'cuda_graphs_gib' there: not in this example"),
        ('ratio("weight_gib", "awq")', "the nearest: weights_gib"),
        ('chart("memry", "t")', "there is no chart 'memry'; the nearest: memory"),
        ('value("weights_gib", "awq", run="2026-01-01-exampel")', "the nearest: 2026-01-01-example"),
        ('value("output_tokens_per_s")', "method"),
        ("value(", "unexpected"),
    ],
)
def test_a_reference_that_names_nothing_is_told_with_its_line(reference: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"mine\.md, line 7: ") as raised:
        written(f"# Title\n\n{{{{ {reference} }}}}\n")

    assert said in str(raised.value)


def test_every_name_that_is_listed_can_be_referred_to() -> None:
    run = with_controls()
    listed = names([run.manifest.run_id])
    (found,) = find((run,)).runs
    awq = found.of("awq")
    assert awq

    assert set(listed["functions"]) == {"value", "ratio", "chart", "provenance"}
    assert all(listed["functions"].values())
    assert listed["charts, besides one of each quantity"].keys() == CHARTS.keys()
    assert listed["quantities"]["output_tokens_per_s"] == "Speed, tokens/s"
    (run_id,) = listed["runs"]
    for quantity in listed["quantities"].keys() & awq.stats.keys():
        assert written(f'{{{{ value("{quantity}", "awq", run="{run_id}") }}}}')


def test_one_launch_each_has_no_interval_and_says_so() -> None:
    assert "one launch each: no interval" in written('{{ ratio("output_tokens_per_s", "awq") }}', four_methods())
