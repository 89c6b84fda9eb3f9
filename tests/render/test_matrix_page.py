"""The page of models and cards: its charts, its tables, and what it says where nothing can be compared."""

import re

import pytest
from examples import four_methods
from side_by_side import in_both_modes, in_graphs, on_card, with_other_work

from generator.analyse.findings import find, run_findings
from generator.analyse.machine import Machine
from generator.folders import TEMPLATES, templates_in
from generator.measurements import Run
from generator.render import matrix
from generator.render.about import plain
from generator.render.matrix import Shown, name_of, page
from generator.render.pages import environment_of, render_pages, render_run

TEXTS = templates_in(TEMPLATES)
OTHER = "Other GPU"
TURNED = (on_card(1, OTHER, {"awq": 1.3}), on_card(2))


def pages(*runs: Run) -> dict[str, str]:
    return render_pages(find(sorted(runs, key=lambda run: run.manifest.created_at)), TEXTS, ())


def written(*runs: Run) -> str:
    return pages(*runs)["matrix.md"]


def shown(*runs: Run) -> Shown:
    (found,) = page(find(runs))["groups"]["machine"]
    assert isinstance(found, Shown)
    return found


def test_the_charts_have_a_bar_for_each_machine_under_each_method() -> None:
    found = shown(*TURNED)

    assert found.ratios
    assert found.speeds
    assert found.names == ("Example GPU", OTHER)
    for chart in (found.ratios, found.speeds):
        assert [series.name for series in chart.series] == ["Example GPU", OTHER]
        assert chart.runs == ("2026-01-02-example", "2026-01-01-example")
        assert all(mark.low is not None for series in chart.series for mark in series.marks)
    assert found.ratios.reference == 1
    assert "FP16" in found.speeds.categories
    assert "FP16" not in found.ratios.categories


def test_a_method_of_one_machine_alone_is_in_the_table_and_not_in_the_chart() -> None:
    whole = on_card(1, OTHER)
    without = Run(whole.manifest, tuple(one for one in whole.launches if one.cell.method != "gptq"))
    found = shown(without, on_card(2))

    assert found.speeds
    assert "GPTQ" not in found.speeds.categories
    assert "gptq" in {cell.method for cell in found.cells_with("output_tokens_per_s")}


def test_what_one_machine_would_prove_of_a_method_that_only_it_has_is_not_told_of_the_chart() -> None:
    whole = on_card(1, OTHER)
    quietest = shown(whole, on_card(2)).ratios
    assert quietest
    assert quietest.detectable
    least = quietest.detectable.quietest.method
    without = Run(whole.manifest, tuple(one for one in whole.launches if one.cell.method != least))
    ratios = shown(without, on_card(2)).ratios

    assert ratios
    assert ratios.detectable
    assert ratios.detectable.quietest.method != least


def test_what_runs_would_prove_in_another_mode_is_not_told() -> None:
    runs = (in_both_modes(on_card(1, OTHER)), in_both_modes(on_card(2)))
    graphs, eager = page(find(runs))["groups"]["machine"]

    assert (graphs.group.mode, eager.group.mode) == ("graphs", "eager")
    assert graphs.ratios.detectable
    assert not eager.ratios.detectable


def test_what_differences_would_be_proven_is_told_of_the_methods_of_the_chart() -> None:
    ratios, graphs = shown(*TURNED).ratios, shown(*(in_graphs(run) for run in TURNED)).ratios

    for chart in (ratios, graphs):
        assert chart
        assert chart.detectable
        assert {chart.detectable.quietest.name, chart.detectable.noisiest.name} <= set(chart.categories)


@pytest.mark.parametrize(
    ("machine", "name"),
    [
        (Machine("A", None, 1), "A"),
        (Machine("A", 24.0, 1), "A, 24 GiB"),
        (Machine("A", 12.5, 2), "2 × A, 12.5 GiB"),
    ],
)
def test_a_machine_is_called_by_its_card_its_number_and_its_budget(machine: Machine, name: str) -> None:
    assert name_of(machine) == name


def test_the_page_says_once_that_the_runs_share_no_round() -> None:
    text = plain(written(*TURNED, on_card(3, model="Example 1B")))

    assert text.count("their runs share no round.") == 1
    assert written(*TURNED).index("share no round") < written(*TURNED).index("against the base")


def test_an_order_that_turns_is_told_with_both_ratios_and_one_that_holds_with_its_pairs() -> None:
    turned, held = plain(written(*TURNED)), plain(written(on_card(1, OTHER), on_card(2)))

    assert (
        "The choice does not hold everywhere. AWQ against GPTQ: 1.26× on Other GPU (95% interval 1.24× to 1.28×)"
        in turned
    )
    assert "but 0.97× on Example GPU" in turned
    assert "it turns (1 of 15 pairs of methods)" in turned
    assert "The choice holds, as far as it is proven: " in held
    assert re.search(r"it holds \(\d+ of 15 pairs of methods\)", held)
    assert "turns" not in held


def test_with_one_launch_nothing_is_proven_and_no_ratio_has_an_interval() -> None:
    text = plain(written(on_card(1, OTHER, rounds=1), on_card(2, rounds=1)))

    assert "Nothing is proven. No two methods are told apart on both machines." in text
    assert "no interval: fewer than three launches" in text


def test_what_was_not_asked_alike_is_named_and_not_compared() -> None:
    text = plain(written(with_other_work(on_card(1, OTHER), 1), on_card(2)))

    assert "Not of the same work on two machines, and so not compared: Speed for one user." in text
    assert "And for one user alone?" not in text


def test_models_stand_beside_one_another_as_cards_do() -> None:
    text = plain(written(on_card(1, model="Example 1B", times={"fp16": 3.0}), on_card(2)))

    assert re.search(r"\[Example GPU, eager\]\S+, 2 models: in a batch, it turns", text)
    assert "No model here was measured on two machines with the same work" in text
    assert "KV cache of a token" in text


def test_where_nothing_can_be_compared_the_page_says_what_to_run_and_has_no_table() -> None:
    text = written(four_methods())

    assert "quantpress plan synthetic-models" in text
    assert "No model here was measured on two machines" in text
    assert "<table>" not in text
    assert "No other machine has its model, and its machine no other model: " in plain(text)


def test_a_site_with_nothing_measured_says_so() -> None:
    assert "Nothing has been measured yet" in written()


def test_of_many_runs_that_are_not_compared_the_older_ones_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matrix, "LEFT", 2)
    text = plain(written(*(on_card(day) for day in range(1, 6))))

    assert "And 3 older runs, which the [appendix]" in text
    assert text.count("-example") == 2


def test_sections_have_addresses_of_their_own_and_the_list_leads_to_them() -> None:
    runs = (*TURNED, *(in_graphs(on_card(day, card)) for day, card in ((3, OTHER), (4, "Example GPU"))))
    text = written(*runs).replace("&#45;", "-")
    anchors = re.findall(r"\{: #(\S+) \}", text)

    assert len(anchors) == len(set(anchors)) > 4
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= set(anchors)
    tables = re.findall(r'aria-label="([^"]+)"', text)
    assert len(tables) == len(set(tables))


def test_the_comparison_and_a_runs_page_lead_there() -> None:
    environment = environment_of(TEXTS)
    experiment = on_card(1, experiment="equal_kv_cache")

    assert "(matrix.md)" in pages(*TURNED)["comparison.md"]
    assert "../matrix.html" in render_run(run_findings(on_card(1)), environment, ())
    assert "../matrix.html" not in render_run(run_findings(experiment), environment, ())


def test_the_page_is_the_same_for_the_same_records() -> None:
    assert written(*TURNED) == written(*TURNED)
