"""What search engines are told of the records: schema.org's `Dataset`, as a value that becomes JSON-LD."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, Final

from generator.analyse.findings import Findings
from generator.analyse.history import updated_at
from generator.analyse.run import RunFindings
from generator.manifest import ReportedRun
from generator.render.about import Tell
from generator.render.address import link, page_of, site_urn, urn
from generator.render.sheet import ALL_CELLS
from generator.render.units import LABELS, label, unit

# The repository's, which the records lie in. Figures that somebody else published are theirs.
LICENCE: Final = "https://www.apache.org/licenses/LICENSE-2.0"

# By the end of a file's name.
MEDIA_TYPES: Final = {"csv": "text/csv", "json": "application/json", "parquet": "application/vnd.apache.parquet"}

# So many runs, the newest, are named as parts of the whole: it is said on several pages.
NAMED: Final = 20


def of_run(run: RunFindings, tell: Tell, site_url: str, page: str, files: Iterable[str]) -> dict[str, Any]:
    """The records of one run, with each of their files. `page` is the one that it is said on, `files` the paths of
    that run's raw JSON files."""
    manifest = run.manifest
    source = manifest.source if isinstance(manifest, ReportedRun) else None
    rights = {"creator": source.author, "isBasedOn": source.url} if source else _ours(tell)
    return _dataset(
        identifier=urn(run),
        name=tell("dataset_name", run),
        description=tell("dataset_description", run),
        url=link(site_url, page_of(run), page),
        dateCreated=manifest.created_at,
        dateModified=updated_at(run),
        measurementTechnique=tell("technique", run),
        variableMeasured=_variables(quantity for one in run.cells for quantity in one.stats),
        distribution=[download(link(site_url, path, page), path.split("/", 2)[-1]) for path in files],
        **rights,
    )


def of_all(findings: Findings, tell: Tell, site_url: str, page: str) -> dict[str, Any]:
    """The records of all runs: one table of all cells, and the newest runs by the addresses of their pages. There must
    be a run."""
    return _dataset(
        identifier=site_urn(site_url),
        name=tell("collection_name"),
        description=tell("collection_description"),
        url=link(site_url, "index.html", page),
        dateCreated=min(brief.manifest.created_at for brief in findings.briefs),
        dateModified=max(brief.updated_at for brief in findings.briefs),
        measurementTechnique=tell("collection_technique"),
        variableMeasured=_variables(quantity for brief in findings.briefs for quantity in brief.quantities),
        distribution=[download(link(site_url, ALL_CELLS, page), ALL_CELLS.rpartition("/")[2])],
        hasPart=[
            {"@type": "Dataset", "@id": urn(brief), "url": link(site_url, page_of(brief), page)}
            for brief in islice(reversed(findings.briefs), NAMED)
        ],
        **_ours(tell),
    )


def of_table(
    variables: Mapping[str, str | None],
    dates: Collection[str],
    runs: int,
    rows: int,
    downloads: Sequence[dict[str, str]],
    tell: Tell,
    version: str,
) -> dict[str, Any]:
    """The table of all observations, which lies beside this description: its `variables` with their units, the days on
    which they were measured, of how many runs, in how many rows; `downloads` are its files."""
    covered = {"temporalCoverage": f"{min(dates)}/{max(dates)}"} if dates else {}
    return _dataset(
        name=tell("table_name"),
        description=tell("table_description", runs, rows),
        measurementTechnique=tell("table_technique"),
        variableMeasured=[
            {"@type": "PropertyValue", "name": name} | ({"unitText": unit} if unit else {})
            for name, unit in sorted(variables.items())
        ],
        distribution=list(downloads),
        version=version,
        **covered,
        **_ours(tell),
    )


def _dataset(**fields: object) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "Dataset", "isAccessibleForFree": True, **fields}


def _ours(tell: Tell) -> dict[str, object]:
    return {"creator": {"@type": "Organization", "name": tell("authors")}, "license": LICENCE}


def _variables(quantities: Iterable[str]) -> list[dict[str, str]]:
    known = set(quantities)
    return [
        {"@type": "PropertyValue", "name": label(quantity), "unitText": unit(quantity)}
        for quantity in LABELS
        if quantity in known
    ]


def download(address: str, name: str) -> dict[str, str]:
    """A file of a dataset, where it is found, and of what kind it is."""
    media_type = MEDIA_TYPES[name.rpartition(".")[2]]
    return {"@type": "DataDownload", "encodingFormat": media_type, "name": name, "contentUrl": address}
