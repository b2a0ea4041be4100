"""What a query says, as a tree, and its canonical spelling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

import regex

MAX_DEPTH = 50  # parentheses inside parentheses


@dataclass(frozen=True, slots=True)
class Word:
    """A word or phrase, folded. `open_start` and `open_end` are the stars; `title` looks at the title alone."""

    text: str
    exact: bool = False
    open_start: bool = False
    open_end: bool = False
    title: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """A fact about the mention equals a value, folded."""

    name: str
    value: str
    open_start: bool = False
    open_end: bool = False


@dataclass(frozen=True, slots=True)
class Number:
    """A comparison; `rating` counts in stars, 1 to 5."""

    name: str
    sign: str
    value: float


@dataclass(frozen=True, slots=True)
class Near:
    """Any of the one side at most `distance` words from any of the other; neighbours have distance 1."""

    left: tuple[Word, ...]
    right: tuple[Word, ...]
    distance: int


@dataclass(frozen=True, slots=True)
class Not:
    part: Node


@dataclass(frozen=True, slots=True)
class And:
    parts: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Or:
    parts: tuple[Node, ...]


Node = Word | Field | Number | Near | Not | And | Or


@dataclass(frozen=True, slots=True)
class Query:
    """A query that was understood. Two are equal when they say the same in the same order, however they were typed.

    `str()` gives the canonical spelling, which parses to an equal query as long as it stays within MAX_LENGTH (it may
    be longer than `source`, because it spells out every AND).
    """

    root: Node
    source: str = field(compare=False)

    def __str__(self) -> str:
        clear = _show(self.root, None, clear=True)
        return clear if _depth(clear) <= MAX_DEPTH else _show(self.root, None, clear=False)

    def values(self, name: str) -> frozenset[str]:
        """The values without stars that this query asks of a field, so that names of sources can be checked."""
        return frozenset(
            leaf.value
            for leaf in _leaves(self.root)
            if isinstance(leaf, Field) and leaf.name == name and not leaf.open_start and not leaf.open_end
        )


def _leaves(node: Node) -> Iterator[Node]:
    if isinstance(node, And | Or):
        for part in node.parts:
            yield from _leaves(part)
    elif isinstance(node, Not):
        yield from _leaves(node.part)
    else:
        yield node


def holds_without_anything(node: Node) -> bool:
    match node:
        case Not(part):
            return not holds_without_anything(part)
        case And(parts):
            return all(map(holds_without_anything, parts))
        case Or(parts):
            return any(map(holds_without_anything, parts))
    return False


# ---------------------------------------------------------------- back to text

_PLAIN = regex.compile(r"[#@]?\w(?:[\w\p{M}.&'-]*[\w\p{M}])?")
OPERATOR = regex.compile(r"(?i:AND|OR|NOT|NEAR(?:/?\p{L}*\d*)?)")
_QUOTED = regex.compile(r'"[^"]*"')


def _show(node: Node, around: type[Node] | None, *, clear: bool) -> str:
    """`clear` adds the parentheses that only a reader needs: a OR (b AND c)."""
    match node:
        case Or(parts):
            text = " OR ".join(_show(part, Or, clear=clear) for part in parts)
            return f"({text})" if around in (And, Not) else text
        case And(parts):
            text = " AND ".join(_show(part, And, clear=clear) for part in parts)
            return f"({text})" if around is Not or (clear and around is Or) else text
        case Not(part):
            return f"NOT {_show(part, Not, clear=clear)}"
        case Near(left, right, distance):
            return f"{_show_side(left)} NEAR/{distance} {_show_side(right)}"
        case Number(name, sign, value):
            return f"{name}{sign}{int(value) if value.is_integer() else value}"
        case Field(name, value, open_start, open_end):
            return f"{name}:{'*' * open_start}{_quote(value)}{'*' * open_end}"
        case Word():
            return _show_word(node)


def _show_side(words: tuple[Word, ...]) -> str:
    text = " OR ".join(map(_show_word, words))
    return text if len(words) == 1 else f"({text})"


def _show_word(word: Word) -> str:
    start = "=" * word.exact + "*" * word.open_start
    return f"{'title:' * word.title}{start}{_quote(word.text)}{'*' * word.open_end}"


def _quote(text: str) -> str:
    starts_well = text.lstrip("#@")[:1].isalnum()  # a mark or _ alone is no word, although \w takes it for one
    bare = starts_well and _PLAIN.fullmatch(text) and not OPERATOR.fullmatch(text)
    return text if bare else f'"{text}"'


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in _QUOTED.sub("", text):
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest
