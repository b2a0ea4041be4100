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

import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from difflib import get_close_matches
from typing import NoReturn

import regex

from monitor.query.folding import fold

MAX_LENGTH = 5_000  # characters
MAX_TERMS = 2_000
MAX_DEPTH = 50  # parentheses inside parentheses
MAX_DISTANCE = 100  # words
MAX_NUMBER = 1e12

KINDS = ("post", "comment", "reply", "review", "question", "message", "mail", "article")
TEXT_FIELDS = ("author", "lang", "site", "kind", "source", "platform", "title")
NUMBER_FIELDS = ("rating", "followers")
FIELDS = TEXT_FIELDS + NUMBER_FIELDS


class QueryError(ValueError):
    """A query that cannot be understood: what is wrong, how to mend it, and where (from 0, in characters)."""

    def __init__(self, message: str, position: int) -> None:
        super().__init__(message)
        self.message = message
        self.position = position


# ---------------------------------------------------------------- what a query says


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


# ---------------------------------------------------------------- back to text

_PLAIN = regex.compile(r"[#@]?\w(?:[\w\p{M}.&'-]*[\w\p{M}])?")
_OPERATOR = regex.compile(r"(?i:AND|OR|NOT|NEAR(?:/?\p{L}*\d*)?)")
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
    bare = _PLAIN.fullmatch(text) and not _OPERATOR.fullmatch(text)
    return text if bare else f'"{text}"'


def _depth(text: str) -> int:
    depth = deepest = 0
    for character in _QUOTED.sub("", text):
        depth += (character == "(") - (character == ")")
        deepest = max(deepest, depth)
    return deepest


# ---------------------------------------------------------------- from text

# One character for one, so that positions stay: full-width signs of an East Asian keyboard, and the quotation marks
# that phones and word processors put in.
_SIGNS = str.maketrans(
    {**{chr(c): chr(c - 0xFEE0) for c in range(0xFF01, 0xFF5F)}, **dict.fromkeys("“”„‟", '"'), "\u3000": " "}
)
_DASHES = "-\u2010\u2011\u2012\u2013\u2014\u2212"

_UNSEEN = r"\u00ad\u200b-\u200f\u2060\ufeff"
_GAP = regex.compile(rf"[\s{_UNSEEN}]*+")
_BARE = regex.compile(r'[^\s()"]*+')
_JOINER = regex.compile(rf'(AND|OR|NOT)(?=[\s()"{_UNSEEN}]|$)|(NEAR)(?=[\s()"/\d{_UNSEEN}]|$)([^\s()"]*+)')
_DISTANCE = regex.compile(rf"/(\d{{1,4}})[{_UNSEEN}]*+")
_FIELD = regex.compile(r"([\p{L}\p{M}]++)(\s*+)(:|<=|>=|=<|=>|==|<|>|=|≤|≥)")
_SIGN = regex.compile("<=|>=|=<|=>|==|<|>|=|≤|≥")
_NUMBER = regex.compile(r"(\d{1,3}(?:,\d{3})+|\d{1,15})(\.\d{1,4})?(k|m|천|만)?(?=[\s()]|$)", regex.IGNORECASE)
_TAG = regex.compile(r"(?i)[\p{L}]{2,3}(?:[-_][\p{L}\d]{2,8})*")
_LABEL = regex.compile(r"[\w\p{M}-]+")
_HOST = regex.compile(r"(?:https?://)?(?:www\.)?([^/\s:?#]+)(?::\d+)?/?")

_SAME_SIGN = {"==": "=", "=<": "<=", "=>": ">=", "≤": "<=", "≥": ">="}
_UNITS = {"": 1, "k": 1_000, "m": 1_000_000, "천": 1_000, "만": 10_000}

_MEANT_FIELD = {
    **dict.fromkeys(("user", "by", "handle", "name", "from", "작성자", "글쓴이", "저자", "계정"), "author"),
    **dict.fromkeys(("language", "언어"), "lang"),
    **dict.fromkeys(("url", "domain", "host", "website", "사이트", "도메인"), "site"),
    **dict.fromkeys(("type", "종류", "유형"), "kind"),
    **dict.fromkeys(("feed", "출처", "소스"), "source"),
    **dict.fromkeys(("channel", "network", "플랫폼", "채널"), "platform"),
    **dict.fromkeys(("subject", "headline", "제목"), "title"),
    **dict.fromkeys(("star", "stars", "score", "별점", "평점"), "rating"),
    **dict.fromkeys(("follower", "reach", "팔로워", "구독자"), "followers"),
}
_MEANT_LANGUAGE = {
    **dict.fromkeys(("kr", "korean", "kor", "한국어"), "ko"),
    **dict.fromkeys(("jp", "japanese", "jpn", "일본어", "日本語"), "ja"),
    **dict.fromkeys(("cn", "chinese", "중국어", "中文"), "zh"),
    **dict.fromkeys(("english", "eng", "영어", "us", "uk"), "en"),
    **dict.fromkeys(("thai", "태국어"), "th"),
    **dict.fromkeys(("spanish", "스페인어"), "es"),
    **dict.fromkeys(("french", "프랑스어"), "fr"),
    **dict.fromkeys(("german", "독일어"), "de"),
    **dict.fromkeys(("vietnamese", "베트남어"), "vi"),
    "unknown": "und",
}


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
            _fail("The query is empty. Write at least one word to look for.", 0)
        root = self.either(None)
        if not self.ended:
            _fail("This closing parenthesis has no opening one. Remove it, or add ( before.", self.at)
        if _holds_without_anything(root):
            self.refuse_all(root)
        return root

    def refuse_all(self, root: Node) -> NoReturn:
        if isinstance(root, Or):
            _fail(
                "One part of this OR only says what must not occur, so the query would match nearly everything. "
                "Write it as: wanted words NOT unwanted words.",
                0,
            )
        _fail(
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
        found = _JOINER.match(self.text, self.at)
        if not found or not found[2]:
            return left
        distance, joiner = self.distance(found[3]), _Joiner(found[0], self.at)
        self.move(found.end())
        middle = self.at
        right = self.primary(joiner)
        if self.peek() == "NEAR":
            _fail("NEAR joins two words. For three, write (a NEAR/5 b) AND (b NEAR/5 c) with your own words.", self.at)
        return Near(self.side(left, start), self.side(right, middle), distance)

    def distance(self, written: str) -> int:
        found = _DISTANCE.fullmatch(written)
        if not found or not 1 <= int(found[1]) <= MAX_DISTANCE:
            _fail(
                f"NEAR needs a distance in words from 1 to {MAX_DISTANCE}, written without spaces: lumi NEAR/5 cream.",
                self.at,
            )
        return int(found[1])

    def side(self, node: Node, position: int) -> tuple[Word, ...]:
        words = node.parts if isinstance(node, Or) else (node,)
        if not all(isinstance(word, Word) for word in words):
            _fail(
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
            _fail(f"Parentheses are nested more than {MAX_DEPTH} deep. Simplify, or split the topic.", opened)
        self.move(opened + 1)
        node = self.either(_Joiner("(", opened))
        if self.ended:
            _fail("This parenthesis is never closed. Add ) where the group ends.", opened)
        self.depth -= 1
        self.move(self.at + 1)
        return node

    def with_field(self) -> Node | None:
        """`author:kim`, `title:(a OR b)`, `rating<3`; None when a plain term stands here."""
        found = _FIELD.match(self.text, self.at)
        if not found:
            return None
        name, gap, sign = found[1].casefold(), found[2], found[3]
        if name not in FIELDS:
            self.check_stranger(found[1], gap, sign, found.end())
            return None
        if sign != ":" and name in TEXT_FIELDS:
            if gap:
                return None
            _fail(
                f"Only {' and '.join(NUMBER_FIELDS)} can be compared. Write {name}: instead of {name}{sign}.", self.at
            )
        if self.field:
            _fail(
                f"This stands inside {self.field}:( ... ), where only its values may stand. Close that first.",
                self.at,
            )
        start = self.at
        self.move(found.end() if sign == ":" else found.start(3))
        if self.ended or self.text[self.at] == ")" or self.peek():
            _fail(f"{name}: has no value. Write it like this: {_EXAMPLES[name]}.", start)
        self.field = name
        node = self.group() if self.text[self.at] == "(" else self.leaf()
        self.field = None
        return node

    def check_stranger(self, name: str, gap: str, sign: str, end: int) -> None:
        rest = self.text[end:].lstrip()[:2]
        if gap or (sign != ":" and ("=" in sign or not rest[:1].isdigit())):
            return  # words with a sign in them, not an attempt at a field
        if sign == ":" and rest == "//":
            _fail("Put a whole address in quotation marks, or write site:example.com for everything on it.", self.at)
        meant = _MEANT_FIELD.get(name.casefold()) or _closest(name, FIELDS)
        hint = (
            f"Did you mean {meant}{':' if meant in TEXT_FIELDS else sign}?"
            if meant
            else f"There are: {', '.join(FIELDS)}."
        )
        _fail(
            f'There is no field called {_short(name)}. {hint} If you mean the text, put it in "quotation marks".',
            self.at,
        )

    def leaf(self) -> Node:
        self.terms += 1
        if self.terms > MAX_TERMS:
            _fail(f"This query has more than {MAX_TERMS:,} words. Split it into several topics.", self.at)
        if self.field in NUMBER_FIELDS:
            return self.number(self.field)
        if self.field in (None, "title"):
            return self.word(self.term())
        return self.value(self.field, self.term())

    # -- leaves

    def number(self, name: str) -> Number:
        start = self.at
        sign = "="
        if signed := _SIGN.match(self.text, self.at):
            sign = _SAME_SIGN.get(signed[0], signed[0])
            self.move(signed.end())
        found = _NUMBER.match(self.text, self.at)
        if not found:
            _fail(f"{name} is compared with a number. Write it like this: {_EXAMPLES[name]}.", start)
        value = float(found[1].replace(",", "") + (found[2] or "")) * _UNITS[(found[3] or "").casefold()]
        self.check_range(name, sign, value, start)
        self.move(found.end())
        return Number(name, sign, value)

    def check_range(self, name: str, sign: str, value: float, position: int) -> None:
        if name == "rating" and (not 1 <= value <= 5 or (sign, value) in (("<", 1), (">", 5))):
            _fail("rating counts stars from 1 to 5, so this can never be. Write for example rating<=2.", position)
        if name == "followers" and (value > MAX_NUMBER or (sign, value) == ("<", 0)):
            _fail("Nobody has that many followers. Write for example followers>=1000.", position)

    def word(self, term: _Term) -> Word:
        text = fold(term.raw)
        if not term.quoted:
            self.check_bare(text, term)
        if not text:
            _fail("There is nothing between these quotation marks. Write a word, or remove them.", term.position)
        return Word(text, term.exact, term.open_start, term.open_end, self.field == "title")

    def check_bare(self, text: str, term: _Term) -> None:
        """What looks like a habit from elsewhere is refused: looked for as it stands, it would never be found."""
        complaint = _complaint(text, starred=term.exact or term.open_start or term.open_end)
        if complaint:
            _fail(complaint.replace("{}", _short(term.raw)), term.position)

    def value(self, name: str, term: _Term) -> Field:
        if term.exact:
            _fail(f"A value of {name}: is always exact. Leave out the = sign.", term.position)
        value = fold(term.raw)
        if name == "author":
            value = value.removeprefix("@")
        if not value:
            _fail(f"{name}: has no value. Write it like this: {_EXAMPLES[name]}.", term.position)
        if not term.quoted and value[-1] in ",;":
            _fail(f"Commas do not separate values. Write {name}:(a OR b).", term.position)
        whole = Field(name, value, term.open_start, term.open_end)
        if name == "site":
            return replace(whole, value=_host(term, value), open_start=term.open_start and value[0] != ".")
        if name == "lang":
            return replace(whole, value=_language(term, value))
        if name == "kind":
            _check_kind(term, value)
        return whole

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
            _fail("= means exactly this word and * means anything may follow. Keep one of the two.", start)
        if not quoted and "*" in raw:
            _fail("A * can stand only at the start or at the end of a word: skin*, *루미*.", start)
        self.move(self.at)
        return _Term(raw, start, quoted, exact, open_start, open_end)

    def phrase(self) -> str:
        opened = self.at
        closed = self.text.find('"', opened + 1)
        if closed < 0:
            _fail('This quotation mark is never closed. Add " where the phrase ends.', opened)
        self.at = closed + 1
        return self.text[opened + 1 : closed]

    def bare(self, start: int) -> str:
        found = _BARE.match(self.text, self.at)
        raw = found[0] if found else ""
        self.at += len(raw)
        if not raw.strip("*"):
            sign = self.text[start : self.at]
            _fail(f"{sign} must stand directly at a word, without a space: =루미 or skin*.", start)
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

    def peek(self) -> str | None:
        found = _JOINER.match(self.text, self.at)
        return (found[1] or found[2]) if found else None

    def take(self, name: str) -> _Joiner | None:
        found = _JOINER.match(self.text, self.at)
        if not found or found[1] != name:
            return None
        joiner = _Joiner(name, self.at)
        self.move(found.end())
        return joiner

    def minus(self) -> _Joiner | None:
        if self.ended or self.text[self.at] not in _DASHES:
            return None
        follower = self.text[self.at + 1 : self.at + 2]
        if not follower or follower.isspace() or follower in _DASHES or follower == ")":
            _fail('A minus must stand directly before one word: -lamp. For a dash itself, write "-".', self.at)
        joiner = _Joiner("-", self.at)
        self.move(self.at + 1)
        return joiner

    def expect_something(self, after: _Joiner | None) -> None:
        here = self.peek()
        if here and here != "NOT" and after is None:
            _fail(f"{here} needs something before it. Write for example: lumi {_EXAMPLES[here]} cream.", self.at)
        if not self.ended and self.text[self.at] != ")" and not here:
            return
        if after is None:
            _fail("This closing parenthesis has no opening one. Remove it, or add ( before.", self.at)
        if after.name != "(":
            _fail(f"{after.name} needs something after it. Add a word, or remove {after.name}.", after.position)
        if self.ended:
            _fail("This parenthesis is never closed. Add ) where the group ends.", after.position)
        if here:
            _fail(f"{here} needs something before it. Write for example: lumi {_EXAMPLES[here]} cream.", self.at)
        _fail("These parentheses are empty. Write something between them, or remove them.", after.position)


_EXAMPLES = {
    "AND": "AND",
    "OR": "OR",
    "NOT": "NOT",
    "NEAR": "NEAR/5",
    "author": 'author:@kim or author:"김 민지"',
    "lang": "lang:ko",
    "site": "site:naver.com",
    "kind": "kind:review",
    "source": "source:blogs",
    "platform": "platform:mastodon",
    "title": 'title:"lumi cream"',
    "rating": "rating<=2",
    "followers": "followers>=1000",
}


def _fail(message: str, position: int) -> NoReturn:
    raise QueryError(message, position)


def _short(text: str) -> str:
    return text if len(text) <= 30 else text[:29] + "…"


def _closest(word: str, known: Sequence[str]) -> str | None:
    found = get_close_matches(word[:30].casefold(), known, n=1)
    return found[0] if found else None


def _joined(kind: type[And] | type[Or], parts: list[Node]) -> Node:
    if len(parts) == 1:
        return parts[0]
    flat: list[Node] = []
    for part in parts:
        flat.extend(part.parts if isinstance(part, kind) else (part,))
    return kind(tuple(flat))


def _holds_without_anything(node: Node) -> bool:
    match node:
        case Not(part):
            return not _holds_without_anything(part)
        case And(parts):
            return all(map(_holds_without_anything, parts))
        case Or(parts):
            return any(map(_holds_without_anything, parts))
    return False


def _complaint(text: str, *, starred: bool) -> str | None:
    if _OPERATOR.fullmatch(text) and not starred:
        operator = "NEAR/5" if text.startswith("near") else text.upper()
        return f'Write {operator} in capitals to join words. If you mean the word itself, write "{{}}".'
    if text.startswith("near/"):
        return "Write NEAR/5 in capitals: lumi NEAR/5 cream."
    if text.endswith((",", ";", "、")):
        return "Commas do not separate words here. Write OR between words of which one is enough."
    if "|" in text:
        return 'Write OR between words of which one is enough, instead of |. If you mean the sign, write "{}".'
    if text.startswith("+") and text[1:2].isalpha():
        return "Words beside each other must all occur already. Leave out the + sign."
    if text.startswith("="):
        return "One = sign before the word is enough."
    if text.startswith(tuple(_DASHES)):
        return "A minus cannot stand here. Put it before the whole field or group, or the word in quotation marks."
    if text.startswith("!"):
        return "Write NOT before what must not occur, instead of the ! sign."
    if text.startswith("~"):
        return "Write lumi NEAR/5 cream for words close to each other, instead of the ~ sign."
    if text.startswith(("'", "‘")):
        return 'Put phrases in double quotation marks: "lumi lamp".'
    if not any(unicodedata.category(character) in ("So", "Sc") or character.isalnum() for character in text):
        return 'There is no word in {}. If you mean the sign itself, put it in "quotation marks".'
    return None


def _host(term: _Term, value: str) -> str:
    start = "*" * term.open_start
    found = _HOST.fullmatch(value)
    host = found[1].strip(".") if found else ""
    if not host:
        _fail(f"site: takes the name of a site without anything behind it: {start}naver.com.", term.position)
    return unpuny(host) + ("." if term.open_end and value.endswith(".") else "")


def unpuny(host: str) -> str:
    """The readable form of a host name: xn--3e0b707e is 한국."""
    if "xn--" not in host:
        return host
    return ".".join(_unpuny_label(label) for label in host.split("."))


def _unpuny_label(label: str) -> str:
    if not label.startswith("xn--") or len(label) > 63:
        return label
    try:
        readable = fold(label[4:].encode("ascii").decode("punycode"))
    except (UnicodeError, OverflowError):
        return label
    return readable if _LABEL.fullmatch(readable) and not readable.startswith("xn--") else label


def _language(term: _Term, value: str) -> str:
    meant = _MEANT_LANGUAGE.get(value)
    if meant:
        _fail(f"Languages are written as two letters. Did you mean lang:{meant}?", term.position)
    if not term.open_end and not term.open_start and not _TAG.fullmatch(value):
        _fail("Languages are written as two letters, for example lang:ko, lang:en or lang:ja.", term.position)
    return value.replace("_", "-")


def _check_kind(term: _Term, value: str) -> None:
    if value in KINDS or term.open_start or term.open_end:
        return
    meant = _closest(value, KINDS)
    hint = f"Did you mean kind:{meant}?" if meant else f"There are: {', '.join(KINDS)}."
    _fail(f"There is no kind called {_short(value)}. {hint}", term.position)
