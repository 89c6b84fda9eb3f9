"""Where pages and runs are found, and the names by which runs stay known wherever the site goes."""

import posixpath
from typing import Final
from uuid import NAMESPACE_URL, UUID, uuid5

from generator.analyse.brief import Brief
from generator.analyse.run import RunFindings

# Names made in here stay apart from all others. Never change it: feeds would show every run as new.
_RUNS: Final = UUID("4f0c8b52-7d0e-4c55-9a35-0b6f0a7f1c2d")


def urn(run: RunFindings | Brief) -> str:
    """The name of a run: the same on every site that shows it and after every round that is added to it."""
    return uuid5(_RUNS, f"{run.manifest.run_id} {run.manifest.created_at}").urn


def site_urn(site_url: str) -> str:
    """The name of the site at `site_url`."""
    return uuid5(NAMESPACE_URL, site_url).urn


def link(site_url: str, path: str, page: str = "index.md") -> str:
    """The address of `path`: absolute, or as seen from `page` where nobody knows the site's own."""
    return site_url + path if site_url else posixpath.relpath(path, posixpath.dirname(page) or ".")


def source_of(run: RunFindings | Brief) -> str:
    """The page of a run, as Markdown."""
    return f"runs/{run.manifest.run_id}.md"


def page_of(run: RunFindings | Brief) -> str:
    """The page of a run, as it is read."""
    return f"runs/{run.manifest.run_id}.html"
