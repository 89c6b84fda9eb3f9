"""Pages of runs that are only copied: the same bytes, the same checks, and none that is stale."""

import re
import shutil
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from mkdocs.config import load_config
from test_build import ROOT, build

from generator.finished import state_of

RUN, OTHER = "2025-article-rtx-4090", "2026-11-24-llama-3.1-8b-synthetic"


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with two runs, built once."""
    project = tmp_path_factory.mktemp("project")
    for name in ("generator", "templates", "site/pages", "mkdocs.yml", f"measurements/{RUN}", f"measurements/{OTHER}"):
        source, target = ROOT / name, project / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "logs", ".lock"))
        else:
            shutil.copy(source, target)
    assert build(project).returncode == 0
    return project


@pytest.fixture
def project(built: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(built, tmp_path / "project"))


def output(project: Path) -> dict[str, bytes]:
    site = project / "site/public"
    return {path.relative_to(site).as_posix(): path.read_bytes() for path in site.rglob("*") if path.is_file()}


def finished(project: Path) -> set[Path]:
    return set((project / ".cache").rglob("runs/*=*/runs/*.html"))


def links(path: str, page: str) -> Iterator[tuple[str, str]]:
    """The page and the fragment that each link to this site leads to."""
    for link in re.findall(r'<a [^>]*?href="([^"]*)"', page):
        address, _, fragment = unescape(link).partition("#")
        if not re.match(r"[a-z]+:", address):
            target = (Path("/") / path).parent / address.partition("?")[0] if address else Path("/") / path
            yield str(target.resolve()).lstrip("/"), unquote(fragment)


def test_from_nothing_and_from_what_was_kept_the_site_has_equal_bytes(project: Path) -> None:
    before = output(project)
    kept = finished(project)
    assert len(kept) == 2
    assert build(project).returncode == 0
    assert output(project) == before
    assert finished(project) == kept

    shutil.rmtree(project / ".cache")
    assert build(project).returncode == 0
    assert output(project) == before


def test_tables_that_are_set_aside_are_as_mkdocs_alone_would_leave_them(project: Path) -> None:
    before = output(project)
    hook = project / "generator/hook.py"
    text = hook.read_text(encoding="utf-8").replace("set_aside(markdown)", "(markdown, [])")
    hook.write_text(text, encoding="utf-8")

    assert build(project).returncode == 0
    after = output(project)
    assert {path for path in before if before[path] != after[path]} == set()


def test_what_looks_like_a_table_of_ours_stays_as_its_author_wrote_it(project: Path) -> None:
    table = '<div class="qp-table"><table>\n<tr><td>mine</td></tr>\n</table></div>'
    body = f'<div data-aside="9"></div>\n\n```html\n{table}\n```\n'
    for name, fields in (("by-hand", "title: By hand"), ("with-figures", "title: Mine\nwrite_up: true")):
        (project / f"site/pages/{name}.md").write_text(f"---\n{fields}\n---\n# Mine\n\n{body}", encoding="utf-8")

    settings = project / "mkdocs.yml"
    named = "  - Explore: explore.md\n"
    assert named in settings.read_text(encoding="utf-8")
    nav = settings.read_text(encoding="utf-8").replace(named, f"{named}  - by-hand.md\n  - with-figures.md\n")
    settings.write_text(nav, encoding="utf-8")

    assert build(project).returncode == 0
    for name in ("by-hand", "with-figures"):
        page = output(project)[f"{name}.html"].decode()
        assert '<div data-aside="9"></div>' in page
        assert "mine" in re.sub("<[^>]*>", "", page[page.index("<article") : page.index("</article")])
        assert "<td>mine" not in page


def test_every_page_is_in_the_sitemap_though_it_is_only_copied(project: Path) -> None:
    assert build(project).returncode == 0
    files = output(project)
    pages = {path for path in files if path.endswith(".html") and path != "404.html"}
    named = re.findall(r"<loc>https://example.org/quantpress/(.*?)</loc>", files["sitemap.xml"].decode())

    assert f"runs/{RUN}.html" in pages
    assert sorted(named) == sorted(pages)


def test_a_page_that_is_left_out_is_not_in_the_sitemap(project: Path) -> None:
    with (project / "mkdocs.yml").open("a", encoding="utf-8") as settings:
        settings.write(f"\nexclude_docs: |\n  mine.md\n  runs/{OTHER}.md\ndraft_docs: later.md\n")
    for name in ("mine", "later"):
        (project / f"site/pages/{name}.md").write_text("# Mine\n")
    assert build(project).returncode == 0
    named = re.findall(r"<loc>https://example.org/quantpress/(.*?)</loc>", output(project)["sitemap.xml"].decode())

    assert f"runs/{RUN}.html" in named
    assert {path for path in named if path not in output(project)} == set()


@pytest.mark.parametrize("nav", ["a run in it", "none"])
def test_a_run_that_the_navigation_names_is_a_page_like_others_however_often_it_is_built(
    project: Path, nav: str
) -> None:
    settings = project / "mkdocs.yml"
    text = settings.read_text(encoding="utf-8")
    shown = f"nav:\n  - The run: ./runs/{RUN}.md\n"
    without = re.sub(r"^(nav:|not_in_nav: \|)\n(  .*\n)+", "", text, flags=re.MULTILINE)
    settings.write_text(without if nav == "none" else text.replace("nav:\n", shown, 1), encoding="utf-8")
    assert build(project).returncode == 0
    before = output(project)
    assert f'href="runs/{RUN}.html" class="md-nav__link"'.encode() in before["index.html"]

    assert build(project).returncode == 0
    assert output(project) == before


def test_every_link_of_the_built_site_leads_somewhere(project: Path) -> None:
    files = output(project)
    pages = {path: content.decode() for path, content in files.items() if path.endswith(".html")}
    ids = {path: {unescape(one) for one in re.findall(r'\bid="([^"]*)"', page)} for path, page in pages.items()}
    count = 0
    for path, page in pages.items():
        for target, fragment in links(path, page) if path != "404.html" else ():
            assert target in files, (path, target)
            assert not fragment or target not in ids or fragment in ids[target] or fragment.startswith("__"), (
                path,
                target,
                fragment,
            )
            count += 1
    assert count > 100


def test_a_link_to_what_a_copied_page_lacks_is_refused_as_ever(project: Path) -> None:
    page = project / "site/pages/mine.md"
    settings = project / "mkdocs.yml"
    settings.write_text(settings.read_text().replace("nav:\n", "nav:\n  - Mine: mine.md\n"))
    page.write_text(f"# Mine\n\n[there](runs/{RUN}.md#figures)\n")
    assert build(project).returncode == 0
    assert b'href="runs/2025-article-rtx-4090.html#figures"' in output(project)["mine.html"]

    page.write_text(f"# Mine\n\n[there](runs/{RUN}.md#nowhere)\n")
    for _ in range(2):  # the second time, the page is a copied one
        done = build(project)
        assert done.returncode != 0
        assert "does not contain an anchor '#nowhere'" in done.stderr


def test_a_run_that_is_no_longer_there_is_on_no_page(project: Path) -> None:
    shutil.rmtree(project / "measurements" / OTHER)
    assert build(project).returncode == 0

    assert not [path for path, content in output(project).items() if OTHER in path or OTHER.encode() in content]


def test_the_site_of_a_trial_s_records_takes_nothing_from_that_of_the_others(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = finished(project)
    trial = shutil.copytree(project / "measurements" / RUN, tmp_path / "trial" / RUN).parent
    monkeypatch.setenv("QUANTPRESS_MEASUREMENTS", str(trial))
    for _ in range(2):
        assert build(project).returncode == 0

    assert f"runs/{RUN}.html" in output(project)
    assert finished(project) == kept != set()


@pytest.mark.parametrize("left", [0, 2, 3000])
def test_a_finished_page_that_was_cut_off_is_made_anew(project: Path, left: int) -> None:
    before = output(project)
    for page in finished(project):
        page.write_bytes(page.read_bytes()[:left])
    assert build(project).returncode == 0

    assert output(project) == before


def test_another_theme_is_on_copied_pages_too(project: Path) -> None:
    theme = project / "templates/theme/main.html"
    theme.write_text(theme.read_text(encoding="utf-8").replace("og:site_name", "og:another_name"), encoding="utf-8")
    assert build(project).returncode == 0

    assert b"og:another_name" in output(project)[f"runs/{RUN}.html"]
    assert len(finished(project)) == 2


def test_the_state_of_a_page_is_its_theme_and_its_configuration_and_not_where_the_site_lies(project: Path) -> None:
    def state(**changed: Any) -> str | None:
        return state_of(load_config(str(project / "mkdocs.yml"), **changed), ())

    before = state()
    assert before
    assert state(site_dir=str(project / "elsewhere"), strict=True) == before
    others = {
        state(site_url="https://example.org/there/"),
        state(site_name="Another"),
        state(markdown_extensions=["tables"]),
        state(nav=[{"Home": "index.md"}]),
        state(extra={"a": 1}),
    }
    (project / "site/pages/mine.md").write_text("# Mine\n")
    others.add(state())
    (project / "templates/theme/partials").mkdir()
    (project / "templates/theme/partials/footer.html").write_text("")
    others.add(state())
    assert len(others - {before, None}) == 7


def test_with_a_plugin_that_nothing_is_known_of_no_page_is_kept(project: Path) -> None:
    settings = project / "mkdocs.yml"
    (project / "another.py").write_text("def on_post_page(output, **_):\n    return output\n")
    settings.write_text(
        settings.read_text().replace("  - generator/hook.py\n", "  - generator/hook.py\n  - another.py\n")
    )
    shutil.rmtree(project / ".cache")

    assert build(project).returncode == 0
    assert finished(project) == set()
