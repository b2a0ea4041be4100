"""Which topics a text holds: one pass of one automaton over the text for all topics, whatever their number.

Every word, phrase and field value of every topic is a pattern of one Aho-Corasick automaton
(https://docs.rs/aho-corasick). What it finds are candidates: a candidate counts once its surroundings were checked
(word boundaries, Korean particles). Each topic has a few *anchors*, of which at least one must be there for the topic
to hold, chosen among what few other topics ask for. Only topics with an anchor in the text are evaluated at all, so
`lumi AND cream17` costs nothing in a text without cream17, however many topics contain lumi. Checks stop at the first
success and are made once per text, so time is linear in the text.
"""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from math import inf
from typing import Literal

import regex
from ahocorasick_rs import AhoCorasick

from monitor.query.folding import Letter, fold, letter_of, origins
from monitor.query.korean import LONGEST_TAIL, Sound, is_tail, sound_of
from monitor.query.language import TEXT_FIELDS, And, Field, Near, Node, Not, Number, Or, Query, Word, unpuny


@dataclass(frozen=True, slots=True)
class Document:
    """What a query can ask about one mention; everything but the text may be unknown.

    `site` is the host of its address, `rating` runs from 0 (worst) to 1 (best) as in a mention.
    """

    text: str
    title: str | None = None
    author_handle: str | None = None
    author_name: str | None = None
    language: str | None = None
    site: str | None = None
    kind: str | None = None
    source: str | None = None
    platform: str | None = None
    rating: float | None = None
    followers: int | None = None


Span = tuple[int, int]


class Matcher:
    """All topics, compiled once. Safe to share between threads; it never changes.

    Matching folds the text, so any text will do; it takes time linear in its length and in what is found in it.
    """

    def __init__(self, queries: Mapping[str, Query]) -> None:
        shelf = _Shelf()
        self._topics = {name: shelf.rule(query.root, wanted=True) for name, query in queries.items()}
        uses = Counter(atom for rule in self._topics.values() for atom in set(rule.atoms()))
        self._anchored: dict[_Atom, list[str]] = {}
        for name, rule in self._topics.items():
            cost, anchors = rule.anchors(uses)
            if cost == inf:
                raise ValueError(f"topic {name} holds of texts in which nothing was found")
            for atom in set(anchors):
                self._anchored.setdefault(atom, []).append(name)
        self._shelf = shelf
        self._fields = tuple(name for name in _FRAMES if name in shelf.fields)
        self._automaton = AhoCorasick(shelf.patterns)
        self._anchor_patterns: dict[int, list[_Pattern]] = {}
        self._number_anchors: list[_Comparison] = []
        for atom in self._anchored:
            if isinstance(atom, _Comparison):
                self._number_anchors.append(atom)
            elif isinstance(atom, _Pattern):
                self._anchor_patterns.setdefault(atom.number, []).append(atom)

    def match(self, document: Document) -> frozenset[str]:
        """The names of the topics that hold."""
        sight = self._look(document)
        held = set[str]()
        tried = set[str]()
        for atom in self._seen_anchors(sight):
            for name in self._anchored[atom]:
                if name not in tried:
                    tried.add(name)
                    if self._topics[name].holds(sight):
                        held.add(name)
        return frozenset(held)

    def spans(self, document: Document, name: str, where: Literal["text", "title"] = "text") -> tuple[Span, ...]:
        """Where the words stand that make this topic hold: (start, end) in the original text or title, to highlight.

        In order, never overlapping; none when the topic does not hold, or holds by its fields alone. KeyError when
        there is no such topic.
        """
        rule = self._topics[name]
        sight = self._look(document)
        if not rule.holds(sight):
            return ()
        original, first, last = sight.part(where)
        found = sorted((start, end) for start, end in rule.hits(sight) if first <= start < last)
        if not found:
            return ()
        starts, ends = origins(original)
        return tuple(_merged((starts[start - first], ends[end - first - 1]) for start, end in found))

    def _look(self, document: Document) -> _Sight:
        sight = _Sight(document, self._fields)
        found = sight.found
        for number, start, _ in self._automaton.find_matches_as_indexes(sight.text, overlapping=True):
            if number in found:
                found[number].append(start)
            else:
                found[number] = [start]
        return sight

    def _seen_anchors(self, sight: _Sight) -> Iterator[_Atom]:
        for number in sight.found:
            for pattern in self._anchor_patterns.get(number, ()):
                if pattern.seen(sight):
                    yield pattern
        for comparison in self._number_anchors:
            if comparison.seen(sight):
                yield comparison


def _merged(spans: Iterable[Span]) -> Iterator[Span]:
    """Overlapping spans become one. They come sorted."""
    open_start = open_end = -1
    for start, end in spans:
        if start >= open_end:
            if open_end > 0:
                yield open_start, open_end
            open_start = start
        open_end = max(open_end, end)
    yield open_start, open_end


# ---------------------------------------------------------------- one text, looked at once

# Fields stand before the text, each value between two noncharacters that folding removes from everything else: so a
# pattern that holds one can only be found where it belongs, and no text can fake it.
_FRAMES = {name: (chr(0xFDD0 + i), chr(0xFDE0 + i)) for i, name in enumerate(TEXT_FIELDS) if name != "title"}
_BREAK = "\n"  # never in folded text: no word reaches from the title into the text

# What NEAR counts: a run of letters and digits, with apostrophes inside, or one character where scripts have no spaces.
_ONE_BY_ONE = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_RUN = rf"[[\w\p{{M}}]--[{_ONE_BY_ONE}]]++"
_COUNTED = regex.compile(rf"[{_ONE_BY_ONE}]|{_RUN}(?:['’]{_RUN})*+", regex.VERSION1)
_APART = 1_000  # words between title and text: more than any NEAR


class _Sight:
    """One document, folded, with what the automaton found in it (pattern number to positions) and what was checked."""

    def __init__(self, document: Document, fields: Sequence[str]) -> None:
        self.document = document
        self.found: dict[int, list[int]] = {}
        self.checked: dict[_Atom, bool] = {}
        self.listed: dict[_Pattern, list[Span]] = {}
        self.places: dict[tuple[_Pattern, ...], _Places] = {}
        self.values: dict[str, list[Span]] = {}  # where the values of a field stand
        facts = ""
        for name in fields:
            for value in _VALUES[name](document):
                framed = _framed(name, value)
                self.values.setdefault(name, []).append((len(facts), len(facts) + len(framed)))
                facts += framed
        title, text = fold(document.title) if document.title else "", fold(document.text)
        self.text = f"{facts}{_BREAK}{title}{_BREAK}{text}{_BREAK}"
        self.title_at = len(facts) + 1
        self.text_at = self.title_at + len(title) + 1

    def part(self, where: Literal["text", "title"]) -> tuple[str, int, int]:
        """The original, and where its folded form starts and ends here."""
        if where == "title":
            return self.document.title or "", self.title_at, self.text_at - 1
        return self.document.text, self.text_at, len(self.text) - 1

    @cached_property
    def _counted(self) -> list[int]:
        return [found.start() for found in _COUNTED.finditer(self.text, self.title_at)]

    def word_at(self, position: int) -> int:
        """The number of the word that has started last at this position; title and text are far apart."""
        return bisect_right(self._counted, position) + (_APART if position >= self.text_at else 0)


def _framed(name: str, value: str) -> str:
    start, end = _FRAMES[name]
    return f"{start}.{value}{end}" if name == "site" else f"{start}{value}{end}"


def _author(document: Document) -> Iterator[str]:
    for value in (document.author_handle, document.author_name):
        if folded := fold(value or "").removeprefix("@"):
            yield folded


def _language(document: Document) -> Iterator[str]:
    """ko-KR is also ko."""
    parts = fold(document.language or "").replace("_", "-").split("-", 4)[:4]
    for count in range(len(parts), 0, -1):
        if value := "-".join(parts[:count]):
            yield value


def _site(document: Document) -> Iterator[str]:
    if host := fold(document.site or "").strip("."):
        yield unpuny(host)


def _plain(name: str) -> Callable[[Document], Iterator[str]]:
    def values(document: Document) -> Iterator[str]:
        if value := fold(getattr(document, name) or ""):
            yield value

    return values


_VALUES: Mapping[str, Callable[[Document], Iterator[str]]] = {
    "author": _author,
    "lang": _language,
    "site": _site,
    "kind": _plain("kind"),
    "source": _plain("source"),
    "platform": _plain("platform"),
}


# ---------------------------------------------------------------- what is looked for


class _Atom(ABC):
    """The smallest thing that is there or not. Equal atoms of several topics are one object."""

    __slots__ = ()

    @abstractmethod
    def look(self, sight: _Sight) -> bool:
        """Whether it is there; asked once per text."""

    def hits(self, sight: _Sight) -> Iterable[Span]:
        """Where it is there, in order."""
        return ()

    def seen(self, sight: _Sight) -> bool:
        known = sight.checked.get(self)
        if known is None:
            known = sight.checked[self] = self.look(sight)
        return known

    def anchors(self, uses: Mapping[_Atom, int]) -> tuple[float, tuple[_Atom, ...]]:
        """What must be there for it to be there, and how many topics would be tried in vain because of that."""
        return self.cost(uses), (self,)

    def atoms(self) -> Iterable[_Atom]:
        """Itself, or what it is made of."""
        return (self,)

    @abstractmethod
    def cost(self, uses: Mapping[_Atom, int]) -> float:
        """How often it may be there while the topic does not hold: a guess, to compare."""


class _Pattern(_Atom):
    """Something the automaton finds."""

    __slots__ = ("length", "number")

    def __init__(self, number: int, length: int) -> None:
        self.number = number
        self.length = length

    @abstractmethod
    def fits(self, sight: _Sight, start: int) -> bool:
        """Whether it counts where it was found."""

    def look(self, sight: _Sight) -> bool:
        return any(self.fits(sight, start) for start in sight.found.get(self.number, ()))

    def hits(self, sight: _Sight) -> list[Span]:
        listed = sight.listed.get(self)
        if listed is None:
            starts = sight.found.get(self.number, ())
            listed = [(start, start + self.length) for start in starts if self.fits(sight, start)]
            sight.listed[self] = listed
        return listed

    def cost(self, uses: Mapping[_Atom, int]) -> float:
        return uses[self] + 1 / self.length


class _WordPattern(_Pattern):
    """A word or phrase. Each side *holds* when the word visibly starts or ends there.

    Letters of scripts with spaces must not stand beside letters of the same; behind Hangul only particles and endings
    may follow. Without stars and =, one side of a Korean word is enough: 루미크림 starts with it and 신상루미는
    ends with it, but 알루미늄 does neither.
    """

    __slots__ = (
        "barred_after",
        "barred_before",
        "free_after",
        "free_before",
        "handle",
        "lax_after",
        "lax_before",
        "sound",
        "tailed",
        "title",
    )

    def __init__(self, number: int, word: Word) -> None:
        super().__init__(number, len(word.text))
        first, last = letter_of(word.text[0]), letter_of(word.text[-1])
        tag = word.text[0] in "#@" and word.text[1:2].isalnum()
        exact = word.exact or tag
        starred = word.open_start or word.open_end
        self.title = word.title
        self.handle = tag and word.text[0] == "@"
        self.free_before, self.free_after = word.open_start, word.open_end
        self.barred_before = Letter.SPACED if self.handle else _barred(first, exact)
        self.barred_after = _barred(last, exact) & ~Letter.HANGUL
        self.tailed = last == Letter.HANGUL or (exact and last == Letter.SPACED)
        self.sound = sound_of(word.text[-1])
        self.lax_before = first == Letter.HANGUL and not exact and not starred
        self.lax_after = last == Letter.HANGUL and not exact and not starred

    def fits(self, sight: _Sight, start: int) -> bool:
        if start < sight.title_at or (self.title and start >= sight.text_at):
            return False
        before = self.free_before or not self.barred_before & letter_of(sight.text[start - 1])
        if not before and not self.lax_before:
            return False
        if before and self.lax_after:
            return True
        return self.free_after or self.ends(sight.text, start + self.length)

    def ends(self, text: str, end: int) -> bool:
        follower = text[end]
        letter = letter_of(follower)
        if letter & self.barred_after:
            return False
        if letter == Letter.HANGUL and self.tailed:
            return _is_tailed(text, end, self.sound)
        return not (self.handle and follower in ".-" and letter_of(text[end + 1]) == Letter.SPACED)


def _barred(letter: Letter, exact: bool) -> int:
    """What may not stand beside this letter at the edge of a word."""
    if letter in (Letter.SPACED, Letter.HANGUL):
        return Letter.SPACED | Letter.HANGUL if exact else letter
    return letter if exact and letter != Letter.UNSPACED else 0


def _is_tailed(text: str, end: int, sound: Sound) -> bool:
    stop, limit = end, end + LONGEST_TAIL + 1
    while stop < limit and letter_of(text[stop]) == Letter.HANGUL:
        stop += 1
    return stop < limit and is_tail(text[end:stop], sound)


class _FieldPattern(_Pattern):
    """A value of a field, with the frame that ties it to its place where it has no star."""

    __slots__ = ("name",)

    def __init__(self, number: int, length: int, name: str) -> None:
        super().__init__(number, length)
        self.name = name

    def fits(self, sight: _Sight, start: int) -> bool:
        end = start + self.length
        return any(first <= start and end <= last for first, last in sight.values.get(self.name, ()))

    def cost(self, uses: Mapping[_Atom, int]) -> float:
        return uses[self] + (0 if self.name in ("author", "site") else _COMMONPLACE)


def _field_pattern(field: Field) -> str:
    start, end = _FRAMES[field.name]
    if field.name == "site":
        start = "."  # every label of a host starts with one, the first too: sub-domains count
    return f"{'' if field.open_start else start}{field.value}{'' if field.open_end else end}"


class _Comparison(_Atom):
    __slots__ = ("compare", "rating", "value")

    def __init__(self, number: Number) -> None:
        self.rating = number.name == "rating"
        self.compare = _COMPARE[number.sign]
        self.value = number.value

    def look(self, sight: _Sight) -> bool:
        document = sight.document
        if self.rating:
            return document.rating is not None and self.compare(round(1 + 4 * document.rating, 2), self.value)
        return document.followers is not None and self.compare(document.followers, self.value)

    def cost(self, uses: Mapping[_Atom, int]) -> float:
        return uses[self] + 2 * _COMMONPLACE


_COMMONPLACE = 1_000_000  # languages, kinds and ratings hold of whole crowds: the last choice for an anchor
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


class _Places:
    """Where any of some words stand, ready to be asked for the nearest."""

    __slots__ = ("ends", "spans", "starts")

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = spans
        self.starts = [start for start, _ in spans]
        self.ends = sorted(end for _, end in spans)


class _Nearness(_Atom):
    """Two groups of words, close to each other and not overlapping."""

    __slots__ = ("distance", "left", "right")

    def __init__(self, left: tuple[_Pattern, ...], right: tuple[_Pattern, ...], distance: int) -> None:
        self.left, self.right = left, right
        self.distance = distance

    def look(self, sight: _Sight) -> bool:
        if not _any_seen(self.left, sight) or not _any_seen(self.right, sight):
            return False
        few, many = sorted((_places(self.left, sight), _places(self.right, sight)), key=lambda it: len(it.spans))
        return any(self.has_partner(span, many, sight) for span in few.spans)

    def hits(self, sight: _Sight) -> Iterator[Span]:
        left, right = _places(self.left, sight), _places(self.right, sight)
        yield from (span for span in left.spans if self.has_partner(span, right, sight))
        yield from (span for span in right.spans if self.has_partner(span, left, sight))

    def has_partner(self, span: Span, others: _Places, sight: _Sight) -> bool:
        """Words are numbered in order, so the nearest on each side decides."""
        start, end = span
        after = bisect_left(others.starts, end)
        if after < len(others.starts) and self.close(sight, end, others.starts[after]):
            return True
        before = bisect_right(others.ends, start)
        return before > 0 and self.close(sight, others.ends[before - 1], start)

    def close(self, sight: _Sight, end: int, start: int) -> bool:
        """Whether what starts here is close behind what ended there."""
        return sight.word_at(start) - sight.word_at(end - 1) <= self.distance

    def anchors(self, uses: Mapping[_Atom, int]) -> tuple[float, tuple[_Atom, ...]]:
        return min(((sum(atom.cost(uses) for atom in side), side) for side in (self.left, self.right)), key=_by_cost)

    def atoms(self) -> Iterable[_Atom]:
        return (*self.left, *self.right)

    def cost(self, uses: Mapping[_Atom, int]) -> float:
        return self.anchors(uses)[0]


def _any_seen(patterns: tuple[_Pattern, ...], sight: _Sight) -> bool:
    return any(pattern.seen(sight) for pattern in patterns)


def _places(patterns: tuple[_Pattern, ...], sight: _Sight) -> _Places:
    places = sight.places.get(patterns)
    if places is None:
        spans = sorted({span for pattern in patterns for span in pattern.hits(sight)})
        places = sight.places[patterns] = _Places(spans)
    return places


def _by_cost(choice: tuple[float, tuple[_Atom, ...]]) -> float:
    return choice[0]


# ---------------------------------------------------------------- topics


class _Rule(ABC):
    """A query whose NOTs stand directly at its atoms."""

    __slots__ = ()

    @abstractmethod
    def holds(self, sight: _Sight) -> bool: ...

    @abstractmethod
    def hits(self, sight: _Sight) -> Iterator[Span]:
        """Where the words stand that make it hold; it does hold."""

    @abstractmethod
    def anchors(self, uses: Mapping[_Atom, int]) -> tuple[float, tuple[_Atom, ...]]: ...

    @abstractmethod
    def atoms(self) -> Iterator[_Atom]: ...


class _Leaf(_Rule):
    __slots__ = ("atom", "wanted")

    def __init__(self, atom: _Atom, *, wanted: bool) -> None:
        self.atom, self.wanted = atom, wanted

    def holds(self, sight: _Sight) -> bool:
        return self.atom.seen(sight) is self.wanted

    def hits(self, sight: _Sight) -> Iterator[Span]:
        if self.wanted:
            yield from self.atom.hits(sight)

    def anchors(self, uses: Mapping[_Atom, int]) -> tuple[float, tuple[_Atom, ...]]:
        return self.atom.anchors(uses) if self.wanted else (inf, ())

    def atoms(self) -> Iterator[_Atom]:
        yield from self.atom.atoms()


class _All(_Rule):
    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[_Rule]) -> None:
        self.parts = parts

    def holds(self, sight: _Sight) -> bool:
        return all(part.holds(sight) for part in self.parts)

    def hits(self, sight: _Sight) -> Iterator[Span]:
        for part in self.parts:
            if part.holds(sight):
                yield from part.hits(sight)

    def anchors(self, uses: Mapping[_Atom, int]) -> tuple[float, tuple[_Atom, ...]]:
        return min((part.anchors(uses) for part in self.parts), key=_by_cost)

    def atoms(self) -> Iterator[_Atom]:
        for part in self.parts:
            yield from part.atoms()


class _Any(_All):
    __slots__ = ()

    def holds(self, sight: _Sight) -> bool:
        return any(part.holds(sight) for part in self.parts)

    def anchors(self, uses: Mapping[_Atom, int]) -> tuple[float, tuple[_Atom, ...]]:
        choices = [part.anchors(uses) for part in self.parts]
        return sum(map(_by_cost, choices)), tuple(atom for _, atoms in choices for atom in atoms)


class _Shelf:
    """Patterns and atoms while topics are compiled; what is equal is kept once."""

    def __init__(self) -> None:
        self.patterns: list[str] = []
        self.fields: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._atoms: dict[Node, _Atom] = {}
        self._words: dict[Word, _WordPattern] = {}

    def rule(self, node: Node, *, wanted: bool) -> _Rule:
        match node:
            case Not(part):
                return self.rule(part, wanted=not wanted)
            case And(parts):
                return (_All if wanted else _Any)([self.rule(part, wanted=wanted) for part in parts])
            case Or(parts):
                return (_Any if wanted else _All)([self.rule(part, wanted=wanted) for part in parts])
        return _Leaf(self.atom(node), wanted=wanted)

    def atom(self, node: Word | Field | Number | Near) -> _Atom:
        atom = self._atoms.get(node)
        if atom is None:
            atom = self._atoms[node] = self._made(node)
        return atom

    def _made(self, node: Word | Field | Number | Near) -> _Atom:
        match node:
            case Word():
                return self.word(node)
            case Field():
                self.fields.add(node.name)
                text = _field_pattern(node)
                return _FieldPattern(self.number(text), len(text), node.name)
            case Number():
                return _Comparison(node)
            case Near(left, right, distance):
                return _Nearness(tuple(map(self.word, left)), tuple(map(self.word, right)), distance)

    def word(self, word: Word) -> _WordPattern:
        pattern = self._words.get(word)
        if pattern is None:
            pattern = self._words[word] = _WordPattern(self.number(word.text), word)
        return pattern

    def number(self, text: str) -> int:
        number = self._numbers.setdefault(text, len(self.patterns))
        if number == len(self.patterns):
            self.patterns.append(text)
        return number
