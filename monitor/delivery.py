"""The one door out: rows of the outbox to Slack, mail, the fallback and the console.

For every row: claim it, re-read the truth, write down that it is about to be sent, send it, record what became of it.
A row whose sending ended without an answer (a crash, a time-out, a 5xx) is looked for at Slack by its key before it is
sent again. Nothing expires by itself, and nothing is dropped: what Slack refuses waits as `blocked`, and the fallback
rings.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import defaultdict
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from monitor import deadlines, telling
from monitor.config.rules import DEFAULT_ROUTE, Rules
from monitor.judging import words
from monitor.store import Deadline, Store, StoreError
from monitor.store.facts import NewMessage, OutboxRow
from monitor.telling import (
    BusyError,
    Card,
    GoneError,
    NotSentError,
    Outlet,
    Posted,
    RefusedError,
    Sought,
    Told,
    UnclearError,
)

log = logging.getLogger(__name__)

LEASE = timedelta(seconds=60)
SETTLE = timedelta(seconds=30)
"""After this long no call can still be on its way: twice the client's time-out, and some."""

PROBE = timedelta(minutes=5)
"""How often a channel that refuses us is tried again."""

BUSY_CAP = timedelta(minutes=15)
"""A longer wait than this is not believed: then we ask again."""

BACKLOG = 20
"""More waiting mentions than this in a channel are told by one message of `GROUP`."""

GROUP = 10
AT_ONCE = 20
"""Rows claimed at a time."""

LATE = timedelta(minutes=2)
RING_AFTER = timedelta(minutes=15)
RING_PAUSE = timedelta(minutes=5)


# ---------------------------------------------------------------- pace


@dataclass(slots=True)
class Pace:
    """A token bucket per channel: Slack takes one message per second and channel, and forgives short bursts."""

    per_second: float = 1.0
    burst: int = 3
    _left: dict[str, float] = field(default_factory=dict)
    _seen_at: dict[str, datetime] = field(default_factory=dict)

    def available(self, channel: str, now: datetime) -> int:
        """How many messages may go to the channel now."""
        if not channel.startswith("slack:"):
            return 100
        seen_at = self._seen_at.get(channel, now)
        passed = max(0.0, (now - seen_at).total_seconds())
        self._left[channel] = min(self.burst, self._left.get(channel, self.burst) + passed * self.per_second)
        self._seen_at[channel] = now
        return int(self._left[channel])

    def take(self, channel: str) -> None:
        self._left[channel] = self._left.get(channel, self.burst) - 1


# ---------------------------------------------------------------- the pump


@dataclass(frozen=True, slots=True)
class Skip:
    """Why a row is not sent now: for ever, or not yet."""

    why: str
    until: datetime | None = None


class Delivery:
    """Sends what is in the outbox of one brand."""

    def __init__(self, rules: Rules, store: Store, outlets: Mapping[str, Outlet], owner: str) -> None:
        self.rules = rules
        self.store = store
        self.outlets = outlets
        self.owner = owner
        self.pace = Pace()
        self.refused: dict[str, str] = {}  # channel: why, for the health page
        self._began: dict[str, float] = {}
        self._turns: dict[str, asyncio.Lock] = defaultdict(asyncio.Lock)

    async def pump(self, now: datetime) -> int:
        """Send what may be sent by now; channels do not wait for each other. Gives how many rows were handled."""
        channels = await asyncio.to_thread(self.store.outbox.channels, now)
        found = await asyncio.gather(*(self.drain(channel, now) for channel in channels), return_exceptions=True)
        for error in found:
            if isinstance(error, BaseException):
                raise error  # only now: the other channels are through
        return sum(n for n in found if isinstance(n, int))

    def begin(self, now: datetime) -> None:
        """What waits for a channel that the rules no longer name goes where they now send such things."""
        known = {self.rules.channel(route) for route in self.rules.routes}
        if self.rules.digest.channel and self.rules.slack_token:
            known.add(f"slack:{self.rules.digest.channel}")
        for row in self.store.outbox.elsewhere(known):
            found = self.store.deadlines.get(_deadlines(row)[:1])
            channel = self.rules.channel(found[0].route if found else DEFAULT_ROUTE)
            self.store.outbox.move(row.id, channel, now)
            log.info("moved kind=%s from=%s to=%s", row.kind, row.channel, channel)

    async def ring(self, now: datetime) -> bool:
        """Tell the fallback about alerts that people have not got through Slack."""
        silent = await asyncio.to_thread(self.store.outbox.silent, now, RING_AFTER)
        if not silent:
            return False
        last = await asyncio.to_thread(self.store.outbox.last_ring)
        if last is not None and now - last < RING_PAUSE:
            return False
        payload = {
            "what": "fallback",
            "why": next((row.error for row in reversed(silent) if row.error), "no answer from Slack"),
            "waiting": len(silent),
            "deadlines": sorted({d for row in silent for d in _deadlines(row)})[:GROUP],
        }
        addresses = [f"mail:{a}" for a in self.rules.fallback.mail]
        addresses += ["hook:"] if self.rules.fallback.webhook else []
        if not addresses:
            log.error(
                "Slack does not take alerts and no fallback is set waiting=%d why=%s", len(silent), payload["why"]
            )
        messages = [
            NewMessage(f"fallback:{address}:{now.isoformat()}", address, "fallback", payload) for address in addresses
        ]
        await asyncio.to_thread(self.store.outbox.ring, [row.id for row in silent], messages, now)
        return bool(messages)

    async def drain(self, channel: str, now: datetime) -> int:
        """Send what one channel may take by now. Gives how many rows were handled."""
        kind, _, to = channel.partition(":")
        outlet = self.outlets.get(kind)
        if outlet is None:
            return 0
        handled = 0
        async with self._turns[channel]:
            self._began[channel] = time.monotonic()
            await self._settle(channel, to, outlet, now)
            await self._group(channel, now)
            # What turns out to need no sending costs the channel nothing: then the next ones have their turn.
            while limit := min(self.pace.available(channel, now), AT_ONCE):
                rows = await asyncio.to_thread(self.store.outbox.claim, channel, now, LEASE, self.owner, limit)
                handled += len(rows)
                if not rows or not await self._send_all(rows, to, outlet, now):
                    break
        return handled

    async def _send_all(self, rows: Sequence[OutboxRow], to: str, outlet: Outlet, now: datetime) -> bool:
        """Send claimed rows one after another. False when the channel takes no more for now."""
        for i, row in enumerate(rows):
            try:
                goes_on = await self._send(row, to, outlet, now)
            except StoreError:
                # What was sent and could not be recorded stays `sending`: it is looked for before it is sent again.
                raise
            except Exception:  # our bug: one message waits, the others go on
                log.exception("broke sending kind=%s id=%d", row.kind, row.id)
                await asyncio.to_thread(self.store.outbox.put_off, [row.id], now + PROBE, "a bug; see the log")
                goes_on = True
            if not goes_on:
                await asyncio.to_thread(self.store.outbox.release, [r.id for r in rows[i + 1 :]])
                return False
        return True

    async def _settle(self, channel: str, to: str, outlet: Outlet, now: datetime) -> None:
        """Find out what became of rows whose sending ended without an answer."""
        rows = await asyncio.to_thread(self.store.outbox.unsettled, channel, now)
        if not rows:
            return
        try:
            found = await outlet.find(to, {row.key: await self._sought(row) for row in rows})
        except StoreError:
            raise
        except Exception as e:
            # Not now: the rows stay unclear, and are looked for later; nothing else of the channel waits for them.
            if not isinstance(e, NotSentError | UnclearError | BusyError | RefusedError):
                log.exception("broke looking for messages channel=%s", channel)
            wait = e.retry_after if isinstance(e, BusyError) and e.retry_after else SETTLE
            await asyncio.to_thread(self.store.outbox.unclear, [row.id for row in rows], now + wait, str(e))
            return
        for row in rows:
            at = (found or {}).get(row.key)
            if at is not None:
                await asyncio.to_thread(self.store.outbox.sent, [row.id], now, slack_channel=at.channel, slack_ts=at.ts)
            else:
                await asyncio.to_thread(self.store.outbox.again, [row.id], now, "did not arrive")
        log.info("settled channel=%s unclear=%d arrived=%d", channel, len(rows), len(found or {}))

    async def _sought(self, row: OutboxRow) -> Sought:
        root = await asyncio.to_thread(self.store.outbox.get, row.root_id) if row.root_id is not None else None
        thread = Posted(root.slack_channel, root.slack_ts) if root and root.slack_ts else None
        return Sought(row.attempt_at or row.created_at, thread)

    async def _group(self, channel: str, now: datetime) -> None:
        """A long backlog becomes a few messages: Slack would take minutes to pass it on one by one."""
        if not channel.startswith("slack:"):
            return
        rows = await asyncio.to_thread(self.store.outbox.backlog, channel, now, "mention")
        if len(rows) <= BACKLOG:
            return
        for part in (rows[i : i + GROUP] for i in range(0, len(rows), GROUP)):
            ids = [d for row in part for d in _deadlines(row)]
            message = NewMessage(
                f"group:{part[0].id}:{part[-1].id}", channel, "summary", {"why": "backlog", "deadlines": ids}
            )
            await asyncio.to_thread(self.store.outbox.merge, part, message, now)

    async def _send(self, row: OutboxRow, to: str, outlet: Outlet, now: datetime) -> bool:
        """Send one row. False when the channel takes no more for now."""
        ready = await asyncio.to_thread(self._compose, row, now)
        if isinstance(ready, Skip):
            if ready.until is None:
                await asyncio.to_thread(self.store.outbox.superseded, [row.id], ready.why, now)
            else:
                await asyncio.to_thread(self.store.outbox.again, [row.id], ready.until, ready.why)
            return True
        told, root = ready
        # Earlier messages of this run may have taken their time: the settling of this one begins now.
        now += timedelta(seconds=time.monotonic() - self._began.get(row.channel, time.monotonic()))
        await asyncio.to_thread(self.store.outbox.intend, [row.id], now, SETTLE)
        self.pace.take(row.channel)
        sending: Awaitable[Posted | None]
        if row.kind == "edit" and root is not None:
            sending = outlet.edit(root, told)
        else:
            sending = outlet.post(to, told, row.key, root)
        return await self._record(row, sending, root, now)

    async def _record(
        self, row: OutboxRow, sending: Awaitable[Posted | None], root: Posted | None, now: datetime
    ) -> bool:
        outbox = self.store.outbox
        try:
            at = await sending or root or Posted()
        except BusyError as e:
            wait = min(e.retry_after or timedelta(seconds=30), BUSY_CAP)
            await asyncio.to_thread(outbox.again, [row.id], now + wait, "asked for patience")
            await asyncio.to_thread(outbox.pause, row.channel, now + wait)
            return False
        except NotSentError as e:
            wait = min(timedelta(seconds=2 ** min(row.attempts, 8)), PROBE)
            await asyncio.to_thread(outbox.again, [row.id], now + wait, str(e))
            await asyncio.to_thread(outbox.pause, row.channel, now + wait)
            return False
        except UnclearError as e:
            log.warning("unclear whether sent channel=%s id=%d: %s", row.channel, row.id, e)
            return True  # it stays `sending` until it is settled
        except GoneError as e:
            if row.kind != "edit":
                # Its thread is gone; the news is not.
                await asyncio.to_thread(outbox.detach, row.id, now)
                return True
            await asyncio.to_thread(outbox.superseded, [row.id], str(e), now)
            return True
        except RefusedError as e:
            await asyncio.to_thread(outbox.blocked, [row.id], now + PROBE, str(e))
            if not e.whole:
                log.error("refused kind=%s id=%d: %s", row.kind, row.id, e)
                return True
            await asyncio.to_thread(outbox.pause, row.channel, now + PROBE)
            if self.refused.get(row.channel) != str(e):
                log.error("refused channel=%s: %s", row.channel, e)
            self.refused[row.channel] = str(e)
            return False
        await asyncio.to_thread(outbox.sent, [row.id], now, slack_channel=at.channel, slack_ts=at.ts)
        if self.refused.pop(row.channel, None) is not None:
            log.info("accepted again channel=%s", row.channel)
            await asyncio.to_thread(outbox.unblock, row.channel, now)
        log.info("sent kind=%s channel=%s id=%d", row.kind, row.channel, row.id)
        return True

    # ------------------------------------------------------------ the truth at the moment of sending

    def _compose(self, row: OutboxRow, now: datetime) -> tuple[Told, Posted | None] | Skip:
        """What the row says by now, and the message that it belongs to; or why it is not to be said."""
        root = self.store.outbox.get(row.root_id) if row.root_id is not None else None
        if root is not None:
            skip = _follows(row, root, now)
            if skip is not None:
                return skip
            if row.kind == "edit" and self.store.outbox.later_edit(row):
                return Skip("a newer edit follows")
        about = self._about(root if row.kind == "edit" and root else row)
        skip = self._superseded(row, about, now)
        if skip is not None:
            return skip
        here = root is not None and root.state == "sent" and (row.kind == "edit" or root.channel == row.channel)
        at = Posted(root.slack_channel, root.slack_ts) if root and here else None
        return self._told(root if row.kind == "edit" and root else row, about, now), at

    def _about(self, row: OutboxRow) -> list[Deadline]:
        """The deadlines that a message tells: those of its alerts, since messages may have been merged."""
        told = self.store.deadlines.told_by(row.id) if row.kind in {"mention", "summary"} else []
        return self.store.deadlines.get(told or _deadlines(row))

    def _superseded(self, row: OutboxRow, about: Sequence[Deadline], now: datetime) -> Skip | None:
        if row.kind == "mention" and about and all(d.closed_at is not None for d in about):
            return Skip("closed before it was told")
        if row.kind == "stage":
            if any(d.closed_at is not None for d in about):
                return Skip("closed before it was told")
            rests = [at for d in about for at in (d.claimed_until, d.snoozed_until) if at is not None and at > now]
            if rests:
                return Skip("somebody has taken it, or put it off", max(rests))
            if self.store.outbox.later_stage(row):
                return Skip("a later stage follows")
        return None

    def _told(self, row: OutboxRow, about: Sequence[Deadline], now: datetime) -> Told:
        late = (now - row.created_at).total_seconds() if row.sent_at is None else 0.0
        return Told(
            kind=row.kind,  # type: ignore[arg-type]
            language=self.rules.brand.language,
            timezone=self.rules.brand.timezone,
            now=now,
            cards=tuple(self.card(d, now, quotes=row.kind != "fallback") for d in about),
            stage=str(row.payload.get("stage", "")),
            urgency=str(row.payload.get("kind", "")),
            note=row.payload,
            late_s=late if late > LATE.total_seconds() else 0.0,
        )

    def card(self, d: Deadline, now: datetime, *, quotes: bool = True) -> Card:
        """A deadline as people see it. Without `quotes`, private words are shown nowhere."""
        m, plan = d.mention, self.rules.plan(d.target, d.route)
        took = deadlines.elapsed(d.facts(), plan, now) if d.closed_at is not None else None
        before = m.published_at - timedelta(days=30)
        key = (m.platform, m.author.id)
        earlier = max(0, self.store.mentions.contacts([key], before).get(key, 0) - 1)
        route = self.rules.routes.get(d.route)
        private = m.private and not (quotes and route and route.private)
        return Card(
            deadline_id=d.id,
            mention_id=m.id,
            brand=self.rules.brand.name,
            author_name=m.author.name,
            author_handle=m.author.handle,
            author_url=m.author.url,
            followers=m.author.followers,
            vip=m.vip,
            earlier=earlier,
            platform=m.platform,
            source=m.source,
            kind=m.kind,
            title=m.title,
            text=m.text,
            private=private,
            url=m.url,
            reply_url=m.ref.get("reply_url"),
            rating=m.rating,
            topics=m.topics,
            language=m.language,
            label=m.label,
            intents=m.intents,
            priority=m.priority,
            reasons=_because(d, self.rules.brand.language, quotes=not private and m.deleted_at is None),
            published_at=m.published_at,
            found_at=m.found_at,
            opened_at=d.opened_at,
            due_at=d.due_at,
            window_ends_at=d.window_ends_at,
            state=deadlines.state(d.facts(), plan, now),
            claimed_by=d.claimed_by if d.claimed_until and d.claimed_until > now else None,
            snoozed_until=d.snoozed_until,
            replied_at=d.replied_at,
            answered_url=d.reply_url or "",
            closed_by=d.closed_by,
            closed_who=d.closed_who,
            took_counted_s=took.counted.total_seconds() if took else None,
            took_wall_s=took.wall.total_seconds() if took else None,
            edited=m.edited_at is not None,
            deleted=m.deleted_at is not None,
        )


class Console:
    """Messages as lines on the terminal: what there is before anybody has made a Slack app."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self._write = write

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted:
        self._write(telling.text(told))
        return Posted()

    async def edit(self, at: Posted, told: Told) -> None:
        self._write(telling.change(told))

    async def find(self, to: str, sought: Mapping[str, Sought]) -> Mapping[str, Posted] | None:
        return None


def _because(deadline: Deadline, language: str, *, quotes: bool) -> tuple[str, ...]:
    """The two to four facts that made it an alert, the strongest first; evidence is a quote, too."""
    found = [r for r in deadline.mention.reasons if r.decides in {"needs_reply", "urgent"} and r.weight > 0]
    plain = [r if quotes else replace(r, evidence="") for r in sorted(found, key=lambda r: -r.weight)]
    return tuple(dict.fromkeys(w for w in (words(r, language) for r in plain) if w))[:4]


def _follows(row: OutboxRow, root: OutboxRow, now: datetime) -> Skip | None:
    """Whether a row that belongs to another message can go: that one must be out."""
    if root.state == "sent":
        return None
    if row.kind == "edit" and root.state in {"pending", "blocked"}:
        return Skip("the message itself will say it")
    if row.kind == "stage" and (root.state in {"superseded", "blocked"} or root.channel != row.channel):
        # Nobody heard of the mention, or heard of it elsewhere: then a stage speaks for itself.
        return None
    if root.state == "superseded":
        return Skip("nobody was told of the mention")
    return Skip("waits for the message that it belongs to", now + timedelta(seconds=2))


def _deadlines(row: OutboxRow) -> list[int]:
    found = row.payload.get("deadlines", [])
    return [int(d) for d in found] if isinstance(found, list) else []
