"""Linear tables over words, word pairs and letter runs, in plain Python.

A table file is gzip'd text: a line of JSON (what it was trained on, its licence, biases, scale), then one line per pair
of weights: `first second<TAB>feature<TAB>feature...`. The two whole-number weights of a feature are packed into one
integer (`first * PACK + second`), and the tables of a language into a wider one: one dictionary look-up and one
addition serve them all. Look-ups are what judging costs.
"""

import gzip
import json
import math
import struct
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import NamedTuple, NotRequired, TypedDict

from monitor.judging.features import LATIN_RUNS, RUNS, pairs, runs

LANE = 32
PACK = 1 << LANE
"""Sums of the second weight stay below half of this: 260 units, 300 runs each, weights up to 100."""
BOTH = 2 * LANE
"""Bits of one packed pair; the pairs of several tables lie side by side, so one look-up serves all of them."""
_HALF = PACK // 2

_REMEMBERED = 15_000
_SHOWN = 4
"""Lanes kept for each word: those of the first two tables, whose words are named as reasons."""


def pack(first: int, second: int) -> int:
    return first * PACK + second


def unpack(total: int) -> tuple[int, int]:
    second = (total + PACK // 2) % PACK - PACK // 2
    return (total - second) // PACK, second


class About(TypedDict):
    """The first line of a table's file, as far as judging reads it; the rest tells people where it comes from."""

    bias: list[float]
    scale: float
    licence: NotRequired[str]
    extras: dict[str, list[float]]


@dataclass(frozen=True, slots=True)
class Table:
    """The weights of one language and question."""

    about: About
    weights: Mapping[str, int]


class Sum(NamedTuple):
    """The two log-odds of a text with their bias, and each word's two shares, in units of `unit` log-odds."""

    first: float
    second: float
    words: Sequence[str]
    firsts: Sequence[int]
    seconds: Sequence[int]
    unit: float = 1.0


class Reading(NamedTuple):
    """A text looked up once: what each word and each known pair weighs, all tables packed side by side.

    `lanes` are the words' weights in the first two tables, unpacked; `two` are the pairs, with the place of their
    first word; `whole` and `whole_two` are the sums over the text, to be multiplied by `share` and `share_two`: words
    and pairs are each divided by the root of their number.
    """

    words: Sequence[str]
    packed: Sequence[int]
    sizes: Sequence[int]
    lanes: Sequence[tuple[int, ...]]
    two: Sequence[tuple[int, int]]
    whole: tuple[int, ...]
    whole_two: tuple[int, ...]
    share: float
    share_two: float


class Lexis:
    """All tables of one language."""

    def __init__(self, tables: Mapping[str, Table], language: str):
        self._about = {name: table.about for name, table in tables.items()}
        # The second weight lies below the first, so a table's columns are 2k + 1 and 2k.
        self._places = {name: 2 * k for k, name in enumerate(tables)}
        self._struct = struct.Struct(f"<{2 * len(tables)}I")
        # Added before splitting, so that no lane is negative and none borrows from the next.
        self._offset = sum(_HALF << (LANE * k) for k in range(2 * len(tables)))
        self._zero = (0,) * (2 * len(tables))
        self._shortest, self._longest = RUNS.get(language, LATIN_RUNS)
        self._weights: dict[str, int] = {}
        # Equal sums are one object: most features stand in one table only.
        same: dict[int, int] = {}
        for k, table in enumerate(tables.values()):
            for feature, both in table.weights.items():
                total = self._weights.get(feature, 0) + (both << (BOTH * k))
                self._weights[feature] = same.setdefault(total, total)
        # What a word adds is the same in every text; frequent words are remembered.
        self._remembered: dict[str, tuple[int, int, tuple[int, ...]]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._about

    def extras(self, name: str) -> Mapping[str, list[float]]:
        return self._about[name]["extras"]

    def bias(self, name: str) -> tuple[float, float]:
        first, second = self._about[name]["bias"]
        return first, second

    def read(self, words: Sequence[str]) -> Reading:
        if not words:
            return Reading((), (), (), (), (), self._zero, self._zero, 0.0, 0.0)
        packed, sizes, lanes = zip(*map(self._word, words), strict=True)
        found = enumerate(map(self._weights.get, pairs(words)))
        two = [(i, weight) for i, weight in found if weight]
        whole_two = self._split(sum([weight for _, weight in two])) if two else self._zero
        share, share_two = 1 / math.sqrt(sum(sizes)), 1 / math.sqrt(max(1, len(words) - 1))
        return Reading(words, packed, sizes, lanes, two, self._split(sum(packed)), whole_two, share, share_two)

    def _word(self, word: str) -> tuple[int, int, tuple[int, ...]]:
        known = self._remembered.get(word)
        if known is None:
            found = runs(word, self._shortest, self._longest)
            packed = sum(filter(None, map(self._weights.get, found)))
            known = packed, len(found), self._split(packed)[:_SHOWN] if packed else self._zero[:_SHOWN]
            if len(word) <= 24:
                if len(self._remembered) >= _REMEMBERED:
                    self._remembered = {}
                self._remembered[word] = known
        return known

    def _split(self, total: int) -> tuple[int, ...]:
        lanes = self._struct.unpack((total + self._offset).to_bytes(self._struct.size, "little"))
        return tuple([lane - _HALF for lane in lanes])

    def odds(self, name: str, reading: Reading) -> tuple[float, float]:
        """The two log-odds of the whole text."""
        about, place = self._about[name], self._places[name]
        first, second = about["bias"]
        unit, unit_two = about["scale"] * reading.share, about["scale"] * reading.share_two
        first += unit * reading.whole[place + 1] + unit_two * reading.whole_two[place + 1]
        second += unit * reading.whole[place] + unit_two * reading.whole_two[place]
        return first, second

    def odds_between(self, name: str, reading: Reading, begin: int, end: int) -> tuple[float, float]:
        """The two log-odds of the words from `begin` to `end`, as if they were the whole text."""
        scale, place = self._about[name]["scale"], self._places[name]
        first, second = self._about[name]["bias"]
        words, unit = sum(reading.packed[begin:end]), scale / math.sqrt(sum(reading.sizes[begin:end]) or 1)
        first += unit * self._lane(words, place + 1)
        second += unit * self._lane(words, place)
        if two := sum([weight for i, weight in reading.two if begin <= i < end - 1]):
            unit = scale / math.sqrt(end - begin - 1)
            first += unit * self._lane(two, place + 1)
            second += unit * self._lane(two, place)
        return first, second

    def _lane(self, total: int, place: int) -> int:
        return ((total + self._offset) >> (LANE * place)) % PACK - _HALF

    def sum(self, name: str, reading: Reading) -> Sum:
        """Both log-odds of the whole text, and what each word adds to them; for the first two tables only."""
        place = self._places[name]
        first, second = self.odds(name, reading)
        unit = self._about[name]["scale"] * reading.share
        firsts = [lanes[place + 1] for lanes in reading.lanes]
        seconds = [lanes[place] for lanes in reading.lanes]
        return Sum(first, second, reading.words, firsts, seconds, unit)


def read(data: bytes) -> Table:
    """A table from its file's bytes."""
    head, _, body = gzip.decompress(data).decode("utf-8").partition("\n")
    weights: dict[str, int] = {}
    for line in body.splitlines():
        both, _, features = line.partition("\t")
        first, second = both.split(" ")
        weights.update(dict.fromkeys(features.split("\t"), pack(int(first), int(second))))
    return Table(json.loads(head), weights)


def write(about: Mapping[str, object], weights: Mapping[str, tuple[int, int]]) -> bytes:
    """The file's bytes; the same weights always give the same bytes."""
    groups: dict[tuple[int, int], list[str]] = {}
    for feature, both in weights.items():
        groups.setdefault(both, []).append(feature)
    lines = [json.dumps(about, ensure_ascii=False, sort_keys=True)]
    lines += [f"{a} {b}\t" + "\t".join(sorted(groups[a, b])) for a, b in sorted(groups)]
    return gzip.compress("\n".join(lines).encode("utf-8"), 9, mtime=0)


TABLES = ("tone", "needs", "acts", "asks", "feels", "deals", "noise")


def table_file(name: str, language: str) -> bytes | None:
    """The bytes of a shipped table, None when there is none."""
    file = resources.files(__package__) / "tables" / f"{name}.{language}.txt.gz"
    return file.read_bytes() if file.is_file() else None


@cache
def lexis(language: str) -> Lexis:
    """The shipped tables of a language, loaded at first use; an empty one when there are none."""
    files = {name: table_file(name, language) for name in TABLES}
    return Lexis({name: read(data) for name, data in files.items() if data is not None}, language)
