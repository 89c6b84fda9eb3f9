"""All that is made of one run alone, so that it can be kept while nothing changes that it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import Environment

from generator.analyse.brief import Brief, brief_of
from generator.analyse.run import RunFindings
from generator.manifest import MANIFEST
from generator.measurements import launch_name, peer_name
from generator.peer import PEER
from generator.record import LAUNCH
from generator.render.about import Tell
from generator.render.cells import rows_json
from generator.render.head import with_head_of_run
from generator.render.pages import render_run
from generator.render.sheet import cells_csv


@dataclass(frozen=True, slots=True)
class Alone:
    """`files` are those of the site by their paths, its page and card among them; `rows` is for the table of all cells,
    see `cells.rows_json`."""

    brief: Brief
    rows: str
    files: Mapping[str, str | bytes]


def alone(run: RunFindings, environment: Environment, tell: Tell, site_url: str) -> Alone:
    """What is made of `run`; the same run gives the same."""
    data = records_of(run)
    shown = with_head_of_run(render_run(run, environment, tuple(data)), run, tell, site_url, tuple(data))
    return Alone(brief_of(run), rows_json(run, environment), {**shown, **data})


def sheet_path(run_id: str) -> str:
    """Where the table of a run's figures is."""
    return f"data/{run_id}/cells.csv"


def records_of(run: RunFindings) -> dict[str, str]:
    """The run's figures as a table and its raw records, for download. The records are written anew from what was
    validated; a launch on one line, because the columns of its requests would otherwise be half line breaks."""
    folder = f"data/{run.manifest.run_id}"
    files = {
        sheet_path(run.manifest.run_id): cells_csv(run),
        f"{folder}/manifest.json": MANIFEST.dump_json(run.manifest, indent=2).decode() + "\n",
    }
    for launch in run.run.launches:
        files[f"{folder}/{launch_name(launch.cell, launch.round)}"] = LAUNCH.dump_json(launch).decode() + "\n"
    for result in run.run.peers:
        files[f"{folder}/{peer_name(result)}"] = PEER.dump_json(result, indent=2).decode() + "\n"
    return files
