"""From what a person wrote to a `Query`, or to a `QueryError` that says what to change.

    expression := all (OR all)*
    all        := one (AND? one)*               words beside each other must all occur
    one        := (NOT | -)* near
    near       := primary (NEAR/n primary)?     both sides words, phrases or (a OR b)
    primary    := (expression) | field:(expression) | field:term | rating<3 | term
    term       := = or *, then word or "phrase", then *

The words for people stand in docs/query.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NoReturn

import regex

from monitor.query import fields
from monitor.query.folding import fold
from monitor.query.mistakes import DASHES, EXAMPLES, QueryError, complaint, fail, short
from monitor.query.tree import MAX_DEPTH, And, Field, Near, Node, Not, Number, Or, Query, Word, holds_without_anything

MAX_LENGTH = 5_000  # characters
MAX_TERMS = 2_000
MAX_DISTANCE = 100  # words

# One character for one, so that positions stay: full-width signs of an East Asian keyboard, and the quotation marks
# that phones and word processors put in.
_SIGNS = str.maketrans(
    {**{chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)}, **dict.fromkeys("“”„‟", '"'), "\u3000": " "}
)

_UNSEEN = r"\u00ad\u200b-\u200f\u2060\ufeff"
_GAP = regex.compile(rf"[\s{_UNSEEN}]*+")
_BARE = regex.compile(r'[^\s()"]*+')
_JOINER = regex.compile(rf'(AND|OR|NOT)(?=[\s()"{_UNSEEN}]|$)|(NEAR)(?=[\s()"/\d{_UNSEEN}]|$)([^\s()"]*+)')
_DISTANCE = regex.compile(rf"/(\d{{1,4}})[{_UNSEEN}]*+")
_FIELD = regex.compile(r"([\p{L}\p{M}]++)(\s*+)(:|<=|>=|=<|=>|==|<|>|=|≤|≥)")


def parse(text: str) -> Query:
    """Understands a query, or raises QueryError."""
    if len(text) > MAX_LENGTH:
        raise QueryError(
            f"This query has {len(text):,} characters; the most is {MAX_LENGTH:,}. Split it into several topics.",
            MAX_LENGTH,
        )
    return Query(_Parser(text).whole(), text)


@dataclass(frozen=True, slots=True)
class _Joiner:
    """AND, OR, NOT, NEAR/n or ( and where it stands, for the message when nothing follows."""

    name: str
    position: int


@dataclass(frozen=True, slots=True)
class _Term:
    """A word or phrase as typed, before anybody asked whether it is a word to find or the value of a field."""

    raw: str
    position: int
    quoted: bool
    exact: bool
    open_start: bool
    open_end: bool


class _Parser:
    """Reads from left to right; `at` is where. Nothing is read twice except one word ahead, so time is linear."""

    def __init__(self, text: str) -> None:
        self.text = text.translate(_SIGNS)
        self.at = 0
        self.depth = 0
        self.terms = 0
        self.field: str | None = None  # inside field:( ... )

    def whole(self) -> Node:
        self.gap()
        if self.ended:
            fail("The query is empty. Write at least one word to look for.", 0)
        root = self.either(None)
        if not self.ended:
            fail("This closing parenthesis has no opening one. Remove it, or add ( before.", self.at)
        if holds_without_anything(root):
            self.refuse_all(root)
        return root

    def refuse_all(self, root: Node) -> NoReturn:
        if isinstance(root, Or):
            fail(
                "One part of this OR only says what must not occur, so the query would match nearly everything. "
                "Write it as: wanted words NOT unwanted words.",
                0,
            )
        fail(
            "This query only says what must not occur, so it would match nearly everything. "
            "Add a word that must occur, for example: lumi NOT lamp.",
            0,
        )

    # -- the grammar

    def either(self, after: _Joiner | None) -> Node:
        parts = [self.every(after)]
        while joiner := self.take("OR"):
            parts.append(self.every(joiner))
        return _joined(Or, parts)

    def every(self, after: _Joiner | None) -> Node:
        parts = [self.one(after)]
        while not self.ended and self.text[self.at] != ")":
            joiner = self.take("AND")
            if joiner is None and self.peek() in ("OR", "NEAR"):
                break
            parts.append(self.one(joiner))
        return _joined(And, parts)

    def one(self, after: _Joiner | None) -> Node:
        wanted = True
        while joiner := self.take("NOT") or self.minus():
            wanted, after = not wanted, joiner
        node = self.near(after)
        if wanted:
            return node
        return node.part if isinstance(node, Not) else Not(node)

    def near(self, after: _Joiner | None) -> Node:
        start = self.at
        left = self.primary(after)
        found = self.joiner()
        if not found or not found[2]:
            return left
        distance, joiner = self.distance(found[3]), _Joiner(found[0], self.at)
        self.move(found.end())
        middle = self.at
        right = self.primary(joiner)
        if self.peek() == "NEAR":
            fail("NEAR joins two words. For three, write (a NEAR/5 b) AND (b NEAR/5 c) with your own words.", self.at)
        return Near(self.side(left, start), self.side(right, middle), distance)

    def distance(self, written: str) -> int:
        found = _DISTANCE.fullmatch(written)
        if not found or not 1 <= int(found[1]) <= MAX_DISTANCE:
            fail(
                f"NEAR needs a distance in words from 1 to {MAX_DISTANCE}, written without spaces: lumi NEAR/5 cream.",
                self.at,
            )
        return int(found[1])

    def side(self, node: Node, position: int) -> tuple[Word, ...]:
        words = node.parts if isinstance(node, Or) else (node,)
        if not all(isinstance(word, Word) for word in words):
            fail(
                'NEAR needs a word, a "phrase" or words joined by OR in parentheses on each side: '
                "(lumi OR 루미) NEAR/5 cream.",
                position,
            )
        return tuple(word for word in words if isinstance(word, Word))

    def primary(self, after: _Joiner | None) -> Node:
        self.expect_something(after)
        if self.text[self.at] == "(":
            return self.group()
        return self.with_field() or self.leaf()

    def group(self) -> Node:
        opened = self.at
        self.depth += 1
        if self.depth > MAX_DEPTH:
            fail(f"Parentheses are nested more than {MAX_DEPTH} deep. Simplify, or split the topic.", opened)
        self.move(opened + 1)
        node = self.either(_Joiner("(", opened))
        if self.ended:
            fail("This parenthesis is never closed. Add ) where the group ends.", opened)
        self.depth -= 1
        self.move(self.at + 1)
        return node

    def with_field(self) -> Node | None:
        """`author:kim`, `title:(a OR b)`, `rating<3`; None when a plain term stands here."""
        found = _FIELD.match(self.text, self.at)
        if not found:
            return None
        name, gap, sign = found[1].casefold(), found[2], found[3]
        if name not in fields.FIELDS:
            self.check_stranger(found[1], gap, sign, found.end())
            return None
        if sign != ":" and name in fields.TEXT_FIELDS:
            if gap:
                return None
            fail(
                f"Only rating and followers can be compared. Write {name}: instead of {name}{sign}.",
                self.at,
            )
        if self.field:
            fail(
                f"This stands inside {self.field}:( ... ), where only its values may stand. Close that first.",
                self.at,
            )
        start = self.at
        self.move(found.end() if sign == ":" else found.start(3))
        if self.ended or self.text[self.at] == ")" or self.peek():
            fail(f"{name}: has no value. Write it like this: {EXAMPLES[name]}.", start)
        self.field = name
        node = self.group() if self.text[self.at] == "(" else self.leaf()
        self.field = None
        return node

    def check_stranger(self, name: str, gap: str, sign: str, end: int) -> None:
        rest = self.text[end:].lstrip()[:2]
        if gap or (sign != ":" and ("=" in sign or not rest[:1].isdigit())):
            return  # words with a sign in them, not an attempt at a field
        if sign == ":" and rest == "//":
            fail("Put a whole address in quotation marks, or write site:example.com for everything on it.", self.at)
        meant = fields.meant_field(name)
        hint = (
            f"Did you mean {meant}{':' if meant in fields.TEXT_FIELDS else sign}?"
            if meant
            else f"There are: {', '.join(fields.FIELDS)}."
        )
        fail(
            f'There is no field called {short(name)}. {hint} If you mean the text, put it in "quotation marks".',
            self.at,
        )

    def leaf(self) -> Node:
        self.terms += 1
        if self.terms > MAX_TERMS:
            fail(f"This query has more than {MAX_TERMS:,} words. Split it into several topics.", self.at)
        if self.field in fields.NUMBER_FIELDS:
            return self.number(self.field)
        if self.field in (None, "title"):
            return self.word(self.term())
        return self.value(self.field, self.term())

    # -- leaves

    def number(self, name: str) -> Number:
        number, end = fields.number(name, self.text, self.at)
        self.move(end)
        return number

    def word(self, term: _Term) -> Word:
        text = fold(term.raw)
        if not term.quoted:
            self.check_bare(text, term)
        if not text:
            fail("There is nothing between these quotation marks. Write a word, or remove them.", term.position)
        return Word(text, term.exact, term.open_start, term.open_end, self.field == "title")

    def check_bare(self, text: str, term: _Term) -> None:
        found = complaint(text, starred=term.exact or term.open_start or term.open_end)
        if found:
            fail(found.replace("{}", short(term.raw)), term.position)

    def value(self, name: str, term: _Term) -> Field:
        if term.exact:
            fail(f"A value of {name}: is always exact. Leave out the = sign.", term.position)
        return fields.value(
            name,
            term.raw,
            term.position,
            quoted=term.quoted,
            open_start=term.open_start,
            open_end=term.open_end,
        )

    def term(self) -> _Term:
        start = self.at
        exact = self.text[self.at] == "="
        open_start = self.text[self.at] == "*"
        self.at += exact or open_start
        quoted = self.text[self.at : self.at + 1] == '"'
        raw = self.phrase() if quoted else self.bare(start)
        open_end = raw.endswith("*") and not quoted
        if open_end:
            raw = raw[:-1]
        elif quoted and self.text[self.at : self.at + 1] == "*":
            open_end = True
            self.at += 1
        if exact and open_end:
            fail("= means exactly this word and * means anything may follow. Keep one of the two.", start)
        if not quoted and "*" in raw:
            fail("A * can stand only at the start or at the end of a word: skin*, *루미*.", start)
        self.move(self.at)
        return _Term(raw, start, quoted, exact, open_start, open_end)

    def phrase(self) -> str:
        opened = self.at
        closed = self.text.find('"', opened + 1)
        if closed < 0:
            fail('This quotation mark is never closed. Add " where the phrase ends.', opened)
        self.at = closed + 1
        return self.text[opened + 1 : closed]

    def bare(self, start: int) -> str:
        found = _BARE.match(self.text, self.at)
        raw = found[0] if found else ""
        self.at += len(raw)
        if not raw.strip("*"):
            sign = self.text[start : self.at]
            fail(f"{sign} must stand directly at a word, without a space: =루미 or skin*.", start)
        return raw

    # -- moving on

    @property
    def ended(self) -> bool:
        return self.at >= len(self.text)

    def move(self, position: int) -> None:
        self.at = position
        self.gap()

    def gap(self) -> None:
        if found := _GAP.match(self.text, self.at):
            self.at = found.end()

    def joiner(self) -> regex.Match[str] | None:
        if self.ended or self.text[self.at] not in "AON":
            return None
        return _JOINER.match(self.text, self.at)

    def peek(self) -> str | None:
        found = self.joiner()
        return (found[1] or found[2]) if found else None

    def take(self, name: str) -> _Joiner | None:
        found = self.joiner()
        if not found or found[1] != name:
            return None
        joiner = _Joiner(name, self.at)
        self.move(found.end())
        return joiner

    def minus(self) -> _Joiner | None:
        if self.ended or self.text[self.at] not in DASHES:
            return None
        follower = self.text[self.at + 1 : self.at + 2]
        if not follower or follower.isspace() or follower in DASHES or follower == ")":
            fail('A minus must stand directly before one word: -lamp. For a dash itself, write "-".', self.at)
        joiner = _Joiner("-", self.at)
        self.move(self.at + 1)
        return joiner

    def expect_something(self, after: _Joiner | None) -> None:
        here = self.peek()
        if here and here != "NOT" and after is None:
            fail(f"{here} needs something before it. Write for example: lumi {EXAMPLES[here]} cream.", self.at)
        if not self.ended and self.text[self.at] != ")" and not here:
            return
        if after is None:
            fail("This closing parenthesis has no opening one. Remove it, or add ( before.", self.at)
        if after.name != "(":
            fail(f"{after.name} needs something after it. Add a word, or remove {after.name}.", after.position)
        if self.ended:
            fail("This parenthesis is never closed. Add ) where the group ends.", after.position)
        if here:
            fail(f"{here} needs something before it. Write for example: lumi {EXAMPLES[here]} cream.", self.at)
        fail("These parentheses are empty. Write something between them, or remove them.", after.position)


def _joined(kind: type[And] | type[Or], parts: list[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else (part,))
    return kind(tuple(flat))
