"""A slow matcher that is meant to be obviously right.

It tries every position for every word and shares no code with the real one, only the tree of the query and the table of
Korean endings.
"""

from __future__ import annotations

import re
import unicodedata

from monitor.query import Document, Query, korean
from monitor.query.tree import And, Field, Near, Node, Not, Number, Or, Word

INVISIBLE = "\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f"


def spelled(text: str) -> str:
    """What `fold` promises, for the characters that these tests draw from."""
    plain = ""
    for character in text:
        if "！" <= character <= "～":
            plain += chr(ord(character) - 0xFEE0)
        elif unicodedata.name(character, "").startswith("HALFWIDTH KATAKANA"):
            plain += unicodedata.normalize("NFKC", character)
        elif character not in INVISIBLE:
            plain += character
    return re.sub(r"\s+", " ", unicodedata.normalize("NFC", plain.casefold())).strip()


def script(character: str) -> str:
    """hangul, han, katakana, other (runs on without spaces), letter, or nothing."""
    name = unicodedata.name(character, "")
    if name.startswith("HANGUL SYLLABLE"):
        return "hangul"
    if name.startswith("CJK UNIFIED"):
        return "han"
    if name.startswith("KATAKANA") and character.isalnum():
        return "katakana"
    if name.startswith(("HIRAGANA", "THAI")):
        return "other"
    if name.startswith("HANGUL LETTER"):
        return ""
    return "letter" if character.isalnum() or character == "_" else ""


def is_tail(rest: str, before: str, suffixes: int = 0, particles: int = 0, closed: bool = False) -> bool:
    """Tries every way to take the rest apart."""
    if not rest:
        return True
    if rest == "요":
        return True
    if closed:
        return False
    sound = korean.sound_of(before)
    ways = []
    for length in range(1, len(rest) + 1):
        piece, remaining, last = rest[:length], rest[length:], rest[length - 1]
        if not particles and suffixes < 2 and korean.SUFFIXES.get(piece, 0) & sound:
            ways.append(is_tail(remaining, last, suffixes + 1, 0))
        if particles < 3 and korean.PARTICLES.get(piece, 0) & sound:
            ways.append(is_tail(remaining, last, suffixes, particles + 1))
        if korean.CLOSINGS.get(piece, 0) & sound:
            ways.append(is_tail(remaining, last, closed=True))
    return any(ways)


def only_endings_follow(text: str, end: int) -> bool:
    run = ""
    for character in text[end:]:
        if script(character) != "hangul":
            break
        run += character
    return len(run) <= korean.LONGEST_TAIL and is_tail(run, text[end - 1])


def starts_a_word(word: Word, before: str) -> bool:
    exact, first = word.exact or is_tag(word), script(word.text[0])
    if word.text[0] == "@" and is_tag(word):
        return script(before) != "letter"
    if first in ("letter", "hangul"):
        return script(before) not in ("letter", "hangul") if exact else script(before) != first
    return not (exact and first in ("han", "katakana") and script(before) == first)


def ends_a_word(word: Word, text: str, end: int) -> bool:
    exact, last = word.exact or is_tag(word), script(word.text[-1])
    after, beyond = script(text[end : end + 1] or " "), script(text[end + 1 : end + 2] or " ")
    if word.text[0] == "@" and is_tag(word) and text[end : end + 1] in (".", "-") and beyond == "letter":
        return False
    if last == "letter":
        return after != "letter" and (not exact or only_endings_follow(text, end))
    if last == "hangul":
        return not (exact and after == "letter") and only_endings_follow(text, end)
    return not (exact and last in ("han", "katakana") and after == last)


def is_tag(word: Word) -> bool:
    return word.text[0] in "#@" and word.text[1:2].isalnum()


def occurrences(word: Word, text: str) -> list[tuple[int, int]]:
    return [
        (start, start + len(word.text))
        for start in range(len(text))
        if text.startswith(word.text, start) and counts(word, text, start)
    ]


def counts(word: Word, text: str, start: int) -> bool:
    end = start + len(word.text)
    starts = starts_a_word(word, text[start - 1] if start else " ")
    ends = ends_a_word(word, text, end)
    if word.open_start or word.open_end:
        return (starts or word.open_start) and (ends or word.open_end)
    if word.exact or is_tag(word):
        return starts and ends
    lax_start, lax_end = script(word.text[0]) == "hangul", script(word.text[-1]) == "hangul"
    return (starts or lax_start) and (ends or lax_end) and (starts or ends)


def word_starts(text: str) -> list[int]:
    return [position for position in range(len(text)) if starts_a_count(text, position)]


def starts_a_count(text: str, position: int) -> bool:
    if script(text[position]) in ("han", "katakana", "other"):
        return True
    before = text[position - 1] if position else " "
    return is_running(text[position]) and not is_running(before) and not joined_by_apostrophe(text, position)


def is_running(character: str) -> bool:
    return script(character) in ("letter", "hangul") or unicodedata.name(character, "").startswith("HANGUL LETTER")


def joined_by_apostrophe(text: str, position: int) -> bool:
    return position >= 2 and text[position - 1] in "'’" and is_running(text[position - 2])


def near(node: Near, text: str, *, in_title: bool) -> bool:
    starts = word_starts(text)

    def number(position: int) -> int:
        return sum(start <= position for start in starts)

    def close(earlier: tuple[int, int], later: tuple[int, int]) -> bool:
        return earlier[1] <= later[0] and number(later[0]) - number(earlier[1] - 1) <= node.distance

    def found(words: tuple[Word, ...]) -> list[tuple[int, int]]:
        return [span for word in words if in_title or not word.title for span in occurrences(word, text)]

    left, right = found(node.left), found(node.right)
    return any(close(a, b) or close(b, a) for a in left for b in right)


def field(node: Field, document: Document) -> bool:
    values = {
        "author": [document.author_handle, document.author_name],
        "lang": [document.language, (document.language or "").split("-")[0]],
        "site": [document.site],
        "kind": [document.kind],
        "source": [document.source],
        "platform": [document.platform],
    }[node.name]
    return any(value_fits(node, spelled(value)) for value in values if value)


def value_fits(node: Field, value: str) -> bool:
    if node.name == "author":
        value = value.removeprefix("@")
    wanted = ("" if node.open_start else r"(?:.*\.)?") if node.name == "site" else ""
    wanted += ".*" * node.open_start + re.escape(node.value) + ".*" * node.open_end
    return re.fullmatch(wanted, value) is not None


def number(node: Number, document: Document) -> bool:
    known = document.followers
    if node.name == "rating":
        known = None if document.rating is None else 1 + 4 * document.rating
    if known is None:
        return False
    return {
        "<": known < node.value,
        "<=": known <= node.value,
        ">": known > node.value,
        ">=": known >= node.value,
        "=": known == node.value,
    }[node.sign]


def holds(node: Node, document: Document) -> bool:
    title, text = spelled(document.title or ""), spelled(document.text)
    match node:
        case Word(title=only_title):
            return bool(occurrences(node, title)) or (not only_title and bool(occurrences(node, text)))
        case Near():
            return near(node, title, in_title=True) or near(node, text, in_title=False)
        case Field():
            return field(node, document)
        case Number():
            return number(node, document)
        case Not(part):
            return not holds(part, document)
        case And(parts):
            return all(holds(part, document) for part in parts)
        case Or(parts):
            return any(holds(part, document) for part in parts)


def match_naively(query: Query, document: Document) -> bool:
    return holds(query.root, document)
