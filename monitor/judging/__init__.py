"""Language, sentiment, intent, whether a reply is needed, urgency and priority: text in, verdict with reasons out.

Pure and deterministic: no clock, no network, and no file but the tables shipped in this package, each read once
when it is first needed. Safe to call from several threads.
"""

from monitor.judging import intent, linear, priority, reply, sentiment, urgency, wording
from monitor.judging import language as languages
from monitor.judging.clean import clean
from monitor.judging.features import units
from monitor.judging.phrases import PHRASES
from monitor.judging.verdict import (
    CHANNELS,
    INTENTS,
    LABELS,
    PRIORITIES,
    PRIORITY_LEVELS,
    PRIORITY_WEIGHTS,
    READS,
    THRESHOLDS,
    URGENCIES,
    Channel,
    Context,
    Decides,
    JudgingRules,
    Reason,
    Text,
    Verdict,
)

__all__ = [
    "CHANNELS",
    "INTENTS",
    "LABELS",
    "PRIORITIES",
    "PRIORITY_LEVELS",
    "PRIORITY_WEIGHTS",
    "READS",
    "THRESHOLDS",
    "URGENCIES",
    "Channel",
    "Context",
    "Decides",
    "JudgingRules",
    "Reason",
    "Text",
    "Verdict",
    "judge",
    "words",
]

_NOBODY = Context()
_DEFAULTS = JudgingRules()


def judge(mention: Text, context: Context = _NOBODY, rules: JudgingRules = _DEFAULTS) -> Verdict:
    """Judge one mention. Any string is fine, however long or odd; it never raises for a text."""
    cleaned = clean(mention.text, mention.title)
    language = languages.detect(cleaned.lower, mention.language)
    said = units(cleaned.lower, language)
    lexis = linear.lexis(language)
    reading = lexis.read(said)
    evidence = intent.gather(cleaned, lexis, reading, language)
    tone = sentiment.tone(cleaned, lexis, reading, language, rules.languages, evidence, mention.rating, rules.learned)
    worded = wording.wording(lexis, reading)
    urgent = urgency.urgency(cleaned, worded, evidence, rules.urgent)
    intents, aims = intent.intents(evidence, worded, tone.score or 0.0, mention.rating)
    terms = reply.reasons(mention, context, cleaned, said, worded, evidence, tone, urgent, rules.learned)
    needs_reply, score, check = reply.decide(terms, rules.cut())
    points = priority.parts(mention, context, intents, tone, needs_reply, urgent, rules.weights)
    total = round(sum(p.weight for p in points), 6)
    return Verdict(
        language=language,
        sentiment=tone.score,
        label=tone.label,
        intents=intents,
        needs_reply=needs_reply,
        needs_reply_score=score,
        check=check,
        urgent=urgent.category != "",
        urgency=urgent.category,
        priority=priority.level(total, rules.levels),
        points=total,
        uncertain=tone.uncertain,
        reasons=terms + urgent.reasons + tone.reasons + aims + points,
    )


def words(reason: Reason, language: str) -> str:
    """The reason for people, in Korean ("ko") or else English; the quoted evidence is as hostile as the mention."""
    korean, english = PHRASES.get(reason.name, (reason.name, reason.name))
    phrase = korean if language == "ko" else english
    return f"{phrase}: “{reason.evidence}”" if reason.evidence else phrase
