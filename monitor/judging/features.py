"""From text to the units that the linear tables weigh: words, word pairs, and letter runs inside words.

Training and judging share this file, so a weight always means the same thing in both.
"""

import re
from collections.abc import Sequence
from itertools import pairwise

_WORD = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[!?]+|\.\.+|[^\w\s]")
_DIGITS = re.compile(r"\d+")

UNITS = 260
"""At most this many units of one text are read."""

UNSPACED = frozenset({"ja", "zh", "th"})
PIECE = 40

# letter runs inside a word, shortest and longest
RUNS: dict[str, tuple[int, int]] = {"ko": (1, 4), "ja": (1, 7), "zh": (1, 5), "th": (2, 6)}
LATIN_RUNS = (2, 5)


def units(lower: str, language: str) -> list[str]:
    """Words, runs of marks, and single symbols; numbers are all the same number."""
    found = _WORD.findall(_DIGITS.sub("0", lower))
    if language in UNSPACED:
        # Without spaces a "word" is a clause or a line; in pieces its letter runs stay few.
        found = [w[i : i + PIECE] for w in found for i in range(0, len(w), PIECE)]
    return found[:UNITS]


def pairs(words: Sequence[str]) -> list[str]:
    return [f"{a} {b}" for a, b in pairwise(words)]


def runs(word: str, shortest: int, longest: int) -> list[str]:
    """The word itself between its edges, and each letter run of it. `^` and `$` are the edges."""
    edged = f"^{word[:60]}$"
    length = len(edged)
    found = [edged[i : i + n] for n in range(shortest, min(longest, length - 1) + 1) for i in range(length - n + 1)]
    found.append(edged)
    return found
