"""Text of records is what it looks like: which may stand there, which may not, what becomes of an engine's words."""

from unicodedata import normalize

import pytest
from pydantic import TypeAdapter, ValidationError

from generator.readable import Label, Name, Text, readable

KINDS = {"text": TypeAdapter(Text), "label": TypeAdapter(Label), "name": TypeAdapter(Name)}


def why_not(kind: str, text: str) -> str:
    with pytest.raises(ValidationError) as raised:
        KINDS[kind].validate_python(text)
    return raised.value.errors()[0]["msg"].removeprefix("Value error, ")


@pytest.mark.parametrize(
    "text",
    [
        "NVIDIA H100 80GB HBM3",
        "Crème brûlée, 5 µs × 3",
        "日本語のモデル and Latin",
        "Llamaモデル",
        "Привет мир",
        "한국어ABC",
        "a\u0323\u0302\u0301b",
        "漢A",
        "A〇",
        "ひA",
        "Aー",
        "ㄅA",
        "b\u0334\u0335\u0336",
        "x",
        "~ !",
    ],
)
def test_a_line_in_the_letters_of_its_language_is_text_and_a_label(text: str) -> None:
    for kind in ("text", "label"):
        assert KINDS[kind].validate_python(normalize("NFC", text)) == normalize("NFC", text)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("Lla\u043ca", "should have one script in a word, not CYRILLIC and LATIN"),
        ("\u0391WQ", "should have one script in a word, not GREEK and LATIN"),
        ("\u2167A", "should have one script in a word, not LATIN and ROMAN"),
        ("cafe\u0301", "should be composed text (Unicode's form NFC)"),
        ("\U0001d400WQ", "should have ordinary letters: A instead of U+1D400"),
        ("\uff21WQ", "should have ordinary letters: A instead of U+FF21"),
        ("\u24b6WQ", "should have ordinary letters: A instead of U+24B6"),
        ("b" + "\u0334\u0335\u0336\u0337", "should have no more than 3 marks on a letter"),
    ],
    ids=["Cyrillic", "Greek", "Roman", "parts", "mathematical", "full width", "circled", "marks"],
)
def test_what_passes_for_another_letter_is_refused_with_the_reason(text: str, reason: str) -> None:
    assert why_not("text", text) == reason
    assert why_not("label", text) == reason


@pytest.mark.parametrize("letter", ["\n", "\x1b", "\x00", "\u202e", "\u200b", "\u00a0", "\u2028", "\u3164", "\ue000"])
def test_what_is_not_seen_is_refused(letter: str) -> None:
    for kind in KINDS:
        why_not(kind, f"a{letter}b")


def test_names_of_things_are_ascii_and_not_empty_and_text_may_be_empty() -> None:
    assert [KINDS["name"].validate_python(name) for name in (" ~", "x")] == [" ~", "x"]
    assert KINDS["text"].validate_python("") == ""
    for name in ("", "é", "\x7f"):
        why_not("name", name)
    why_not("label", "")


@pytest.mark.parametrize(("kind", "most"), [("text", 2000), ("label", 200), ("name", 200)])
def test_each_has_a_length(kind: str, most: int) -> None:
    assert KINDS[kind].validate_python("x" * most) == "x" * most
    why_not(kind, "x" * (most + 1))


def test_an_engine_s_words_become_one_readable_line() -> None:
    assert readable("  two\n lines\tof é ") == "two lines of é"
    assert readable("cafe\u0301") == "café"
    assert readable("Lla\u043ca") == "Lla\\u043ca"
    assert readable("red \x1b[31m") == "red \\x1b[31m"
    assert len(readable("\u202e" * 900)) == 2000
    assert readable("x" * 2001) == "x" * 2000
