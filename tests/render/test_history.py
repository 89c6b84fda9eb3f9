"""The page of runs over time: its charts, its tables, and what it says where there is no trend."""

import json
import re
from dataclasses import replace

import pytest
from examples import four_methods, replaced
from over_time import on_day, with_a_change

from generator.analyse.findings import find, run_findings
from generator.analyse.series import anchor_of
from generator.folders import TEMPLATES, templates_in
from generator.measurements import Run
from generator.render.about import plain
from generator.render.chart import Axis, Chart, Mark, Series
from generator.render.figure import figure_json
from generator.render.geometry import across_scale, value_scale
from generator.render.history import page
from generator.render.pages import environment_of, render_pages, render_run

TEXTS = templates_in(TEMPLATES)


def written(*runs: Run) -> str:
    return render_pages(find(runs), TEXTS, ())["history.md"]


def charts(*runs: Run) -> dict[str, Chart]:
    return dict(next(iter(page(find(runs))["charts"].values())))


def test_a_chart_has_a_curve_for_each_cell_in_percent_of_its_first_run() -> None:
    speed = charts(*with_a_change())["output_tokens_per_s"]

    assert len(speed.series) == 6
    for one in speed.series:
        assert [mark.at for mark in one.marks] == [1, 2, 3, 4, 5]
        assert [round(mark.value, 1) for mark in one.marks] == [100.0, 100.2, 99.9, 100.1, 67.0]
        assert all(mark.low is not None and len(mark.launches) == 3 for mark in one.marks)


def test_what_never_moved_has_no_chart() -> None:
    found = charts(*with_a_change())

    assert set(found) == {"output_tokens_per_s", "one_user_tokens_per_s"}


def test_a_figure_of_zero_has_no_curve() -> None:
    run = on_day(1)
    without = tuple(
        replaced(one, quantities=replaced(one.quantities, kv_cache_tokens=0))
        for one in run.launches
        if one.status == "completed"
    )

    assert "kv_cache_tokens" not in charts(Run(run.manifest, without), on_day(2))


def test_a_change_is_told_with_its_ratio_and_its_candidates() -> None:
    text = plain(written(*with_a_change()))

    assert "Run 5 differs from the runs before it (runs 1, 2, 3 and 4)." in text
    assert "versions.vllm: 0.0.0 → 0.0.1" in text
    assert "0.67×" in text


def test_where_the_noise_between_runs_is_not_known_the_page_says_so() -> None:
    text = plain(written(on_day(1), on_day(2, 0.67)))

    assert "how far runs lie apart by themselves is not known yet" in text
    assert "Nothing else differs that the records know of" in text
    assert "not known" in text


def test_a_series_without_a_change_says_so_and_which_runs_have_too_few_launches() -> None:
    text = plain(written(on_day(1), on_day(2, rounds=1)))

    assert "No change is proven in this series. One of its runs has fewer than three launches of a cell" in text


def test_single_runs_are_listed_with_what_a_trend_takes() -> None:
    text = written(four_methods())

    assert "No series has two runs yet" in text
    assert "Series of one run" in text
    assert f'id="{anchor_of(run_findings(four_methods()))}"' in text.replace("&#45;", "-")


def test_a_site_with_nothing_measured_says_so() -> None:
    assert "Nothing has been measured yet" in written()


def test_the_page_of_a_run_leads_to_its_series() -> None:
    run = run_findings(on_day(1))
    text = render_run(run, environment_of(TEXTS), ())
    (anchor,) = re.findall(r'href="\.\./history\.html#([^"]+)"', text.replace("&#45;", "-"))

    assert anchor == anchor_of(run)
    assert f"{{: #{anchor} }}" in written(on_day(1), on_day(2)).replace("&#45;", "-")


def test_the_page_is_the_same_for_the_same_records() -> None:
    assert written(*with_a_change()) == written(*with_a_change())


def moving(values: tuple[float, ...]) -> Chart:
    marks = tuple(Mark(at, value, "fp16") for at, value in enumerate(values, 1))
    ticks = tuple((at, str(at)) for at in range(1, len(values) + 1))
    value = Axis("Speed", "%", 1, from_zero=False)
    across = Axis("Run", "", ticks=ticks, from_zero=False)
    return Chart("moving", "curves", "Method", value, (Series("FP16", marks),), ("a",), across)


def test_a_wide_interval_does_not_hide_what_moves_beside_it() -> None:
    chart = moving((100.0, 103.0))
    (line,) = chart.series
    wide = replace(line.marks[0], low=10.0, high=900.0)
    with_interval = replace(chart, series=(replace(line, marks=(wide, line.marks[1])),))

    assert value_scale(with_interval) == value_scale(chart)
    assert 0 <= value_scale(chart).share(900.0) <= 1


@pytest.mark.parametrize("values", [(100.0, 103.0), (100.0, 100.0), (100.0,), (100.0, 2.0, 400.0)])
def test_curves_that_are_not_from_zero_have_room_around_them_alone(values: tuple[float, ...]) -> None:
    chart = moving(values)
    value, across = value_scale(chart), across_scale(chart)

    assert 0 <= value.low < min(values) <= max(values) < value.high
    assert all(value.low <= at <= value.high for at, _ in value.ticks)
    assert 0.1 < across.share(1) < across.share(len(values)) + 1e-9 <= 1
    assert json.loads(figure_json(chart))["layout"]["yaxis"]["range"] == [value.low, value.high]
