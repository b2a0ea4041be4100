"""Linear tables over words, word pairs and letter runs, in plain Python.

A table file is gzip'd text: a line of JSON (what it was trained on, its licence, biases, scale), then one line per pair
of weights: `first second<TAB>feature<TAB>feature...`. The two whole-number weights of a feature are packed into one
integer (`first * PACK + second`), and the tables of a language into a wider one: one dictionary look-up and one
addition serve them all. Look-ups are what judging costs.
"""

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import repeat
from typing import NotRequired, TypedDict

from monitor.judging.features import LATIN_RUNS, RUNS, pairs, runs

PACK = 1 << 24
"""Sums of the second weight stay below half of this: 260 units, 300 runs each, weights up to 100."""
BOTH = 48
"""Bits of one packed pair; the pairs of several tables lie side by side, so one look-up serves all of them."""

_REMEMBERED = 8_000


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


@dataclass(frozen=True, slots=True)
class Sum:
    """The two log-odds of a text with their bias, and each word's two shares, in units of `unit` log-odds."""

    first: float
    second: float
    words: Sequence[str]
    firsts: Sequence[int]
    seconds: Sequence[int]
    unit: float = 1.0


@dataclass(frozen=True, slots=True)
class Reading:
    """A text looked up once: a column of weights for each table's two questions, and the number of runs of each word.

    `two` are the word pairs that have weights: the place of their first word, and a weight for each column.
    """

    words: Sequence[str]
    columns: Sequence[Sequence[int]]
    sizes: Sequence[int]
    two: Sequence[tuple[int, tuple[int, ...]]]


class Lexis:
    """All tables of one language."""

    def __init__(self, tables: Mapping[str, Table], language: str):
        self._places = {name: k for k, name in enumerate(tables)}
        self._about = {name: table.about for name, table in tables.items()}
        self._shortest, self._longest = RUNS.get(language, LATIN_RUNS)
        self._weights: dict[str, int] = {}
        # Equal sums are one object: most features stand in one table only.
        same: dict[int, int] = {}
        for k, table in enumerate(tables.values()):
            for feature, both in table.weights.items():
                total = self._weights.get(feature, 0) + (both << (BOTH * k))
                self._weights[feature] = same.setdefault(total, total)
        # What a word adds is the same in every text; frequent words are remembered.
        self._remembered: dict[str, tuple[tuple[int, ...], int]] = {}

    def __contains__(self, name: str) -> bool:
        return name in self._about

    def extras(self, name: str) -> Mapping[str, list[float]]:
        return self._about[name]["extras"]

    def bias(self, name: str) -> tuple[float, float]:
        first, second = self._about[name]["bias"]
        return first, second

    def read(self, words: Sequence[str]) -> Reading:
        known = [self._word(w) for w in words]
        found = enumerate(map(self._weights.get, pairs(words), repeat(0)))
        two = [(i, self._split(packed)) for i, packed in found if packed]
        columns = list(zip(*(weights for weights, _ in known), strict=True))
        return Reading(words, columns, [size for _, size in known], two)

    def _word(self, word: str) -> tuple[tuple[int, ...], int]:
        known = self._remembered.get(word)
        if known is None:
            found = runs(word, self._shortest, self._longest)
            known = (self._split(sum(map(self._weights.get, found, repeat(0)))), len(found))
            if len(word) <= 24:
                if len(self._remembered) >= _REMEMBERED:
                    self._remembered = {}
                self._remembered[word] = known
        return known

    def _split(self, total: int) -> tuple[int, ...]:
        """Undo the packing, lowest table first; a negative lane borrows from the one above it."""
        out: list[int] = []
        half, mask = 1 << (BOTH - 1), (1 << BOTH) - 1
        for _ in self._places:
            lane = total & mask
            if lane >= half:
                lane -= mask + 1
            total = (total - lane) >> BOTH
            out += unpack(lane)
        return tuple(out)

    def sum(self, name: str, reading: Reading, begin: int = 0, end: int | None = None) -> Sum:
        """Log-odds of the words from `begin` to `end`: words and pairs each divided by the root of their number."""
        scale = self._about[name]["scale"]
        bias_first, bias_second = self.bias(name)
        end = len(reading.words) if end is None else end
        if begin >= end:
            return Sum(bias_first, bias_second, (), (), ())
        k = 2 * self._places[name]
        firsts, seconds = reading.columns[k][begin:end], reading.columns[k + 1][begin:end]
        unit = scale / math.sqrt(sum(reading.sizes[begin:end]))
        x, y = bias_first + sum(firsts) * unit, bias_second + sum(seconds) * unit
        if end - begin > 1 and reading.two:
            pair_unit = scale / math.sqrt(end - begin - 1)
            last = end - 1
            x += pair_unit * sum([weights[k] for i, weights in reading.two if begin <= i < last])
            y += pair_unit * sum([weights[k + 1] for i, weights in reading.two if begin <= i < last])
        return Sum(x, y, reading.words[begin:end], firsts, seconds, unit)


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
