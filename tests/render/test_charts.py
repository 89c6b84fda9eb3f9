"""Charts: one description, of which the picture, Plotly's figure, the table and the files all say the same."""

import csv
import io
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from itertools import combinations
from math import hypot
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest
from examples import cell, completed, four_methods, loop, manifest, replaced, with_controls
from hypothesis import example, given
from hypothesis import strategies as st

from generator.analyse.findings import find, run_findings
from generator.measurements import Run
from generator.methods import METHOD_IDS, MethodId
from generator.record import Completed
from generator.render import bars, curves
from generator.render.chart import Axis, Chart, Kind, Mark, Series
from generator.render.figure import figure_json
from generator.render.gallery import Gallery
from generator.render.geometry import CURVES, Scale, across_scale, value_scale
from generator.render.labels import GAP_PX, LETTER_PX, LINE_PX, MARK_PX, label_places
from generator.render.looks import LOOKS, look_of, methods_css
from generator.render.svg import picture
from generator.render.table import as_csv, as_json
from generator.render.table import rows as rows_of

CSS = (Path(__file__).parents[2] / "site" / "pages" / "assets" / "quantpress.css").read_text(encoding="utf-8")
CSS += methods_css()


def all_charts() -> Iterator[Chart]:
    (run,) = find((with_controls(),)).runs
    split = run.split("nf4")
    assert split
    found = [
        bars.of(run, "output_tokens_per_s"),
        bars.memory_parts(run),
        bars.relative_speed([("one", run), ("the other", run)]),
        bars.side_by_side([("one", run), ("the other", run)], "kv_cache_tokens"),
        curves.by_users(run, "output_tokens_per_s"),
        curves.users_by_context(run),
        curves.speed_against_memory(run),
        curves.quality_against_bits(run),
        curves.distribution(run, "latency", 16),
        bars.provable(run),
        bars.steps(run, split, [str(number) for number in range(len(split.steps))]),
    ]
    yield from (chart for chart in found if chart)


CHARTS = {chart.slug: chart for chart in all_charts()}


def drawn(chart: Chart) -> ET.Element:
    return ET.fromstring(str(picture(chart)))  # noqa: S314, our own


def with_prompts(one_user: int, more: int) -> Chart:
    """Speed over users, of whom one had prompts of another length than more of them."""
    launch = completed("fp16")
    loops = (loop(1, 50, prompt_tokens=one_user), *(loop(users, 40 * users, prompt_tokens=more) for users in (4, 16)))
    run = Run(manifest(methods=("fp16",)), (replaced(launch, points=(launch.points[0], *loops)),))
    chart = curves.by_users(run_findings(run), "output_tokens_per_s")
    assert chart
    return chart


def test_what_was_measured_with_other_prompts_is_on_no_line_with_the_rest() -> None:
    chart = with_prompts(64, 512)
    lines = [line for line in drawn(chart).iter("line") if "qp-line" in line.attrib["class"]]
    traces = json.loads(figure_json(chart))["data"]

    assert [(one.name, [mark.at for mark in one.marks]) for one in chart.series] == [
        ("FP16, prompts of 64 tokens", [1]),
        ("FP16", [4, 16]),
    ]
    assert len(lines) == 1  # from 4 to 16 users
    assert [trace["x"] for trace in traces] == [[1], [4, 16]]
    assert [name for _, name in Gallery().hang(chart, "users").legend] == ["FP16"]


def test_points_with_the_same_prompts_are_one_line() -> None:
    assert [[mark.at for mark in one.marks] for one in with_prompts(512, 512).series] == [[1, 4, 16]]


@pytest.mark.parametrize("slug", ["output-tokens-per-s", "relative-speed", "kv-cache-tokens-side-by-side"])
def test_a_bar_is_as_long_in_the_picture_as_in_the_figure(slug: str) -> None:
    chart = CHARTS[slug]
    figure = json.loads(figure_json(chart))
    _, top = figure["layout"]["xaxis"]["range"]

    pictured = [float(bar.attrib["width"].rstrip("%")) for bar in drawn(chart).iter("rect")]
    plotted = [100 * x / top for trace in figure["data"] if trace["type"] == "bar" for x in trace["x"]]

    assert sorted(pictured) == pytest.approx(sorted(plotted), abs=0.01)


def test_the_parts_of_a_stack_add_up_to_the_whole_width_of_the_fullest() -> None:
    rows: dict[str, float] = {}
    for bar in drawn(CHARTS["memory-parts"]).iter("rect"):
        if "qp-fill" in bar.attrib["class"]:
            rows[bar.attrib["y"]] = rows.get(bar.attrib["y"], 0) + float(bar.attrib["width"].rstrip("%"))

    assert max(rows.values()) == pytest.approx(100, abs=0.1)


@pytest.mark.parametrize("chart", CHARTS.values(), ids=list(CHARTS))
def test_every_mark_is_in_the_picture_the_figure_the_table_and_the_files(chart: Chart) -> None:
    marks = [mark for series in chart.series for mark in series.marks]
    figure, table = figure_json(chart), " ".join(cell for row in rows_of(chart) for cell in row)
    rows = list(csv.DictReader(io.StringIO(as_csv(chart))))

    assert len(rows) == len(marks) == sum(len(one["marks"]) for one in json.loads(as_json(chart))["series"])
    for mark, row in zip(marks, rows, strict=True):
        assert float(row[chart.value.label]) == mark.value
        assert json.dumps(mark.value).removesuffix(".0") in figure
        assert chart.value.text(mark.value, mark.spread) in table
        for launch in mark.launches if len(mark.launches) > 1 else ():
            assert str(launch) in row["launches"]
            assert chart.value.text(launch) in table
    launches = sum(len(mark.launches) for mark in marks if len(mark.launches) > 1)
    assert len(re.findall('class="qp-launch"', str(picture(chart)))) == launches


def test_one_launch_has_neither_a_dot_nor_a_whisker() -> None:
    (run,) = find((four_methods(),)).runs
    chart = bars.of(run, "output_tokens_per_s")
    assert chart

    assert not chart.has_launches
    assert not chart.has_intervals
    assert "qp-whisker" not in str(picture(chart))


def test_the_same_chart_is_the_same_bytes() -> None:
    again = {chart.slug: chart for chart in all_charts()}

    assert all(figure_json(CHARTS[slug]) == figure_json(chart) for slug, chart in again.items())
    assert all(picture(CHARTS[slug]) == picture(chart) for slug, chart in again.items())


@pytest.mark.parametrize("name", ['<script>alert("x")</script>', "a & b", "'\"<>"])
def test_a_name_in_a_picture_is_text(name: str) -> None:
    chart = Chart("x", "bars", "Method", Axis("Speed", "tokens/s"), (Series("r", (Mark(name, 1.0, "fp16"),)),), ("r",))

    assert name in {text.text for text in drawn(chart).iter("text")}


@pytest.mark.parametrize("name", ["=1+1", "+1", "-1", "@x", "\tx"])
def test_no_name_in_a_csv_file_is_a_formula(name: str) -> None:
    chart = Chart("x", "bars", "Method", Axis("Speed", "tokens/s"), (Series(name, (Mark(name, 1.0, "fp16"),)),), ("r",))

    row = next(csv.DictReader(io.StringIO(as_csv(chart))))
    assert row["series"] == row["Method"] == f"'{name}"


def test_the_style_sheet_knows_every_look_and_every_strength() -> None:
    for name, own in LOOKS.items():
        assert f".qp-look-{name.replace('_', '-')} {{" in CSS
        assert f"--qp-{own.colour}:" in CSS
    strengths = {
        round(100 * look_of(name + star, kind).strength)
        for name in LOOKS
        for star in ("", "*")
        for kind in ("measured", "another", "reported", "demo")
    }
    for strength in strengths - {100}:
        assert f".qp-strength-{strength} {{" in CSS


def test_methods_differ_in_shape_and_parts_in_pattern_or_strength() -> None:
    methods = [LOOKS[name] for name in METHOD_IDS]
    assert len({look.symbol for look in methods}) == len({look.pattern for look in methods}) == len(methods)
    for chart in (CHARTS["memory-parts"],):
        looks = [LOOKS[series.marks[0].look] for series in chart.series]
        assert len({(look.pattern, look.strength) for look in looks}) == len(looks)


@given(st.floats(1e-6, 1e9), st.floats(1.001, 1e6), st.floats(0, 1), st.floats(0, 1), st.booleans())
@example(low=1e-6, factor=15.0, one=0.0, other=0.0, log=False)
def test_a_scale_keeps_the_order_and_its_ticks_inside(
    low: float,
    factor: float,
    one: float,
    other: float,
    log: bool,  # noqa: FBT001
) -> None:
    scale = Scale(Axis("x", "", log=log), low if log else 0.0, low * factor)
    first, second = sorted(scale.low + share * (scale.high - scale.low) for share in (one, other))

    assert 0 <= scale.share(first) <= scale.share(second) <= 1
    assert all(scale.low <= value <= scale.high for value, _ in scale.ticks)
    assert len({text for _, text in scale.ticks}) == len(scale.ticks) <= 25


@pytest.mark.parametrize("kind", ["bars", "stack", "points"])
@pytest.mark.parametrize("figure", [0.0, 5e-324, 1e-300])
def test_an_axis_of_figures_that_are_next_to_nothing_ends_at_1(kind: Kind, figure: float) -> None:
    across = Axis("Weights", "GiB") if kind == "points" else None
    series = (Series("AWQ", (Mark(figure if across else "AWQ", figure, "awq"),)),)
    chart = Chart("x", kind, "Method", Axis("Speed", "tokens/s"), series, ("r",), across=across)

    assert value_scale(chart).high == 1.0
    assert value_scale(chart).ticks[-1] == (1.0, "1.0")
    assert "1.0" in {text.text for text in drawn(chart).iter("text")}


def points(*found: tuple[str, float, float]) -> Chart:
    """A chart of points, each with its name, how far across it is and how far up."""
    series = tuple(Series(name, (Mark(at, value, "awq"),)) for name, at, value in found)
    return Chart("x", "points", "Method", Axis("Speed", "tokens/s"), series, ("r",), across=Axis("Weights", "GiB", 2))


def boxes_px(chart: Chart, width_px: float) -> list[tuple[float, float, float, float]]:
    """Of each name the left, top, right and bottom edge, in a plot of that width."""
    across, value = across_scale(chart), value_scale(chart)
    found = []
    for series, at in zip(chart.series, label_places(chart), strict=True):
        name_px = LETTER_PX * len(series.name)
        left = across.share(float(series.marks[0].at)) * width_px + at.dx_px - (name_px if at.anchor == "end" else 0)
        middle = (1 - value.share(series.marks[0].value)) * CURVES + at.dy_px
        found.append((left, middle - LINE_PX / 2, left + name_px, middle + LINE_PX / 2))
    return found


@given(
    st.lists(
        st.tuples(st.text("x", min_size=3, max_size=33), st.floats(2, 16), st.floats(0, 2000)), min_size=1, max_size=6
    ),
    st.floats(288, 1250),
)
def test_names_of_points_neither_meet_nor_leave_the_plot_on_any_screen(
    found: list[tuple[str, float, float]], width_px: float
) -> None:
    boxes = boxes_px(points(*found), width_px)

    for left, top, right, bottom in boxes:
        assert -1e-6 <= left < right <= width_px + 1e-6
        assert 0 <= top < bottom <= CURVES
    for one, other in combinations(boxes, 2):
        apart_across = one[2] <= other[0] + 1e-6 or other[2] <= one[0] + 1e-6
        assert apart_across or one[3] <= other[1] or other[3] <= one[1]


def test_names_of_points_that_are_close_stand_on_different_sides() -> None:
    chart = points(("AWQ", 5.3, 2000.0), ("GPTQ", 5.4, 2010.0), ("FP16", 15.0, 1000.0))

    awq, gptq, fp16 = label_places(chart)
    assert {awq.anchor, gptq.anchor} == {"start", "end"}
    assert not any(at.is_far for at in (awq, gptq, fp16))


def test_a_name_keeps_clear_of_an_interval_and_a_line_leads_to_it_from_afar() -> None:
    chart = points(("BitsAndBytes NF4", 4.9, 1550.0), ("GPTQ", 5.3, 1500.0), ("FP16", 16.0, 1000.0))
    wide = replace(chart.series[1].marks[0], low=1350.0, high=1700.0)
    chart = replace(chart, series=(chart.series[0], replace(chart.series[1], marks=(wide,)), chart.series[2]))

    far = label_places(chart)[0]

    assert far.is_far
    lines = [line for line in drawn(chart).iter("line") if line.attrib.get("class") == "qp-leader"]
    (ends,) = [[float(line.attrib[end]) for end in ("x1", "y1", "x2", "y2")] for line in lines]
    assert hypot(ends[0], ends[1]) == pytest.approx(MARK_PX, abs=0.1)
    assert hypot(far.dx_px - ends[2], far.dy_px - ends[3]) == pytest.approx(GAP_PX, abs=0.1)
    noted = {note["text"]: note for note in json.loads(figure_json(chart))["layout"]["annotations"]}
    assert (noted["BitsAndBytes NF4"]["ax"], noted["BitsAndBytes NF4"]["ay"]) == (far.dx_px, far.dy_px)
    assert noted["GPTQ"]["showarrow"] is False


@pytest.mark.parametrize(("most", "topmost"), [(1910.0, ""), (2000.0, "2,000")])
def test_the_topmost_figure_of_the_upward_axis_is_written_where_it_has_room(most: float, topmost: str) -> None:
    axis = json.loads(figure_json(points(("AWQ", 5.3, most))))["layout"]["yaxis"]

    assert axis["ticktext"] == ["0", "500", "1,000", "1,500", topmost]


def test_the_steps_of_a_split_multiply_to_its_factors() -> None:
    (run,) = find((with_controls(),)).runs
    split = run.split("nf4")
    assert split
    assert split.engine

    speeds = [stat.median for _, stat in split.steps]
    assert speeds[1] / speeds[0] == pytest.approx(split.engine.ratio, rel=0.05)
    assert speeds[-1] / speeds[0] == pytest.approx(split.whole.ratio, rel=0.05)


def test_what_launches_would_prove_stands_at_figures_and_not_at_their_parts() -> None:
    assert CHARTS["output-tokens-per-s"].detectable
    assert CHARTS["memory-parts"].detectable is None
    assert CHARTS["users-by-context"].detectable is None


@pytest.mark.parametrize(
    "chart", [chart for chart in CHARTS.values() if chart.detectable], ids=lambda chart: chart.slug
)
def test_what_a_chart_s_launches_would_prove_is_said_of_its_own_marks_alone(chart: Chart) -> None:
    assert chart.detectable
    names = {str(mark.at) for series in chart.series for mark in series.marks}
    names |= {one.name.partition(" (")[0] for one in chart.series}

    assert {chart.detectable.quietest.name, chart.detectable.noisiest.name} <= names


def test_a_curve_of_what_few_points_have_proves_nothing_of_the_cells_that_it_leaves_out() -> None:
    def launch(which: MethodId, round_: int) -> Completed:
        whole = completed(which, round_=round_)
        least = 16 if which == "gptq" else 1
        points = (replaced(one, gaps=one.gaps if one.concurrency >= least else None) for one in whole.points)
        return replaced(whole, points=tuple(points))  # without gaps there is no inter-token latency

    methods: tuple[MethodId, ...] = ("fp16", "awq", "gptq")
    launches = [launch(which, round_) for round_ in (1, 2, 3) for which in methods]
    run = run_findings(Run(manifest(methods=methods), tuple(launches)))
    chart = curves.by_users(run, "itl_p50_s")
    assert chart
    assert chart.detectable
    assert {one.name for one in chart.series} == {"FP16", "AWQ"}
    assert chart.detectable.noisiest.name == "AWQ"


def test_the_beginning_of_an_axis_is_0_however_many_digits_the_others_have() -> None:
    """Half of "0.00" reaches beyond the edge, and Plotly would hide all of it."""
    run = run_findings(with_controls())
    chart = bars.divergence(run)
    assert chart
    ticks = json.loads(figure_json(chart))["layout"]["xaxis"]["ticktext"]

    assert ticks[:2] == ["0", "0.02"]


def test_beside_the_article_the_noisiest_control_is_not_named_because_it_has_no_bar() -> None:
    whole = with_controls()
    noisy = cell("nf4", "vllm")
    launches = [
        completed(of=noisy, round_=one.round, speed=100.0 * one.round**2) if one.cell == noisy else one
        for one in whole.launches
    ]
    run = run_findings(Run(whole.manifest, tuple(launches)))
    chart = bars.relative_speed([("one", run)])
    everything = run.detectable()

    assert everything
    assert everything.noisiest == noisy
    assert chart
    assert chart.detectable
    assert chart.detectable.noisiest.name in chart.categories
