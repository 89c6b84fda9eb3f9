"""Every kind of page, finished, as somebody read and approved it: tests/approved has the Markdown.

Left out is what only machines read, because it would be most of each file and nobody could review it: the drawings
(SVG), Plotly’s figures, the figures of the advice and of the plan, and the descriptions for search engines. They have
tests of their own, and the table beneath each chart, which stays, has its numbers. All else is as MkDocs gets it, of
invented runs.
"""

import difflib
import os
import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from examples import TASKS, completed, failed, manifest, peer, replaced, with_controls
from experiments import part_of_the_experiment, searched, with_long_prompts_measured
from imported_samples import content
from side_by_side import in_graphs, on_card

from generator import site
from generator.imported import Imported, ImportedRun
from generator.imported_runs import ImportedResults, write_imported
from generator.importing import records_in
from generator.kept import in_bytes
from generator.measurements import Run, write_launch, write_manifest, write_peer
from generator.methods import METHOD_IDS
from generator.record import Fault
from generator.render import pages
from generator.render.pages import PAGES

APPROVED = Path(__file__).parents[1] / "approved"
APPROVE = "QUANTPRESS_APPROVE"
DRAWING = re.compile(r"<svg\b(?:(?!<svg\b).)*?</svg>", re.DOTALL)  # the innermost: drawings stand in drawings
FEATURED = "2026-01-09-controls"
IMPORTED = "2026-11-27-imported"
TROUBLED = "2026-01-04-troubled"
WRITE_UP = """---
title: What four bits cost
write_up: true
---
# What four bits cost

AWQ makes {{ value("output_tokens_per_s", "awq") }}, {{ ratio("output_tokens_per_s", "awq") }} of FP16’s speed.

{{ chart("output_tokens_per_s", "How fast is each?", "Longer is faster.") }}
{{ provenance() }}
"""
NAMES = (
    *(f"{name}.md" for name in PAGES),
    *(f"methods/{method}.md" for method in METHOD_IDS),
    f"runs/{IMPORTED}.md",
    f"runs/{TROUBLED}.md",
    "runs/2026-01-03-example.md",
    "runs/2026-01-05-example.md",
    "write-up.md",
)


def renamed(run: Run, run_id: str, created_at: str) -> Run:
    return Run(replaced(run.manifest, run_id=run_id, created_at=created_at), run.launches, run.peers)


def troubled() -> Run:
    """One launch that worked, one that failed, one that is in doubt; tasks, and a peer."""
    throttled = Fault(kind="throttled", detail="the card slowed itself down in 12% of the readings")
    launches = (completed(tasks=TASKS), failed("awq"), completed("gptq", speed=300.0, faults=[throttled]))
    return Run(manifest(run_id=TROUBLED, methods=("fp16", "awq", "gptq")), launches, (peer(),))


def write_what_was_imported(root: Path) -> None:
    names = ("guidellm.json", "lm_eval.json")
    records: list[Imported] = []
    for name in names:
        records += records_in(name, content(name), None, {"card": "Example GPU"}, len(records))
    manifest = ImportedRun(
        schema_version=1,
        origin="imported",
        run_id=IMPORTED,
        created_at="2026-11-27T00:00:00Z",
        sources=tuple(dict.fromkeys(record.source for record in records)),
        command="quantpress import guidellm.json lm_eval.json --card 'Example GPU'",
    )
    write_imported(ImportedResults(manifest, tuple(records)), root)


def write(run: Run, root: Path) -> None:
    folder = root / run.manifest.run_id
    write_manifest(folder, run.manifest)
    for launch in run.launches:
        write_launch(folder, launch)
    for result in run.peers:
        write_peer(folder, result)


def cards_and_models() -> tuple[Run, ...]:
    """Two machines, of which one turns the order of two methods; a model more on one of them; and what stands aside."""
    held = on_card(3, "Example GPU", memory_budget_gib=12.5)
    return (
        *(on_card(1), on_card(2, "Other GPU", {"awq": 1.3}), in_graphs(held)),
        *(on_card(4, model="Example 1B", times={"fp16": 3.0}), on_card(5, "Other GPU", experiment="equal_kv_cache")),
    )


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, str]:
    folder = tmp_path_factory.mktemp("approved")
    for run in cards_and_models():
        write(run, folder / "beside")
    experiment = (part_of_the_experiment(0), part_of_the_experiment(1), searched())
    featured = renamed(with_controls(rounds=3), FEATURED, "2026-01-09T00:00:00Z")
    for run in (*experiment, troubled(), with_long_prompts_measured(), featured):
        write(run, folder / "measurements")
    write_what_was_imported(folder / "measurements")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(site, "CACHE", folder / "cache")
        patch.setattr(pages, "__version__", "0.0.0")  # a release changes no page
        choices = site.Choices(featured_run=FEATURED, price_per_hour=0.36)
        files = site.site_files(choices, folder / "measurements", "https://example.org/", {"write-up.md": WRITE_UP})
        patch.setattr(site, "CACHE", folder / "cache-beside")
        files["matrix.md"] = site.site_files(root=folder / "beside")["matrix.md"]
        return {name: readable(in_bytes(files[name]).decode()) for name in NAMES}


def readable(text: str) -> str:
    text = re.sub("^dataset: .*$", "dataset: …", text, flags=re.MULTILINE)
    text = re.sub(r'(data-figure|data-advice|data-fit)="[^"]*"', r'\1="…"', text)
    while (shorter := DRAWING.sub("", text)) != text:
        text = shorter
    return text


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_as_it_was_approved(made: Mapping[str, str], name: str) -> None:
    approved = APPROVED / name
    if os.environ.get(APPROVE):
        approved.parent.mkdir(parents=True, exist_ok=True)
        approved.write_text(made[name], encoding="utf-8")
    before = approved.read_text(encoding="utf-8") if approved.is_file() else ""
    lines = difflib.unified_diff(before.splitlines(), made[name].splitlines(), "approved", "made", lineterm="", n=1)
    difference = "\n".join(lines)
    assert not difference, f"{name} is another page now. If this is meant: {APPROVE}=1 pytest {__file__}\n{difference}"


def test_nothing_is_approved_that_is_no_longer_made() -> None:
    assert {path.relative_to(APPROVED).as_posix() for path in APPROVED.rglob("*.md")} == set(NAMES)
