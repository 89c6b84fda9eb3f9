"""What mkdocs.yml says, for commands that run outside of MkDocs."""

from pathlib import Path
from typing import Any

from generator.errors import UsageError


def configuration_in(path: Path) -> dict[str, Any]:
    """The fields of an mkdocs.yml, those from the environment filled in. Raises `UsageError` where it can't be read."""
    from mkdocs.utils.yaml import yaml_load
    from yaml import YAMLError  # type: ignore[import-untyped]

    try:
        return yaml_load(path.read_text(encoding="utf-8"))
    except YAMLError as error:
        raise UsageError(f"{path.name}: not valid YAML: {' '.join(str(error).split())}; correct it") from None


def site_url_of(configuration: dict[str, Any]) -> str:
    """Where the site will be found, with a slash at its end as MkDocs has it; empty where nobody knows."""
    address = str(configuration.get("site_url") or "").rstrip("/")
    return f"{address}/" if address else ""
