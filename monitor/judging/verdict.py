"""What goes into judging and what comes out: frozen values, nothing else."""

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

Channel = Literal["third_party", "own_post", "direct", "review"]
Decides = Literal["needs_reply", "sentiment", "priority", "urgent", "intent"]

CHANNELS: tuple[Channel, ...] = ("third_party", "own_post", "direct", "review")
LABELS = ("positive", "neutral", "negative", "unknown")
INTENTS = (
    "question",
    "request",
    "complaint",
    "praise",
    "purchase",
    "churn",
    "spam",
    "sponsored",
    "news",
    "chatter",
)
PRIORITIES = ("critical", "high", "normal", "low")
URGENCIES = ("health", "legal", "fraud", "money", "leak", "lost", "press", "other")

THRESHOLDS: Mapping[str, float] = {"cautious": 0.30, "balanced": 0.50, "strict": 0.70}
"""Probability from which a mention counts as needing a reply. Cautious misses fewest, strict rings least."""

PRIORITY_WEIGHTS: Mapping[str, float] = {
    "needs_reply": 2.0,
    "urgent": 5.0,
    "complaint": 2.0,
    "churn": 1.5,
    "question": 0.5,
    "request": 1.0,
    "purchase": 0.5,
    "praise": -0.5,
    "noise": -3.0,
    "negative": 1.5,
    "reach": 1.0,
    "vip": 3.0,
    "repeat": 1.0,
    "stars": 1.5,
    "direct": 0.5,
}
"""Points of each part of the priority; `reach` is per power of ten of followers above 1,000."""

PRIORITY_LEVELS: Mapping[str, float] = {"critical": 8.0, "high": 5.0, "normal": 2.0}
"""Points from which a level starts; below the last one it is low."""


@dataclass(frozen=True, slots=True)
class Text:
    """One mention as judging sees it. `rating` is 0..1 (0 the worst); `language` is the platform's guess, if any."""

    text: str
    title: str = ""
    language: str | None = None
    channel: Channel = "third_party"
    kind: str = "post"
    rating: float | None = None
    addressed: bool = False


@dataclass(frozen=True, slots=True)
class Context:
    """Who wrote it and where, as far as we know.

    `reach` is the author's followers, None when the platform does not say. `earlier_contacts` counts how often
    the same author wrote to us or about us in the 48 hours before this mention. `competitor` is true when only
    topics about competitors matched.
    """

    reach: int | None = None
    vip: bool = False
    earlier_contacts: int = 0
    reply_to_us: bool = False
    in_foreign_conversation: bool = False
    topics: tuple[str, ...] = ()
    competitor: bool = False


READS = frozenset({"ko", "en", "ja", "zh", "th", "es", "de", "fr", "pt", "it", "id"})
"""Languages whose tone we can read."""


@dataclass(frozen=True, slots=True)
class JudgingRules:
    """The operator's choices. `JudgingRules()` is a sensible start.

    `languages` are those whose tone may be judged; others stay "unknown". `urgent` adds terms to our urgency
    categories or makes new ones. `threshold` is one of THRESHOLDS or a probability between 0 and 1. `weights`
    and `levels` replace single entries of PRIORITY_WEIGHTS and PRIORITY_LEVELS. `learned` moves the log-odds of
    needs_reply by reason name or "word:...", and of the tone by "tone:...", as `learning.learn` makes it.
    """

    languages: frozenset[str] = READS
    urgent: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    threshold: str | float = "balanced"
    weights: Mapping[str, float] = field(default_factory=dict)
    levels: Mapping[str, float] = field(default_factory=dict)
    learned: Mapping[str, float] = field(default_factory=dict)

    def cut(self) -> float:
        """The threshold as a probability."""
        return THRESHOLDS[self.threshold] if isinstance(self.threshold, str) else float(self.threshold)


@dataclass(frozen=True, slots=True)
class Reason:
    """One term of one decision.

    For `decides="needs_reply"` the weights of all reasons add up to the log-odds of the score. For "sentiment"
    they are shares of the tone (positive is friendly), for "priority" points. `evidence` is a short quote of the
    mention, and as hostile as the mention is: escape it wherever it is shown.
    """

    name: str
    weight: float
    evidence: str = ""
    decides: Decides = "needs_reply"


@dataclass(frozen=True, slots=True)
class Verdict:
    """What judging found.

    `language` is ISO 639-1 or "und". `sentiment` is -1..1, None when the label is "unknown". `uncertain` says
    that the tone may be the opposite of what the words say (sarcasm cues). `check` says that the answer to
    "does it need a reply" is close enough to the threshold for a person to look. `urgency` names the category
    when `urgent`, else "".
    """

    language: str
    sentiment: float | None
    label: str
    intents: tuple[str, ...]
    needs_reply: bool
    needs_reply_score: float
    check: bool
    urgent: bool
    urgency: str
    priority: str
    points: float
    uncertain: bool = False
    reasons: tuple[Reason, ...] = ()

    def because(self, decides: Decides = "needs_reply") -> tuple[Reason, ...]:
        """The reasons of one decision, the strongest first."""
        return tuple(sorted((r for r in self.reasons if r.decides == decides), key=lambda r: -abs(r.weight)))


def probability(log_odds: float) -> float:
    """The logistic function, without overflow at either end."""
    if log_odds >= 0:
        return 1.0 / (1.0 + math.exp(-min(log_odds, 700.0)))
    e = math.exp(max(log_odds, -700.0))
    return e / (1.0 + e)


def log_odds(p: float) -> float:
    return math.log(p / (1.0 - p))
