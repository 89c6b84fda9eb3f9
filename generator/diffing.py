"""`quantpress diff`: two runs, by their names or folders, side by side in the terminal or as Markdown. It works out
nothing itself."""

import argparse
from collections.abc import Collection
from difflib import get_close_matches
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.markdown import Markdown

from generator.analyse.difference import difference
from generator.analyse.findings import run_findings
from generator.errors import IncomparableError, UsageError
from generator.folders import MEASUREMENTS, TEMPLATES, imported_folders, run_folders, templates_in
from generator.measurements import read_run
from generator.render.diff import markdown
from generator.render.pages import environment_of
from generator.untrusted import in_ascii

# How alike a name must be to be meant: that of another day, or of another number.
ALIKE: Final = 0.6


def folder_of(word: str, root: Path = MEASUREMENTS) -> Path:
    """The folder of the run that `word` names, under `root` or anywhere. Raises `UsageError`, with the name that is
    nearest to it, where there is no such run."""
    folders = {folder.name: folder for folder in run_folders(root)}
    if word in folders:
        return folders[word]
    path = Path(word)
    if (path / "manifest.json").is_file():
        return path.resolve()
    if word in {folder.name for folder in imported_folders(root)}:
        raise UsageError(
            f"{in_ascii(word)}: imported, and so compared with nothing; name a run that Quantpress measured"
        )
    raise UsageError(
        f"{in_ascii(word)}: no run of that name, and no folder with a manifest.json; {_instead(word, folders)}"
    )


def _instead(word: str, names: Collection[str]) -> str:
    beginning = [name for name in names if name.startswith(Path(word).name)]
    nearest = beginning[-1:] or get_close_matches(Path(word).name, names, 1, ALIKE)
    return f"did you mean {nearest[0]}?" if nearest else "`quantpress names` lists the runs"


def answer(parsed: argparse.Namespace, console: Console) -> int:
    """Print the two runs side by side; the exit status. Raises `UsageError` as above, `RecordError` at a record that is
    not as it must be, and `IncomparableError` where nothing of the two can be compared."""
    folders = [folder_of(word) for word in parsed.runs]
    if folders[0].resolve() == folders[1].resolve():
        raise UsageError(f"diff: {folders[0].name} twice; name two runs")
    found = difference(*(run_findings(read_run(folder)) for folder in folders))
    text = markdown(found, environment_of(templates_in(TEMPLATES)))
    if parsed.markdown:
        print(text, end="")
    else:
        console.print(Markdown(text))
    if not found.comparable:
        raise IncomparableError(
            f"{folders[0].name} and {folders[1].name}: nothing of the one can be compared with the other; name runs of "
            "one model and one workload, with a cell in common"
        )
    return 0
