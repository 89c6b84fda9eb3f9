"""What search engines are told of the records: schema.org's `Dataset`, as a value that becomes JSON-LD."""

from collections.abc import Iterable, Sequence
from typing import Any, Final

from generator.analyse.findings import Findings
from generator.analyse.history import updated_at
from generator.analyse.run import RunFindings
from generator.manifest import ReportedRun
from generator.render.about import Tell
from generator.render.address import link, page_of, site_urn, urn
from generator.render.units import LABELS, label, unit

# The repository's, which the records lie in. Figures that somebody else published are theirs.
LICENCE: Final = "https://www.apache.org/licenses/LICENSE-2.0"


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
        variableMeasured=_variables((run,)),
        distribution=[_download(link(site_url, path, page), path.split("/", 2)[-1]) for path in files],
        **rights,
    )


def of_all(findings: Findings, tell: Tell, site_url: str, page: str) -> dict[str, Any]:
    """The records of all runs, with the manifest of each. There must be a run."""
    ids = [run.manifest.run_id for run in findings.runs]
    return _dataset(
        identifier=site_urn(site_url),
        name=tell("collection_name"),
        description=tell("collection_description"),
        url=link(site_url, "index.html", page),
        dateCreated=min(run.manifest.created_at for run in findings.runs),
        dateModified=max(updated_at(run) for run in findings.runs),
        measurementTechnique=tell("collection_technique"),
        variableMeasured=_variables(findings.runs),
        distribution=[_download(link(site_url, f"data/{run_id}/manifest.json", page), run_id) for run_id in ids],
        **_ours(tell),
    )


def _dataset(**fields: object) -> dict[str, Any]:
    return {"@context": "https://schema.org", "@type": "Dataset", "isAccessibleForFree": True, **fields}


def _ours(tell: Tell) -> dict[str, object]:
    return {"creator": {"@type": "Organization", "name": tell("authors")}, "license": LICENCE}


def _variables(runs: Sequence[RunFindings]) -> list[dict[str, str]]:
    """The quantities that any of the runs has."""
    return [
        {"@type": "PropertyValue", "name": label(quantity), "unitText": unit(quantity)}
        for quantity in LABELS
        if any(run.has(quantity) for run in runs)
    ]


def _download(address: str, name: str) -> dict[str, str]:
    media_type = "text/csv" if name.endswith(".csv") else "application/json"
    return {"@type": "DataDownload", "encodingFormat": media_type, "name": name, "contentUrl": address}
