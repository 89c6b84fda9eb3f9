"""The runs that ship with Quantpress, read once."""

from functools import cache

from generator.analyse.findings import Findings, find
from generator.analyse.fit_evidence import Evidence, evidence_of
from generator.folders import CHECKOUT
from generator.measurements import read_runs


@cache
def findings() -> Findings:
    return find(read_runs(CHECKOUT / "measurements"))


@cache
def evidence() -> Evidence:
    return evidence_of(findings().briefs)
