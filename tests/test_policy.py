"""A page's policy: its own scripts run, those that a record brought do not."""

import re
from base64 import b64encode
from hashlib import sha256

import pytest

from generator.policy import guarded

HEAD = '<!doctype html><html><head><meta charset="utf-8"><title>x</title>'
THEME = "<script>var theme=1</script>"


def policy(html: str) -> dict[str, list[str]]:
    (content,) = re.findall(r'<meta http-equiv="Content-Security-Policy" content="([^"]*)">', html)
    return {name: sources for name, *sources in (part.split() for part in content.split("; "))}


def hash_of(script: str) -> str:
    return f"'sha256-{b64encode(sha256(script.encode()).digest()).decode()}'"


def page(content: str) -> str:
    return f"{HEAD}{THEME}</head><body>{content}</body></html>"


def test_the_theme_s_scripts_may_run_and_one_that_a_record_brought_may_not() -> None:
    content = "<p>A model</p><script>steal()</script>"

    allowed = policy(guarded(page(content), records=content))["script-src"]

    assert allowed == ["'self'", hash_of("var theme=1")]


def test_an_author_s_own_script_may_run() -> None:
    allowed = policy(guarded(page("<script>mine()</script>")))["script-src"]

    assert set(allowed) == {"'self'", hash_of("var theme=1"), hash_of("mine()")}


@pytest.mark.parametrize(
    "data", ['<script type="application/ld+json">{}</script>', "<script type='application/json' id='x'>{}</script>"]
)
def test_data_and_scripts_in_files_need_no_hash(data: str) -> None:
    allowed = policy(guarded(page(f'{data}<script src="a.js"></script>')))["script-src"]

    assert allowed == ["'self'", hash_of("var theme=1")]


def test_hosts_that_the_author_s_configuration_names_are_allowed_and_no_others() -> None:
    found = policy(guarded(page("<p></p>"), "<p></p>", ["assets/a.js", "https://cdn.example.org/b.js"]))

    assert found["script-src"][-1] == "https://cdn.example.org"
    assert not any("http" in source for name in ("img-src", "connect-src", "frame-src") for source in found[name])


def test_the_policy_stands_before_all_that_it_is_about() -> None:
    html = guarded(page("<p></p>"))

    assert html.index("Content-Security-Policy") < html.index("<title>") < html.index("<script>")
    assert policy(html)["default-src"] == ["'none'"]
    assert "'unsafe-inline'" not in policy(html)["script-src"]
    assert "'unsafe-eval'" not in policy(html)["script-src"]
