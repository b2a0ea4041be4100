"""The smallest things that queries ask for: words, values of fields, numbers, nearness."""

from __future__ import annotations

import operator
from abc import ABC, abstractmethod
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping

from monitor.query.folding import Letter, letter_of
from monitor.query.korean import LONGEST_TAIL, Sound, is_tail, sound_of
from monitor.query.sight import FRAMES, Places, Sight, Span
from monitor.query.tree import Field, Number, Word

Anchors = tuple[float, tuple["Atom", ...]]


def by_cost(anchors: Anchors) -> float:
    return anchors[0]


class Atom(ABC):
    """The smallest thing that is there or not. Equal atoms of several topics are one object."""

    __slots__ = ()

    @abstractmethod
    def look(self, sight: Sight) -> bool:
        """Whether it is there; asked once per text."""

    def hits(self, sight: Sight) -> Iterable[Span]:
        """Where it is there, in order."""
        return ()

    def seen(self, sight: Sight) -> bool:
        known = sight.checked.get(self)
        if known is None:
            known = sight.checked[self] = self.look(sight)
        return known

    def anchors(self, uses: Mapping[Atom, int]) -> Anchors:
        """What must be there for it to be there, and how many topics would be tried in vain because of that."""
        return self.cost(uses), (self,)

    def atoms(self) -> Iterable[Atom]:
        """Itself, or what it is made of."""
        return (self,)

    @abstractmethod
    def cost(self, uses: Mapping[Atom, int]) -> float:
        """How often it may be there while the topic does not hold: a guess, to compare."""


class Pattern(Atom):
    """Something the automaton finds."""

    __slots__ = ("length", "number")

    def __init__(self, number: int, length: int) -> None:
        self.number = number
        self.length = length

    @abstractmethod
    def fits(self, sight: Sight, start: int) -> bool:
        """Whether it counts where it was found."""

    def look(self, sight: Sight) -> bool:
        return any(self.fits(sight, start) for start in sight.found.get(self.number, ()))

    def hits(self, sight: Sight) -> list[Span]:
        listed = sight.listed.get(self)
        if listed is None:
            starts = sight.found.get(self.number, ())
            listed = [(start, start + self.length) for start in starts if self.fits(sight, start)]
            sight.listed[self] = listed
        return listed

    def cost(self, uses: Mapping[Atom, int]) -> float:
        return uses[self] + 1 / self.length


class WordPattern(Pattern):
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

    def fits(self, sight: Sight, start: int) -> bool:
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


class FieldPattern(Pattern):
    """A value of a field, with the frame that ties it to its place where it has no star."""

    __slots__ = ("name",)

    def __init__(self, number: int, length: int, name: str) -> None:
        super().__init__(number, length)
        self.name = name

    def fits(self, sight: Sight, start: int) -> bool:
        end = start + self.length
        return any(first <= start and end <= last for first, last in sight.values.get(self.name, ()))

    def cost(self, uses: Mapping[Atom, int]) -> float:
        return uses[self] + (0 if self.name in ("author", "site") else _COMMONPLACE)


def field_pattern(field: Field) -> str:
    start, end = FRAMES[field.name]
    if field.name == "site":
        start = "."  # every label of a host starts with one, the first too: sub-domains count
    return f"{'' if field.open_start else start}{field.value}{'' if field.open_end else end}"


class Comparison(Atom):
    __slots__ = ("compare", "rating", "value")

    def __init__(self, number: Number) -> None:
        self.rating = number.name == "rating"
        self.compare = _COMPARE[number.sign]
        self.value = number.value

    def look(self, sight: Sight) -> bool:
        document = sight.document
        if self.rating:
            return document.rating is not None and self.compare(round(1 + 4 * document.rating, 2), self.value)
        return document.followers is not None and self.compare(document.followers, self.value)

    def cost(self, uses: Mapping[Atom, int]) -> float:
        return uses[self] + 2 * _COMMONPLACE


_COMMONPLACE = 1_000_000  # languages, kinds and ratings hold of whole crowds: the last choice for an anchor
_COMPARE: Mapping[str, Callable[[float, float], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "=": operator.eq,
}


class Nearness(Atom):
    """Two groups of words, close to each other and not overlapping."""

    __slots__ = ("distance", "left", "right")

    def __init__(self, left: tuple[Pattern, ...], right: tuple[Pattern, ...], distance: int) -> None:
        self.left, self.right = left, right
        self.distance = distance

    def look(self, sight: Sight) -> bool:
        if not _any_seen(self.left, sight) or not _any_seen(self.right, sight):
            return False
        few, many = sorted((_places(self.left, sight), _places(self.right, sight)), key=lambda it: len(it.spans))
        return any(self.has_partner(span, many, sight) for span in few.spans)

    def hits(self, sight: Sight) -> Iterator[Span]:
        left, right = _places(self.left, sight), _places(self.right, sight)
        yield from (span for span in left.spans if self.has_partner(span, right, sight))
        yield from (span for span in right.spans if self.has_partner(span, left, sight))

    def has_partner(self, span: Span, others: Places, sight: Sight) -> bool:
        """Words are numbered in order, so the nearest on each side decides."""
        start, end = span
        after = bisect_left(others.starts, end)
        if after < len(others.starts) and self.close(sight, end, others.starts[after]):
            return True
        before = bisect_right(others.ends, start)
        return before > 0 and self.close(sight, others.ends[before - 1], start)

    def close(self, sight: Sight, end: int, start: int) -> bool:
        """Whether what starts here is close behind what ended there."""
        return sight.word_at(start) - sight.word_at(end - 1) <= self.distance

    def anchors(self, uses: Mapping[Atom, int]) -> Anchors:
        return min(((sum(atom.cost(uses) for atom in side), side) for side in (self.left, self.right)), key=by_cost)

    def atoms(self) -> Iterable[Atom]:
        return (*self.left, *self.right)

    def cost(self, uses: Mapping[Atom, int]) -> float:
        return self.anchors(uses)[0]


def _any_seen(patterns: tuple[Pattern, ...], sight: Sight) -> bool:
    return any(pattern.seen(sight) for pattern in patterns)


def _places(patterns: tuple[Pattern, ...], sight: Sight) -> Places:
    places = sight.places.get(patterns)
    if places is None:
        spans = sorted({span for pattern in patterns for span in pattern.hits(sight)})
        places = sight.places[patterns] = Places(spans)
    return places
