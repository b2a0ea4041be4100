"""Lines in, JSON lines out: the pure part of `monitor judge`.

For the command line:
    for line in judge_lines(read_lines(sys.stdin.buffer), rules): print(line)
    print(evaluate(read_lines(open(FILE, "rb")), rules).table())     # from monitor.judging.evaluation

A line is JSON when it is an object with a string "text" or "title"; everything else, broken JSON too, is the plain
text of one mention. Each input line gives exactly one output line, an empty one as well, so line numbers match.
"""

import json
import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import BinaryIO, cast

from monitor.judging import judge, words
from monitor.judging.verdict import CHANNELS, Context, JudgingRules, Reason, Text, Verdict

LONGEST = 1 << 20
"""Bytes of one line that are looked at; judging reads far fewer."""

_RULES = JudgingRules()


def judge_lines(lines: Iterable[str], rules: JudgingRules = _RULES) -> Iterator[str]:
    """One JSON object for each line, in order, without waiting for the next one."""
    for line in lines:
        mention, context = read_line(line)
        yield to_json(judge(mention, context, rules))


def read_lines(stream: BinaryIO) -> Iterator[str]:
    """Lines of a byte stream in constant memory: the rest of a line over `LONGEST` is skipped, bad UTF-8 replaced."""
    first = True
    while line := stream.readline(LONGEST):
        rest = line
        while not rest.endswith(b"\n") and len(rest) >= LONGEST:
            rest = stream.readline(LONGEST)
        text = line.decode("utf-8", "replace").rstrip("\r\n")
        yield text.removeprefix("\ufeff") if first else text
        first = False


def read_line(line: str) -> tuple[Text, Context]:
    line = line.rstrip("\r\n")
    fields = as_object(line)
    if fields is None:
        return Text(line), Context()
    return read_fields(fields)


def as_object(line: str) -> Mapping[str, object] | None:
    """The JSON object of a line, None when it is plain text."""
    if not line.lstrip().startswith("{") or len(line) > LONGEST:
        return None
    try:
        value: object = json.loads(line)
    except (ValueError, RecursionError):
        return None
    if not isinstance(value, dict):
        return None
    fields = cast(dict[str, object], value)
    return fields if isinstance(fields.get("text"), str) or isinstance(fields.get("title"), str) else None


def read_fields(fields: Mapping[str, object]) -> tuple[Text, Context]:
    """A mention from JSON. A field of the wrong type counts as not given; judging must go on."""
    channel = fields.get("channel")
    mention = Text(
        text=_string(fields.get("text")) or "",
        title=_string(fields.get("title")) or "",
        language=_string(fields.get("language")),
        channel=channel if channel in CHANNELS else "third_party",
        kind=_string(fields.get("kind")) or "post",
        rating=_rating(fields.get("rating")),
        addressed=fields.get("addressed") is True,
    )
    context = Context(
        reach=_count(fields.get("author_followers")),
        vip=fields.get("vip") is True,
        earlier_contacts=_count(fields.get("earlier_contacts")) or 0,
        reply_to_us=fields.get("reply_to_us") is True,
        in_foreign_conversation=fields.get("in_foreign_conversation") is True,
        competitor=fields.get("competitor") is True,
    )
    return mention, context


def to_json(verdict: Verdict) -> str:
    """The verdict as one line of JSON; no character in it can break a line or an encoder."""
    line = json.dumps(
        {
            "language": verdict.language,
            "sentiment": verdict.sentiment,
            "label": verdict.label,
            "uncertain": verdict.uncertain,
            "intent": verdict.intents,
            "needs_reply": verdict.needs_reply,
            "needs_reply_score": round(verdict.needs_reply_score, 4),
            "check": verdict.check,
            "urgent": verdict.urgent,
            "urgency": verdict.urgency or None,
            "priority": verdict.priority,
            "reasons": [_reason(r) for r in verdict.reasons],
        },
        ensure_ascii=False,
        allow_nan=False,
    )
    return line.encode("utf-8", "replace").decode().replace("\u2028", " ").replace("\u2029", " ")


def _reason(reason: Reason) -> dict[str, object]:
    return {
        "decides": reason.decides,
        "name": reason.name,
        "weight": round(reason.weight, 4),
        "evidence": reason.evidence,
        "ko": words(replace(reason, evidence=""), "ko"),
        "en": words(replace(reason, evidence=""), "en"),
    }


def _string(value: object) -> str | None:
    return value if isinstance(value, str) else None


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    return number if math.isfinite(number) else None


def _rating(value: object) -> float | None:
    number = _number(value)
    return number if number is not None and 0.0 <= number <= 1.0 else None


def _count(value: object) -> int | None:
    number = _number(value)
    return int(number) if number is not None and number >= 0 else None
