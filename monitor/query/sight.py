"""One document, folded into one string that everything is looked for in."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import regex

from monitor.query.fields import TEXT_FIELDS, author, unpuny
from monitor.query.folding import fold


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

# Fields stand before the text, each value between two noncharacters that folding removes from everything else: so a
# pattern that holds one can only be found where it belongs, and no text can fake it.
FRAMES = {name: (chr(0xFDD0 + i), chr(0xFDE0 + i)) for i, name in enumerate(TEXT_FIELDS) if name != "title"}
_BREAK = "\n"  # never in folded text: no word reaches from the title into the text

# What NEAR counts: a run of letters and digits, with apostrophes inside, or one character where scripts have no spaces.
_ONE_BY_ONE = r"\p{Han}\p{Hiragana}\p{Katakana}ー\p{Thai}\p{Lao}\p{Khmer}\p{Myanmar}"
_RUN = rf"[[\w\p{{M}}]--[{_ONE_BY_ONE}]]++"
_COUNTED = regex.compile(rf"[{_ONE_BY_ONE}]|{_RUN}(?:['’]{_RUN})*+", regex.VERSION1)
_APART = 1_000  # words between title and text: more than any NEAR


class Places:
    """Where any of some words stand, ready to be asked for the nearest."""

    __slots__ = ("ends", "spans", "starts")

    def __init__(self, spans: Sequence[Span]) -> None:
        self.spans = spans
        self.starts = [start for start, _ in spans]
        self.ends = sorted(end for _, end in spans)


class Sight:
    """One document, folded, with what the automaton found in it (pattern number to positions) and what was checked."""

    def __init__(self, document: Document, fields: Sequence[str]) -> None:
        self.document = document
        self.found: dict[int, list[int]] = {}
        self.checked: dict[object, bool] = {}
        self.listed: dict[object, list[Span]] = {}
        self.places: dict[object, Places] = {}
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
    start, end = FRAMES[name]
    return f"{start}.{value}{end}" if name == "site" else f"{start}{value}{end}"


def _author(document: Document) -> Iterator[str]:
    for value in (document.author_handle, document.author_name):
        if name := author(value or ""):
            yield name


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
