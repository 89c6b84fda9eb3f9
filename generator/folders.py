"""Where things lie in a checkout: the one place that knows its folders."""

import os
from pathlib import Path
from typing import Final

CHECKOUT: Final = Path(__file__).parent.parent
TEMPLATES: Final = CHECKOUT / "templates"
PAGES: Final = CHECKOUT / "site" / "pages"

# One folder a run. The variable keeps a trial or a test apart from what will be published.
_APART: Final = os.environ.get("QUANTPRESS_MEASUREMENTS")
MEASUREMENTS: Final = Path(_APART or CHECKOUT / "measurements")

# What can be made again at any time. A trial's lies among its records, so that its site takes nothing away from another
# that is built meanwhile; a folder that begins with a dot is no run.
CACHE: Final = MEASUREMENTS / ".cache" if _APART else CHECKOUT / ".cache" / "quantpress"


def run_folders(root: Path) -> list[Path]:
    """The folder of each run under `root`, by name."""
    folders = sorted(path for path in root.iterdir() if path.is_dir()) if root.is_dir() else []
    return [folder for folder in folders if not folder.name.startswith(".") and not _only_logs(folder)]


def records_in(folder: Path) -> list[Path]:
    """The records in `folder`, by name; none where there is no such folder."""
    return sorted(path for path in folder.iterdir() if path.suffix == ".json") if folder.is_dir() else []


def _only_logs(folder: Path) -> bool:
    """Whether it is what version control leaves of a run that another branch has: the logs, which it does not track,
    or an empty folder. Or else a run whose manifest is being written under a name that begins with a dot."""
    return all(path.name == "logs" or path.name.startswith(".") for path in folder.iterdir())
