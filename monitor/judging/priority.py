"""How soon to look at it: points whose parts are visible. The time left is not one of them; it orders the queue."""

import math
from collections.abc import Iterator, Mapping

from monitor.judging.sentiment import Tone
from monitor.judging.urgency import Urgency
from monitor.judging.verdict import PRIORITY_LEVELS, PRIORITY_WEIGHTS, Context, Reason, Text

NOISE = ("spam", "sponsored", "news")


def parts(
    text: Text,
    context: Context,
    intents: tuple[str, ...],
    tone: Tone,
    needs_reply: bool,
    urgent: Urgency,
    weights: Mapping[str, float],
) -> tuple[Reason, ...]:
    points = {**PRIORITY_WEIGHTS, **weights}
    return tuple(
        Reason(name, points[name] * share, evidence, "priority")
        for name, share, evidence in _shares(text, context, intents, tone, needs_reply, urgent)
        if share and points[name]
    )


def _shares(
    text: Text,
    context: Context,
    intents: tuple[str, ...],
    tone: Tone,
    needs_reply: bool,
    urgent: Urgency,
) -> Iterator[tuple[str, float, str]]:
    noise = any(name in intents for name in NOISE)
    yield "needs_reply", float(needs_reply), ""
    yield "urgent", urgent.strength if urgent.category else 0.0, urgent.category
    for name in ("complaint", "churn", "question", "request", "purchase"):
        yield name, float(name in intents and not noise), ""
    yield "praise", float("praise" in intents and "complaint" not in intents), ""
    yield "noise", float(noise), ""
    if tone.score is not None:
        yield "negative", max(0.0, -tone.score), ""
    # An unknown number of followers is no part at all: it is not the same as nobody.
    if context.reach is not None and context.reach > 1_000:
        yield "reach", min(math.log10(context.reach / 1_000), 4.0), str(context.reach)
    yield "vip", float(context.vip), ""
    if context.earlier_contacts > 1:
        yield "repeat", min(context.earlier_contacts / 2, 2.0), str(context.earlier_contacts)
    if text.rating is not None and text.rating < 0.5:
        yield "stars", 1.0 - 2.0 * text.rating, f"{text.rating:.2f}"
    yield "direct", float(text.channel == "direct" or text.addressed or context.reply_to_us), ""


def level(points: float, levels: Mapping[str, float]) -> str:
    for name, start in sorted({**PRIORITY_LEVELS, **levels}.items(), key=lambda kv: -kv[1]):
        if points >= start:
            return name
    return "low"
