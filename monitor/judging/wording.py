"""What the wording as a whole is like: the table that was trained on sentences of our own (`tools/seeds`)."""

from collections.abc import Sequence
from dataclasses import dataclass

from monitor.judging import linear
from monitor.judging.clean import quote


@dataclass(frozen=True, slots=True)
class Wording:
    """Log-odds of needing a reply and of being urgent; the words that speak most for the first."""

    reply: float
    urgent: float
    evidence: str


SILENT = Wording(0.0, -2.0, "")
"""For languages without a table: nothing is said about a reply, and few mentions are urgent."""


def wording(said: Sequence[str], language: str) -> Wording:
    table = linear.table("needs", language)
    if table is None or not said:
        return SILENT
    found = table.sum(said)
    reply = found.first + table.bias[0]
    telling = sorted((w for w in found.words if w[1] * reply > 0), key=lambda w: -abs(w[1]))[:3]
    chosen = {w[0] for w in telling}
    evidence = quote(" ".join(dict.fromkeys(w for w in said if w in chosen)))
    return Wording(reply, found.second + table.bias[1], evidence)
