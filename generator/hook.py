"""MkDocs calls this on build and on serve: the records become pages inside the build, with no step before it.

Named under `hooks:` in mkdocs.yml. Builders that ignore hooks need the pages on disk: `quantpress pages`.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

from click import echo
from jinja2 import Environment
from markdown import Markdown  # type: ignore[import-untyped]
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.structure.files import File, Files
from mkdocs.structure.pages import Page

from generator import finished
from generator.aside import anchors, put_back, scrollable, set_aside
from generator.errors import QuantpressError, in_a_line
from generator.kept import Content
from generator.ledger import ours
from generator.policy import guarded
from generator.site import Choices, site_files
from generator.written import pages_in, refuse_unfilled, write_ups

_made: dict[str, Content] = {}
_written: dict[str, str] = {}
_ours: set[str] = set()
_unfinished: dict[str, tuple[Path, str]] = {}
_aside: dict[str, list[str]] = {}
_addresses: list[str] = []
_is_served = False


class Refused(Abort):
    """Ends the build in one line, with the exit status of what is wrong."""

    def __init__(self, error: QuantpressError) -> None:
        super().__init__(f"quantpress: {error}")
        self.code = error.exit_status
        self.exit_code = error.exit_status  # type: ignore[misc]  # click reads it off the instance

    def show(self, *_: object, **__: object) -> None:
        """On standard error, as every other fault."""
        echo(self.format_message(), err=True)


@contextmanager
def _refusing() -> Iterator[None]:
    """While this lasts, a fault ends the build in its line."""
    try:
        yield
    except (QuantpressError, OSError) as error:
        raise Refused(in_a_line(error)) from None


def on_startup(*, command: str, **_: object) -> None:
    """Know whether pages are served while they are written: MkDocs then adds a script of its own to each."""
    global _is_served  # noqa: PLW0603, MkDocs calls functions
    _is_served = command == "serve"


@_refusing()
def on_pre_build(config: MkDocsConfig) -> None:
    """Read and render everything before MkDocs empties the old site: a bad record leaves the last good one standing."""
    pages = pages_in(Path(config.docs_dir))
    _written.clear()
    _written.update(write_ups(pages))
    refuse_unfilled(pages, lambda text: _html(text, config))
    choices = Choices.of(config.extra.get("quantpress", {}))
    made = site_files(choices, site_url=config.site_url or "", written=_written)
    _made.clear()
    _made.update(made)


def _html(text: str, config: MkDocsConfig) -> str:
    return str(Markdown(extensions=config.markdown_extensions, extension_configs=config.mdx_configs).convert(text))


@_refusing()
def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what was made. A page that the author wrote by hand under the same name stays the author's."""
    _ours.clear()
    _unfinished.clear()
    _aside.clear()
    state = finished.state_of(config, (str(_made[path]) for path in _written))
    on_disk = ours(Path(config.docs_dir))
    for path, content in _made.items():
        present = files.get_file_from_path(path)
        if present is not None and path not in on_disk and path not in _written:
            continue
        if present is not None:
            files.remove(present)
        _ours.add(path)
        files.append(_file(config, path, content, state))
    return files


def _file(config: MkDocsConfig, path: str, content: Content, state: str | None) -> File:
    if not isinstance(content, Path):
        return File.generated(config, path, content=content)
    if state and path.endswith(".md") and path not in finished.named(config.nav):
        html = finished.recall(content, state)
        if html:
            return finished.FinishedPage(config, path, html)
        _unfinished[path] = content, state
    return File.generated(config, path, abs_src_path=str(content))


def on_env(env: Environment, *, config: MkDocsConfig, files: Files) -> Environment:
    """Note the address of every page, now that MkDocs knows which it leaves out; it never finished one of those."""
    copied = [file for file in files if isinstance(file, finished.FinishedPage)]
    pages = [*files.documentation_pages(), *copied]
    _addresses[:] = sorted(urljoin(config.site_url, page.url) for page in pages) if config.site_url else []
    return env


def on_page_markdown(markdown: str, *, page: Page, **_: object) -> str:
    """Set the tables of our own pages aside; an author's may have anything in them that looks like one."""
    if page.file.src_uri not in _ours or page.file.src_uri in _written:
        return markdown
    rest, _aside[page.file.src_uri] = set_aside(markdown)
    return rest


def on_page_content(html: str, *, page: Page, **_: object) -> str:
    """Put our tables back; an author's get boxes like theirs."""
    if page.file.src_uri not in _aside:
        return scrollable(html)
    tables = _aside.pop(page.file.src_uri)
    page.present_anchor_ids = (page.present_anchor_ids or set()) | anchors(tables)
    return put_back(html, tables)


def on_template_context(context: dict[str, Any], *, template_name: str, **_: object) -> dict[str, Any]:
    """Tell the sitemap of every page."""
    return context | {"addresses": list(_addresses)} if template_name == "sitemap.xml" else context


def on_post_page(output: str, *, page: Page, config: MkDocsConfig) -> str:
    """Guard the page, and keep that of a run: while nothing that it comes from changes, it is only copied."""
    path = page.file.src_uri
    of_records = path in _ours and path not in _written
    output = _guarded(output, config, page.content or "" if of_records else "")
    if path in _unfinished:
        finished.keep(*_unfinished[path], output)
    return output


def on_post_template(output: str, *, template_name: str, config: MkDocsConfig) -> str:
    """Guard the page that says that there is none."""
    return _guarded(output, config) if template_name.endswith(".html") else output


def _guarded(html: str, config: MkDocsConfig, records: str = "") -> str:
    return html if _is_served else guarded(html, records, map(str, [*config.extra_javascript, *config.extra_css]))
