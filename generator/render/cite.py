"""How a run is cited: as Markdown, with a link relative to the site, and as BibTeX."""

from dataclasses import dataclass
from typing import Final

from generator.analyse.run import RunFindings
from generator.manifest import MeasuredRun, ReportedRun
from generator.render.address import page_of

# TeX gives these a meaning. The braces are written as commands, because BibTeX counts even those behind a backslash.
_TEX: Final = {
    "\\": r"{\textbackslash}",
    "{": r"{\textbraceleft}",
    "}": r"{\textbraceright}",
    "~": r"{\textasciitilde}",
    "^": r"{\textasciicircum}",
} | {character: f"\\{character}" for character in "&%$#_"}
# What Markdown gives a meaning to in the middle of a line.
_MARKDOWN: Final = frozenset(r"\`*_{}[]<>|~&")


@dataclass(frozen=True, slots=True)
class Citation:
    """The same reference in two forms, as plain text to copy."""

    markdown: str
    bibtex: str


def cite(run: RunFindings) -> Citation:
    """Of a measured run its own title; of a reported one the publication that its figures are from.

    The renderer does not know where a site will be served: the Markdown has a link from the site's root, and the BibTeX
    entry has a url only where the publication has one.
    """
    manifest = run.manifest
    fields = _published(manifest) if isinstance(manifest, ReportedRun) else _measured(manifest)
    lines = [f"  {name} = {{{fields[name]}}}," for name in fields]
    about = ", ".join(_plain(text) for text in _details(manifest))
    return Citation(
        markdown=f"[{_plain(_title(manifest))}]({page_of(run)}), {about}",
        bibtex="\n".join([f"@misc{{quantpress-{manifest.run_id},", *lines, "}"]),
    )


def _measured(manifest: MeasuredRun) -> dict[str, str]:
    version, *_ = _versions(manifest)
    return {
        "title": _tex(_title(manifest)),
        "year": manifest.created_at[:4],
        "howpublished": "Quantpress",
        **({"version": _tex(version)} if version else {}),
        "note": f"run {manifest.run_id}, environment {manifest.environment_sha256}",
    }


def _published(manifest: ReportedRun) -> dict[str, str]:
    return {
        "author": f"{{{_tex(manifest.source.author)}}}",
        "title": _tex(manifest.source.title),
        "year": manifest.created_at[:4],
        "url": manifest.source.url,
        "note": f"run {manifest.run_id}",
    }


def _title(manifest: MeasuredRun | ReportedRun) -> str:
    return f"{manifest.model_name} on {manifest.hardware.name}, run {manifest.run_id}"


def _details(manifest: MeasuredRun | ReportedRun) -> list[str]:
    date = manifest.created_at[:10]
    if isinstance(manifest, ReportedRun):
        return [manifest.source.author, manifest.source.title, date]
    version, environment = _versions(manifest)
    return [" ".join(filter(None, ("Quantpress", version))), date, f"environment {environment}"]


def _versions(manifest: MeasuredRun) -> tuple[str | None, str]:
    return manifest.versions.get("quantpress"), manifest.environment_sha256[:12]


def _tex(text: str) -> str:
    return "".join(_TEX.get(character, character) for character in text)


def _plain(text: str) -> str:
    return "".join(f"\\{character}" if character in _MARKDOWN else character for character in text)
