"""Where things lie in a checkout: the one place that knows its folders."""

import os
from pathlib import Path
from typing import Final, Literal, NamedTuple

from generator.errors import RecordError
from generator.untrusted import entries, refusal

CHECKOUT: Final = Path(__file__).parent.parent
TEMPLATES: Final = CHECKOUT / "templates"
PAGES: Final = CHECKOUT / "site" / "pages"
# What a builder that calls no hook builds: a copy of these with all that is made of records, or these themselves.
PAGES_TO_BUILD: Final = CHECKOUT / (os.environ.get("QUANTPRESS_PAGES") or PAGES)

# One folder a run. The variable keeps a trial or a test apart from what will be published.
_APART: Final = os.environ.get("QUANTPRESS_MEASUREMENTS")
MEASUREMENTS: Final = Path(_APART or CHECKOUT / "measurements")

# Whose a run is, by where its folder lies: that of the site's publisher, or, in a folder of that name, somebody else's.
# The publisher moves a run to `attested` once it is known whose machine made it, or another has repeated it.
Trust = Literal["own", "attested", "contributed"]
OTHERS: Final[tuple[Trust, ...]] = ("attested", "contributed")

# What other tools measured lies apart, so that nothing that reads runs takes it for one.
IMPORTED: Final = "imported"

# What can be made again at any time. A trial's lies among its records, so that its site takes nothing away from another
# that is built meanwhile; a folder that begins with a dot is no run.
CACHE: Final = MEASUREMENTS / ".cache" if _APART else CHECKOUT / ".cache" / "quantpress"


def templates_in(folder: Path) -> dict[str, str]:
    """The templates' texts by name."""
    return {path.name: path.read_text(encoding="utf-8") for path in sorted(folder.glob("*.j2"))}


def run_folders(root: Path) -> list[Path]:
    """The folder of each run under `root`, by name. Raises `RecordError` where two have the same name."""
    folders = [folder for folder in _folders(root) if folder.name not in {*OTHERS, IMPORTED}]
    for others in OTHERS:
        folders += _folders(root / others)
    _refuse_one_name(root, [*folders, *imported_folders(root)])
    return sorted(folders, key=lambda folder: folder.name)


def imported_folders(root: Path) -> list[Path]:
    """The folder of each imported run under `root`, by name."""
    return sorted(_folders(root / IMPORTED))


def _refuse_one_name(root: Path, folders: list[Path]) -> None:
    by_name = {folder.name: folder for folder in folders}
    for folder in folders:
        if folder != by_name[folder.name]:
            places = " and ".join(str(one.relative_to(root)) for one in (folder, by_name[folder.name]))
            raise RecordError(f"measurements/: two runs of one name, {places}; rename one, in its manifest too")


def trust_of(folder: Path) -> Trust:
    """Whose the run in `folder` is."""
    return next((trust for trust in OTHERS if trust == folder.parent.name), "own")


def _folders(root: Path) -> list[Path]:
    folders = [path for path in root.iterdir() if path.is_dir()] if root.is_dir() else []
    return [folder for folder in folders if not folder.name.startswith(".") and not _only_logs(folder)]


class RunFiles(NamedTuple):
    """The records of a run: its manifest, its launches and what peers found, by name."""

    manifest: Path
    launches: list[Path]
    peers: list[Path]


# What a run's folder may hold; the logs are read by people alone, and are not published.
_IN_A_RUN: Final = ("manifest.json", "launches", "peers", "logs")


def run_files(folder: Path) -> RunFiles:
    """What is to be read of the run in `folder`. Raises `RecordError` at a link, and at anything that is no part of a
    run: a record by another name would be overlooked."""
    for entry in entries(folder):
        if entry.name not in _IN_A_RUN:
            raise refusal(folder / entry.name, f"no part of a run, which has {', '.join(_IN_A_RUN)}; remove it")
    return RunFiles(folder / "manifest.json", records_in(folder / "launches"), records_in(folder / "peers"))


def records_in(folder: Path) -> list[Path]:
    """The records in `folder`, by name; none where there is no such folder."""
    if not os.path.lexists(folder):
        return []
    names = [entry.name for entry in entries(folder)]
    if strange := next((name for name in names if not name.endswith(".json")), None):
        raise refusal(folder / strange, "no record, whose name ends with .json; remove it")
    return [folder / name for name in names]


def _only_logs(folder: Path) -> bool:
    """Whether it is what version control leaves of a run that another branch has: the logs, which it does not track,
    or an empty folder. Or else a run whose manifest is being written under a name that begins with a dot."""
    return all(path.name == "logs" or path.name.startswith(".") for path in folder.iterdir())
