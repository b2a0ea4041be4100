"""Matters that cannot wait, by category. A friendly tone never lowers them."""

from collections.abc import Mapping

from monitor.judging import cues
from monitor.judging.clean import Cleaned, quote
from monitor.judging.intent import Evidence
from monitor.judging.verdict import URGENCIES

URGENT_FROM = 0.7


def urgency(cleaned: Cleaned, evidence: Evidence, own: Mapping[str, tuple[str, ...]]) -> tuple[str, float, str]:
    """The most pressing category, its strength (0..1) and the words that say so; ("", 0, "") when nothing does."""
    best = ("", 0.0, "")
    if finders := cues.own_finder(own):
        for finder in finders:
            for cue in finder.find(cleaned.lower):
                return (cue.name, 1.0, quote(cue.evidence))
    for category in URGENCIES:
        strength = evidence[f"urgent_{category}"]
        if strength > best[1]:
            best = (category, strength, evidence.quotes[f"urgent_{category}"])
    return best
