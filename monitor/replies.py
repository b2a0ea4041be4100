"""Which waiting mentions have been answered, where a platform can say so.

Own posts that a poll brings stop the clock in `ingest`; this asks about mentions one by one: soon after they were
found, then less and less often, and once more right before somebody would be told that they are still waiting.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from connectors.base import ConnectorError, FindsReplies
from monitor.polling import Eye
from monitor.store import Deadline, Store, StoreError
from monitor.store.deadlines import BEFORE_ALERT
from monitor.store.facts import Found

log = logging.getLogger(__name__)

PATIENCE = timedelta(seconds=20)
"""A blind source may not hold an alert back for longer than this."""

AT_ONCE = 50
"""Mentions asked about in one call."""

SPACING = (
    (timedelta(minutes=30), timedelta(minutes=5)),
    (timedelta(hours=2), timedelta(minutes=15)),
    (timedelta(hours=8), timedelta(hours=1)),
    (timedelta(days=2), timedelta(hours=4)),
)
"""(age, pause): a mention younger than `age` is asked about every `pause`; older ones daily."""


async def sweep(store: Store, eyes: Sequence[Eye], now: datetime) -> int:
    """Ask every source that can say so about the mentions whose turn it is. Gives how many were answered."""
    return sum(await asyncio.gather(*(ask(store, eye, now) for eye in able(eyes))))


def able(eyes: Iterable[Eye]) -> list[Eye]:
    """The sources that can say whether a mention has been answered."""
    return [eye for eye in eyes if isinstance(eye.connector, FindsReplies)]


async def ask(store: Store, eye: Eye, now: datetime) -> int:
    """Ask one source about the mentions whose turn it is. Gives how many were answered."""
    waiting = await asyncio.to_thread(store.deadlines.to_ask, eye.source.name, now, AT_ONCE)
    if not waiting:
        return 0
    try:
        async with asyncio.timeout(PATIENCE.total_seconds()):
            found = await eye.connector.replies([d.mention.mention() for d in waiting], now)  # type: ignore[attr-defined]
    except (ConnectorError, TimeoutError) as e:
        log.warning("cannot ask for replies source=%s %s: %s", eye.source.name, type(e).__name__, e)
        await _later(store, waiting, now)
        return 0
    except Exception:  # our bug: this source waits, the others go on
        log.exception("broke asking for replies source=%s", eye.source.name)
        await _later(store, waiting, now)
        return 0
    answered = [
        Found(d.id, found[d.mention.native_id])
        for d in waiting
        if d.mention.native_id in found and is_answer(d, found[d.mention.native_id].at)
    ]
    count = await asyncio.to_thread(store.deadlines.asked, {d.id: next_ask(d, now) for d in waiting}, answered, now)
    if count:
        log.info("replies found source=%s answered=%d", eye.source.name, count)
    return count


def is_answer(deadline: Deadline, at: datetime) -> bool:
    """Whether an answer of that time answers this deadline: one from before an edit does not answer the edit."""
    if deadline.reopened_at is not None and at < deadline.reopened_at:
        return False
    return deadline.cause == "first" or at >= deadline.opened_at


def next_ask(deadline: Deadline, now: datetime) -> datetime:
    """When to ask about it again, should nothing else happen."""
    age = now - deadline.opened_at
    pause = next((pause for limit, pause in SPACING if age < limit), timedelta(days=1))
    before_alert = deadline.wake_at - BEFORE_ALERT if deadline.wake_at else None
    if before_alert is not None and before_alert > now:
        return min(now + pause, before_alert)
    return now + pause


async def _later(store: Store, waiting: Sequence[Deadline], now: datetime) -> None:
    try:
        await asyncio.to_thread(store.deadlines.unanswerable, {d.id: now + timedelta(minutes=5) for d in waiting})
    except StoreError as e:
        log.error("could not note a failure: %s", e)
