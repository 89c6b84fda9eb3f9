"""What `hook.py` does to each page inside MkDocs, done after the build of a builder that calls no hook, as Zensical.

Such a builder says nothing where pages are missing. So it is checked first that every page was built, and nothing is
changed where one was not.
"""

import re
from collections.abc import Iterable
from pathlib import Path, PurePosixPath
from typing import Any, Final

from generator.aside import scrollable
from generator.configuration import configuration_in
from generator.errors import BuildError
from generator.folders import CHECKOUT, PAGES, PAGES_TO_BUILD
from generator.ledger import others, ours, replace_file
from generator.policy import guarded
from generator.written import pages_in, write_ups

_AGAIN: Final = "`make pages && zensical build --clean`, then this command again"

_GUARDED: Final = 'http-equiv="Content-Security-Policy"'
# What a theme makes of the page's Markdown; its own scripts stand around it.
_CONTENT: Final = re.compile(r"<article\b.*</article>", re.DOTALL)


def finish(
    site: Path, pages: Path = PAGES_TO_BUILD, settings: Path = CHECKOUT / "mkdocs.yml", authors: Path = PAGES
) -> int:
    """Finish the site that was built into `site` from the Markdown in `pages`: give each page its policy, and tables of
    the author's pages, which come from `authors`, boxes that scroll. A page that has its policy is finished already;
    how many were not.

    Raises `BuildError` where there are no generated pages, where one was not built, and where one asks for figures and
    stands as its author wrote it.
    """
    texts = pages_in(pages)
    generated = {path for path in ours(pages) if path.endswith(".md")}
    if not generated:
        raise BuildError(f"{pages}: no generated pages; {_AGAIN}")
    for path in write_ups(texts).keys() - generated:
        raise BuildError(
            f"{path}: it asks for figures, and stands as you wrote it; build from a copy: name a folder in "
            "QUANTPRESS_PAGES, `quantpress pages` with that folder, build and finish again"
        )
    for path in sorted(texts):
        if not (site / _address(path)).is_file():
            raise BuildError(f"{site / _address(path)}: not built, though there is a page {path}; {_AGAIN}")
    of_records = {_address(path) for path in generated - others(authors).keys()}
    scripts = _scripts(configuration_in(settings))
    finished = {}
    for file in sorted(site.rglob("*.html")):
        html = file.read_text(encoding="utf-8")
        if _GUARDED not in html:
            finished[file] = _finished(html, file.relative_to(site).as_posix() in of_records, scripts)
    for file, html in finished.items():
        replace_file(file, html.encode())
    return len(finished)


def _address(page: str) -> str:
    """Where a page is built to, as `use_directory_urls: false` has it."""
    path = PurePosixPath(page)
    return (path.with_name("index.html") if path.name == "README.md" else path.with_suffix(".html")).as_posix()


def _finished(html: str, is_of_records: bool, scripts: Iterable[str]) -> str:  # noqa: FBT001
    if is_of_records:
        content = _CONTENT.search(html)
        return guarded(html, content[0] if content else html, scripts)
    return guarded(_CONTENT.sub(lambda found: scrollable(found[0]), html), "", scripts)


def _scripts(configuration: dict[str, Any]) -> list[str]:
    """What mkdocs.yml brings in by address; a script may be a mapping there."""
    named = [*(configuration.get("extra_javascript") or ()), *(configuration.get("extra_css") or ())]
    return [str(one.get("path", "")) if isinstance(one, dict) else str(one) for one in named]
