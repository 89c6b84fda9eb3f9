"""The Atom feed of the runs (RFC 4287): the newest first, dated by the records."""

from itertools import islice
from typing import Final
from xml.etree.ElementTree import Element, SubElement, indent, tostring

from generator.analyse.findings import Findings
from generator.analyse.history import updated_at
from generator.analyse.run import RunFindings
from generator.manifest import ReportedRun
from generator.render.about import Tell
from generator.render.address import link, page_of, site_urn, urn

PATH: Final = "feed.xml"
# So many runs, the newest: a reader asks for the whole feed again and again.
ENTRIES: Final = 50

# A feed must have a date; one without an entry has none of its own.
_NEVER: Final = "1970-01-01T00:00:00Z"


def feed(findings: Findings, tell: Tell, site_url: str) -> str:
    """The feed as XML. Its addresses are relative where `site_url` is empty."""
    root = Element("feed", {"xmlns": "http://www.w3.org/2005/Atom", "xml:lang": "en"})
    _text(root, "id", site_urn(site_url))
    _text(root, "title", tell("feed_title"))
    _text(root, "subtitle", tell("feed_subtitle"))
    _text(root, "updated", max((brief.updated_at for brief in findings.briefs), default=_NEVER))
    _author(root, tell("authors"))
    _link(root, "self", "application/atom+xml", link(site_url, PATH))
    _link(root, "alternate", "text/html", link(site_url, "index.html"))
    for run in islice(reversed(findings.runs), ENTRIES):
        _entry(root, run, tell, site_url)
    indent(root)
    return f'<?xml version="1.0" encoding="utf-8"?>\n{tostring(root, encoding="unicode")}\n'


def _entry(root: Element, run: RunFindings, tell: Tell, site_url: str) -> None:
    entry = SubElement(root, "entry")
    _text(entry, "id", urn(run))
    _text(entry, "title", tell("entry_title", run))
    _text(entry, "published", run.manifest.created_at)
    _text(entry, "updated", updated_at(run))
    if isinstance(run.manifest, ReportedRun):
        _author(entry, run.manifest.source.author)
    SubElement(entry, "category", {"term": run.origin})
    _link(entry, "alternate", "text/html", link(site_url, page_of(run)))
    _link(entry, "related", "application/json", link(site_url, f"data/{run.manifest.run_id}/manifest.json"))
    _text(entry, "summary", tell("entry_summary", run))


def _text(parent: Element, name: str, text: str) -> None:
    SubElement(parent, name).text = text


def _author(parent: Element, name: str) -> None:
    _text(SubElement(parent, "author"), "name", name)


def _link(parent: Element, relation: str, media_type: str, address: str) -> None:
    SubElement(parent, "link", {"rel": relation, "type": media_type, "href": address})
