"""The author's own pages that ask for figures: their front matter says `write_up: true`."""

from pathlib import Path

from mkdocs.utils.meta import get_data


def write_ups(folder: Path) -> dict[str, str]:
    """Their texts, by path below `folder`."""
    texts = {path: path.read_text(encoding="utf-8", errors="replace") for path in sorted(folder.rglob("*.md"))}
    return {path.relative_to(folder).as_posix(): text for path, text in texts.items() if _asks_for_figures(text)}


def _asks_for_figures(text: str) -> bool:
    parts = text.split("---\n", 2)
    return len(parts) == 3 and not parts[0] and get_data(text)[1].get("write_up") is True
