"""What the terminal shows of a plan: its table, each figure's formula with the numbers in it, and how far off it is."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from rich.table import Table

from generator.analyse.fit import GB, Device, Fit, Load, Needs, needs_of, steps_gib, without
from generator.analyse.fit_bytes import BYTES, matrix_bytes, table_bytes
from generator.analyse.fit_check import QUANTITIES, Checked, Deviation
from generator.analyse.fit_evidence import UNKNOWN, Evidence, Measured
from generator.analyse.memory import GIB
from generator.cells import MODES
from generator.methods import method_of
from generator.model import Model, linears
from generator.render.units import change, label, number, share, unit, upward

DASH: Final = "–"

# What `fit.without` names, in words.
MISSING: Final = {
    "bandwidth_share": "how much of the bandwidth is reached",
    "overhead_s": "the time of a token besides reading",
    "context_gib": "the CUDA context",
    "counted_gib": "what of it counts against the share",
    "kept_gib": "what allocators keep",
    "graphs_gib": "CUDA graphs",
    "prompt_factor": "a long prompt’s activations",
}
BESIDES: Final = ("activations_gib", "graphs_gib", "context_gib", "kept_gib")


def plans_table(title: str, plans: Sequence[Fit], load: Load, checked: Checked, evidence: Evidence) -> Table:
    """One row a cell. What has no room is still told, with what it needs; and what no run on record tells."""
    # A terminal of 80 columns has room for it: the first column breaks its lines, no figure is cut.
    table = Table(title=title, title_justify="left", box=None, padding=(0, 1, 0, 0))
    table.caption, table.caption_justify = _caption(load, checked) + _unknown(plans, evidence), "left"
    table.add_column("Planned", overflow="fold", min_width=len("Transformers,"))
    for column in ("Weights\nGiB", "Cache\nGiB", "Besides\nGiB", "Needs\nGiB"):
        table.add_column(column, justify="right", no_wrap=True)
    table.add_column("Fits", no_wrap=True)
    for column in ("Context\ntokens", "Users", "At most\ntok/s", "Expected\ntok/s"):
        table.add_column(column, justify="right", no_wrap=True)
    for plan in plans:
        besides_gib = sum(getattr(plan, part) for part in BESIDES)
        table.add_row(
            plan.cell.label,
            *(number(value, 2) for value in (plan.weights_gib, plan.kv_cache_gib, besides_gib)),
            upward(plan.card_gib),
            {None: "yes", "memory": "no", "positions": "long"}[plan.obstacle],
            number(plan.longest_tokens),
            number(plan.users),
            *(
                DASH if rate is None or plan.obstacle else number(rate)
                for rate in (plan.bound_tokens_per_s, plan.expected_tokens_per_s)
            ),
        )
    return table


def _caption(load: Load, checked: Checked) -> str:
    """What the columns are and what kind of figures they have, with the error that was found."""
    told = []
    for mode, called in MODES.items():
        if summary := checked.summary("decode_tokens_per_s", mode):
            told.append(f"{called} {share(summary.median)} in the median, {share(abs(summary.worst.error))} at worst")
    off = f" It was off by: {'; '.join(told)}." if told else ""
    return (
        f"\nA plan, not a measurement, for {load.context_tokens:,} tokens of each user. Exact: weights, KV cache. "
        "Besides, by rule: activations; measured elsewhere: graphs, context and what allocators keep. Needs: a card "
        "whose driver shows as much. Context: the longest of one user. Users: as many have room. At most: the card's "
        f"bandwidth. Expected: the speed of one user after the first token.{off}"
    )


def _unknown(plans: Sequence[Fit], evidence: Evidence) -> str:
    """Which figures no run on record tells, of which cells; they count as nothing."""
    of: dict[str, list[str]] = {}
    for plan in plans:
        for name in without(plan.cell, evidence):
            of.setdefault(name, []).append(plan.cell.name)
    told = "; ".join(f"{MISSING[name]} ({', '.join(dict.fromkeys(cells))})" for name, cells in of.items())
    return f"\n[bold]No run on record tells these, so they count as nothing:[/] {told}." if told else ""


def explained(model: Model, plans: Sequence[Fit], device: Device, load: Load, evidence: Evidence) -> Iterator[str]:
    """The rule for each cell, a line a figure, with its formula and the numbers in it; measured ones name their runs by
    the numbers that stand at the end."""
    runs = sorted({run_id for figure in _figures(evidence) for run_id in figure.runs})
    for plan in plans:
        needs = needs_of(model, plan.cell, load, evidence)
        yield plan.cell.label
        for name, kind, formula, figure in (
            *_memory(model, plan, needs, load, evidence),
            *_room(plan, needs, device, load),
            *_speed(plan, device, model.shape.layers, evidence),
        ):
            numbers = ", ".join(str(runs.index(run_id) + 1) for run_id in figure.runs) if figure else ""
            yield f"  {name} ({kind}): {formula}{f' [{numbers}]' if numbers else ''}"
    yield from (f"  [{number_}] {run_id}" for number_, run_id in enumerate(runs, 1))


# What a figure is called, what kind it is, how it comes about, and what it was measured as.
Line = tuple[str, str, str, Measured | None]


def _figures(evidence: Evidence) -> Iterator[Measured]:
    for name in Evidence.__dataclass_fields__:
        found = getattr(evidence, name)
        yield from (found.values() if isinstance(found, Mapping) else [found] if found else [])


def _memory(model: Model, plan: Fit, needs: Needs, load: Load, evidence: Evidence) -> Iterator[Line]:
    shape, cell, layers = model.shape, plan.cell, model.shape.layers
    stored = method_of(cell.method).stored[cell.engine]
    block = sum(matrix_bytes(stored, *sizes) for sizes in linears(shape).values())
    tables, table = 1 if shape.tied_embeddings else 2, table_bytes(shape)
    own = round(plan.weights_gib * GIB) - layers * block - tables * table - BYTES * model.vectors
    weights = (
        f"{layers} layers × {block:,} B + {tables} × {table:,} B of embeddings and head + {model.vectors:,} norms and "
        f"biases × {BYTES} B + {own:,} B of the engine's tables"
    )
    yield "weights", "exact", f"{weights} = {number(plan.weights_gib, 2)} GiB", None
    cache = (
        f"2 × {layers} layers × {shape.kv_heads} heads × {shape.head} × {BYTES} B = {plan.kv_bytes_per_token:,} B a "
        f"token, × {needs.tokens_asked(load):,} tokens"
    )
    yield "KV cache", "exact", f"{cache} = {number(plan.kv_cache_gib, 2)} GiB", None
    if cell.engine == "vllm":
        parts = ", ".join(f"{name} {number(size, 2)}" for name, size in steps_gib(model, cell, load).items() if size)
        step = f"the largest part of a step of {load.batched_tokens:,} tokens: {parts}"
        yield "activations", "rule", f"{step} = {number(plan.activations_gib, 2)} GiB", None
    else:
        factor = evidence.prompt_factor.get(cell.engine, UNKNOWN)
        step = (
            f"{number(needs.activations_gib, 2)} GiB of workspace and copies + {load.users * load.context_tokens:,} "
            f"tokens × (3 × {shape.hidden:,} + 3 × {shape.intermediate:,}) × {BYTES} B × {number(factor.fixed, 2)}"
        )
        yield "activations", "rule × measured", f"{step} = {number(plan.activations_gib, 2)} GiB", factor
    if cell.mode == "graphs":
        yield _measured("CUDA graphs", evidence.graphs_gib.get(cell.method), layers)
    yield _measured("CUDA context and libraries", evidence.context_gib.get(cell.engine), layers)
    if cell.engine == "vllm":
        yield _measured("of that, within vLLM's share", evidence.counted_gib.get(cell.engine), layers)
        yield _measured("what its allocators keep", evidence.kept_gib.get(cell.mode), layers)


def _measured(name: str, figure: Measured | None, layers: int) -> Line:
    if figure is None:
        return name, "unknown", "no run says, so it counts as nothing", None
    grows = (
        f"{number(figure.fixed, 3)} + {layers} layers × {number(figure.per_layer, 3)} = " if figure.per_layer else ""
    )
    return name, "measured", f"{grows}{number(figure.of(layers), 2)} GiB", figure


def _room(plan: Fit, needs: Needs, device: Device, load: Load) -> Iterator[Line]:
    total, shared = needs.shared_gib(load) + needs.beside_gib, needs.shared_gib(load)
    card, share = number(device.memory_gib, 2), f"{needs.share:g}"
    both = f"all of it, {number(total, 2)}; {number(shared, 2)} of that within {share} of the card"
    shown = f"{number(plan.needed_gib, 2)} GiB, of a card whose driver shows {upward(plan.card_gib)}"
    yield (
        "needs",
        "sum",
        f"{both}: {shown}",
        None,
    )
    left = f"({share} × {card}, or {card} − {number(needs.beside_gib, 2)} if less) − {number(needs.within_gib, 2)} GiB"
    tokens = f"{plan.kv_cache_tokens:,} tokens, {needs.spare_tokens} for nobody"
    yield "room", "sum", f"{left}, / {needs.bytes_per_token:,.0f} B = {tokens}", None


def _speed(plan: Fit, device: Device, layers: int, evidence: Evidence) -> Iterator[Line]:
    if device.bandwidth_gb_per_s is None or plan.bound_tokens_per_s is None:
        return
    read, bandwidth = f"{number(plan.read_bytes / GB, 2)} GB", f"{number(device.bandwidth_gb_per_s)} GB/s"
    yield "at most", "bound", f"{bandwidth} / {read} to read = {number(plan.bound_tokens_per_s)} tokens/s", None
    reached, overhead = evidence.bandwidth_share, evidence.overhead_s.get(plan.cell.id)
    if reached is None or overhead is None or plan.expected_tokens_per_s is None:
        yield "expected", "unknown", "no run says what this cell takes besides its bytes", None
        return
    took = f"1 / ({read} / ({bandwidth} × {number(reached.fixed, 3)}) + {number(1e3 * overhead.of(layers), 2)} ms)"
    yield "expected", "measured", f"{took} = {number(plan.expected_tokens_per_s)} tokens/s", overhead


def deviations_table(deviations: Sequence[Deviation]) -> Table:
    """Every figure that was planned and measured, cell by cell."""
    table = Table(title="Planned without the run's own evidence, and measured", title_justify="left")
    # In 80 columns a run's name has its own line, and nothing breaks within a word.
    table.add_column("Run, cell, quantity", overflow="fold", ratio=1)
    for column in ("Planned", "Measured", "Error"):
        table.add_column(column, justify="right", no_wrap=True)
    for one in deviations:
        called = f"{label(one.quantity)}, {unit(one.quantity)}"
        with_context = f" ({one.context_tokens:,} tokens of context)" if one.context_tokens else ""
        digits = 2 if one.quantity == "weights_gib" else 1 if one.quantity == "decode_tokens_per_s" else 0
        cell = one.cell.label + (", compiled anew" if one.anew else "")
        table.add_row(
            f"{one.run_id}\n  {cell}\n  {called}{with_context}",
            number(one.planned, digits),
            number(one.measured, digits),
            change(100 * one.error),
        )
    return table


def summaries_table(checks: Sequence[Checked]) -> Table:
    """Of each quantity and mode, how far off the plan was: in the median and at worst."""
    table = Table(title="How far off the plan is", title_justify="left")
    table.add_column("Quantity, mode, what is left out, where it is worst", overflow="fold", ratio=1)
    for column in ("Figures", "Median", "Worst"):
        table.add_column(column, justify="right", no_wrap=True)
    for quantity in QUANTITIES:
        for mode, called in MODES.items():
            for checked in checks:
                if (found := checked.summary(quantity, mode)) is None:
                    continue
                left_out = {"run": "the run itself", "card": "all runs on its card"}[checked.left_out]
                worst = found.worst
                table.add_row(
                    f"{label(quantity)}, {unit(quantity)}, {called}, without {left_out}\n"
                    f"  {worst.run_id}\n  {worst.cell.label}",
                    number(found.count),
                    share(found.median),
                    change(100 * worst.error),
                )
    return table
