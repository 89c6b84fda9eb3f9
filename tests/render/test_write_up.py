"""An author's own pages: prose with figures and charts by reference, which must name something."""

import re
from collections.abc import Sequence
from html import unescape

import pytest
from examples import completed, four_methods, manifest, reported, with_controls

from generator.analyse.findings import find
from generator.analyse.statistics import compare
from generator.errors import UsageError
from generator.folders import TEMPLATES
from generator.measurements import Run
from generator.methods import MethodId
from generator.render.gallery import Gallery
from generator.render.units import LABELS, times, with_unit
from generator.render.write_up import CHARTS, names, write_up

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
FRONT = "---\ntitle: What I found\nwrite_up: true\n---\n"


def written(page: str, *runs: Run, gallery: Gallery | None = None) -> str:
    return write_up("mine.md", FRONT + page, find(runs or (with_controls(),)), TEXTS, gallery or Gallery())


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


def test_a_figure_with_so_many_users_is_the_one_of_their_closed_loop() -> None:
    (run,) = find((with_controls(),)).runs
    awq = run.of("awq")
    assert awq
    for point in awq.served:
        for quantity in ("output_tokens_per_s", "ttft_p50_s", "latency_p90_s"):
            page = written(f'{{{{ value("{quantity}", "awq", users={point.concurrency}) }}}}')
            assert page == FRONT + with_unit(point.stats[quantity], quantity)


def test_a_speed_with_so_many_users_against_fp16_is_judged_as_the_site_judges_it() -> None:
    (run,) = find((with_controls(),)).runs
    nf4, in_vllm = run.of("nf4"), run.of("nf4", "vllm")
    assert nf4
    assert in_vllm
    for one, engine in ((nf4, "transformers"), (in_vllm, "vllm")):
        found = run.by_users(one.cell)[16]
        page = written(f'{{{{ ratio("output_tokens_per_s", "nf4", engine="{engine}", users=16) }}}}')
        assert found.low
        assert found.high
        said = f"{times(found.ratio)} (95% interval {times(found.low)} to {times(found.high)})"
        assert page == FRONT + said


def test_other_ratios_with_so_many_users_are_of_what_the_two_cells_had_with_them() -> None:
    (run,) = find((with_controls(),)).runs
    gptq, awq = run.of("gptq"), run.of("awq")
    assert gptq
    assert awq
    one, base = (next(of.stats for of in cell.served if of.concurrency == 16) for cell in (gptq, awq))
    for quantity in ("output_tokens_per_s", "ttft_p50_s"):
        found = compare(one[quantity], base[quantity], run.floor_with(16))
        assert found
        page = written(f'{{{{ ratio("{quantity}", "gptq", to="awq", users=16) }}}}')
        assert page.removeprefix(FRONT).startswith(times(found.ratio))


def test_a_run_that_nobody_asked_by_users_says_so() -> None:
    with pytest.raises(UsageError, match="no figures with users=4 there, nor with any other number of them"):
        written('{{ value("output_tokens_per_s", "awq", users=4) }}', reported())


def test_a_chart_brings_its_files_and_stands_under_the_author_s_title() -> None:
    gallery = Gallery()
    page = written('{{ chart("output_tokens_per_s", "My title", "My words.") }}', gallery=gallery)

    assert "My title" in page
    assert "My words." in page
    assert set(gallery.files) == {
        f"data/charts/mine-output-tokens-per-s-2026-01-01-example.{kind}" for kind in ("csv", "json")
    }


def test_the_same_chart_again_has_an_id_and_files_and_a_name_of_its_own() -> None:
    gallery = Gallery()
    page = written(3 * '{{ chart("output_tokens_per_s", "My title") }}\n', gallery=gallery)

    ids = re.findall(r'id="([^"]*)"', page)
    assert len(ids) == len(set(ids))
    assert re.findall(r'role="region" aria-label="([^"]*)"', page) == [
        "My title",
        "My title (2)",
        "My title (3)",
    ]
    links = [unescape(link) for link in re.findall(r'href="([^"]*)" download', page)]
    assert len(links) == 6
    assert links == list(gallery.files)


def test_of_several_runs_each_chart_shows_beneath_it_where_it_comes_from() -> None:
    runs = [
        Run(manifest(f"2026-01-0{day}-mine", gpu_name=f"Card {day}"), (completed(), completed("awq", speed=200.0)))
        for day in (1, 2)
    ]
    charts = [f'{{{{ chart("output_tokens_per_s", "Of {day}", run="2026-01-0{day}-mine") }}}}' for day in (1, 2)]

    first, second = shown_beneath(written("\n".join(charts), *runs))
    assert re.search(r"measured.* on Card 1, .*2026-01-01-mine", first)
    assert re.search(r"measured.* on Card 2, .*2026-01-02-mine", second)
    other = '{{ value("output_tokens_per_s", "awq", run="2026-01-01-mine") }}'
    assert len(shown_beneath(written(f"{charts[1]}\n{other}", *runs))) == 1  # said after the chart
    assert not shown_beneath(written(f"{charts[0]}\n{other}", *runs))


def shown_beneath(page: str) -> list[str]:
    """What stands between each chart and its folded numbers."""
    found = re.findall(r'<p class="qp-chart__provenance">(.*)</p>\n<details', page)
    return [unescape(re.sub("<[^>]*>", "", one)) for one in found]


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
        ('ratio("output_tokens_total", "awq")', "neither more nor less is better; name each figure with value(…)"),
        ('chart("speeds", "t")', "there is no chart 'speeds'"),
        ("speed_of_awq", "there is no 'speed_of_awq'; `quantpress names` lists all"),
        ('vaule("weights_gib", "awq")', "there is no 'vaule'; the nearest: value; `quantpress names` lists all"),
        ('value("weight_gib", "awq")', "the nearest: weights_gib"),
        ('value("speed", "awq")', "the nearest: output_tokens_per_s"),  # what tables call it
        ('value("cuda_graphs_gib", "awq")', "has no 'cuda_graphs_gib' there: not in this example"),
        ('ratio("weight_gib", "awq")', "the nearest: weights_gib"),
        ('chart("memry", "t")', "there is no chart 'memry'; the nearest: memory"),
        ('value("weights_gib", "awq", run="2026-01-01-exampel")', "the nearest: 2026-01-01-example"),
        ('value("per_user_tokens_per_s", "awq")', "there; the nearest: one_user_tokens_per_s"),  # what is listed
        ('value("output_tokens_per_s", "awq", users=5)', "no figures with users=5 there; there are: 1, 4, 16"),
        ('ratio("output_tokens_per_s", "awq", users="16")', "no figures with users='16' there; there are: 1, 4, 16"),
        ('value("ttft_p50", "awq", users=4)', "the nearest: ttft_p50_s"),
        ('value("weights_gib", "awq", users=64)', "'weights_gib' is no figure by users; leave out users=64"),
        ('ratio("weights_gib", "awq", users=4)', "'weights_gib' is no figure by users; leave out users=4"),
        (
            'ratio("weights_gib", "fp16")',
            "FP16 would be compared with itself; name another method, or another with to=",
        ),
        ('ratio("cuda_graphs_gib", "awq")', "AWQ has no 'cuda_graphs_gib' there: not in this example"),
        ('value("ttft_p50_s", "awq")', "has no 'ttft_p50_s' there; say with how many users: users=…"),
        (
            'value("weights_gib", "awq", of="2026")',
            "line 7: value(quantity, method) takes by name: users, run, engine; not 'of'",
        ),
        (
            'ratio("weights_gib", "awq", "fp16")',
            "line 7: ratio(quantity, method) takes by name: to, users, run, engine",
        ),
        ('provenance("2026")', "line 7: provenance() takes by name: run"),
        ('value("output_tokens_per_s")', "line 7: value(quantity, method) takes by name: users, run, engine"),
        ("value(", "expected ')'; a reference reads {{ value("),
    ],
)
def test_a_reference_that_names_nothing_is_told_with_its_line(reference: str, said: str) -> None:
    with pytest.raises(UsageError, match=r"mine\.md, line 7: ") as raised:
        written(f"# Title\n\n{{{{ {reference} }}}}\n")

    assert said in str(raised.value)


@pytest.mark.parametrize(
    ("reference", "said"),
    [
        ('{{ value("weights_gib", "awq") }', "it has no end; close it with two braces, }}"),
        ('{{ value("weights_gib, "awq") }}', 'a quote is missing; each name stands between two, "'),
        ('{{ value("weights_gib", "awq) }}', 'a quote is missing; each name stands between two, "'),
        ("{{ value(“weights_gib”, “awq”) }}", 'its quotes are curly; write straight ones, "'),
        ("# Mine {#mine}", "what is none stands between {% raw %} and {% endraw %}"),
    ],
)
def test_a_slip_of_the_pen_is_told_with_its_line_and_mend(reference: str, said: str) -> None:
    sound = '{{ value("weights_gib", "awq") }} and {{ chart("memory", "It’s a “title”") }}\n'
    with pytest.raises(UsageError) as raised:
        written(f"{sound}\n{reference}\n\nMore.\n\n{sound}")

    assert str(raised.value).startswith("mine.md, line 7: ")
    assert str(raised.value).endswith(said)


def test_the_provenance_links_its_run_from_wherever_the_page_lies() -> None:
    found = find((with_controls(),))
    for path, address in (("mine.md", ""), ("notes/mine.md", "../")):
        page = write_up(path, FRONT + "{{ provenance() }}", found, TEXTS, Gallery())
        assert f'<a href="{address}runs/2026-01-01-example.html">' in unescape(page)


def test_of_each_run_is_listed_whether_it_is_featured_and_what_it_has() -> None:
    other = Run(manifest("2026-01-02-mine"), (completed(), completed("nf4", kv_cache_tokens=None)))
    listed = names(find((other, with_controls()), featured="2026-01-01-example"))["runs"]

    assert listed == {
        "2026-01-02-mine": "fp16 in vllm; nf4 in transformers; users=1, 4, 16",
        "2026-01-01-example": "featured; fp16, nf4, awq, gptq in vllm; fp16, nf4 in transformers; users=1, 4, 16",
    }


def test_every_name_that_is_listed_can_be_referred_to() -> None:
    run = with_controls()
    listed = names(find((run,)))
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
    for quantity in listed["quantities with a number of users"].keys() & awq.served[0].stats.keys():
        assert written(f'{{{{ value("{quantity}", "awq", users=1) }}}}')


def test_a_hint_offers_only_what_is_listed() -> None:
    listed = names(find((with_controls(),)))
    known = listed["quantities"].keys() | listed["quantities with a number of users"].keys()
    for quantity in LABELS.keys() - known:
        with pytest.raises(UsageError) as raised:
            written(f'{{{{ value("{quantity}", "awq") }}}}')
        assert set(re.findall(r"\w+_\w+", str(raised.value))) - {quantity} <= known


def test_one_launch_each_has_no_interval_and_says_so() -> None:
    assert "too few launches for an interval" in written('{{ ratio("output_tokens_per_s", "awq") }}', four_methods())
