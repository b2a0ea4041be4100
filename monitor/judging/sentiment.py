"""Tone, from -1 to 1, as an additive model; a language we cannot read is unknown, never neutral.

A trained table gives the log-odds of friendly and of hostile against neutral. VADER (English only, and never shown
anything else), phrases, emoji and stars add to them.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from monitor.judging import emoji, vader
from monitor.judging.clean import TOKENS, Cleaned, quote
from monitor.judging.intent import Evidence
from monitor.judging.linear import Lexis, Reading, Sum
from monitor.judging.verdict import Reason

# phrase: what its full strength adds to friendly and to hostile
CUES = {
    "complaint": (-0.5, 0.9),
    "problem": (-0.3, 0.5),
    "discourage": (-0.8, 1.2),
    "churn": (-0.4, 0.6),
    "praise": (0.7, -0.3),
    "thanks": (0.3, -0.1),
    "recommend": (0.8, -0.5),
    "resolved": (0.5, -0.3),
}
SARCASM = (-0.5, 0.3)
EMOJI = 0.7
STARS = 3.0
SHOWN = 3
"""How many words are named as reasons."""


@dataclass(frozen=True, slots=True)
class Tone:
    """`score` is -1..1 or None; `odds` the log-odds of friendly against hostile, which the reasons add up to.

    `uncertain` says that the words may mean the opposite.
    """

    score: float | None
    label: str
    uncertain: bool = False
    odds: float = 0.0
    reasons: tuple[Reason, ...] = ()


UNKNOWN = Tone(None, "unknown")


@dataclass(slots=True)
class _Sum:
    friendly: float
    hostile: float
    reasons: list[Reason]

    def add(self, name: str, friendly: float, hostile: float, evidence: str = "") -> None:
        self.friendly += friendly
        self.hostile += hostile
        if friendly != hostile:
            self.reasons.append(Reason(name, friendly - hostile, evidence, "sentiment"))


def tone(
    cleaned: Cleaned,
    lexis: Lexis,
    reading: Reading,
    language: str,
    allowed: frozenset[str],
    evidence: Evidence,
    rating: float | None,
    learned: Mapping[str, float] = MappingProxyType({}),
) -> Tone:
    if language not in allowed or "tone" not in lexis:
        return UNKNOWN
    total = _Sum(0.0, 0.0, [])
    bias = lexis.bias("tone")
    total.add("start", *bias)
    found = lexis.sum("tone", reading)
    _add_words(total, found, found.first - bias[0], found.second - bias[1])
    if extras := lexis.extras("tone"):
        _add_vader(total, cleaned, extras)
    for name, strength in evidence.strength.items():
        if name in CUES:
            friendly, hostile = CUES[name]
            total.add(name, friendly * strength, hostile * strength, evidence.quotes.get(name, ""))
    if not cleaned.lower.isascii():
        n_friendly, n_hostile, which = emoji.balance(cleaned.text)
        if which:
            total.add("emoji", EMOJI * min(n_friendly, 3), EMOJI * min(n_hostile, 3), which)
    taught = (
        {w: learned[f"tone:{w}"] for w in dict.fromkeys(reading.words) if f"tone:{w}" in learned} if learned else {}
    )
    if taught:
        shift = sum(taught.values())
        total.add("learned", shift / 2, -shift / 2, quote(" ".join(taught)))
    if rating is not None:
        total.add(_stars(rating), STARS * (rating - 0.5), STARS * (0.5 - rating))
    uncertain = evidence["sarcasm"] >= 0.7
    if uncertain and total.friendly > total.hostile:
        # With a plain complaint beside it the praise is turned around; without one it only weighs less.
        turned = total.friendly - total.hostile if max(evidence["complaint"], evidence["problem"]) >= 1 else 0.0
        total.add("sarcasm", SARCASM[0] - turned, SARCASM[1], evidence.quotes["sarcasm"])
    return _decided(total, uncertain)


def _decided(total: _Sum, uncertain: bool) -> Tone:
    friendly, hostile = min(total.friendly, 50.0), min(total.hostile, 50.0)
    top = max(friendly, hostile, 0.0)
    f, h, n = math.exp(friendly - top), math.exp(hostile - top), math.exp(-top)
    score = (f - h) / (f + h + n)
    label = "neutral" if n >= f and n >= h else "positive" if f >= h else "negative"
    odds = total.friendly - total.hostile
    return Tone(round(score, 4), label, uncertain, odds, tuple(total.reasons))


def _add_words(total: _Sum, found: Sum, rest_friendly: float, rest_hostile: float) -> None:
    """The words that matter most by name, the others together."""
    both = zip(found.firsts, found.seconds, strict=True)
    for difference, i in sorted([(abs(a - b), i) for i, (a, b) in enumerate(both)], reverse=True)[:SHOWN]:
        if difference * found.unit >= 0.1 and found.words[i].isalnum():
            friendly, hostile = found.firsts[i] * found.unit, found.seconds[i] * found.unit
            total.add("words", friendly, hostile, quote(found.words[i]))
            rest_friendly -= friendly
            rest_hostile -= hostile
    total.add("words", rest_friendly, rest_hostile)


def _add_vader(total: _Sum, cleaned: Cleaned, extras: Mapping[str, Sequence[float]]) -> None:
    s = english(cleaned)
    friendly = hostile = 0.0
    for name, value in (("compound", s.compound), ("pos", s.pos), ("neg", s.neg), ("silent", float(s.compound == 0))):
        a, b = extras[name]
        friendly += a * value
        hostile += b * value
    total.add("vader", friendly, hostile)


def english(cleaned: Cleaned) -> vader.Scores:
    """VADER on what it can read and as much as it can bear; emoji have a list of their own."""
    text = cleaned.text if cleaned.text.isascii() else emoji.without(cleaned.text)
    return vader.scores(" ".join(text.split()[:TOKENS]))


def _stars(rating: float) -> str:
    return "stars_low" if rating < 0.4 else "stars_high" if rating > 0.7 else "stars_middle"
