"""Phrases that point at an intent or an urgency, found in one pass.

A cue file has sections `[name]` or `[name 0.5]` (the strength of its phrases) and one phrase a line:

    (charged|billed) ~ twice     alternatives; "~" lets up to 30 other characters stand between
    refund*                      any ending (languages with spaces)
    <더럽                        only at the start of a word (languages where a phrase may stand inside a word)

Languages with spaces between words match whole words. Korean, Japanese, Chinese and Thai are matched with all
spaces removed, because people there space as they please. The automaton (Aho-Corasick) is linear in the text.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources
from itertools import accumulate

from ahocorasick_rs import AhoCorasick, Implementation, MatchKind

GLUED = frozenset({"ko", "ja", "zh", "th"})
WINDOW = 30

_SECTION = re.compile(r"\[(\w+)(?:\s+([\d.]+))?\]")


@dataclass(frozen=True, slots=True)
class Cue:
    """A phrase that was found: its section, its strength, the words themselves and a little around them."""

    name: str
    strength: float
    evidence: str
    start: int
    before: str
    after: str


@dataclass(frozen=True, slots=True)
class _Phrase:
    """One literal of the automaton and the places (pattern, part) where it counts."""

    at_start: bool
    at_end: bool
    places: tuple[tuple[int, int], ...]


class Finder:
    """All phrases of one language (or of the operator), ready to be looked for."""

    def __init__(self, patterns: Iterable[tuple[str, float, str]], glued: bool):
        self._glued = glued
        self._names: list[tuple[str, float, int]] = []
        literals: dict[tuple[str, bool, bool], list[tuple[int, int]]] = {}
        for name, strength, pattern in patterns:
            parts = [p.strip() for p in pattern.split("~")]
            number = len(self._names)
            self._names.append((name, strength, len(parts)))
            for k, part in enumerate(parts):
                for literal in alternatives(part):
                    at_start = literal.startswith("<") or not glued
                    at_end = not literal.endswith("*") and not glued
                    literal = literal.strip("<*")
                    literal = literal.replace(" ", "") if glued else " ".join(literal.split())
                    if literal:
                        literals.setdefault((literal, at_start, at_end), []).append((number, k))
        self._phrases = [_Phrase(s, e, tuple(dict.fromkeys(places))) for (_, s, e), places in literals.items()]
        # The same literal may be wanted with and without a word's edge, so a literal maps to several phrases.
        self._of: list[list[_Phrase]] = []
        texts: dict[str, int] = {}
        for (literal, _, _), phrase in zip(literals, self._phrases, strict=True):
            if literal not in texts:
                texts[literal] = len(texts)
                self._of.append([])
            self._of[texts[literal]].append(phrase)
        self._automaton = (
            AhoCorasick(list(texts), matchkind=MatchKind.Standard, implementation=Implementation.ContiguousNFA)
            if texts
            else None
        )

    def find(self, lower: str) -> list[Cue]:
        """The first place of each pattern, in the order of the text."""
        if self._automaton is None:
            return []
        words: list[str] = []
        starts: list[int] = []
        if self._glued:
            words = lower.split()
            starts = [0, *accumulate(map(len, words))]
            lower = "".join(words)
        edges = frozenset(starts)
        found: dict[int, Cue] = {}
        reached: dict[tuple[int, int], tuple[int, int]] = {}
        length = len(lower)
        for which, start, end in self._automaton.find_matches_as_indexes(lower, overlapping=True):
            for phrase in self._of[which]:
                if phrase.at_start and not self._edge_before(lower, start, edges):
                    continue
                if phrase.at_end and end < length and lower[end].isalnum():
                    continue
                for number, part in phrase.places:
                    name, strength, parts = self._names[number]
                    if number in found:
                        continue
                    begin = start
                    if part:
                        before = reached.get((number, part - 1))
                        if before is None or not 0 <= start - before[1] <= WINDOW:
                            continue
                        begin = before[0]
                    if part == parts - 1:
                        around = lower[max(0, begin - 25) : begin], lower[end : end + 8]
                        said = _as_written(words, starts, begin, end) if words else lower[begin:end]
                        found[number] = Cue(name, strength, said, begin, *around)
                    else:
                        reached[number, part] = (begin, end)
        return sorted(found.values(), key=lambda c: c.start)

    def _edge_before(self, text: str, start: int, starts: frozenset[int]) -> bool:
        if self._glued:
            return start in starts or not text[start - 1].isalnum()
        return start == 0 or not text[start - 1].isalnum()


def _as_written(words: list[str], starts: list[int], begin: int, end: int) -> str:
    """The whole words around a place in the text without spaces."""
    first, last = bisect_right(starts, begin) - 1, bisect_right(starts, end - 1)
    if last - first > 8 or any(len(w) > 20 for w in words[first:last]):
        return "".join(words[first:last])[begin - starts[first] : end - starts[first]]
    return " ".join(words[first:last])


def alternatives(part: str) -> list[str]:
    """`a (b|c) d` becomes `a b d` and `a c d`; an empty alternative leaves the word out."""
    out = [""]
    for piece in re.split(r"(\([^()]*\))", part):
        choices = piece[1:-1].split("|") if piece.startswith("(") else [piece]
        out = [head + choice for head in out for choice in choices]
    return out


def read(text: str) -> list[tuple[str, float, str]]:
    """The patterns of a cue file; a line before any section is a mistake of ours and fails loudly."""
    patterns = []
    name, strength = "", 1.0
    for line in text.splitlines():
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        if section := _SECTION.fullmatch(line):
            name, strength = section[1], float(section[2] or 1)
            continue
        if not name:
            raise ValueError(f"cue without a section: {line}")
        patterns.append((name, strength, line))
    return patterns


@cache
def finder(language: str) -> Finder | None:
    """The shipped phrases of a language, loaded at first use; None when we have none."""
    file = resources.files(__package__) / "cues" / f"{language}.txt"
    if not file.is_file():
        return None
    return Finder(read(file.read_text("utf-8")), glued=language in GLUED)


def own_finder(urgent: Mapping[str, tuple[str, ...]]) -> tuple[Finder, Finder] | None:
    """The operator's urgent terms: Latin ones match whole words, others also inside a word."""
    return _own(tuple(sorted((k, tuple(v)) for k, v in urgent.items()))) if urgent else None


@lru_cache(maxsize=64)
def _own(urgent: tuple[tuple[str, tuple[str, ...]], ...]) -> tuple[Finder, Finder]:
    spaced: list[tuple[str, float, str]] = []
    glued: list[tuple[str, float, str]] = []
    for category, terms in urgent:
        for term in terms:
            (spaced if term.isascii() else glued).append((category, 1.0, term.lower()))
    return Finder(spaced, glued=False), Finder(glued, glued=True)
