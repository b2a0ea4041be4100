"""The week in numbers and words, told once per ISO week of the team's own calendar."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from monitor.config import Rules
from monitor.config.rules import CONSOLE, DEFAULT_ROUTE
from monitor.digest.figures import Facts, behind, week_figures
from monitor.digest.text import body, title
from monitor.digest.week import Week, instant, parse_week
from monitor.digest.week import last_week as _last_week
from monitor.store import Store, StoredMention
from monitor.store.facts import NewMessage

__all__ = ["Digest", "Week", "gather", "last_week", "parse_week", "sweep", "tell", "text"]

LATE = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Digest:
    """The figures (JSON values and ids, nobody's words), and the mentions that its text may quote."""

    figures: dict[str, Any]
    mentions: Mapping[int, StoredMention]


def last_week(rules: Rules, now: datetime) -> Week:
    """The last week that is over where the team is."""
    return _last_week(now, rules.brand.timezone)


def gather(rules: Rules, store: Store, week: Week, now: datetime) -> Digest:
    """Everything about a week, as far as it is known at `now`."""
    zone = rules.brand.timezone
    start, end = week.start(zone), week.end(zone)
    facts = Facts(
        mentions=store.mentions.between(start, end),
        before=store.mentions.between(week.before().start(zone), start),
        deadlines=store.deadlines.opened_between(start, end),
        # A source may have gone blind long before the week.
        events=store.ledger.between(start - timedelta(days=28), end, ["blind", "sees", "gap"]),
    )
    figures = week_figures(rules, week, facts, now)
    known = {m.id: m for m in (*facts.mentions, *(d.mention for d in facts.deadlines))}
    return Digest(figures, {i: known[i] for i in behind(figures) if i in known})


def text(rules: Rules, digest: Digest) -> str:
    """The digest as people read it."""
    return f"{title(rules, digest.figures)}\n\n{body(rules, digest.figures, digest.mentions)}"


def tell(rules: Rules, store: Store, week: Week, now: datetime, *, late: bool = False) -> bool:
    """Put the digest of a week into the outbox, once. False when that was done before."""
    digest = gather(rules, store, week, now)
    payload = {
        "what": "digest",
        "period": str(week),
        "title": title(rules, digest.figures),
        "text": body(rules, digest.figures, digest.mentions, late),
    }
    channels = [rules.channel(DEFAULT_ROUTE)]
    if rules.digest.channel and channels != [CONSOLE]:
        channels = [f"slack:{rules.digest.channel}"]
    channels += [f"mail:{address}" for address in rules.digest.mail]
    messages = [NewMessage(f"digest:weekly:{week}:{channel}", channel, "digest", payload) for channel in channels]
    return store.digests.tell("weekly", str(week), digest.figures, messages, now)


def sweep(rules: Rules, store: Store, now: datetime) -> bool:
    """Tell the digest of the last full week when its hour has come, if nobody has. Gives whether it did."""
    week = last_week(rules, now)
    due_at = instant(week.monday + timedelta(days=7 + rules.digest.weekday), rules.digest.at, rules.brand.timezone)
    if now < due_at:
        return False
    if store.digests.told("weekly", str(week)):
        return False
    first = store.digests.first_mention_at()
    if first is None or first >= week.end(rules.brand.timezone):
        return False
    return tell(rules, store, week, now, late=now - due_at > LATE)
