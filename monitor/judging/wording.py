"""What the wording as a whole is like: the tables that were trained on sentences of our own (`tools/seeds`)."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from monitor.judging.clean import quote
from monitor.judging.linear import Lexis, Reading

INTENTS = {
    "asks": ("question", "request"),
    "feels": ("complaint", "praise"),
    "deals": ("purchase", "churn"),
    "noise": ("promotion", "news"),
}
"""Which two questions each table answers; "promotion" is spam or sponsored."""


@dataclass(frozen=True, slots=True)
class Wording:
    """Log-odds of needing a reply and of being urgent; the words that speak most for the first; log-odds by intent."""

    reply: float
    urgent: float
    evidence: str
    intents: Mapping[str, float] = field(default_factory=dict)

    def __getitem__(self, intent: str) -> float:
        return self.intents.get(intent, 0.0)


SILENT = Wording(0.0, -2.0, "")
"""For languages without a table: nothing is said about a reply, and few mentions are urgent."""


def wording(lexis: Lexis, reading: Reading) -> Wording:
    if "needs" not in lexis or not reading.words:
        return SILENT
    found = lexis.sum("needs", reading)
    reply = found.first
    side = 1 if reply > 0 else -1
    telling = sorted([(weight * side, i) for i, weight in enumerate(found.firsts)], reverse=True)[:3]
    places = sorted(i for weight, i in telling if weight > 0)
    evidence = quote(" ".join(dict.fromkeys(found.words[i] for i in places)))
    intents: dict[str, float] = {}
    for table, (first, second) in INTENTS.items():
        if table in lexis:
            intents[first], intents[second] = lexis.odds(table, reading)
    return Wording(reply, found.second, evidence, intents)
