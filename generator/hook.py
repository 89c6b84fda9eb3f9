"""MkDocs calls this on build and on serve: the records become pages inside the build, with no step before it.

Named under `hooks:` in mkdocs.yml. Builders that ignore hooks need the pages on disk: `quantpress pages`.
"""

from pathlib import Path

from click import echo
from mkdocs.config.defaults import MkDocsConfig
from mkdocs.exceptions import Abort
from mkdocs.structure.files import File, Files

from generator.errors import QuantpressError
from generator.site import LEDGER, Choices, site_files

_made: dict[str, str | bytes] = {}


class Refused(Abort):
    """Ends the build in one line, with the exit status of what is wrong."""

    def __init__(self, error: QuantpressError) -> None:
        super().__init__(f"quantpress: {error}")
        self.code = error.exit_status
        self.exit_code = error.exit_status  # type: ignore[misc]  # click reads it off the instance

    def show(self, *_: object, **__: object) -> None:
        """On standard error, as every other fault."""
        echo(self.format_message(), err=True)


def on_pre_build(config: MkDocsConfig) -> None:
    """Read and render everything before MkDocs empties the old site: a bad record leaves the last good one standing."""
    try:
        made = site_files(Choices.of(config.extra.get("quantpress", {})), site_url=config.site_url or "")
    except QuantpressError as error:
        raise Refused(error) from None
    _made.clear()
    _made.update(made)


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add what was made. A page that the author wrote by hand under the same name stays the author's."""
    ledger = Path(config.docs_dir) / LEDGER
    ours = set(ledger.read_text(encoding="utf-8").splitlines()) if ledger.is_file() else set()
    for path, content in _made.items():
        present = files.get_file_from_path(path)
        if present is not None and path not in ours:
            continue
        if present is not None:
            files.remove(present)
        files.append(File.generated(config, path, content=content))
    return files
