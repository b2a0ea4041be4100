"""Does it need a reply: an additive model whose terms are reasons and add up to the log-odds."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence

from monitor.judging.clean import Cleaned, quote
from monitor.judging.intent import Evidence
from monitor.judging.sentiment import Tone
from monitor.judging.urgency import Urgency
from monitor.judging.verdict import Context, Reason, Text, log_odds, probability
from monitor.judging.wording import Wording

START = -1.0

# Who it is said to weighs as much as how it is said.
CHANNEL = {"third_party": 0.0, "own_post": 0.0, "direct": 1.3, "review": 0.4}
STARS_LOW, STARS_MIDDLE, STARS_HIGH = 1.6, 0.6, -1.6

# From a logistic regression on one half of the development sentences, then rounded towards what the words mean: the
# rare signs (spam, news, advertising) are too few there to be weighed by counting.
TEXT = {
    "question": 1.8,
    "question_form": 0.7,
    "request": 1.0,
    "request_form": 0.1,
    "complaint": 1.1,
    "problem": 0.4,
    "purchase": 0.3,
    "churn": 1.2,
    "followup": 0.8,
    "commerce": 0.4,
    "praise": -1.0,
    "thanks": -1.0,
    "recommend": -0.2,
    "resolved": -1.2,
    "spam": -1.8,
    "sponsored": -2.0,
    "news": -1.2,
    "rhetorical": -0.9,
    "links": -0.8,
}
"""Log-odds of the full strength of each sign in the text."""

WORDING, LIMIT = 0.85, 3.0
URGENT = 1.2
NEGATIVE, POSITIVE = 0.3, -0.2
TO_SOMEBODY, TO_SOMEBODY_IN_TROUBLE = -1.3, -0.3
_COMPANY = re.compile(r"@\w*(?:help|support|care|service|official|team|shop|store|ask|beauty|brand)", re.IGNORECASE)
TOO_LITTLE = -1.5

CHECK_BAND = 0.9
"""How near to the threshold (in log-odds) an answer is too uncertain to go unseen."""


def reasons(
    text: Text,
    context: Context,
    cleaned: Cleaned,
    said: Sequence[str],
    wording: Wording,
    evidence: Evidence,
    tone: Tone,
    urgent: Urgency,
    learned: Mapping[str, float],
) -> tuple[Reason, ...]:
    found = [
        r for r in _terms(text, context, cleaned, wording, evidence, tone, urgent) if r.weight or r.name == "start"
    ]
    if learned:
        found.append(_learned(said, [r.name for r in found], learned))
    return tuple(found)


def _terms(
    text: Text,
    context: Context,
    cleaned: Cleaned,
    wording: Wording,
    evidence: Evidence,
    tone: Tone,
    urgent: Urgency,
) -> Iterator[Reason]:
    yield Reason("start", START)
    yield Reason(f"channel_{text.channel}", CHANNEL.get(text.channel, 0.0))
    if text.addressed:
        yield Reason("addressed", 1.0)
    if context.reply_to_us:
        yield Reason("reply_to_us", 0.7)
    if context.earlier_contacts > 1:
        yield Reason("repeat", min(0.3 * context.earlier_contacts, 1.2))
    if context.vip:
        yield Reason("vip", 0.7)
    if context.in_foreign_conversation and not text.addressed:
        yield Reason("foreign_conversation", -1.0)
    # It opens with somebody's handle, and that is not known to be ours.
    opening = text.text[:60].lstrip()
    if opening.startswith("@") and not text.addressed and text.channel != "direct" and not _COMPANY.match(opening):
        trouble = max(evidence["complaint"], evidence["problem"], evidence["request"])
        yield Reason("to_somebody", TO_SOMEBODY_IN_TROUBLE if trouble >= 0.9 else TO_SOMEBODY)
    if context.competitor:
        yield Reason("competitor", -1.5)
    if text.rating is not None:
        if text.rating < 0.4:
            yield Reason("stars_low", STARS_LOW)
        elif text.rating > 0.7:
            yield Reason("stars_high", STARS_HIGH)
        else:
            yield Reason("stars_middle", STARS_MIDDLE)
    asked = max(evidence[name] for name in ("question", "question_form", "request", "complaint"))
    for name, strength in evidence.strength.items():
        weight = TEXT.get(name)
        if weight is None:
            continue
        # Praise and thanks often frame a question or a complaint; they only speak against a reply on their own.
        if name in ("praise", "thanks", "recommend") and asked >= 0.7:
            continue
        yield Reason(name, weight * strength, evidence.quotes.get(name, ""))
    if urgent.category:
        yield Reason("urgent", URGENT * urgent.strength)
    yield Reason("wording", max(-LIMIT, min(LIMIT, WORDING * wording.reply)), wording.evidence)
    if tone.label == "negative":
        yield Reason("negative", NEGATIVE)
    elif tone.label == "positive" and asked < 0.7:
        yield Reason("positive", POSITIVE)
    if len(cleaned.lower) < 12 and max(evidence["question"], evidence["request"], evidence["problem"]) < 0.7:
        yield Reason("too_little", TOO_LITTLE)


def _learned(said: Sequence[str], names: Iterable[str], learned: Mapping[str, float]) -> Reason:
    """What this brand's people have taught: by kind of sign, and by word."""
    words = {w: learned[f"word:{w}"] for w in dict.fromkeys(said) if f"word:{w}" in learned}
    total = sum(learned.get(name, 0.0) for name in names) + sum(words.values())
    telling = sorted(words, key=lambda w: -abs(words[w]))[:3]
    return Reason("learned", total, quote(" ".join(telling)))


def decide(terms: tuple[Reason, ...], cut: float) -> tuple[bool, float, bool]:
    """Needs a reply, with which probability, and whether a person should look."""
    odds = sum(r.weight for r in terms)
    bar = log_odds(min(max(cut, 1e-6), 1 - 1e-6))
    return odds >= bar, probability(odds), abs(odds - bar) <= CHECK_BAND
