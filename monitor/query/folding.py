"""Folding: one spelling for what people read as the same text, and what sort of letter a character is.

Folded text is case-folded NFC. Full-width and half-width forms, circled and mathematical letters become plain ones;
invisible characters vanish; a run of whitespace is one space. Compatibility jamo (ㅋㅋ, ㅠㅠ) stay as they are: full
NFKC would take them apart. Folding folded text changes nothing.
"""

from __future__ import annotations

import unicodedata
from array import array
from collections.abc import Iterator
from enum import IntEnum

import regex

# Invisible when drawn (Unicode: Default_Ignorable_Code_Point), so "lu<zero width space>mi" reads as "lumi".
_INVISIBLE = (
    r"\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    r"\ufe00-\ufe0f\ufeff\ufff0-\ufff8\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"
)
# Drawn as a blank (Hangul fillers), not text at all (controls), ours alone (the noncharacters in which `matching`
# frames fields), or not even Unicode (half a surrogate pair, which the automaton cannot take).
_BLANK = r"\u3164\uffa0\x00-\x1f\x7f-\x9f\ufdd0-\ufdef\ud800-\udfff"
_DRAWN_DIFFERENTLY = r"\u3000\uff01-\uff9f\uffa1-\uffee\u24b6-\u24e9\U0001d400-\U0001d7ff"

_SPECIAL = regex.compile(f"[{_INVISIBLE}{_BLANK}{_DRAWN_DIFFERENTLY}]")
_IS_INVISIBLE = regex.compile(f"[{_INVISIBLE}]")
_IS_BLANK = regex.compile(f"[{_BLANK}]")

# Sorting a run of marks takes quadratic time in `unicodedata.normalize` (60,000 marks: seconds). No language needs more
# than a few; 30 is the bound of the Stream-Safe Text Format (UAX #15).
_PILED_MARKS = regex.compile(r"(\p{M}{30})\p{M}+")
_MARK = regex.compile(r"\p{M}")


def _plainly(character: str) -> str:
    if _IS_INVISIBLE.match(character):
        return ""
    if _IS_BLANK.match(character):
        return " "
    # One step only: <narrow> U+FFA1 is the jamo ㄱ, whose own decomposition would be a conjoining jamo.
    tag, _, points = unicodedata.decomposition(character).partition(" ")
    if tag in ("<wide>", "<narrow>", "<font>", "<circle>"):
        return "".join(chr(int(point, 16)) for point in points.split())
    return character


def _normal(text: str) -> str:
    text = text.casefold()
    if _MARK.search(text):
        text = _PILED_MARKS.sub(r"\1", text)
    return unicodedata.normalize("NFC", text)


def fold(text: str) -> str:
    """The folded form of a text, in time linear in its length."""
    if _SPECIAL.search(text):
        text = _SPECIAL.sub(lambda found: _plainly(found[0]), text)
    text = text.lower() if text.isascii() else _normal(text)
    return " ".join(text.split())


def _clusters(text: str) -> Iterator[tuple[int, int, str]]:
    """Pieces (start, end, plain spelling) that fold independently of one another."""
    start, pieces = 0, list[str]()
    for position, character in enumerate(text):
        plain = _plainly(character) if _SPECIAL.match(character) else character
        if pieces and plain and not _joins(plain[0]):
            yield start, position, "".join(pieces)
            start, pieces = position, []
        pieces.append(plain)
    if pieces:
        yield start, len(text), "".join(pieces)


def _joins(character: str) -> bool:
    """Whether it may melt into the character before it: combining marks, vowels and finals of a Hangul syllable."""
    return "\u1160" <= character <= "\u11ff" or unicodedata.category(character)[0] == "M"


def origins(text: str) -> tuple[array[int], array[int]]:
    """For each character of `fold(text)`: where it starts and where it ends in `text`."""
    starts, ends = array("L"), array("L")
    blank: tuple[int, int] | None = None
    for start, end, plain in _clusters(text):
        for character in _normal(plain):
            if character.isspace():
                blank = (blank[0] if blank else start, end)
                continue
            if blank and starts:
                starts.append(blank[0])
                ends.append(blank[1])
            blank = None
            starts.append(start)
            ends.append(end)
    return starts, ends


class Letter(IntEnum):
    """What sort of letter a folded character is: this decides what may stand beside a word. Values can be or-ed."""

    NONE = 0  # spaces, punctuation, emoji; also ㅋ and ㅠ, which people glue to anything
    SPACED = 1  # scripts that put spaces between words: Latin, Cyrillic, Arabic ...; digits and underscore
    HANGUL = 2
    HAN = 4
    KATAKANA = 8
    UNSPACED = 16  # hiragana, Thai, Lao, Khmer, Burmese: words run on without a space


_BLOCKS = (
    (0x0E00, 0x0EFF, Letter.UNSPACED),
    (0x1000, 0x109F, Letter.UNSPACED),
    (0x1100, 0x11FF, Letter.HANGUL),
    (0x1780, 0x17FF, Letter.UNSPACED),
    (0x19E0, 0x19FF, Letter.UNSPACED),
    (0x2E80, 0x2FDF, Letter.HAN),
    (0x3005, 0x3007, Letter.HAN),
    (0x3021, 0x3029, Letter.HAN),
    (0x3040, 0x309F, Letter.UNSPACED),
    (0x30A0, 0x30FF, Letter.KATAKANA),
    (0x3100, 0x312F, Letter.UNSPACED),
    (0x3130, 0x318F, Letter.NONE),
    (0x31A0, 0x31BF, Letter.UNSPACED),
    (0x31F0, 0x31FF, Letter.KATAKANA),
    (0x3400, 0x4DBF, Letter.HAN),
    (0x4E00, 0x9FFF, Letter.HAN),
    (0xA960, 0xA97F, Letter.HANGUL),
    (0xA9E0, 0xA9FF, Letter.UNSPACED),
    (0xAA60, 0xAA7F, Letter.UNSPACED),
    (0xAC00, 0xD7FF, Letter.HANGUL),
    (0xF900, 0xFAFF, Letter.HAN),
    (0x1B000, 0x1B16F, Letter.KATAKANA),
    (0x20000, 0x3FFFF, Letter.HAN),
)


def _sort(character: str) -> Letter:
    category = unicodedata.category(character)
    if character != "_" and category[0] not in "LNM":
        return Letter.NONE
    point = ord(character)
    for first, last, letter in _BLOCKS:
        if first <= point <= last:
            return letter
    return Letter.SPACED


class _Letters(dict[str, Letter]):
    """Sorts each character once; it never holds more than there are characters."""

    def __missing__(self, character: str) -> Letter:
        letter = self[character] = _sort(character)
        return letter


letter_of = _Letters().__getitem__
