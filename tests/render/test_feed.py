"""The feed: what RFC 4287 asks for, dated by the records, and text of records stays text."""

import re
from xml.etree import ElementTree as ET

import pytest
from examples import completed, four_methods, manifest, peer, replaced

from generator.analyse.findings import find
from generator.folders import MEASUREMENTS, TEMPLATES
from generator.measurements import Run, read_runs
from generator.render.about import teller
from generator.render.feed import feed
from generator.render.pages import environment_of

URL = "https://example.org/quantpress/"
ATOM = "{http://www.w3.org/2005/Atom}"
RFC_3339 = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ"
TELL = teller(environment_of({path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}))
TWO = (four_methods(), Run(manifest("2026-01-02-example"), four_methods().launches))


def text_of(*runs: Run, site_url: str = URL) -> str:
    return feed(find(runs), TELL, site_url)


def parsed(*runs: Run, site_url: str = URL) -> ET.Element:
    return ET.fromstring(text_of(*runs, site_url=site_url))  # noqa: S314, our own


def only(element: ET.Element, name: str) -> str:
    (found,) = element.findall(f"{ATOM}{name}")
    return found.text or ""


def links(element: ET.Element, relation: str) -> list[str]:
    return [link.attrib["href"] for link in element.findall(f"{ATOM}link") if link.attrib["rel"] == relation]


@pytest.mark.parametrize("runs", [(), TWO, read_runs(MEASUREMENTS)], ids=["none", "two", "those that ship"])
def test_the_feed_has_what_the_standard_requires(runs: tuple[Run, ...]) -> None:
    root = parsed(*runs)
    entries = root.findall(f"{ATOM}entry")

    assert root.tag == f"{ATOM}feed"
    assert len(entries) == len(runs)
    assert links(root, "self") == [f"{URL}feed.xml"]
    for element in (root, *entries):
        assert re.fullmatch(r"urn:uuid:[0-9a-f-]{36}", only(element, "id"))
        assert only(element, "title").strip()
        assert re.fullmatch(RFC_3339, only(element, "updated"))
        assert len(links(element, "alternate")) == 1
        assert all(link.startswith(URL) for link in links(element, "alternate"))
    for entry in entries:
        assert re.fullmatch(RFC_3339, only(entry, "published"))
        assert only(entry, "published") <= only(entry, "updated") <= only(root, "updated")
        assert only(entry, "summary").strip()
    (author,) = root.findall(f"{ATOM}author")
    assert only(author, "name") == "Quantpress contributors"
    assert len({only(element, "id") for element in (root, *entries)}) == len(entries) + 1


def test_the_newest_run_comes_first_and_the_same_runs_give_the_same_bytes() -> None:
    titles = [only(entry, "title") for entry in parsed(*TWO).findall(f"{ATOM}entry")]

    assert [title.partition(":")[0] for title in titles] == ["2026-01-02-example", "2026-01-01-example"]
    assert text_of(*TWO) == text_of(*TWO)


def test_a_run_keeps_its_id_when_launches_are_added_and_when_the_site_moves() -> None:
    more = Run(manifest(), (*four_methods().launches, completed(round_=2)))

    def id_of(run: Run, site_url: str) -> str:
        (entry,) = parsed(run, site_url=site_url).findall(f"{ATOM}entry")
        return only(entry, "id")

    assert id_of(four_methods(), URL) == id_of(more, URL) == id_of(more, "https://elsewhere.example/")


def test_a_run_was_updated_when_its_newest_launch_or_check_was_made() -> None:
    late = replaced(completed(round_=2), started_at="2026-03-01T00:00:00Z")
    checked = replaced(peer(), measured_at="2026-04-01T00:00:00Z")

    assert only(parsed(Run(manifest(), (completed(), late))), "updated") == "2026-03-01T00:00:00Z"
    assert only(parsed(Run(manifest(), (completed(), late), (checked,))), "updated") == "2026-04-01T00:00:00Z"


def test_figures_of_somebody_else_have_their_author() -> None:
    reported = [run for run in read_runs(MEASUREMENTS) if run.manifest.origin == "reported"]
    (entry,) = parsed(*reported).findall(f"{ATOM}entry")
    (author,) = entry.findall(f"{ATOM}author")

    assert only(author, "name") == reported[0].manifest.source.author  # type: ignore[union-attr]


@pytest.mark.parametrize("words", ["<script>alert(1)</script>", "]]>&amp;<entry/>", '"><link href="x"/>', "日本 & 🦙"])
def test_hostile_names_stay_text(words: str) -> None:
    run = Run(manifest(gpu_name=words, model_name=words), four_methods().launches)
    root = parsed(run)

    assert [element.tag for element in root.iter()] == [element.tag for element in parsed(four_methods()).iter()]
    assert words in only(root.findall(f"{ATOM}entry")[0], "title")


def test_an_entry_leads_to_the_run_s_own_page() -> None:
    assert f"{URL}runs/2026-01-01-example.html" in text_of(four_methods())


def test_where_nobody_knows_the_site_s_address_links_are_relative() -> None:
    assert links(parsed(four_methods(), site_url=""), "self") == ["feed.xml"]
