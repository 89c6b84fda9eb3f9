"""What can't be true in an imported record is found by its law."""

from collections.abc import Callable
from typing import Any

import pytest
from imported_samples import NAMES, imported

from generator.analyse.imported import ImportedFindings, implausible
from generator.folders import TEMPLATES, templates_in
from generator.imported import IMPORTED, Imported, ImportedRun
from generator.imported_runs import ImportedResults
from generator.render.pages import environment_of

EDITS: dict[str, Callable[[dict[str, Any]], None]] = {
    "ranks": lambda figures: figures.update(ttft_p90_s=0.6),
    "means": lambda figures: figures.update(tpot_mean_s=0.00001),
    "first_before_last": lambda figures: figures.update(ttft_mean_s=0.3),
    "in_work": lambda figures: figures.update(latency_mean_s=0.7),
    "total_tokens": lambda figures: figures.update(total_tokens_per_s=200.0),
    "tokens_of_requests": lambda figures: figures.update(output_tokens_per_s=500.0),
    "times_of_tokens": lambda figures: figures.update(tpot_mean_s=0.03),
    "requests_in_time": lambda figures: figures.update(duration_s=2.5),
    "tokens_in_time": lambda figures: figures.update(output_tokens_total=1),
    "longer_than_all": lambda figures: figures.update(duration_s=0.05),
}


def changed(change: Callable[[dict[str, Any]], None]) -> Imported:
    (record,) = imported("vllm-bench-serve-4.json")
    value = record.model_dump(mode="json")
    change(value["figures"])
    return IMPORTED.validate_json(IMPORTED.dump_json(IMPORTED.validate_python(value, strict=False)))


def run_of(record: Imported, created_at: str) -> ImportedFindings:
    manifest = ImportedRun(
        schema_version=1,
        origin="imported",
        run_id="x",
        created_at=created_at,
        sources=(record.source,),
        command="quantpress import x.json",
    )
    return ImportedFindings(ImportedResults(manifest, (record,)))


@pytest.mark.parametrize("name", NAMES)
def test_what_real_tools_wrote_breaks_no_law(name: str) -> None:
    assert [implausible(record) for record in imported(name)] == [()] * len(imported(name))


@pytest.mark.parametrize("law", EDITS)
def test_a_record_that_breaks_a_law_is_told_of_it(law: str) -> None:
    assert law in {found.law for found in implausible(changed(EDITS[law]))}


def test_nothing_is_imported_before_it_was_measured() -> None:
    record, _ = imported("guidellm.json")

    assert run_of(record, "2026-11-26T03:57:14Z").contradictions == ()
    (found,) = run_of(record, "2026-11-26T03:57:13Z").contradictions
    assert found.law == "imported_after"


def test_loads_that_real_servers_see_break_no_law() -> None:
    (record,) = imported("vllm-bench-serve-4.json")

    def seen(**changes: object) -> list[str]:
        value = record.model_dump(mode="json")
        value["figures"] |= {name: None for name in value["figures"] if name != "absent"} | changes
        value["figures"]["absent"] = {name: "not said" for name, it in value["figures"].items() if it is None}
        value["readings"] = {name: {"field": name, "unit": "1", "factor": 1.0} for name in changes}
        return [one.law for one in implausible(IMPORTED.validate_python(value, strict=False))]

    in_work: dict[str, object] = {"concurrency": 8, "requests_completed": 5, "duration_s": 600.0}
    outage = {"requests_failed": 95, "requests_per_s": 5 / 600, "latency_mean_s": 0.8}
    one_runaway = {"concurrency": 64, "requests_completed": 64, "duration_s": 605.0, "requests_per_s": 64 / 605}
    assert seen(**in_work, **outage) == []
    assert seen(**one_runaway, latency_mean_s=9.5) == []
    assert seen(ttft_mean_s=20.03, ttft_p50_s=0.05) == []
    assert seen(concurrency=8, requests_completed=800, requests_per_s=0.001, latency_mean_s=0.5) == ["in_work"]


def test_each_law_has_a_sentence() -> None:
    words = environment_of(templates_in(TEMPLATES)).get_template("imported_parts.md.j2").module
    assert set(words.laws) == {*EDITS, "shares", "imported_after"}  # type: ignore[attr-defined]
