"""Pages of runs as MkDocs finished them, kept beside what they were made of until theme or configuration change."""

import hashlib
import json
import os
import re
from collections.abc import Iterable
from contextlib import suppress
from functools import cached_property
from importlib.metadata import version
from pathlib import Path, PurePath
from typing import Final

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File

# The libraries that MkDocs makes HTML with.
_MAKERS: Final = ("jinja2", "markdown", "mkdocs", "mkdocs-material", "pygments", "pymdown-extensions")

# What these do to a page is known; another plugin or hook may look at anything.
_KNOWN: Final = frozenset({"search", "material/search"})

# Where the site lies and how it is served is not in its pages.
_ELSEWHERE: Final = frozenset(
    {"config_file_path", "dev_addr", "docs_dir", "hooks", "plugins", "site_dir", "strict", "theme", "watch"}
)

# So many bytes from its end a page is looked at: the machine may have stopped before it was on the disk.
_TAIL: Final = 20

_ID: Final = re.compile(r'\bid="([^"]+)"')


class FinishedPage(File):
    """A page that is only copied. To links in Markdown it is the page that it was made from, so they are checked and
    turned as ever."""

    def __init__(self, config: MkDocsConfig, path: str, html: Path) -> None:
        page = File.generated(config, path, content="")
        super().__init__(path, None, config.site_dir, config.use_directory_urls, dest_uri=page.dest_uri)
        self.generated_by = page.generated_by
        self.abs_src_path = str(html)
        self.page = _Anchors(html)  # type: ignore[assignment]  # links' fragments are looked up there

    def is_documentation_page(self) -> bool:
        """So that MkDocs makes nothing of it."""
        return False


class _Anchors:
    """What a link may lead to on a page."""

    def __init__(self, html: Path) -> None:
        self._html = html

    @cached_property
    def present_anchor_ids(self) -> set[str]:
        """The ids of the page's elements."""
        return set(_ID.findall(self._html.read_text(encoding="utf-8")))


def state_of(config: MkDocsConfig, written: Iterable[str]) -> str | None:
    """One hash of all that a finished page comes from besides its own Markdown: the configuration, the theme, and the
    author's pages, which the navigation names; None where there is a plugin or a hook that nothing is known of, or no
    navigation, which is every page then."""
    if not set(config.plugins) <= _KNOWN | {*config.hooks} or len(config.hooks) > 1 or config.nav is None:
        return None
    if "pymdownx.snippets" in config.markdown_extensions:  # brings in files that nothing here knows of
        return None
    settings = {name: value for name, value in config.items() if name not in _ELSEWHERE}
    made_with = (settings, dict(config.theme), config.theme.name, [version(name) for name in _MAKERS], [*written])
    found = hashlib.sha256(json.dumps(made_with, default=str, sort_keys=True).encode())
    folder = Path(config.theme.custom_dir or "")
    pages = Path(config.docs_dir)
    for root, pattern in ((folder, "**/*" if config.theme.custom_dir else ""), (pages, "**/*.md")):
        for path in sorted(root.glob(pattern)) if pattern else ():
            if path.is_file():
                content = path.read_bytes()
                found.update(f"\0{path.relative_to(root)}\0{len(content)}\0".encode())
                found.update(content)
    return found.hexdigest()


def named(nav: object) -> set[str]:
    """The pages that a navigation names: MkDocs wants them as pages."""
    if isinstance(nav, str):
        return {PurePath(nav).as_posix()}
    parts = nav.values() if isinstance(nav, dict) else nav if isinstance(nav, list) else ()
    return {path for part in parts for path in named(part)}


def recall(page: Path, state: str) -> Path | None:
    """Where the finished page lies that was made from the Markdown in `page`; None where there is none, or not to its
    end."""
    html = _beside(page, state)
    try:
        with html.open("rb") as file:
            file.seek(-_TAIL, os.SEEK_END)
            return html if b"</html>" in file.read() else None
    except OSError:  # none, or hardly anything of it
        return None


def keep(page: Path, state: str, html: str) -> None:
    """Keep it, in place of one from another state. Where it can't be written, that costs time, nothing else."""
    path = _beside(page, state)
    temporary = path.with_suffix(".tmp")
    with suppress(OSError):
        before = [*page.parent.glob(f"{page.stem}=*")]
        # As MkDocs writes it.
        temporary.write_bytes(html.encode("utf-8", errors="xmlcharrefreplace"))
        temporary.replace(path)
        for old in before:
            if old != path:
                old.unlink(missing_ok=True)


def _beside(page: Path, state: str) -> Path:
    return page.with_name(f"{page.stem}={state[:32]}.html")
