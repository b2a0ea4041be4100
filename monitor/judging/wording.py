"""What the wording as a whole is like: the table that was trained on sentences of our own (`tools/seeds`)."""

from dataclasses import dataclass
from heapq import nlargest

from monitor.judging.clean import quote
from monitor.judging.linear import Lexis, Reading


@dataclass(frozen=True, slots=True)
class Wording:
    """Log-odds of needing a reply and of being urgent; the words that speak most for the first."""

    reply: float
    urgent: float
    evidence: str


SILENT = Wording(0.0, -2.0, "")
"""For languages without a table: nothing is said about a reply, and few mentions are urgent."""


def wording(lexis: Lexis, reading: Reading) -> Wording:
    if "needs" not in lexis or not reading.words:
        return SILENT
    found = lexis.sum("needs", reading)
    reply = found.first
    side = 1 if reply > 0 else -1
    telling = nlargest(3, [(weight * side, i) for i, weight in enumerate(found.firsts)])
    places = sorted(i for weight, i in telling if weight > 0)
    evidence = quote(" ".join(dict.fromkeys(found.words[i] for i in places)))
    return Wording(reply, found.second, evidence)
