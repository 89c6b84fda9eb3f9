"""No script that somebody brings into a page runs there, by whatever way it comes, from a server and from disk."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

    from .visit import Visit

# Each would set window.ran.
WAYS = {
    "a script": "document.body.append(Object.assign(document.createElement('script'), {textContent: 'ran = 1'}))",
    "a handler": "document.body.insertAdjacentHTML('beforeend', '<img src=x onerror=\"ran = 1\">')",
    "a link": "document.body.insertAdjacentHTML('beforeend', '<a id=evil href=\"javascript:ran = 1\">x</a>');"
    "evil.click()",
    "another host": "document.body.append(Object.assign(document.createElement('script'), "
    "{src: 'data:text/javascript,ran = 1'}))",
    "text": "try { setTimeout('ran = 1') } catch { }",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("from_disk", [False, True], ids=["served", "from disk"])
def test_a_script_that_is_brought_in_does_not_run(
    visit: Visit,
    site_url: str,
    site_dir: Path,
    way: str,
    from_disk: bool,  # noqa: FBT001
) -> None:
    page = visit(f"{site_dir.as_uri()}/comparison.html" if from_disk else site_url + "comparison.html")

    page.evaluate(WAYS[way])
    page.wait_for_timeout(200)

    assert page.evaluate("window.ran") is None
    assert any("Content Security Policy" in text for text in visit.complaints)


def test_a_page_of_its_own_scripts_has_nothing_to_complain_of(visit: Visit, site_url: str) -> None:
    for path in ("index.html", "scenarios.html", "explore.html", "runs/2026-11-24-demo.html", "404.html"):
        page = visit(site_url + path)
        assert "script-src 'self'" in (
            page.locator('meta[http-equiv="Content-Security-Policy"]').get_attribute("content") or ""
        )

    assert not [text for text in visit.complaints if "Content Security Policy" in text]
