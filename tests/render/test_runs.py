"""The pages of single runs and of all cells: whole whatever the records hold, with links that lead somewhere."""

import html
import json
import re
from collections.abc import Sequence

import markdown  # type: ignore[import-untyped]
import pytest
from examples import NO_ROOM, cell, completed, failed, four_methods, manifest, peer, replaced, with_controls

from generator.analyse.findings import CHECKED, find, run_findings
from generator.folders import TEMPLATES
from generator.measurements import Run
from generator.record import Completed, Fault
from generator.render import feed
from generator.render.address import source_of
from generator.render.cells import rows_json
from generator.render.gallery import Gallery
from generator.render.pages import environment_of, inert, render_pages, render_run
from generator.render.runs import PAIRED, by_run
from generator.render.sheet import ALL_CELLS, cells_csv
from generator.render.units import times

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
EXTENSIONS = ["admonition", "attr_list", "md_in_html", "tables", "toc"]
THROTTLED = Fault(kind="throttled", detail="the card slowed itself down in 12% of the readings")


def dated(run: Run, day: int, **changed: object) -> Run:
    name = {"run_id": f"2026-01-{day:02d}-example", "created_at": f"2026-01-{day:02d}T00:00:00Z"}
    return Run(replaced(run.manifest, **name, **changed), run.launches, run.peers)


def pages(*runs: Run, files: Sequence[str] = ()) -> dict[str, str]:
    return render_pages(find(runs), TEXTS, files) | of_runs(*runs, files=files)


def of_runs(*runs: Run, files: Sequence[str] = ()) -> dict[str, str]:
    """The pages of single runs."""
    environment, raw = environment_of(TEXTS), by_run(files)
    return {
        source_of(run_findings(run)): render_run(run_findings(run), environment, raw.get(run.manifest.run_id, ()))
        for run in runs
    }


def page_of(run: Run, *files: str) -> str:
    return pages(run, files=files)[f"runs/{run.manifest.run_id}.md"]


def shown(text: str) -> str:
    return str(inert(text))


def rows(text: str) -> list[str]:
    """The rows of the table of all cells."""
    return re.findall(r"<tr id=.*?</tr>", text.partition('id="explore-table"')[2].partition("</table>")[0])


ALL_FAILED = Run(manifest(), tuple(failed(method) for method in ("fp16", "nf4", "awq", "gptq")))
LONG = Run(manifest(gpu_name="G" * 200, model_name="M" * 200), four_methods().launches)
MANY = tuple(dated(with_controls(), day) for day in range(1, 11))
RUNS = {
    "no run": (),
    "one launch each": (four_methods(),),
    "all failed": (ALL_FAILED,),
    "no launch yet": (Run(manifest(), ()),),
    "an invalid launch": (Run(manifest(), (completed("fp16"), completed("awq", faults=[THROTTLED]))),),
    "70 cells": MANY,
    "long names": (LONG,),
    "checked by a peer": (Run(manifest(), (completed(),), (peer(),)),),
    "one that failed beside one that did not": (dated(ALL_FAILED, 1), dated(four_methods(), 2)),
}


@pytest.mark.parametrize("name", RUNS)
def test_nothing_missing_is_printed_and_no_table_is_empty(name: str) -> None:
    for path, text in pages(*RUNS[name]).items():
        assert not re.search(r"\b(nan|inf|None|Undefined|True|False)\b", text), path
        if path.startswith(("runs/", "explore", "appendix")):
            assert not re.search(r"<tbody>\s*</tbody>", text), path


@pytest.mark.parametrize("name", RUNS)
def test_every_link_leads_to_a_page_and_every_fragment_to_an_element(name: str) -> None:
    files = [f"data/{run.manifest.run_id}/cells.csv" for run in RUNS[name]] + ["data/schema/launch.schema.json"]
    gallery = Gallery()
    made = {
        path.replace(".md", ".html"): markdown.markdown(text.split("---\n", 2)[2], extensions=EXTENSIONS)
        for path, text in (
            render_pages(find(RUNS[name]), TEXTS, files, gallery=gallery) | of_runs(*RUNS[name], files=files)
        ).items()
    }
    files += [feed.PATH, ALL_CELLS, *gallery.files]
    ids = {path: {html.unescape(one) for one in re.findall(r'\bid="([^"]*)"', text)} for path, text in made.items()}

    for path, text in made.items():
        for link in map(html.unescape, re.findall(r'\bhref="([^"]*)"', text)):
            if "://" in link or link.startswith("assets/"):
                continue
            target, _, fragment = link.replace(".md", ".html").partition("#")
            target = target.partition("?")[0]
            folder = path.rpartition("/")[0]
            full = path if not target else target.removeprefix("../") if folder else target
            assert full in made or full in files, (path, link)
            assert not fragment or fragment in ids[full] or (folder == "" and fragment == "as-more-users-come"), (
                path,
                link,
            )


@pytest.mark.parametrize("name", RUNS)
def test_no_two_elements_of_a_page_have_the_same_address(name: str) -> None:
    for path, text in pages(*RUNS[name]).items():
        found = re.findall(r'\bid="([^"]*)"', text)
        assert len(found) == len(set(found)), path


def test_each_figure_of_a_run_has_its_median_its_spread_and_an_address() -> None:
    text = page_of(with_controls())

    (row,) = re.findall(r'<tr id="awq-vllm-eager.output_tokens_per_s">.*', text)
    assert 'href="#awq-vllm-eager.output_tokens_per_s"' in row
    figures = re.findall(r'<td class="num">([\d.,]+)</td>', row)
    assert len(figures) == 4
    assert figures[3] == "3"
    assert float(figures[1]) < float(figures[0]) < float(figures[2])
    assert re.search(r"1\.7\d×<br><small>1\.\d\d×&nbsp;to 1\.\d\d×", row)


def test_a_quantity_that_does_not_exist_stands_with_its_reason() -> None:
    text = page_of(four_methods())

    assert re.search(r'<tr id="nf4-transformers-eager.kv_cache_gib">.*none: not in this example', text)


def test_a_run_says_of_each_failed_doubtful_and_unserved_thing_why() -> None:
    launches = (
        completed("fp16", unserved=[NO_ROOM]),
        completed("nf4", faults=[THROTTLED]),
        failed("awq", "the driver went away"),
    )
    text = page_of(Run(manifest(), launches))

    assert "## What went wrong" in text
    for words in ("the driver went away", THROTTLED.detail, NO_ROOM.message):
        assert shown(words) in text
    assert "are not used" in text
    assert "What went wrong" not in page_of(four_methods())


def test_every_check_by_a_peer_is_on_its_run_s_page_and_the_methodology_says_which_it_shows() -> None:
    checked = Run(manifest(), (completed(),), (peer(),))
    count = CHECKED + 1
    few, many = pages(dated(checked, 1)), pages(*(dated(checked, day) for day in range(1, count + 1)))
    link = 'href="runs/2026-01-01-example.html#checked-against-a-peer"'

    assert f"the newest {CHECKED} of the {count} runs that were checked" in many["methodology.md"]
    assert "runs that were checked" not in few["methodology.md"]
    for made in (few, many):
        assert link in made["appendix.md"]
        assert "## Checked against a peer" in made["runs/2026-01-01-example.md"]
        assert "vllm bench latency 0.0.0" in made["runs/2026-01-01-example.md"]
    assert "Checked against a peer" not in page_of(four_methods())


def test_the_link_to_comparisons_says_which_runs_have_one() -> None:
    assert f"Beside other runs</a> (the newest {PAIRED} runs are compared)" in page_of(four_methods())


def test_a_run_says_how_it_was_measured() -> None:
    text = page_of(four_methods())

    for words in ("quantpress measure", "0" * 64, "Example GPU", "engine.max_num_seqs", "revision not recorded"):
        assert shown(words) in text


def test_a_run_links_its_own_files_and_no_other_s() -> None:
    text = page_of(four_methods(), "data/2026-01-01-example/manifest.json", "data/another/manifest.json")

    assert 'href="../data/2026-01-01-example/manifest.json"' in text
    assert "data/another" not in text


def test_one_launch_each_is_said_to_prove_nothing() -> None:
    text = page_of(four_methods())

    assert shown("too few launches for an interval") in text
    assert "its ratio proves nothing" in text


def test_the_appendix_lists_every_run_and_leaves_their_figures_to_their_pages() -> None:
    text = pages(*MANY)["appendix.md"]

    for run in MANY:
        assert f'href="runs/{run.manifest.run_id}.html"' in text
    assert text.count(shown("GPU memory used, MiB")) == 1


def test_all_cells_of_all_runs_are_rows_with_plain_numbers() -> None:
    found = rows(pages(*MANY)["explore.md"])

    assert len(found) == 70
    assert all('data-weights_gib="15"' in row for row in found)


def test_rows_without_figures_say_why() -> None:
    run = Run(manifest(), (completed("fp16"), failed("awq"), completed("gptq", faults=[THROTTLED])))
    by_method = {re.findall(r'data-method="(\w+)"', row)[0]: row for row in rows(pages(run)["explore.md"])}

    assert "CUDA out of memory" in by_method["awq"]
    assert 'data-state="failed"' in by_method["awq"]
    assert THROTTLED.detail in by_method["gptq"]
    assert 'data-state="invalid"' in by_method["gptq"]
    assert "no launch yet" in by_method["nf4"]
    assert "data-weights_gib" not in by_method["awq"]


def test_within_a_run_the_measured_cells_stand_before_those_that_were_never_launched() -> None:
    run = Run(manifest(), (failed("nf4"), completed("gptq")))
    states = ["valid", "failed", "not measured", "not measured"]

    assert [re.findall(r'data-state="([\w ]+)"', row)[0] for row in rows(pages(run)["explore.md"])] == states
    brought = json.loads(f"[{rows_json(run_findings(run), environment_of(TEXTS))}]")
    assert [attributes["data-state"] for _, attributes, *_ in brought] == states


def test_a_row_has_a_second_number_for_its_ratios_only_where_it_is_another() -> None:
    several, single = (rows(pages(run)["explore.md"]) for run in (with_controls(), four_methods()))

    assert all("data-output_tokens_per_s_mean=" in row for row in several)
    assert not any("data-weights_gib_mean=" in row for row in several)
    assert not any("_mean=" in row for row in single)


def test_the_page_says_what_its_ratios_are_of_and_when_they_are_those_of_the_comparison() -> None:
    said = pages(four_methods())["explore.md"]

    assert "a ratio is that of the geometric means over the launches, and the figure beneath it a median" in said
    assert "where both cells have the same rounds, it is the ratio of the comparison" in said


def test_a_load_that_compiled_anew_has_its_own_column_and_the_other_says_why_it_is_empty() -> None:
    cold = Run(manifest(methods=("fp16",)), (replaced(completed(), compiled=True),))
    made = pages(cold)
    (row,) = rows(made["explore.md"])

    assert 'data-cold_load_time_s="25"' in row
    assert "data-load_time_s" not in row
    assert 'title="every launch compiled anew">–</td><td class="num">25.0</td>' in row
    assert ",cold_load_time_s,s,25,25,25,1" in cells_csv(run_findings(cold))
    assert ",load_time_s" not in cells_csv(run_findings(cold))
    assert "How long does the engine take to load, compiled anew?" in made["comparison.md"]
    assert "How long until the first prompt?" not in made["comparison.md"]
    assert "compiled anew?" not in pages(four_methods())["comparison.md"]


def test_a_very_long_reason_is_cut_in_the_table_and_whole_on_the_run_s_page() -> None:
    reason = "out of memory " * 100
    run = Run(manifest(), (completed("fp16"), failed("awq", reason)))
    made = pages(run)

    assert shown(reason) not in made["explore.md"]
    assert shown(reason) in made["runs/2026-01-01-example.md"]


def test_two_runs_of_one_launch_each_have_ratios_and_no_interval() -> None:
    text = pages(dated(four_methods(), 1), dated(four_methods(), 2))["explore.md"]

    assert shown("no interval: fewer than three launches") in text
    assert "Nothing changed that the manifests record." in text


def test_two_equal_runs_are_ties_and_what_changed_is_a_list() -> None:
    text = pages(dated(with_controls(), 1), dated(with_controls(), 2, memory_budget_gib=24.0))["explore.md"]

    pair = text.partition('<details class="qp-pair"')[2]
    assert "a tie<br>" in pair
    assert f"<li>{shown('memory_budget_gib')}: not set → 24.0</li>" in pair


def test_only_runs_with_a_counterpart_are_in_the_menus_and_the_others_are_named() -> None:
    eager = dated(four_methods(), 2)
    graphs = replaced(cell("fp16"), mode="graphs")
    alone = Run(replaced(dated(four_methods(), 3).manifest, cells=(graphs,)), (completed(of=graphs),))
    featured = {"featured": eager.manifest.run_id}
    text = render_pages(find((dated(four_methods(), 1), eager, alone), **featured), TEXTS, ())["explore.md"]

    menu = re.findall(r'<select name="a">(.*?)</select>', text)[0]
    assert re.findall(r'<option value="([^"]+)">', menu) == ["2026-01-02-example", "2026-01-01-example"]
    (note,) = re.findall(r"<p[^>]*>Not in the menus.*?</p>", text)
    assert re.findall(r'href="runs/(.+?).html"', note) == ["2026-01-03-example"]
    assert "Not in the menus" not in pages(dated(four_methods(), 1), eager)["explore.md"]


def test_runs_of_different_work_are_said_to_be_that() -> None:
    other = replaced(manifest().profile, model_name="Another model")
    featured = dated(with_controls(), 1)
    text = pages(featured, dated(with_controls(), 2, profile=other))["explore.md"]

    assert "did not do the same work" in text
    assert "did not do the same work" not in pages(featured, dated(with_controls(), 2))["explore.md"]


def test_a_twin_has_a_row_of_its_own() -> None:
    text = page_of(with_controls())

    assert f'id="{cell("fp16", twin=True).id}.weights_gib"' in text


def test_a_run_s_page_has_each_method_s_speed_against_fp16_by_the_number_of_users() -> None:
    run = with_controls()
    served = run_findings(run)
    (one,) = (one for one in served.shown if one.cell == cell("awq"))
    text = html.unescape(page_of(run))
    table = text.partition('aria-label="Speed against FP16 by number of users"')[2].partition("</table>")[0]
    (row,) = re.findall(r'<tr><th scope="row"><span class="qp-method" data-method="awq">AWQ</span>.*', table)

    assert re.findall(r">(\d+ users?)<", table) == ["1 user", "4 users", "16 users"]
    assert re.findall(r'<td class="num">([^<]*)', row) == [
        times(comparison.ratio) for comparison in served.by_users(one.cell).values()
    ]
    assert "by number of users" not in page_of(Run(manifest(methods=("fp16",)), (completed(),)))  # with nothing beside


def test_a_table_of_workloads_says_what_its_small_print_is_where_it_has_any() -> None:
    said = "Workload<br><small>the median of its launches; beneath it, lowest to highest</small></th>"

    assert said in page_of(with_controls())
    assert said not in page_of(four_methods())  # one launch each


def test_a_run_that_several_cards_shared_says_what_each_of_them_did() -> None:
    run = with_controls(rounds=2)
    made = [one for one in run.launches if isinstance(one, Completed)]
    shared = [replaced(one, card=("a" if one.round == 1 else "b") * 8) for one in made]
    shared[0] = replaced(shared[0], card="b" * 8, started_at="2026-01-01T09:00:00Z")

    page = page_of(Run(run.manifest, tuple(shared)))

    row = re.findall(r'<tr id="card-.*?</tr>', html.unescape(page))
    assert [re.sub("<[^>]*>|\u00a0|¶", " ", one).split() for one in row] == [
        ["a" * 8, "1", str(len(made) // 2 - 1), "0"],
        ["b" * 8, "2", str(len(made) // 2 + 1), "1"],
    ]
    assert "### The cards" not in page_of(run)
