"""What the pages of single runs, and the page of all their cells, have to show besides the findings themselves."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, get_args

from generator.analyse.against import against_fp16
from generator.analyse.brief import Brief
from generator.analyse.findings import Findings
from generator.analyse.listing import State, measured_first, rows_of, unserved_points
from generator.analyse.long_prompts import over_budget_mib, requests_of, requests_of_longest
from generator.analyse.pairs import HEADLINE, pairs_of
from generator.analyse.run import RunFindings
from generator.analyse.series import anchor_of
from generator.analyse.settings import settings_of
from generator.manifest import MeasuredRun
from generator.render.cells import OLDER_CELLS
from generator.render.cite import cite
from generator.render.sheet import ALL_CELLS

# So many cells are in the page of all cells when it opens; the page's script brings the others.
IN_PAGE: Final = 300
# So many runs, the newest, are compared with others.
PAIRED: Final = 30

# What is said of each point: a workload at a number of requests at once.
OF_POINTS: Final = (
    "output_tokens_per_s",
    "ttft_p50_s",
    "ttft_p90_s",
    "itl_p50_s",
    "latency_p50_s",
    "energy_per_token_j",
    "energy_total_per_token_j",
)


def of_run(run: RunFindings, files: Sequence[str]) -> dict[str, Any]:
    """For the page of one run; `files` are its raw files."""
    manifest = run.manifest
    return {
        "this": run,
        "rows": rows_of(run),
        "against": against_fp16(run),
        "trials": tuple(trial for one in run.cells for trial in run.trials(one)),
        "unserved": tuple(unserved_points(run)),
        "hardware": dict(settings_of(manifest.hardware.model_dump())),
        "settings": dict(settings_of(manifest.profile.model_dump())) if isinstance(manifest, MeasuredRun) else {},
        "citation": cite(run),
        "of_points": OF_POINTS,
        "paired": PAIRED,
        "series": anchor_of(run),
        "files": files,
    }


def of_all(findings: Findings) -> dict[str, Any]:
    """For the page of all cells, the newest run first; of the older runs it is told how many cells they have."""
    briefs, shown = findings.briefs, in_page(findings.briefs)
    pairs = pairs_of(findings, PAIRED)
    among = {run.manifest.run_id for pair in pairs for run in (pair.one, pair.base)}
    newest = [brief.run_id for brief in reversed(briefs)]
    return {
        "rows": [row for run in islice(reversed(findings.runs), shown) for row in measured_first(rows_of(run))],
        "older": {"runs": len(briefs) - shown, "cells": sum(brief.cells for brief in briefs[: len(briefs) - shown])},
        "all_cells_csv": ALL_CELLS,
        "older_cells_js": OLDER_CELLS,
        "choices": {
            "model": _distinct(brief.manifest.model_name for brief in briefs),
            "card": _distinct(brief.manifest.hardware.name for brief in briefs),
            "kind": _distinct(brief.origin for brief in briefs),
            "state": get_args(State),
        },
        "pairs": pairs,
        "compared": [run_id for run_id in newest if run_id in among],
        "alone": [run_id for run_id in newest[:PAIRED] if run_id not in among],
        "paired": min(PAIRED, len(briefs)),
        "headline": HEADLINE,
    }


def of_long_prompts(findings: Findings) -> dict[str, Any]:
    """For the page of long prompts, besides the run itself: its cells, and how much stands behind its figures."""
    run = findings.long_context
    if run is None:
        return {}
    return {
        "rows": [row for row in rows_of(run) if not row.one.cell.twin],
        "requests": requests_of(run),
        "requests_of_longest": requests_of_longest(run),
        "over_budget_mib": {one.cell: over_budget_mib(run, one) for one in run.shown},
    }


def in_page(briefs: Sequence[Brief]) -> int:
    """How many runs, from the newest on, have their cells in the page itself: whole runs of about `IN_PAGE` cells."""
    cells = 0
    for count, brief in enumerate(reversed(briefs)):
        if cells >= IN_PAGE:
            return count
        cells += brief.cells
    return len(briefs)


def by_run(files: Iterable[str]) -> Mapping[str, list[str]]:
    """The raw files of each run, by its id: data/<run id>/<file>."""
    found: dict[str, list[str]] = {}
    for path in files:
        found.setdefault(path.split("/")[1], []).append(path)
    return found


def _distinct(values: Iterable[str]) -> list[str]:
    return sorted(set(values))
