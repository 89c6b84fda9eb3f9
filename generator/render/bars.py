"""Charts made of bars: a quantity a cell, parts that add up, runs side by side."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Final

from generator.analyse.article import speeds_against_fp16
from generator.analyse.cell import CellFindings
from generator.analyse.memory import MEMORY_PARTS
from generator.analyse.noise import SPEED, Detectable
from generator.analyse.run import RunFindings
from generator.analyse.split import Split
from generator.cells import MODES
from generator.render.chart import (
    Axis,
    Chart,
    Drawn,
    Mark,
    Series,
    axis_of,
    drawn,
    look,
    mark_of,
    of_ratio,
    rounded,
    together,
)
from generator.render.units import label

# The steps of a start, in their order; `rest_s` is what the engine's own account leaves of its load time.
STEPS: Final = {
    "import_time_s": "Import",
    "weights_load_time_s": "Weights",
    "compile_time_s": "Compiling",
    "graph_capture_time_s": "Capturing graphs",
    "rest_s": "Profiling, KV cache and the rest",
    "first_token_time_s": "First token",
}
OF_LOADING: Final = ("weights_load_time_s", "compile_time_s", "graph_capture_time_s")


def of(run: RunFindings, quantity: str) -> Chart | None:
    """One bar a cell. None when no cell has the quantity."""
    marks = tuple(mark_of(one, one.stats[quantity]) for one in run.shown if quantity in one.stats)
    if not marks:
        return None
    chart = _of_one(quantity.replace("_", "-"), "Method", axis_of(quantity), run, marks)
    return replace(chart, detectable=run.detectable(quantity))


def _of_one(slug: str, subject: str, value: Axis, run: RunFindings, marks: tuple[Mark, ...]) -> Chart:
    series = Series(run.manifest.run_id, marks, drawn(run))
    return Chart(slug, "bars", subject, value, (series,), (run.manifest.run_id,))


def memory_parts(run: RunFindings) -> Chart | None:
    """Stacked bars that add up to the card. None when no cell's device memory is known in parts."""
    known = [(one.name, one.memory_parts) for one in run.shown if one.memory_parts]
    labels = {name: label(name) for name in MEMORY_PARTS} | {
        "unexplained_gib": "Everything else",
        "free_gib": "Free",
    }
    rows = [(name, {part: float(getattr(parts, part)) for part in labels}) for name, parts in known]
    return _stacked("memory-parts", run, rows, labels, Axis("GPU memory", "GiB", 2))


def load_times(run: RunFindings) -> Chart | None:
    """Stacked bars of the steps until the first token. None when no cell has them."""
    rows = []
    started = [one for one in run.shown if "weights_load_time_s" in one.stats]
    for one in started:
        times_s = {step: one.stats[step].median if step in one.stats else 0.0 for step in STEPS}
        of_load_s = sum(times_s[step] for step in OF_LOADING)
        times_s["rest_s"] = max(0.0, one.stats["load_time_s"].median - of_load_s)
        rows.append((one.name, times_s))
    chart = _stacked("load-times", run, rows, STEPS, Axis("Time from start to first token", "s", 2))
    return replace(chart, detectable=provable_of(run, started, "load_time_s")) if chart else None


def _stacked(
    slug: str, run: RunFindings, rows: Sequence[tuple[str, dict[str, float]]], labels: dict[str, str], axis: Axis
) -> Chart | None:
    """One bar a row, one part a label; parts that no row has are left out."""
    parts = {part: text for part, text in labels.items() if any(values[part] > 0 for _, values in rows)}
    if not parts:
        return None
    series = tuple(
        Series(text, tuple(Mark(name, rounded(values[part]), part.rpartition("_")[0]) for name, values in rows))
        for part, text in parts.items()
    )
    return Chart(slug, "stack", "Method", axis, series, (run.manifest.run_id,))


def side_by_side(runs: Sequence[tuple[str, RunFindings]], quantity: str) -> Chart | None:
    """A quantity of each cell in several runs, one bar for each run; `runs` has names for them. None when no run has
    it."""
    series = tuple(
        Series(
            name,
            tuple(mark_of(one, one.stats[quantity]) for one in run.shown if quantity in one.stats),
            drawn(run, index),
        )
        for index, (name, run) in enumerate(runs)
    )
    series = tuple(one for one in series if one.marks)
    if not series:
        return None
    return Chart(
        slug=f"{quantity.replace('_', '-')}-side-by-side",
        kind="bars",
        subject="Method and run",
        value=axis_of(quantity),
        series=series,
        runs=tuple(run.manifest.run_id for _, run in runs),
        detectable=together([run.detectable(quantity) for _, run in runs]),
    )


def steps(run: RunFindings, split: Split, names: Sequence[str]) -> Chart:
    """The speeds on the way from the baseline to a method at home elsewhere, one bar a step, called as `names` say."""
    marks = tuple(mark_of(one, stat, name) for (one, stat), name in zip(split.steps, names, strict=True))
    value = axis_of("output_tokens_per_s")
    return _of_one("speed-steps", "What runs", value, run, marks)


def provable(run: RunFindings) -> Chart | None:
    """One bar a cell: the smallest difference from FP16 in speed that launches like its own would prove, in percent.
    None where there are not two rounds to compare."""
    found = run.detectable_each()
    marks = tuple(Mark(one.name, rounded(100 * found[one.cell]), look(one)) for one in run.shown if one.cell in found)
    if not marks:
        return None
    axis = Axis("Smallest difference from FP16 that is proven", "%", 1)
    return _of_one("provable", "Method", axis, run, marks)


def divergence(run: RunFindings) -> Chart | None:
    """One bar a cell: how far its predictions lie from the baseline's, with the interval over windows. None where no
    cell has that."""
    marks = tuple(
        Mark(one.name, rounded(kl.mean), look(one), rounded(kl.low), rounded(kl.high))
        for one in run.shown
        if not one.cell.is_baseline and (found := run.quality.get(one.cell)) and (kl := found.kl_divergence)
    )
    if not marks:
        return None
    axis = Axis("KL divergence from FP16", "nats a token", 4)
    return _of_one("kl-divergence", "Method", axis, run, marks)


def relative_speed(runs: Sequence[tuple[str, RunFindings]]) -> Chart | None:
    """Each method's speed as a multiple of FP16's in the same run, the runs side by side. `runs` has names for them; a
    bar is called by its run's and by the mode that its cell ran in."""
    series = tuple(one for index, (name, run) in enumerate(runs) for one in _by_mode(name, run, drawn(run, index)))
    if not series:
        return None
    return Chart(
        slug="relative-speed",
        kind="bars",
        subject="Method and run",
        value=Axis("Speed, as a multiple of FP16’s", "×", 2, is_exact=True),
        series=series,
        runs=tuple(run.manifest.run_id for _, run in runs),
        reference=1.0,
        detectable=together([provable_of(run, _compared(run), SPEED) for _, run in runs]),
    )


def provable_of(run: RunFindings, cells: Sequence[CellFindings], quantity: str) -> Detectable | None:
    """What the run would prove of these cells, the ones of a chart, however many more were compared with them."""
    found = run.detectable_each(quantity)
    shares = ((one.cell, found[one.cell]) for one in cells if one.cell in found)
    return together([Detectable(share, cell, share, cell) for cell, share in shares])


def _compared(run: RunFindings) -> list[CellFindings]:
    return [one for one, _ in speeds_against_fp16(run)]


def _by_mode(name: str, run: RunFindings, how: Drawn) -> Iterator[Series]:
    """The ratios of a run, a series for each mode; with FP16's mode too, where that is another: "eager/graphs"."""
    ratios = speeds_against_fp16(run)
    base = run.baseline.cell.mode if run.baseline else None
    for mode in dict.fromkeys(one.cell.mode for one, _ in ratios):
        marks = tuple(of_ratio(ratio, one.name, look(one)) for one, ratio in ratios if one.cell.mode == mode)
        yield Series(f"{name}, {MODES[mode] if mode == base else f'{mode}/{base}'}", marks, how)
