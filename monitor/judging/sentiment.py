"""Tone, from -1 to 1. English with VADER; a language we cannot read is unknown, never neutral."""

from dataclasses import dataclass

from monitor.judging import vader
from monitor.judging.clean import TOKENS, Cleaned
from monitor.judging.intent import Evidence
from monitor.judging.verdict import Reason


@dataclass(frozen=True, slots=True)
class Tone:
    """`score` is -1..1 or None; `uncertain` when the words may mean the opposite."""

    score: float | None
    label: str
    uncertain: bool = False
    reasons: tuple[Reason, ...] = ()


UNKNOWN = Tone(None, "unknown")


def tone(cleaned: Cleaned, language: str, allowed: frozenset[str], evidence: Evidence, rating: float | None) -> Tone:
    if language not in allowed:
        return UNKNOWN
    terms: list[Reason] = []
    if language == "en":
        words = cleaned.text.split()
        capped = " ".join(words[:TOKENS])
        terms.append(Reason("vader", vader.scores(capped).compound, "", "sentiment"))
    elif language != "ko":
        return UNKNOWN
    for name, weight in (
        ("complaint", -0.6),
        ("problem", -0.3),
        ("discourage", -0.6),
        ("churn", -0.4),
        ("praise", 0.6),
        ("thanks", 0.15),
        ("recommend", 0.5),
    ):
        if evidence[name]:
            terms.append(Reason(name, weight * evidence[name], evidence.quotes[name], "sentiment"))
    if rating is not None:
        terms.append(Reason(_stars(rating), (rating - 0.5) * 1.6, "", "sentiment"))
    score = max(-1.0, min(1.0, sum(t.weight for t in terms)))
    uncertain = bool(evidence["sarcasm"])
    if uncertain and score > 0:
        terms.append(Reason("sarcasm", -score, evidence.quotes["sarcasm"], "sentiment"))
        score = 0.0
    label = "positive" if score >= 0.2 else "negative" if score <= -0.2 else "neutral"
    return Tone(round(score, 4), label, uncertain, tuple(terms))


def _stars(rating: float) -> str:
    return "stars_low" if rating < 0.4 else "stars_high" if rating > 0.7 else "stars_middle"
