"""Heads: front matter that YAML reads as what was meant, descriptions of the records, and which card a page has."""

import json
from html.parser import HTMLParser
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]
from examples import failed, four_methods, manifest, with_controls
from jinja2 import DictLoader, Environment

from generator.analyse.findings import find
from generator.folders import MEASUREMENTS, TEMPLATES
from generator.measurements import Run, read_runs
from generator.render.about import plain, teller
from generator.render.card import Card, draw
from generator.render.dataset import NAMED
from generator.render.head import with_head_of_run, with_head_of_writing, with_heads
from generator.render.pages import environment_of, render_pages, render_run

URL = "https://example.org/quantpress/"
TEXTS = {path.name: path.read_text(encoding="utf-8") for path in TEMPLATES.glob("*.j2")}
FILES = ("data/2026-01-01-example/manifest.json", "data/2026-01-01-example/r01-fp16-vllm-eager.json")
# MkDocs escapes nothing by itself, and neither does this.
THEME = Environment(  # noqa: S701
    loader=DictLoader(
        {
            "base.html": "{% block extrahead %}{% endblock %}",
            "main.html": (TEMPLATES / "theme" / "main.html").read_text(encoding="utf-8"),
        }
    )
)
THEME.filters["url"] = str
HOSTILE = ["</script><script>alert(1)</script>", "a: b # c", '"\\', "{{ 7*7 }}", "🦙 日本\u2028\u00a0", "---", "- x"]


def made(*runs: Run, site_url: str = URL) -> dict[str, str | bytes]:
    findings, environment = find(runs), environment_of(TEXTS)
    tell = teller(environment)
    files = with_heads(render_pages(findings, TEXTS, FILES), findings, tell, site_url, FILES)
    for run in findings.runs:
        files |= with_head_of_run(render_run(run, environment, FILES), run, tell, site_url, FILES)
    return files


def meta(text: str | bytes) -> dict[str, Any]:
    assert isinstance(text, str)
    opening, front, _ = text.split("---\n", 2)
    assert opening == ""
    found = yaml.load(front, Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader))  # noqa: S506, both are safe
    assert isinstance(found, dict)
    return found


def metas(files: dict[str, str | bytes]) -> dict[str, dict[str, Any]]:
    return {path: meta(text) for path, text in files.items() if path.endswith(".md")}


@pytest.mark.parametrize(
    "runs", [(), (four_methods(),), (with_controls(),), (Run(manifest(), (failed("awq"),)),)], ids=len
)
def test_every_page_has_a_headline_and_a_card_that_was_drawn(runs: tuple[Run, ...]) -> None:
    files = made(*runs)

    for path, one in metas(files).items():
        assert one["headline"].strip(), path
        if not path.startswith("runs/"):
            assert one["card_alt"].startswith(one["headline"]), path
        assert isinstance(files[one["card"]], bytes), path


def test_each_page_has_a_card_of_its_own() -> None:
    runs = (four_methods(), Run(manifest("2026-01-02-example"), four_methods().launches))
    files = made(*runs)
    cards = [content for content in files.values() if isinstance(content, bytes)]

    assert len(set(cards)) == len(cards) == len(metas(files))
    assert files == made(*runs)


def test_a_run_s_head_says_which_model_it_measured_on_what() -> None:
    example = Run(manifest(model_name="A model", gpu_name="A card"), four_methods().launches)
    one = meta(made(example)["runs/2026-01-01-example.md"])

    assert one["headline"] == "2026-01-01-example: A model on A card"
    assert one["card_alt"] == "A model on A card. Run 2026-01-01-example"
    assert one["description"].startswith("A model on A card: every figure of one run")


def test_a_write_up_has_a_card_with_its_heading_and_what_its_author_says_of_it_stands() -> None:
    page = (
        "---\nwrite_up: true\n# no heading\ndescription: What I found.\ncard_alt: Mine.\n---\n\n# AWQ & *me*\n\n---\n"
    )
    files = with_head_of_writing("posts/mine.md", page)

    one = meta(files["posts/mine.md"])
    assert (one["headline"], one["description"], one["card_alt"]) == ("AWQ & *me*", "What I found.", "Mine.")
    assert files[one["card"]] == draw(Card("AWQ & *me*", "What I found."))
    assert str(files["posts/mine.md"]).endswith("---\n\n# AWQ & *me*\n\n---\n")


@pytest.mark.parametrize(("front", "headline"), [("title: Mine\n", "Mine"), ("", "mine")])
def test_a_write_up_without_a_heading_is_called_by_its_title_or_its_file(front: str, headline: str) -> None:
    files = with_head_of_writing("mine.md", f"---\nwrite_up: true\n{front}---\n\nText.\n")

    assert meta(files["mine.md"])["headline"] == headline


def test_the_home_page_s_card_says_its_verdict() -> None:
    one = meta(made(with_controls())["index.md"])
    page = render_pages(find((with_controls(),)), TEXTS, FILES)["index.md"]
    verdict = page.split('<p class="qp-verdict__answer">')[1].split("</p>")[0]

    assert one["card_alt"] == f"Which quantisation for your card? {plain(verdict)}"


def test_records_are_described_on_the_home_page_and_on_pages_about_runs_alone() -> None:
    of_pages = metas(made(four_methods()))
    described = {path for path, one in of_pages.items() if "dataset" in one}

    assert {"index.md", "comparison.md", "methods/awq.md", "appendix.md", "runs/2026-01-01-example.md"} <= described
    assert described.isdisjoint({"tuning.md", "glossary.md", "methodology.md"})
    assert not any("dataset" in one for one in metas(made()).values())


@pytest.mark.parametrize("path", ["index.md", "comparison.md", "methods/awq.md"])
def test_a_description_of_records_has_every_field(path: str) -> None:
    one = meta(made(four_methods())[path])["dataset"]

    assert (one["@context"], one["@type"]) == ("https://schema.org", "Dataset")
    assert 50 <= len(one["description"]) <= 5000
    assert one["license"] == "https://www.apache.org/licenses/LICENSE-2.0"
    assert one["creator"] == {"@type": "Organization", "name": "Quantpress contributors"}
    assert one["dateModified"] == "2026-01-01T00:00:00Z"
    assert {"@type": "PropertyValue", "name": "Speed", "unitText": "tokens/s"} in one["variableMeasured"]
    assert one["measurementTechnique"]
    assert one["name"]
    wanted = ["data/cells.csv"] if path == "index.md" else FILES
    assert [file["contentUrl"] for file in one["distribution"]] == [f"{URL}{file}" for file in wanted]


def test_the_description_of_all_runs_names_the_newest_and_does_not_grow_with_their_number() -> None:
    def said(count: int) -> dict[str, Any]:
        runs = [Run(manifest(f"2026-01-{day:02d}-example"), four_methods().launches) for day in range(1, count + 1)]
        found: dict[str, Any] = meta(made(*runs)["index.md"])["dataset"]
        return found

    parts = said(30)["hasPart"]

    assert [part["url"] for part in parts[:2]] == [f"{URL}runs/2026-01-{day}-example.html" for day in (30, 29)]
    assert len(parts) == NAMED < 30
    assert len(json.dumps(said(30))) == len(json.dumps(said(NAMED))) < 8000


def test_links_are_relative_to_their_page_where_nobody_knows_the_site_s_address() -> None:
    one = meta(made(four_methods(), site_url="")["methods/awq.md"])["dataset"]

    assert one["distribution"][0]["contentUrl"] == f"../{FILES[0]}"


def test_figures_of_somebody_else_are_not_given_our_licence() -> None:
    reported = tuple(run for run in read_runs(MEASUREMENTS) if run.manifest.origin == "reported")
    one = meta(made(*reported)["comparison.md"])["dataset"]

    assert "license" not in one
    assert one["creator"] == reported[0].manifest.source.author  # type: ignore[union-attr]
    assert one["isBasedOn"].startswith("https://")


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_names_reach_the_head_as_the_text_that_they_are(words: str) -> None:
    one = meta(made(Run(manifest(gpu_name=words, model_name=words), four_methods().launches))["comparison.md"])

    assert " ".join(words.split()) in one["dataset"]["name"]
    assert set(one) == {"title", "description", "headline", "card", "card_alt", "dataset"}


class Elements(HTMLParser):
    """The elements of a head, and what its JSON-LD says."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[tuple[str, tuple[str, ...]]] = []
        self.texts: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, tuple(name for name, _ in attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data.strip())


@pytest.mark.parametrize("words", HOSTILE)
def test_hostile_names_cannot_change_the_elements_of_a_head(words: str) -> None:
    def head(text: str) -> Elements:
        fields = {"headline": text, "description": text, "card_alt": text, "dataset": {"name": text}}
        page = {"meta": fields, "canonical_url": f"{URL}index.html"}
        config = {"site_name": text, "site_url": URL}
        return Elements(THEME.get_template("main.html").render(page=page, config=config))

    assert head(words).found == head("harmless").found
    assert [json.loads(text) for text in head(words).texts if text] == [{"name": words}]
