"""Linear tables over words, word pairs and letter runs, in plain Python.

A table file is gzip'd text: a line of JSON (what it was trained on, its licence, biases, scale), then one line per pair
of weights: `first second<TAB>feature<TAB>feature...`. The two whole-number weights of a feature are packed into one
integer (`first * PACK + second`), so one dictionary look-up and one addition serve both.
"""

import gzip
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from itertools import repeat
from typing import TypedDict

from monitor.judging.features import LATIN_RUNS, RUNS, pairs, runs

PACK = 1 << 24
"""Sums of the second weight stay below half of this: 260 units, 300 runs each, weights up to 100."""

_REMEMBERED = 8_000


def pack(first: int, second: int) -> int:
    return first * PACK + second


def unpack(total: int) -> tuple[int, int]:
    second = (total + PACK // 2) % PACK - PACK // 2
    return (total - second) // PACK, second


@dataclass(frozen=True, slots=True)
class Sum:
    """The two log-odds of a text (before any other term) and each word's share of them."""

    first: float
    second: float
    words: tuple[tuple[str, float, float], ...]


class About(TypedDict):
    """The first line of a table's file, as far as judging reads it; the rest tells people where it comes from."""

    bias: list[float]
    scale: float
    extras: dict[str, list[float]]


class Table:
    """The weights of one language and question."""

    def __init__(self, about: About, weights: dict[str, int], language: str):
        self.about = about
        self._weights = weights
        self._shortest, self._longest = RUNS.get(language, LATIN_RUNS)
        self.bias: tuple[float, float] = (about["bias"][0], about["bias"][1])
        self._scale = about["scale"]
        self.extras: dict[str, tuple[float, float]] = {k: (v[0], v[1]) for k, v in about["extras"].items()}
        # What a word adds is the same in every text; frequent words are remembered.
        self._remembered: dict[str, tuple[int, int]] = {}

    def word(self, word: str) -> tuple[int, int]:
        """The packed weights of a word and its letter runs, and how many there are."""
        known = self._remembered.get(word)
        if known is None:
            found = runs(word, self._shortest, self._longest)
            known = (sum(map(self._weights.get, found, repeat(0))), len(found))
            if len(word) <= 24:
                if len(self._remembered) >= _REMEMBERED:
                    self._remembered = {}
                self._remembered[word] = known
        return known

    def sum(self, words: Sequence[str]) -> Sum:
        """Log-odds without the bias: words and pairs each divided by the root of their number."""
        if not words:
            return Sum(0.0, 0.0, ())
        parts = [self.word(w) for w in words]
        size = math.sqrt(sum(n for _, n in parts))
        get = self._weights.get
        two = [get(p, 0) for p in pairs(list(words))]
        pair_size = math.sqrt(len(two)) or 1.0
        first = second = 0.0
        shares = []
        unit, pair_unit = self._scale / size, self._scale / pair_size
        for i, (word, (packed, _)) in enumerate(zip(words, parts, strict=True)):
            a, b = unpack(packed)
            x, y = a * unit, b * unit
            if i and (pair := two[i - 1]):
                a, b = unpack(pair)
                x += a * pair_unit
                y += b * pair_unit
            first += x
            second += y
            shares.append((word, x, y))
        return Sum(first, second, tuple(shares))


def read(data: bytes, language: str) -> Table:
    """A table from its file's bytes."""
    head, _, body = gzip.decompress(data).decode("utf-8").partition("\n")
    weights: dict[str, int] = {}
    for line in body.splitlines():
        both, _, features = line.partition("\t")
        first, second = both.split(" ")
        weights.update(dict.fromkeys(features.split("\t"), pack(int(first), int(second))))
    return Table(json.loads(head), weights, language)


def write(about: Mapping[str, object], weights: Mapping[str, tuple[int, int]]) -> bytes:
    """The file's bytes; the same weights always give the same bytes."""
    groups: dict[tuple[int, int], list[str]] = {}
    for feature, both in weights.items():
        groups.setdefault(both, []).append(feature)
    lines = [json.dumps(about, ensure_ascii=False, sort_keys=True)]
    lines += [f"{a} {b}\t" + "\t".join(sorted(groups[a, b])) for a, b in sorted(groups)]
    return gzip.compress("\n".join(lines).encode("utf-8"), 9, mtime=0)


@cache
def table(name: str, language: str) -> Table | None:
    """A shipped table, loaded at first use; None when there is none."""
    file = resources.files(__package__) / "tables" / f"{name}.{language}.txt.gz"
    return read(file.read_bytes(), language) if file.is_file() else None
