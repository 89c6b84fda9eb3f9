"""What the terminal shows when a measurement ends."""

from rich.table import Table

from generator.analyse.run import RunFindings
from generator.render.units import bare, label, number, unit

QUANTITIES = (
    "output_tokens_per_s",
    "load_time_s",
    "cold_load_time_s",
    "weights_gib",
    "kv_cache_tokens",
    "longest_prompt_tokens",
    "gpu_memory_used_mib",
    "process_memory_peak_mib",
)


def summary(run: RunFindings) -> Table:
    """One row a method, one column a quantity that any of them has."""
    shown = [quantity for quantity in QUANTITIES if any(quantity in method.stats for method in run.methods)]
    table = Table(title=f"{run.manifest.model_name}: {run.manifest.run_id}", title_justify="left")
    table.add_column("Method")
    for quantity in shown:
        table.add_column(f"{label(quantity)}\n{unit(quantity)}", justify="right")
    table.add_column("Launches", justify="right")
    for method in run.methods:
        cells = [bare(method.stats[quantity], quantity) if quantity in method.stats else "–" for quantity in shown]
        invalid = {launch.round for launch, _, used in run.doubts if launch.cell == method.cell and not used}
        states = {"": method.valid, " failed": method.failed, " invalid": invalid}
        counts = [f"{len(launches)}{state}" for state, launches in states.items() if launches or not state]
        table.add_row(method.method.name, *cells, ", ".join(counts))
    return table


def featured_instead(run: RunFindings, featured: RunFindings | None) -> str | None:
    """Which run the home page features though this one could be, or why this one never will be; None where it is this
    one, or is of a kind that is not featured."""
    if run.contradictions:
        return (
            f"Figures of {run.manifest.run_id} can't be true, so the home page will not feature it; `quantpress check` "
            "says which they are. If this machine measured them, that is a fault of Quantpress: please report it."
        )
    if featured is None or run.kind != "measured" or not run.ordinary:
        return None
    mine, other = run.manifest.run_id, featured.manifest.run_id
    if mine == other:
        return None
    return (
        f"Unless mkdocs.yml names a run, the home page features {other}, which has more cells, methods or launches. "
        f"To feature this one, write there, under extra and quantpress, featured_run: {mine}"
    )


def peers(run: RunFindings) -> Table:
    """One row for each result of a peer, beside our own figure."""
    table = Table(title=f"{run.manifest.model_name}: {run.manifest.run_id}", title_justify="left")
    for column in ("Cell", "Peer", "Its tokens/s", "Ours", "Ratio", ""):
        table.add_column(column, justify="left" if column in {"Cell", "Peer", ""} else "right")
    for found in run.peers:
        rates = [bare(rate, "output_tokens_per_s") for rate in (found.result.output_tokens_per_s, found.ours.median)]
        verdict = "agrees" if found.agrees else "differs"
        table.add_row(found.one.cell.label, found.result.tool, *rates, number(found.ratio, 3), verdict)
    return table
