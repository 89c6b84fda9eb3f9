"""Pages: whole whatever the records hold, the same for the same records, and nothing in them can break out."""

import html
import json
import re
from collections.abc import Iterator
from html.parser import HTMLParser

import markdown  # type: ignore[import-untyped]
import plotly
import plotly.graph_objects as go
import pytest
from examples import (
    NO_ROOM,
    TASKS,
    cell,
    completed,
    failed,
    four_methods,
    loop,
    manifest,
    peer,
    replaced,
    reported,
    with_controls,
)
from experiments import (
    part_of_the_experiment,
    searched,
    with_engine,
    with_long_prompts_measured,
    without_names,
)
from hypothesis import given, settings
from hypothesis import strategies as st
from over_time import with_a_change

from generator.analyse.findings import find, run_findings
from generator.analyse.noise import Detectable
from generator.analyse.run import RunFindings
from generator.analyse.scenarios import SCENARIOS, Candidate, Margin, recommend
from generator.analyse.statistics import Comparison, Stat, Verdict
from generator.cells import Cell, Mode
from generator.folders import PAGES, TEMPLATES
from generator.measurements import Run
from generator.methods import METHODS, MethodId
from generator.record import Completed, Fault
from generator.render import bars
from generator.render.about import plain
from generator.render.address import source_of
from generator.render.pages import PAGES as NAMES
from generator.render.pages import environment_of, inert, render_pages, render_run
from generator.render.units import share
from generator.samples import Energy

TEXTS = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
EXTENSIONS = ["admonition", "attr_list", "md_in_html", "tables", "toc"]


def pages(*runs: Run) -> dict[str, str]:
    environment = environment_of(TEXTS)
    of_runs = {source_of(run_findings(run)): render_run(run_findings(run), environment, ()) for run in runs}
    return render_pages(find(runs), TEXTS, ()) | of_runs


def shown(text: str) -> str:
    """As a page has it."""
    return str(inert(text))


THROTTLED = Fault(kind="throttled", detail="the card slowed itself down in 12% of the readings")
RUNS = {
    "none": (),
    "four methods": (four_methods(),),
    "one method only": (Run(manifest(methods=("awq",)), (completed("awq"),)),),
    "all failed": (Run(manifest(), tuple(failed(method) for method in ("fp16", "nf4", "awq", "gptq"))),),
    "controls, twins and three rounds": (with_controls(),),
    "an invalid launch": (Run(manifest(), (completed("fp16"), completed("awq", faults=[THROTTLED]))),),
    "a paradox experiment": tuple(part_of_the_experiment(number) for number in range(3)),
    "a search that found nothing smaller": (*(part_of_the_experiment(number) for number in range(2)), searched()),
    "long prompts": (with_long_prompts_measured(),),
    "a series with a change": with_a_change(),
    "a peer and tasks": (Run(manifest(), (completed(tasks=TASKS),), (peer(),)),),
    "no launch yet": (Run(manifest(), ()),),
    "no FP16": (Run(manifest(), (failed("fp16"), completed("awq"), completed("gptq"))),),
    "long names": (Run(manifest(gpu_name="G" * 200, model_name="M" * 200), four_methods().launches),),
}


@pytest.mark.parametrize("name", RUNS)
def test_every_page_is_whole(name: str) -> None:
    made = pages(*RUNS[name])

    assert len(made) == len(NAMES) + 1 + len(METHODS) + len(RUNS[name])  # with the list of methods, a page for each run
    for path, text in made.items():
        assert not re.search(r"\b(nan|inf|None|Undefined)\b", text), path
        assert text.startswith("---\ntitle: "), path


@pytest.mark.parametrize("name", RUNS)
def test_every_figure_is_one_that_plotly_accepts(name: str) -> None:
    for text in pages(*RUNS[name]).values():
        for escaped in re.findall(r'data-figure="([^"]*)"', text):
            figure = json.loads(html.unescape(escaped))
            go.Figure(figure)
            assert "template" not in figure["layout"]


def test_the_same_records_give_the_same_bytes() -> None:
    assert pages(four_methods()) == pages(four_methods())


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))


def structure(text: str) -> list[tuple[str, tuple[str, ...]]]:
    parser = Tags()
    parser.feed(markdown.markdown(text.split("---\n", 2)[2], extensions=EXTENSIONS))
    return parser.found


HOSTILE = [
    "<script>alert(1)</script>",
    "[x](javascript:alert(1))",
    "`a`{onclick=alert(1)}",
    "![x](https://example.org/x.png)",
    '"><img src=x onerror=alert(1)>',
    "{{ 7*7 }}{% raw %}",
    "</table><h1>x</h1>",
    "*[HTML]: x",
    "| a | b |",
    "```js",
]


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_record_cannot_change_a_page_s_structure(text: str) -> None:
    def with_text(words: str) -> dict[str, str]:
        launches = (*four_methods().launches[:2], failed("awq", words), failed("gptq", words))
        return pages(Run(manifest(gpu_name=words, model_name=words), launches))

    harmless, hostile = with_text("harmless"), with_text(text)

    for path in harmless:
        assert structure(hostile[path]) == structure(harmless[path]), path


@settings(max_examples=300)
@given(st.text(st.characters(exclude_categories=["C"]), min_size=1))
def test_inert_text_shows_what_it_was(text: str) -> None:
    shown = markdown.markdown(f"x {inert(text)} x", extensions=EXTENSIONS)

    assert structure(f"---\n---\nx {inert(text)} x") == [("p", ())]
    assert html.unescape(re.sub("</?p>", "", shown)).split() == f"x {text} x".split()


def test_the_vendored_plotly_is_the_one_that_python_makes_figures_for() -> None:
    wanted = plotly.offline.get_plotlyjs_version()

    assert (PAGES / "assets" / f"plotly-basic-{wanted}.min.js").is_file()


def test_the_site_says_nothing_of_a_method_that_the_records_do_not() -> None:
    made = pages(Run(manifest(methods=("fp16",)), (completed("fp16"),)))

    assert "No figures of this method yet" in made["methods/awq.md"]
    assert "quantpress measure --method fp16 --method awq" in html.unescape(made["methods/awq.md"])


def test_a_method_of_which_every_launch_failed_has_its_reasons_on_the_page_of_the_run() -> None:
    made = pages(Run(manifest(methods=("fp16", "awq")), (completed("fp16"), failed("awq"))))

    assert "No figures of this method in this run" in made["methods/awq.md"]


def test_a_method_that_another_run_has_is_told_from_that_one() -> None:
    first = Run(
        manifest("2026-01-01-first", methods=("fp16", "awq", "gptq")), tuple(map(completed, ("fp16", "awq", "gptq")))
    )
    other = Run(manifest("2026-01-02-other", methods=("fp16", "fp8")), tuple(map(completed, ("fp16", "fp8"))))

    page = pages(first, other)["methods/fp8.md"]

    assert "The featured run has no figures of this method; these are of another." in page
    assert "2026-01-02-other" not in pages(first, other)["methods/awq.md"].partition("## Results")[2]


def test_a_method_s_page_has_every_engine_it_ran_in_with_its_own_mode_and_figures() -> None:
    whole = with_controls()
    graphs = {one: replaced(one, mode="graphs") for one in whole.manifest.cells if one.engine == "vllm"}
    cells = tuple(graphs.get(one, one) for one in whole.manifest.cells)
    launches = tuple(replaced(launch, cell=graphs.get(launch.cell, launch.cell)) for launch in whole.launches)
    text = html.unescape(pages(Run(replaced(whole.manifest, cells=cells), launches))["methods/nf4.md"])

    assert "in Transformers (eager, 3 launches) and in vLLM (CUDA graphs, 3 launches), provisional" in text
    for engine in ("Transformers", "vLLM"):
        assert f"BitsAndBytes NF4 in {engine} is slower than FP16 in vLLM" in text
        assert f'aria-label="Results in {engine}"' in text
        assert f'aria-label="As users feel it in {engine}"' in text


def test_a_method_s_page_says_against_what_two_things_differ_at_once() -> None:
    whole = with_controls()
    home = tuple(one for one in whole.manifest.cells if one.at_home)
    without = Run(
        replaced(whole.manifest, cells=home), tuple(launch for launch in whole.launches if launch.cell in home)
    )
    said = "Against BitsAndBytes NF4 in Transformers, the engine and the format differ"

    for run in (whole, without):
        made = pages(run)
        for method in ("fp16", "awq", "gptq"):
            assert said in made[f"methods/{method}.md"]
        assert "Against FP16 in vLLM, the engine and the format differ" in made["methods/nf4.md"]


def test_there_is_no_ratio_where_neither_more_nor_less_is_better() -> None:
    made = pages(with_controls())
    in_method, in_run = made["methods/awq.md"], made["runs/2026-01-01-example.md"]
    run_row = '<tr id="awq-vllm-eager.output_tokens_total">'

    (tokens,) = re.findall(r'<tr><th scope="row">Total tokens generated, tokens</th>(.*)</tr>', in_method)
    (speed,) = re.findall(r'<tr><th scope="row">Speed, tokens/s</th>(.*)</tr>', in_method)
    assert re.sub("<[^>]+>", " ", tokens).split() == ["1,792", "–", "–", "–"]
    assert "–" not in speed
    assert in_run.partition(run_row)[2].partition("</tr>")[0].endswith('<td class="num">–</td>')


def test_a_search_says_what_was_too_small_and_why() -> None:
    text = pages(*RUNS["a search that found nothing smaller"])["paradox.md"]

    assert "30,720" in text
    assert shown(NO_ROOM.message) in text
    assert "nothing smaller was tried" in text  # of the other methods


def test_a_search_counts_its_launches_in_one_way_and_calls_no_trial_a_fault() -> None:
    whole = searched()
    too_large = completed("fp16", round_=3, kv_cache_tokens=34_816)
    run = Run(whole.manifest, (whole.launches[0], *whole.launches[1:], too_large, replaced(failed("awq"), round=2)))
    text = html.unescape(pages(run)["runs/2026-01-03-example.md"])

    def counts(cell_id: str) -> list[int]:
        row = text.partition(f'<tr id="cell-{cell_id}">')[2].partition("</tr>")[0]
        return [int(count) for count in re.findall(r'<td class="num">(\d+)</td>', row)]

    assert "a search in which one launch of each method counts, provisional" in text
    assert counts("fp16-vllm-eager") == [3, 1, 2, 0, 0]  # launches, valid, only tried, invalid, failed
    assert counts("awq-vllm-eager") == [2, 1, 0, 0, 1]
    assert '<tr id="fp16-vllm-eager.weights_gib">' in text
    assert text.partition('<tr id="fp16-vllm-eager.weights_gib">')[2].partition("</tr>")[0].count(">1<") == 1
    tried, wrong = text.partition("## What was tried")[2].split("## What went wrong")
    assert f"no: {NO_ROOM.message}" in tried
    assert tried.count("yes: the smallest that did") == 4  # of each cell
    assert NO_ROOM.message not in wrong
    assert "CUDA out of memory" in wrong


def test_a_search_that_found_nothing_yet_says_what_it_tried() -> None:
    whole = searched()
    text = html.unescape(pages(Run(whole.manifest, (whole.launches[1],)))["explore.md"])

    (row,) = re.findall(r'<tr id="2026-01-03-example--fp16-vllm-eager".*', text)
    assert 'data-state="not measured"' in row
    assert f"{NO_ROOM.message}</td>" in row
    assert "0 of 1" in row


def test_the_paradox_page_counts_the_launches_of_each_part() -> None:
    text = pages(*RUNS["a search that found nothing smaller"])["paradox.md"]

    assert "as in the article (1 launch of each method);" in text
    assert "(a search in which one launch of each method counts; it has not ended for every method)" in text
    made = markdown.markdown(text.partition("## The experiment")[2], extensions=EXTENSIONS)
    assert made.partition("</ol>")[0].count("<li>") == 3  # what each method used is another list


def test_long_prompts_are_told_with_what_had_no_room() -> None:
    text = pages(*RUNS["long prompts"])["context.md"]

    assert "chart-ttft" in text
    assert "chart-decode" in text
    assert "110,000" in text
    assert shown("prompt-32768") in text
    assert "quantpress context" in pages(four_methods())["context.md"]


def test_a_peer_is_shown_with_its_command_and_whether_it_agrees() -> None:
    text = pages(*RUNS["a peer and tasks"])["methodology.md"]

    assert "## Checked against a peer" in text
    assert shown(peer().command) in text
    assert "<td>agree</td>" in text
    assert "Checked against a peer" not in pages(four_methods())["methodology.md"]


def test_tasks_stand_with_their_standard_error() -> None:
    text = pages(*RUNS["a peer and tasks"])["comparison.md"]

    assert shown("example_task, acc") in text
    assert "0.625<br><small>± 0.050 (standard error)" in text


def test_each_chart_of_speed_says_the_smallest_difference_it_would_prove() -> None:
    (run,) = find((with_controls(),)).runs
    speed = run.detectable()
    assert speed

    text = html.unescape(pages(with_controls())["comparison.md"])
    link = '<a href="glossary.html#smallest-provable-difference">Smallest provable difference</a>'
    assert f"{link} from FP16: {share(speed.least)} ({speed.quietest.name}) to " in text
    assert f"to {share(speed.most)} ({speed.noisiest.name})." in text
    assert "prove a difference" not in pages(four_methods())["comparison.md"]  # one launch each


@pytest.mark.parametrize(
    ("least", "most", "said"),
    [
        (0.02, 0.676, ": 2.0% (AWQ) to 68% (GPTQ)."),
        (0.02, 1.5, ": 2.0% (AWQ) to more than a doubling (GPTQ)."),
        (1.2, 1.5, ": more than a doubling."),
        (0.05, 0.05, ": 5.0%."),
    ],
)
def test_what_launches_prove_is_said_in_proportion(least: float, most: float, said: str) -> None:
    macros = environment_of(TEXTS).get_template("macros.md.j2").module
    found = Detectable(least, cell("awq"), most, cell("gptq"))

    assert said in html.unescape(macros.proven(found))  # type: ignore[attr-defined]


def test_what_one_cell_s_points_prove_names_it_not_twice() -> None:
    macros = environment_of(TEXTS).get_template("macros.md.j2").module
    said = html.unescape(macros.proven(Detectable(0.02, cell("awq"), 1.5, cell("awq"))))  # type: ignore[attr-defined]

    assert said.endswith(": 2.0% to more than a doubling.")


def test_beside_the_article_stand_complete_runs_though_newer_ones_are_under_way() -> None:
    def run(run_id: str, mode: Mode, missing: int = 0) -> Run:
        def of(one: Cell) -> Cell:
            return replaced(one, mode=mode if one.engine == "vllm" else "eager")

        whole = with_controls(rounds=3)
        cells = tuple(of(one) for one in whole.manifest.cells)
        launches = [replaced(launch, cell=of(launch.cell)) for launch in whole.launches]
        created_at = f"{run_id[:10]}T00:00:00Z"
        changed = replaced(whole.manifest, run_id=run_id, created_at=created_at, cells=cells)
        return Run(changed, tuple(launches[: len(launches) - missing]))

    runs = [run("2026-02-01-graphs", "graphs"), run("2026-02-02-whole", "eager"), run("2026-02-03-begun", "eager", 14)]
    page = pages(*runs, reported())["comparison.md"]
    chart = page[page.index("Do the article") :]

    assert "runs/2026-02-02-whole.html#files" in chart
    assert "2026-02-03-begun" not in chart


def test_the_paradox_experiment_is_told_when_all_its_parts_are_there() -> None:
    whole = pages(*RUNS["a paradox experiment"])["paradox.md"]
    part = pages(*RUNS["a paradox experiment"][:2])["paradox.md"]

    assert "## The experiment" in whole
    assert "8 users of 4,096 tokens each" in whole
    assert "## The experiment" not in part


def test_a_load_time_that_proves_nothing_says_how_few_warm_starts_it_comes_from() -> None:
    def launched(method: MethodId, speed: float, *load_times_s: float) -> Iterator[Completed]:
        for round_, load_time_s in enumerate(load_times_s, 1):
            launch = completed(method, round_=round_, speed=speed + round_)
            quantities = replaced(launch.quantities, load_time_s=load_time_s)
            yield replaced(launch, quantities=quantities, compiled=round_ == 1)

    launches = [*launched("fp16", 200.0, 60.0, 14.0, 13.5), *launched("awq", 100.0, 60.0, 10.0, 13.0)]
    run = Run(manifest(methods=("fp16", "awq")), tuple(launches))
    said = html.unescape(pages(run)["scenarios.md"])

    assert "**Answer.** Not decided." in said
    assert "Load time does not decide: that takes three warm starts of each method, and some have only 2." in said
    assert "the shortest load time, of warm starts" in said


def test_a_load_time_that_is_not_proven_says_how_few_launches_were_warm_starts() -> None:
    macros = environment_of(TEXTS).get_template("macros.md.j2").module
    warm: dict[MethodId, Stat] = {"awq": Stat({2: 10.0, 3: 13.0}), "fp16": Stat({1: 14.0, 2: 14.0, 3: 13.5})}
    (development,) = (scenario for scenario in SCENARIOS if scenario.id == "development")
    found = recommend(development, [Candidate(cell(method), {"load_time_s": stat}) for method, stat in warm.items()])

    said = macros.doubt(run_findings(with_controls(rounds=3)), found, "load_time_s")  # type: ignore[attr-defined]
    assert said == "only 2 of the 3 launches were warm starts"


def test_that_one_user_had_other_prompts_is_said_once_where_users_are_counted() -> None:
    launch = completed("fp16")
    loops = (loop(1, 50, prompt_tokens=64), loop(4, 160, prompt_tokens=512), loop(16, 640, prompt_tokens=512))
    whole = replaced(launch, points=(launch.points[0], *loops))
    other, same = (pages(Run(manifest(methods=("fp16",)), (one,))) for one in (whole, launch))
    said = "One user stands apart, with prompts of 64 tokens instead of 512."

    for page in ("index.md", "comparison.md"):
        assert other[page].count(said) == 1
        assert "stands apart" not in same[page]


@pytest.mark.parametrize(("verdict", "end"), [("higher", "1.30×)."), ("same", "1.30×), a tie.")])
def test_a_margin_that_is_not_proven_is_called_a_tie(verdict: Verdict, end: str) -> None:
    fast, slow = (Candidate(cell(method), {}) for method in ("awq", "fp16"))
    found = Margin(fast, slow, "output_tokens_per_s", Comparison(1.09, 0.91, 1.3, verdict))

    macros = environment_of(TEXTS).get_template("macros.md.j2").module
    said = html.unescape(macros.margin(found))  # type: ignore[attr-defined]
    assert said == f"Speed: AWQ has 1.09× that of FP16 (95% interval 0.91× to {end}"


def without_controls() -> Run:
    whole = with_controls()
    home = tuple(one for one in whole.manifest.cells if one.at_home)
    return Run(replaced(whole.manifest, cells=home), tuple(launch for launch in whole.launches if launch.cell in home))


def section(page: str, heading: str) -> str:
    return html.unescape(page.partition(f"## {heading}\n")[2].partition("\n## ")[0])


def test_engine_and_format_are_taken_apart_where_the_controls_were_measured_and_nowhere_else() -> None:
    apart, together = (
        section(pages(run)["comparison.md"], "Engine apart from format")
        for run in (with_controls(), without_controls())
    )

    assert "is taken apart" in apart
    assert "chart-speed-steps" in apart
    assert "measure with `--controls`" not in apart
    assert together.strip().count("\n") == 0
    assert "measure with `--controls`" in together


def test_no_chart_of_a_split_or_a_distribution_claims_what_was_not_measured() -> None:
    page = html.unescape(pages(with_controls())["comparison.md"])

    assert "How long do the unlucky wait for the first token, when all begin at once?" in page
    assert "No end was found: nowhere did the next larger number of users bring less than a tenth." in page
    assert "Each part is its own median over the launches" in page
    assert "one start" not in page


def test_the_comparison_shows_energy_with_the_idle_power_and_without_and_says_why_the_order_can_turn() -> None:
    def metered(launch: Completed) -> Completed:
        energy = Energy(window_s=10.0, energy_j=3_000.0, idle_w=100.0, faults=())
        return replaced(launch, points=(replaced(launch.points[0], energy=energy), *launch.points[1:]))

    run = with_controls()
    launches = tuple(metered(launch) for launch in run.launches if isinstance(launch, Completed))
    known, unknown = (html.unescape(pages(one)["comparison.md"]) for one in (Run(run.manifest, launches), run))

    assert 'id="chart-energy-total"' in known
    assert 'id="chart-energy"' in known
    assert "The order of the methods can turn between the two: the idle power is" in known
    assert "energy" not in unknown


def test_the_methodology_says_why_a_ratio_is_not_the_quotient_of_two_medians() -> None:
    said = " ".join(html.unescape(pages(with_controls())["methodology.md"]).split())

    assert "geometric mean of the ratios of the rounds, so it is not just the quotient of the two medians" in said
    assert "while two medians may come from different rounds" in said


def test_the_methodology_says_how_exact_a_wait_between_tokens_is_and_that_the_beginning_counts() -> None:
    said = html.unescape(pages(with_controls())["methodology.md"])

    assert "each of whose bins ends 2% above its beginning" in said
    assert "right to 1%" in said
    assert "All of them begin at once, and nothing is discarded" in said


def test_long_prompts_say_what_was_not_launched_what_stands_behind_figures_and_what_took_more_than_its_budget() -> None:
    whole = with_long_prompts_measured()
    fp16, awq = whole.launches
    assert isinstance(fp16, Completed)
    more = replaced(fp16, quantities=replaced(fp16.quantities, gpu_memory_used_mib=22_567.0))
    budget = replaced(whole.manifest, memory_budget_gib=22.0)
    text = html.unescape(pages(Run(budget, (more, awq, failed("gptq", "it broke"))))["context.md"])

    assert "Not launched yet: BitsAndBytes NF4; how they bear long prompts, this page can’t say yet." in text
    assert "Without a launch whose figures may be used: GPTQ (it broke)." in text
    assert "Each figure comes from 2 requests in each launch, that of the longest prompt from a single request." in text
    said = "FP16 took 39 MiB more than the budget of 22 GiB for its 43,000 tokens"
    assert said in text.partition("<figure")[0]  # a phone does not show the table's last columns
    assert (
        said in text.partition("What is the longest prompt that is really answered?")[2].partition("</figcaption>")[0]
    )
    assert text.count(said) == 2
    assert "22,567<br><small>39 MiB over the budget</small>" in text
    assert text.count("over the budget</small>") == 1


def test_beside_the_article_each_bar_has_its_card_and_mode_and_a_sentence_answers() -> None:
    whole = with_controls()
    graphs = {one: replaced(one, mode="graphs") for one in whole.manifest.cells if one.engine == "vllm"}
    cells = tuple(graphs.get(one, one) for one in whole.manifest.cells)
    launches = tuple(replaced(launch, cell=graphs.get(launch.cell, launch.cell)) for launch in whole.launches)
    named = replaced(whole.manifest, cells=cells, run_id="2026-02-01-graphs", created_at="2026-02-01T00:00:00Z")
    made = pages(Run(named, launches), reported())["comparison.md"]
    said = html.unescape(made.partition("## Beside the article")[2])

    assert "the article’s ratios are proven on Example GPU (CUDA graphs) for AWQ." in said
    assert "BitsAndBytes NF4, Example GPU, eager/graphs</th>" in said
    assert "AWQ, Example GPU, CUDA graphs</th>" in said
    assert "AWQ, article, Example GPU, eager</th>" in said


def test_a_card_s_name_is_no_element_of_a_figure() -> None:
    hostile = replaced(four_methods().manifest, hardware=manifest(gpu_name="<a href='https://e.org'>x</a>").hardware)
    made = pages(Run(hostile, four_methods().launches), reported())["comparison.md"]
    figure = re.findall(r'data-figure="([^"]*)"', made.partition("## Beside the article")[2])[0]
    notes = [note["text"] for note in json.loads(html.unescape(figure))["layout"]["annotations"]]

    assert "&lt;a href='https://e.org'&gt;x&lt;/a&gt;, eager" in notes
    assert not [note for note in notes if "<" in note]


def test_the_experiment_says_what_differs_besides_the_cache_and_what_no_record_explains() -> None:
    runs = [part_of_the_experiment(number) for number in range(3)]
    runs[2] = without_names(with_engine(runs[2], max_num_seqs=16))
    told = html.unescape(pages(*runs)["paradox.md"])

    assert "Besides the cache, the second has all settings of the first; the third has other settings" in told
    assert "<code>profile.engine.max_num_seqs</code> (16 instead of 8)." in told
    assert "MiB in the third." in told
    assert "What that is, the records of the third don’t say." in told
    assert "don’t say" not in html.unescape(pages(*RUNS["a paradox experiment"])["paradox.md"])


def test_the_experiment_says_what_it_can_t_explain_how_large_it_is_and_whether_it_changes_the_answer() -> None:
    def told(fp16_mib: float, awq_mib: float) -> str:
        first, second, third = (part_of_the_experiment(number) for number in range(3))
        used = {"fp16": fp16_mib, "awq": awq_mib}
        launches = tuple(
            replaced(one, quantities=replaced(one.quantities, gpu_memory_used_mib=used[one.cell.method]))
            for one in second.launches
            if isinstance(one, Completed) and one.cell.method in used
        )
        page = pages(first, without_names(Run(second.manifest, launches)), third)["paradox.md"]
        return html.unescape(page)

    more = "FP16 has the same cache in the second as in the first, 40,000 tokens, and yet uses 400 MiB more."
    answer = "It does not change the answer: in the second, each other method uses at least 10,400 MiB less than FP16."
    assert f"{more} This difference is unexplained. {answer}" in told(22_400, 12_000)
    assert "It does not change the answer" not in told(22_400, 22_300)
    assert "and yet uses" not in told(22_000, 12_000)


def test_the_answers_of_drawn_lengths_are_told_as_they_were() -> None:
    launch = completed("fp16")
    first = loop(1, 50, requests=2)
    assert first.requests
    drawn = replaced(first, warmup_requests=0, requests=replaced(first.requests, output_tokens=(196, 160)))
    whole = replaced(launch, points=(launch.points[0], drawn, *launch.points[2:]))
    run = Run(manifest(methods=("fp16",)), tuple(replaced(whole, round=round_) for round_ in (1, 2, 3)))
    made = {name: html.unescape(text) for name, text in pages(run).items()}
    repeated = "Every launch asks a lone user’s same request again"

    said = "evenly from half to one and a half times 256 tokens, the same for every cell and in every launch"
    assert f"{said}: with 1 user, 1 answer of 160 tokens." in made["methodology.md"]
    assert "on average, from half" not in made["methodology.md"]
    told = "Each launch had, with 1 user, 1 answer of 160 tokens; with 4 and 16 users, 64 answers of 64 tokens."
    assert told in made["comparison.md"]
    assert made["comparison.md"].count(repeated) == made["methodology.md"].count(repeated) == 1
    assert repeated not in html.unescape(pages(Run(run.manifest, (whole,)))["comparison.md"])


def test_wherever_the_first_workload_s_speed_stands_it_says_what_was_sent_at_once() -> None:
    made = pages(with_controls())
    sent = "7 prompts of 64 tokens at once, 256 new tokens each"

    for name in ("comparison.md", "methodology.md", "appendix.md", "methods/awq.md", "runs/2026-01-01-example.md"):
        assert sent in made[name], name
    chart = made["comparison.md"].partition("Which method generates fastest?")[2].partition("</figcaption>")[0]
    assert sent in chart
    assert sent not in pages(reported())["comparison.md"]


def without_machete(run: Run, capability: str = "9.0") -> Run:
    changed = with_engine(run, disabled_kernels=("MacheteLinearKernel",))
    hardware = replaced(run.manifest.hardware, gpu_compute_capability=capability)
    return Run(replaced(changed.manifest, hardware=hardware), run.launches)


def test_a_disabled_kernel_is_told_with_what_ran_instead_and_why() -> None:
    for name in ("comparison.md", "methodology.md"):
        told = html.unescape(pages(without_machete(four_methods()))[name])
        assert (
            "AWQ and GPTQ ran on MarlinLinearKernel, as they do on a card of 24 GB such as an RTX 4090 or 3090" in told
        )
        assert "can run and vLLM prefers there, was disabled for this run" in told
        assert "With it, AWQ and GPTQ might be faster on this card." in told
        assert "on this card" not in html.unescape(pages(without_machete(four_methods(), "8.9"))[name])
        assert "was disabled" not in pages(four_methods())[name]
    only_fp16 = Run(manifest(methods=("fp16",)), (completed("fp16"),))
    assert "was disabled" not in pages(without_machete(only_fp16))["comparison.md"]


def test_a_ratio_with_two_intervals_says_why_they_differ() -> None:
    apart = section(pages(with_controls())["comparison.md"], "Engine apart from format")

    assert "Each interval here is that of one comparison by itself" in apart


def test_what_decides_stands_before_memory_used_in_every_table() -> None:
    made = pages(with_controls())
    heads = [
        made["comparison.md"].partition("</thead>")[0],
        made["methods/awq.md"].partition("## Results")[2].partition("</tbody>")[0],
        made["runs/2026-01-01-example.md"].partition("## Figures")[2].partition("</tbody>")[0],
        made["appendix.md"].partition("## The featured run")[2].partition("</tbody>")[0],
    ]
    for head in heads:
        places = [head.index(f">{name}") for name in ("Speed", "Weights", "KV cache", "Load time", "GPU memory used")]
        assert places == sorted(places)


@pytest.mark.parametrize(
    ("low", "high", "said"),
    [
        (1.5, 1.5, "the same in every launch"),
        (1.499, 1.501, "95% interval no wider than the last digit"),
        (1.4, 1.6, "95% interval 1.40× to 1.60×"),
    ],
)
def test_how_sure_a_ratio_is_is_said_plainly(low: float, high: float, said: str) -> None:
    macros = environment_of(TEXTS).get_template("macros.md.j2").module
    assert html.unescape(macros.certainty(Comparison(1.5, low, high, "higher"))) == said  # type: ignore[attr-defined]


def test_where_some_bars_are_one_launch_the_text_says_that_they_have_no_dot() -> None:
    several, single = run_findings(with_controls()), run_findings(four_methods())
    macros = environment_of(TEXTS).get_template("macros.md.j2").module

    def told(*runs: RunFindings) -> str:
        chart = bars.side_by_side([(str(number), run) for number, run in enumerate(runs)], "weights_gib")
        return str(macros.drawn(chart))  # type: ignore[attr-defined]

    assert told(several, single) == " A dot is one launch; a bar without dots is a single launch."
    assert told(several, several) == " A dot is one launch."


def test_the_home_page_says_what_is_fastest_with_how_many_users_sending_what_and_whether_another_card_agrees() -> None:
    run = with_controls()
    other = Run(manifest("2026-01-02-other", gpu_name="Another GPU", cells=run.manifest.cells), run.launches)

    alone, both = (plain(pages(*runs)["index.md"]) for runs in ((run,), (run, other)))

    assert "Fastest with 1, 4 and 16 users at once: GPTQ." in alone
    assert "Each user sent 32 tokens and got 64. With 7 prompts" in alone
    assert "With 7 prompts of 64 tokens at once, 256 new tokens each, GPTQ has 1.76× the speed of FP16" in alone
    assert "fastest with" not in alone
    assert "On Example GPU (eager, 2026-01-01-example): fastest with 1, 4 and 16 users at once: GPTQ." in both
