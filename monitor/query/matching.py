"""Which topics a text holds: one pass of one automaton over the text for all topics, whatever their number.

Every word, phrase and field value of every topic is a pattern of one Aho-Corasick automaton
(https://docs.rs/aho-corasick). What it finds are candidates: a candidate counts once its surroundings were checked
(word boundaries, Korean particles). Each topic has a few *anchors*, of which at least one must be there for the topic
to hold, chosen among what few other topics ask for. Only topics with an anchor in the text are evaluated at all, so
`lumi AND cream17` costs nothing in a text without cream17, however many topics contain lumi. Checks stop at the first
success and are made once per text, so time is linear in the text.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from math import inf
from typing import Literal

from ahocorasick_rs import AhoCorasick

from monitor.query.atoms import (
    Anchors,
    Atom,
    Comparison,
    FieldPattern,
    Nearness,
    Pattern,
    WordPattern,
    by_cost,
    field_pattern,
)
from monitor.query.folding import origins
from monitor.query.sight import FRAMES, Document, Sight, Span
from monitor.query.tree import And, Field, Near, Node, Not, Number, Or, Query, Word


class Matcher:
    """All topics, compiled once. Safe to share between threads; it never changes.

    Matching folds the text, so any text will do; it takes time linear in its length and in what is found in it.
    """

    def __init__(self, queries: Mapping[str, Query]) -> None:
        shelf = _Shelf()
        self._topics = {name: shelf.rule(query.root, wanted=True) for name, query in queries.items()}
        uses = Counter(atom for rule in self._topics.values() for atom in set(rule.atoms()))
        self._anchored: dict[Atom, list[str]] = {}
        for name, rule in self._topics.items():
            cost, anchors = rule.anchors(uses)
            if cost == inf:
                raise ValueError(f"topic {name} holds of texts in which nothing was found")
            for atom in set(anchors):
                self._anchored.setdefault(atom, []).append(name)
        self._shelf = shelf
        self._fields = tuple(name for name in FRAMES if name in shelf.fields)
        self._automaton = AhoCorasick(shelf.patterns)
        self._anchor_patterns: dict[int, list[Pattern]] = {}
        self._number_anchors: list[Comparison] = []
        for atom in self._anchored:
            if isinstance(atom, Comparison):
                self._number_anchors.append(atom)
            elif isinstance(atom, Pattern):
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

    def _look(self, document: Document) -> Sight:
        sight = Sight(document, self._fields)
        found = sight.found
        for number, start, _ in self._automaton.find_matches_as_indexes(sight.text, overlapping=True):
            if number in found:
                found[number].append(start)
            else:
                found[number] = [start]
        return sight

    def _seen_anchors(self, sight: Sight) -> Iterator[Atom]:
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


# ---------------------------------------------------------------- topics


class _Rule(ABC):
    """A query whose NOTs stand directly at its atoms."""

    __slots__ = ()

    @abstractmethod
    def holds(self, sight: Sight) -> bool: ...

    @abstractmethod
    def hits(self, sight: Sight) -> Iterator[Span]:
        """Where the words stand that make it hold; it does hold."""

    @abstractmethod
    def anchors(self, uses: Mapping[Atom, int]) -> Anchors: ...

    @abstractmethod
    def atoms(self) -> Iterator[Atom]: ...


class _Leaf(_Rule):
    __slots__ = ("atom", "wanted")

    def __init__(self, atom: Atom, *, wanted: bool) -> None:
        self.atom, self.wanted = atom, wanted

    def holds(self, sight: Sight) -> bool:
        return self.atom.seen(sight) is self.wanted

    def hits(self, sight: Sight) -> Iterator[Span]:
        yield from self.atom.hits(sight)  # none, if it holds because the atom is absent

    def anchors(self, uses: Mapping[Atom, int]) -> Anchors:
        return self.atom.anchors(uses) if self.wanted else (inf, ())

    def atoms(self) -> Iterator[Atom]:
        yield from self.atom.atoms()


class _All(_Rule):
    __slots__ = ("parts",)

    def __init__(self, parts: Sequence[_Rule]) -> None:
        self.parts = parts

    def holds(self, sight: Sight) -> bool:
        return all(part.holds(sight) for part in self.parts)

    def hits(self, sight: Sight) -> Iterator[Span]:
        for part in self.parts:
            if part.holds(sight):
                yield from part.hits(sight)

    def anchors(self, uses: Mapping[Atom, int]) -> Anchors:
        return min((part.anchors(uses) for part in self.parts), key=by_cost)

    def atoms(self) -> Iterator[Atom]:
        for part in self.parts:
            yield from part.atoms()


class _Any(_All):
    __slots__ = ()

    def holds(self, sight: Sight) -> bool:
        return any(part.holds(sight) for part in self.parts)

    def anchors(self, uses: Mapping[Atom, int]) -> Anchors:
        choices = [part.anchors(uses) for part in self.parts]
        return sum(map(by_cost, choices)), tuple(atom for _, atoms in choices for atom in atoms)


class _Shelf:
    """Patterns and atoms while topics are compiled; what is equal is kept once."""

    def __init__(self) -> None:
        self.patterns: list[str] = []
        self.fields: set[str] = set()
        self._numbers: dict[str, int] = {}
        self._atoms: dict[Node, Atom] = {}
        self._words: dict[Word, WordPattern] = {}

    def rule(self, node: Node, *, wanted: bool) -> _Rule:
        match node:
            case Not(part):
                return self.rule(part, wanted=not wanted)
            case And(parts):
                return (_All if wanted else _Any)([self.rule(part, wanted=wanted) for part in parts])
            case Or(parts):
                return (_Any if wanted else _All)([self.rule(part, wanted=wanted) for part in parts])
        return _Leaf(self.atom(node), wanted=wanted)

    def atom(self, node: Word | Field | Number | Near) -> Atom:
        atom = self._atoms.get(node)
        if atom is None:
            atom = self._atoms[node] = self._made(node)
        return atom

    def _made(self, node: Word | Field | Number | Near) -> Atom:
        match node:
            case Word():
                return self.word(node)
            case Field():
                self.fields.add(node.name)
                text = field_pattern(node)
                return FieldPattern(self.number(text), len(text), node.name)
            case Number():
                return Comparison(node)
            case Near(left, right, distance):
                return Nearness(tuple(map(self.word, left)), tuple(map(self.word, right)), distance)

    def word(self, word: Word) -> WordPattern:
        pattern = self._words.get(word)
        if pattern is None:
            pattern = self._words[word] = WordPattern(self.number(word.text), word)
        return pattern

    def number(self, text: str) -> int:
        number = self._numbers.setdefault(text, len(self.patterns))
        if number == len(self.patterns):
            self.patterns.append(text)
        return number
