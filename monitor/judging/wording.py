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
    side = 1.0 if reply > 0 else -1.0
    telling = nlargest(3, found.words, key=lambda w: w[1] * side)
    chosen = {w[0] for w in telling if w[1] * side > 0}
    evidence = quote(" ".join(dict.fromkeys(w for w in reading.words if w in chosen)))
    return Wording(reply, found.second, evidence)
