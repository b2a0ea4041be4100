"""Matters that cannot wait, by category. Tone is no part of it: a friendly word never lowers them."""

from collections.abc import Mapping
from dataclasses import dataclass

from monitor.judging import cues
from monitor.judging.clean import Cleaned, quote
from monitor.judging.intent import Evidence
from monitor.judging.verdict import URGENCIES, Reason, probability
from monitor.judging.wording import Wording

START = -0.8
CUE = 3.0
WORDING, LIMIT = 0.7, 3.0
ALONE = 0.25
ALONGSIDE = {"complaint": 0.5}
AGAINST = {"spam": -1.5, "sponsored": -1.5, "resolved": -1.5, "harmless": -3.0}
"""What makes such words harmless: a stranger's trick, a settled matter, a figure of speech."""


@dataclass(frozen=True, slots=True)
class Urgency:
    """`strength` is the probability; `category` "" when it is not urgent."""

    category: str
    strength: float
    reasons: tuple[Reason, ...]


def urgency(
    cleaned: Cleaned,
    wording: Wording,
    evidence: Evidence,
    own: Mapping[str, tuple[str, ...]],
) -> Urgency:
    for finder in cues.own_finder(own) or ():
        for cue in finder.find(cleaned.lower):
            name = f"urgent_{cue.name}" if cue.name in URGENCIES else "urgent_own"
            return Urgency(cue.name, 1.0, (Reason(name, 1.0, quote(cue.evidence), "urgent"),))
    terms = [Reason("start", START, "", "urgent")]
    category, strength, said = "", 0.0, ""
    for candidate in URGENCIES:
        found = evidence[f"urgent_{candidate}"]
        if found > strength:
            category, strength, said = candidate, found, evidence.quotes[f"urgent_{candidate}"]
    if category:
        terms.append(Reason(f"urgent_{category}", CUE * strength, said, "urgent"))
    odds = max(-LIMIT, min(LIMIT, WORDING * wording.urgent))
    terms.append(Reason("urgent_wording", odds, "", "urgent"))
    for name, weight in (ALONGSIDE | AGAINST).items():
        if evidence[name]:
            terms.append(Reason(name, weight * evidence[name], evidence.quotes.get(name, ""), "urgent"))
    odds = sum(t.weight for t in terms)
    # Wording alone is no reason to hurry where an everyday trouble with an order explains it.
    if not category and odds < ALONE and max(evidence["problem"], evidence["complaint"]) >= 1:
        odds = min(odds, -0.1)
    if odds < 0:
        return Urgency("", probability(odds), ())
    return Urgency(category or "other", probability(odds), tuple(terms))
