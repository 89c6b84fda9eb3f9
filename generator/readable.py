"""What text may be in a record: one line that is what it looks like, on a page and in a terminal."""

from collections.abc import Iterator
from itertools import groupby
from typing import Annotated, Final
from unicodedata import category, decomposition, is_normalized, name, normalize

from pydantic import AfterValidator, StringConstraints, TypeAdapter, ValidationError

from generator.untrusted import in_ascii

# No control, format (which includes the bidirectional overrides), private-use or unassigned characters; no space but
# the ordinary one; nothing that is drawn as nothing. In the syntax that Rust's patterns share with JSON Schema's.
_VISIBLE: Final = r"( |[^\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800])"

# These stand beside Latin letters without spaces, and look like none (Unicode's report 39 allows them together).
_UNLIKE_LATIN: Final = frozenset(
    {"CJK", "IDEOGRAPHIC", "HIRAGANA", "KATAKANA", "KATAKANA-HIRAGANA", "BOPOMOFO", "HANGUL"}
)
# Forms of ordinary letters: mathematical, full-width, in a circle.
_STYLED: Final = ("<font>", "<wide>", "<circle>")
# No language that is written puts more marks on one letter.
_MOST_MARKS: Final = 3


def _is_what_it_looks_like(text: str) -> str:
    if text.isascii():
        return text
    if not is_normalized("NFC", text):
        raise ValueError("should be composed text (Unicode's form NFC)")
    if styled := next((one for one in text if decomposition(one).startswith(_STYLED)), None):
        raise ValueError(f"should have ordinary letters: {normalize('NFKC', styled)} instead of U+{ord(styled):04X}")
    for word in _words(text):
        scripts = {_script(letter) for letter in word if category(letter) != "Mn"} - _UNLIKE_LATIN
        if len(scripts) > 1:
            raise ValueError(f"should have one script in a word, not {' and '.join(sorted(scripts))}")
    return text


def _words(text: str) -> Iterator[str]:
    """Runs of letters and their marks."""
    for is_word, run in groupby(text, key=lambda one: category(one)[0] in "LM" or category(one) == "Nl"):
        if is_word:
            word = "".join(run)
            if any(is_mark and len([*marks]) > _MOST_MARKS for is_mark, marks in groupby(word, key=_is_mark)):
                raise ValueError(f"should have no more than {_MOST_MARKS} marks on a letter")
            yield word


def _is_mark(character: str) -> bool:
    return category(character)[0] == "M"


def _script(letter: str) -> str:
    """The first word of a letter's name is its script; the micro sign goes with Latin units."""
    return "LATIN" if letter == "µ" else name(letter, "?").split()[0]


_LOOK: Final = AfterValidator(_is_what_it_looks_like)

# A sentence; what people call something or somebody; and what machines do: every name of hardware, of software and of
# models is ASCII in practice, so that no other letter can pass for one of theirs.
Text = Annotated[str, StringConstraints(max_length=2000, pattern=f"^{_VISIBLE}*$"), _LOOK]
Label = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=f"^{_VISIBLE}+$"), _LOOK]
Name = Annotated[str, StringConstraints(min_length=1, max_length=200, pattern=r"^[ -~]+$")]

_TEXT: Final = TypeAdapter(Text)


def readable(said: str) -> str:
    """What an engine or a user said, as a record may hold it; what it may not is written as escapes."""
    line = " ".join(normalize("NFC", said).split())
    try:
        return _TEXT.validate_python(line)
    except ValidationError:
        return in_ascii(line)[:2000]
