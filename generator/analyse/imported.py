"""What may be said of imported results: what in them can't be true, and which of them make a curve. They are compared
with nothing."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Final

from generator.imported import Imported, ImportedRun
from generator.imported_runs import ImportedResults, file_name

_RANKS: Final = ("p50", "p90", "p95", "p99")
STATISTICS: Final = ("mean", *_RANKS)
TIMES: Final = ("ttft", "tpot", "itl", "latency")

# Tools count over windows that differ a little, and a short run has more edge than middle; a wrong unit is a thousand.
_SLACK: Final = 2.0

# Where only a wrong unit is that far off: of sums of means, and of what single requests that took very long pull apart.
_FAR: Final = 50.0
_VERY_FAR: Final = 200.0

# With so many requests for each that is in work at once, single ones are not what a run takes its time for.
_MANY: Final = 2

# By lm-evaluation-harness's names: shares of documents.
_SHARES: Final = frozenset({"acc", "acc_norm", "exact_match"})


@dataclass(frozen=True, slots=True)
class Implausible:
    """A figure that can't be true beside the others of its record, by the name that the template has a sentence for."""

    law: str
    file: str
    field: str
    found: float | str
    relation: str
    possible: float | str


def implausible(record: Imported) -> tuple[Implausible, ...]:
    """Everything in a record that can't be true."""
    return tuple(
        one for law in (_ranks, _means, _first_before_last, _in_work, _tokens, _in_time, _shares) for one in law(record)
    )


def _ranks(record: Imported) -> Iterator[Implausible]:
    known = record.figures.known
    for quantity in TIMES:
        names = [name for rank in _RANKS if (name := f"{quantity}_{rank}_s") in known]
        for lower, higher in pairwise(names):
            if known[higher] < known[lower] * (1 - 1e-9):
                yield _said(record, "ranks", higher, "at least", known[lower])


def _means(record: Imported) -> Iterator[Implausible]:
    """So large a share of the values lies at or above a percentile, and none below 0: the mean is no smaller than that
    share of it. Nor, where one in a hundred at most is larger, is it far above that one."""
    known = record.figures.known
    for quantity in TIMES:
        mean = f"{quantity}_mean_s"
        ranks = [(int(rank[1:]), known[name]) for rank in _RANKS if (name := f"{quantity}_{rank}_s") in known]
        if mean not in known or not ranks:
            continue
        least = max((1 - rank / 100) * value for rank, value in ranks)
        if known[mean] < least / _SLACK:
            yield _said(record, "means", mean, "at least", least / _SLACK)
        highest, value = ranks[-1]
        if highest == 99 and known[mean] > _VERY_FAR * value:
            yield _said(record, "means", mean, "at most", _VERY_FAR * value)


def _first_before_last(record: Imported) -> Iterator[Implausible]:
    """Each request has its first token before its last, so each statistic of the one is below that of the other."""
    known = record.figures.known
    for statistic in STATISTICS:
        first, last = f"ttft_{statistic}_s", f"latency_{statistic}_s"
        if first in known and last in known and known[first] > known[last] * (1 + 1e-9):
            yield _said(record, "first_before_last", first, "at most", known[last])


def _in_work(record: Imported) -> Iterator[Implausible]:
    """Little's law: so many requests a second, each of which takes so long, are so many in work at once: as many as
    were asked for, or nearly, where the next of many is sent as soon as one is answered."""
    known, latency_s = record.figures.known, latency_of_a_request(record)
    if latency_s and {"requests_per_s", "concurrency"} <= known.keys():
        most, least = _SLACK * known["concurrency"] / latency_s, known["concurrency"] / latency_s / _VERY_FAR
        if known["requests_per_s"] > most:
            yield _said(record, "in_work", "requests_per_s", "at most", most)
        full = known.get("requests_completed", 0) >= _MANY * known["concurrency"] and not known.get("requests_failed")
        if known["requests_per_s"] < least and full and "request_rate_per_s" not in known:
            yield _said(record, "in_work", "requests_per_s", "at least", least)


def _tokens(record: Imported) -> Iterator[Implausible]:
    known, tokens = record.figures.known, tokens_of_a_request(record, "output")
    speed = known.get("output_tokens_per_s")
    if speed is not None and known.get("total_tokens_per_s", speed) < speed * (1 - 1e-9):
        yield _said(record, "total_tokens", "total_tokens_per_s", "at least", speed)
    if speed is not None and tokens and "requests_per_s" in known:
        expected = known["requests_per_s"] * tokens
        if speed > _SLACK * expected:
            yield _said(record, "tokens_of_requests", "output_tokens_per_s", "at most", _SLACK * expected)
        if speed < expected / _SLACK:
            yield _said(record, "tokens_of_requests", "output_tokens_per_s", "at least", expected / _SLACK)
    if tokens and {"ttft_mean_s", "tpot_mean_s", "latency_mean_s"} <= known.keys():
        most, least = _SLACK * known["latency_mean_s"], known["latency_mean_s"] / _FAR
        whole_s = known["ttft_mean_s"] + known["tpot_mean_s"] * (tokens - 1)
        if whole_s > most:
            yield _said(record, "times_of_tokens", "tpot_mean_s", "at most", most / max(tokens - 1, 1))
        if whole_s < least:
            yield _said(record, "times_of_tokens", "tpot_mean_s", "at least", least / max(tokens - 1, 1))


def _in_time(record: Imported) -> Iterator[Implausible]:
    known = record.figures.known
    if {"duration_s", "requests_completed", "requests_per_s"} <= known.keys():
        expected = known["requests_completed"] / known["duration_s"]
        if not expected / _SLACK <= known["requests_per_s"] <= _SLACK * expected:
            yield _said(record, "requests_in_time", "requests_per_s", "about", expected)
    if "duration_s" not in known:
        return
    totals = {"output": known.get("output_tokens_total")}
    totals["total"] = _sum(known.get("prompt_tokens_total"), totals["output"])
    for name, total in totals.items():
        rate = f"{name}_tokens_per_s"
        if total and rate in known:
            expected = total / known["duration_s"]
            if not expected / _SLACK <= known[rate] <= _SLACK * expected:
                yield _said(record, "tokens_in_time", rate, "about", expected)
    most = _SLACK * known["duration_s"]
    for name in (f"{quantity}_{statistic}_s" for quantity in TIMES for statistic in STATISTICS):
        if known.get(name, 0.0) > most:
            yield _said(record, "longer_than_all", name, "at most", most)


def _sum(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else one + other


def _shares(record: Imported) -> Iterator[Implausible]:
    for at, score in enumerate(record.tasks):
        if score.metric in _SHARES and score.value is not None and not 0 <= score.value <= 1:
            field, possible = f"tasks[{at}].value", 1.0 if score.value > 1 else 0.0
            yield Implausible(
                "shares", file_name(record), field, score.value, "at most" if possible else "at least", possible
            )


def _said(record: Imported, law: str, name: str, relation: str, possible: float) -> Implausible:
    found = record.figures.known[name]
    return Implausible(law, file_name(record), f"figures.{name}", found, relation, possible)


def latency_of_a_request(record: Imported) -> float | None:
    """Its mean, as the tool has it, or by its tokens; None where neither is known."""
    known, tokens = record.figures.known, tokens_of_a_request(record, "output")
    if "latency_mean_s" in known or not tokens or not {"ttft_mean_s", "tpot_mean_s"} <= known.keys():
        return known.get("latency_mean_s")
    return known["ttft_mean_s"] + known["tpot_mean_s"] * (tokens - 1)


def tokens_of_a_request(record: Imported, which: str) -> float | None:
    """The mean number of its prompt's or its output's tokens; None where it is not known."""
    known = record.figures.known
    total, requests = known.get(f"{which}_tokens_total"), known.get("requests_completed")
    return known.get(f"{which}_tokens_mean", total / requests if total is not None and requests else None)


@dataclass(frozen=True, slots=True)
class Curve:
    """Measurements of one tool of one subject at several loads, `by` what their load is called, from the least on."""

    tool: str
    model: str | None
    by: str
    records: tuple[Imported, ...]


@dataclass(frozen=True)
class ImportedFindings:
    """One imported run."""

    results: ImportedResults

    @property
    def manifest(self) -> ImportedRun:
        """What was imported, and when."""
        return self.results.manifest

    @property
    def records(self) -> tuple[Imported, ...]:
        """Its measurements."""
        return self.results.records

    @cached_property
    def contradictions(self) -> tuple[Implausible, ...]:
        """What can't be true in it."""
        return tuple(one for record in self.records for one in (*implausible(record), *self._measured_later(record)))

    def _measured_later(self, record: Imported) -> Iterator[Implausible]:
        measured_at, imported_at = record.subject.measured_at, self.manifest.created_at
        if measured_at is not None and measured_at > imported_at:
            where = file_name(record), "subject.measured_at"
            yield Implausible("imported_after", *where, measured_at, "at most", imported_at)

    @property
    def tools(self) -> tuple[str, ...]:
        """The tools that wrote its files, each with its version where the file has it."""
        return tuple(
            dict.fromkeys(" ".join(filter(None, (one.tool, one.tool_version))) for one in self.manifest.sources)
        )

    @property
    def models(self) -> tuple[str, ...]:
        """The models, each once; none where no file and nobody names one."""
        return _each_once(self.records, lambda one: one.subject.model)

    @property
    def cards(self) -> tuple[str, ...]:
        """The cards, each once; none where no file and nobody names one."""
        return _each_once(self.records, lambda one: one.subject.card)

    @property
    def remarks(self) -> tuple[str, ...]:
        """What the importers say of how their tools count, each once."""
        return tuple(dict.fromkeys(remark for one in self.records for remark in one.remarks))

    @property
    def has_tasks(self) -> bool:
        """Whether tasks were done."""
        return any(one.tasks for one in self.records)

    @property
    def anything_stated(self) -> bool:
        """Whether anything of what was measured is what the importer said, and no file."""
        return any(one.stated for one in self.records)

    def any_says(self, name: str) -> bool:
        """Whether any measurement knows what `name` is of its subject."""
        return any(getattr(one.subject, name) is not None for one in self.records)

    @property
    def curves(self) -> tuple[Curve, ...]:
        """Those that were measured at two loads or more, everything else being equal."""
        return tuple(curve for by in ("concurrency", "request_rate_per_s") for curve in _curves(self.records, by))


def _each_once(records: Sequence[Imported], value: Callable[[Imported], str | None]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(found for one in records if (found := value(one))))


def _curves(records: Sequence[Imported], by: str) -> Iterator[Curve]:
    groups: dict[object, dict[float, Imported]] = {}
    for record in records:
        load = record.figures.known.get(by)
        other = "request_rate_per_s" if by == "concurrency" else "concurrency"
        if load is not None and other not in record.figures.known:
            subject = record.subject.model_copy(update={"measured_at": None, "absent": {}})
            groups.setdefault((record.source.tool, subject.model_dump_json()), {})[load] = record
    for found in groups.values():
        if len(found) > 1:
            in_order = tuple(found[load] for load in sorted(found))
            yield Curve(in_order[0].source.tool, in_order[0].subject.model, by, in_order)
