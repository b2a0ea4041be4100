"""The figures of a week: pure, from what the store holds. Every figure carries the ids behind it, and no words."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from statistics import median
from typing import Any

from monitor import deadlines
from monitor.config import Rules
from monitor.digest.week import Week
from monitor.store.facts import Deadline, Event, StoredMention

FEW = 10
"""Below this many, a change is chance: too few to say."""

SHOWN = 3


@dataclass(frozen=True, slots=True)
class Facts:
    """What the week is made of. `before` are the mentions of the week before."""

    mentions: Sequence[StoredMention]
    before: Sequence[StoredMention]
    deadlines: Sequence[Deadline]
    events: Sequence[Event]


def week_figures(rules: Rules, week: Week, facts: Facts, now: datetime) -> dict[str, Any]:
    """Counts, shares (0..1), lengths in seconds, and ids; JSON values only."""
    zone = rules.brand.timezone
    start, end = week.start(zone), week.end(zone)
    found = [m for m in facts.mentions if not m.baseline]
    promised = promises(facts.deadlines, now)
    return {
        "kind": "weekly",
        "period": str(week),
        "from": start.astimezone(zone).date().isoformat(),
        "to": (end - timedelta(seconds=1)).astimezone(zone).date().isoformat(),
        "mentions": {
            "n": len(found),
            "before": sum(not m.baseline for m in facts.before),
            "needs_reply": sum(m.needs_reply for m in found),
            "urgent": [m.id for m in found if m.urgent],
            "platform": count(m.platform for m in found),
            "topic": count(t for m in found for t in m.topics),
            "label": count(m.label for m in found),
            "language": count(m.language for m in found),
        },
        "promises": promised,
        "times": times(rules, facts.deadlines, now),
        "provenance": count(d.provenance or "unknown" for d in facts.deadlines if d.closed_by == "reply"),
        "best": [m.id for m in ranked(found, "positive")],
        "worst": [m.id for m in ranked(found, "negative")],
        "blind": blind(facts.events, start, min(end, now)),
        "gaps": [dict(e.detail) for e in facts.events if e.what == "gap" and start <= e.at < end],
    }


def promises(found: Sequence[Deadline], now: datetime) -> dict[str, Any]:
    """What became of the deadlines that were opened in the week."""
    answered = [d for d in found if d.closed_by == "reply" and d.replied_at is not None]
    in_time = [d for d in answered if d.replied_at is not None and d.replied_at <= d.due_at]
    open_ = [d for d in found if d.closed_at is None]
    # Asleep or claimed, what is past its time has missed it.
    missed = [d for d in open_ if d.due_at < now]
    judged = len(answered) + len(missed)
    return {
        "n": len(found),
        "answered": len(answered),
        "in_time": len(in_time),
        "late": [d.mention.id for d in answered if d.replied_at is not None and d.replied_at > d.due_at],
        "dismissed": sum(d.closed_by == "dismiss" for d in found),
        "gone": sum(d.closed_by == "gone" for d in found),
        "open": [d.mention.id for d in open_],
        "overdue": [d.mention.id for d in missed],
        "share": len(in_time) / judged if judged else None,
        "judged": judged,
    }


def times(rules: Rules, found: Sequence[Deadline], now: datetime) -> dict[str, Any]:
    """How long answers took: in the team's hours, and on the wall."""
    took = [
        deadlines.elapsed(d.facts(), rules.plan(d.target, d.route), now)
        for d in found
        if d.closed_by == "reply" and d.replied_at is not None
    ]
    counted, wall = ([e.counted.total_seconds() for e in took], [e.wall.total_seconds() for e in took])
    return {
        "n": len(took),
        "median_counted_s": median(counted) if took else None,
        "p90_counted_s": percentile(counted, 0.9),
        "median_wall_s": median(wall) if took else None,
        "p90_wall_s": percentile(wall, 0.9),
        "within_30m": sum(w <= 1800 for w in wall),
        "within_1h": sum(w <= 3600 for w in wall),
    }


def percentile(values: Sequence[float], share: float) -> float | None:
    """The nearest-rank percentile: a value that really occurred."""
    if not values:
        return None
    ordered = sorted(values)
    rank = max(1, -(-len(ordered) * round(share * 100) // 100))
    return ordered[rank - 1]


def count(values: Iterable[str]) -> dict[str, int]:
    """How often each occurs, most first."""
    return dict(sorted(Counter(values).items(), key=lambda pair: (-pair[1], pair[0])))


def ranked(found: Sequence[StoredMention], label: str) -> list[StoredMention]:
    """The clearest words of one tone, those with more reach first among equals."""

    def weight(m: StoredMention) -> tuple[float, int, int]:
        return abs(m.sentiment or 0.0), m.author.followers or 0, -m.id

    chosen = [m for m in found if m.label == label and not m.deleted_at]
    return sorted(chosen, key=weight, reverse=True)[:SHOWN]


def blind(events: Sequence[Event], start: datetime, end: datetime) -> list[dict[str, Any]]:
    """Minutes of the week in which each way could not see, from the ledger; most first."""
    since: dict[tuple[str, str], datetime] = {}
    minutes: Counter[tuple[str, str]] = Counter()

    def add(key: tuple[str, str], until: datetime) -> None:
        span = min(until, end) - max(since.pop(key), start)
        minutes[key] += max(0, round(span.total_seconds() / 60))

    for e in sorted(events, key=lambda e: e.at):
        key = (str(e.detail.get("source")), str(e.detail.get("way")))
        if e.what == "blind":
            since.setdefault(key, _began(e))
        elif e.what == "sees" and key in since:
            add(key, e.at)
    for key in list(since):
        add(key, end)
    return [{"source": s, "way": w, "minutes": n} for (s, w), n in minutes.most_common() if n]


def _began(event: Event) -> datetime:
    try:
        return datetime.fromisoformat(str(event.detail["since"]))
    except (KeyError, ValueError):
        return event.at


def trend(now: int, before: int) -> float | None:
    """The change against before (0.25 is a quarter more); None when there are too few to say."""
    return None if min(now, before) < FEW else (now - before) / before


def behind(figures: Mapping[str, Any]) -> list[int]:
    """The mentions that the text of a digest speaks of."""
    promised = figures["promises"]
    ids = [*figures["best"], *figures["worst"], *promised["open"], *promised["late"]]
    return list(dict.fromkeys(ids))
