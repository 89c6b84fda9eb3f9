"""A short run of the fuzzer over the reader and the renderer; the long one is `python -m torture.strangers.fuzz`."""

import json
from types import SimpleNamespace

import pytest

pytest.importorskip("atheris", reason="atheris, the fuzzer, is not installed: it has no build for this Python")

from torture.strangers.fuzz import fuzz
from torture.strangers.inert import PLAIN, difference, made_with, press
from torture.strangers.records import valid
from torture.strangers.targets import reader


def test_nothing_but_a_refusal_leaves_the_reader_and_what_it_accepts_is_sound() -> None:
    found = fuzz("reader", 5_000, limit_s=60)

    assert (found.tracebacks, found.amiss) == ([], [])
    assert found.executions >= 1_000
    assert found.accepted > 0


def test_no_words_that_the_reader_accepts_act_on_a_page() -> None:
    found = fuzz("renderer", 10, limit_s=60)

    assert (found.tracebacks, found.amiss) == ([], [])
    assert found.accepted > 0


@pytest.mark.parametrize(
    ("field", "value", "told"),
    [("command", "x\u202e", r"the text 'x\u202e'"), ("batch", 2**53, f"the number {2**53}"), ("batch", 7, "")],
)
def test_an_odd_record_that_was_accepted_would_be_told(
    monkeypatch: pytest.MonkeyPatch, field: str, value: object, told: str
) -> None:
    once, _, _ = reader()
    content = json.dumps(valid("peer") | {field: value}).encode()
    monkeypatch.setattr("torture.strangers.targets.parse", lambda *_: "whatever it is")
    monkeypatch.setattr("torture.strangers.targets.KINDS", {"peer": SimpleNamespace(dump_json=lambda _: content)})

    assert once(b"p" + content) == told


@pytest.mark.parametrize("words", ["`x`{onclick=a}", "[x](javascript:a)"])
def test_words_that_act_on_a_page_would_be_told(monkeypatch: pytest.MonkeyPatch, words: str) -> None:
    expected = made_with(PLAIN)
    assert difference(expected, made_with(words)) == ""

    monkeypatch.setattr("generator.render.pages.inert", lambda value: value)
    press.cache_clear()
    try:
        assert difference(expected, made_with(words))
    finally:
        press.cache_clear()
