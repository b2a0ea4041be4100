"""What people do about a mention: the same for the command line, Slack and a web page.

Every function gives what came of it in one word (`Outcome`); nothing here speaks to people.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from monitor.ingest import Ingest
from monitor.store import Deadline, Store

Outcome = Literal["done", "unknown", "closed", "taken", "open"]

CLAIM = timedelta(minutes=30)
"""A claim is a lease: it ends by itself when nothing happens."""


def open_deadline(store: Store, mention_id: int) -> Deadline | None:
    """The promise of a mention that is still to be kept, else its latest."""
    found = store.deadlines.of_mention(mention_id)
    return next((d for d in found if d.closed_at is None), found[-1] if found else None)


def claim(store: Store, mention_id: int, who: str, now: datetime) -> tuple[Outcome, str]:
    """Take it for a while. When somebody else holds it, says who."""
    deadline = open_deadline(store, mention_id)
    if deadline is None:
        return "unknown", ""
    if store.deadlines.claim(deadline.id, who, now + CLAIM, now):
        return "done", who
    again = open_deadline(store, mention_id)
    if again is None or again.closed_at is not None:
        return "closed", (again.closed_who if again else None) or ""
    return "taken", again.claimed_by or ""


def answered(store: Store, mention_id: int, who: str, at: datetime, now: datetime) -> Outcome:
    """It was answered where we cannot see it."""
    deadline = open_deadline(store, mention_id)
    if deadline is None:
        return "unknown"
    return "done" if store.deadlines.answered(deadline.id, who, min(at, now), now) else "closed"


def dismiss(store: Store, mention_id: int, who: str, why: str, now: datetime) -> Outcome:
    """It needs no reply."""
    deadline = open_deadline(store, mention_id)
    if deadline is None:
        return "unknown"
    return "done" if store.deadlines.dismiss(deadline.id, who, why, now) else "closed"


def correct(
    ingest: Ingest,
    mention_id: int,
    who: str,
    now: datetime,
    *,
    needs_reply: bool | None = None,
    label: str | None = None,
) -> Outcome:
    """Judging was wrong about it: kept for learning, and put right at once where a deadline follows from it."""
    store = ingest.store
    mention = store.mentions.get(mention_id)
    if mention is None or not store.corrections.add(mention_id, who, now, needs_reply=needs_reply, label=label):
        return "unknown"
    if needs_reply is True:
        store.deadlines.promise(mention_id, mention.source, ingest.promise_now(mention, now), who, now)
    if needs_reply is False:
        dismiss(store, mention_id, who, "needs no reply", now)
    return "done"


def snooze(store: Store, mention_id: int, who: str, until: datetime, now: datetime) -> Outcome:
    """Say nothing of it until a moment."""
    deadline = open_deadline(store, mention_id)
    if deadline is None:
        return "unknown"
    return "done" if store.deadlines.snooze(deadline.id, who, until, now) else "closed"


def reopen(store: Store, mention_id: int, who: str, now: datetime) -> Outcome:
    """It is to be answered after all."""
    deadline = open_deadline(store, mention_id)
    if deadline is None:
        return "unknown"
    return "done" if store.deadlines.reopen(deadline.id, who, now) else "open"
