"""What the pages of single runs, and the page of all their cells, have to show besides the findings themselves."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from generator.analyse.against import against_fp16
from generator.analyse.findings import Findings
from generator.analyse.listing import CellRow, failed_launches, rows_of, unserved_points
from generator.analyse.pairs import HEADLINE, pairs_of
from generator.analyse.run import RunFindings
from generator.analyse.settings import settings_of
from generator.manifest import MeasuredRun
from generator.render.cite import cite

# What is said of each point: a workload at a number of requests at once.
OF_POINTS: Final = (
    "output_tokens_per_s",
    "ttft_p50_s",
    "ttft_p90_s",
    "itl_p50_s",
    "latency_p50_s",
    "energy_per_token_j",
)


def of_run(run: RunFindings, files: Sequence[str]) -> dict[str, Any]:
    """For the page of one run; `files` are its raw files."""
    manifest = run.manifest
    return {
        "this": run,
        "rows": rows_of(run),
        "against": against_fp16(run),
        "failures": failed_launches(run),
        "unserved": tuple(unserved_points(run)),
        "hardware": dict(settings_of(manifest.hardware.model_dump())),
        "settings": dict(settings_of(manifest.profile.model_dump())) if isinstance(manifest, MeasuredRun) else {},
        "citation": cite(run),
        "of_points": OF_POINTS,
        "files": files,
    }


def of_all(findings: Findings) -> dict[str, Any]:
    """For the page of all cells, the newest run first."""
    rows = [row for run in reversed(findings.runs) for row in rows_of(run)]
    return {
        "rows": rows,
        "choices": {
            "model": _distinct(rows, lambda row: row.run.manifest.model_name),
            "card": _distinct(rows, lambda row: row.run.manifest.hardware.name),
            "kind": _distinct(rows, lambda row: row.run.kind),
            "state": _distinct(rows, lambda row: row.state),
        },
        "pairs": pairs_of(findings.runs, findings.featured),
        "headline": HEADLINE,
    }


def by_run(files: Iterable[str]) -> Mapping[str, list[str]]:
    """The raw files of each run, by its id: data/<run id>/<file>."""
    found: dict[str, list[str]] = {}
    for path in files:
        found.setdefault(path.split("/")[1], []).append(path)
    return found


def _distinct(rows: Iterable[CellRow], of: Callable[[CellRow], str]) -> list[str]:
    return sorted({of(row) for row in rows})
