"""The only place that speaks SQL.

Each method is one transaction with a name from the domain; it takes and gives frozen values. A `Store` is the view of
one brand on one database.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.store.base import Part
from monitor.store.corrections import Corrections
from monitor.store.deadlines import Deadlines
from monitor.store.engine import DEFAULT_URL, Engine, StoreError, open_engine
from monitor.store.facts import Deadline, Event, NewMessage, StoredMention, WayState
from monitor.store.memos import Memos, UnreadableMemoError
from monitor.store.mentions import Mentions
from monitor.store.outbox import Outbox, add_message, insert
from monitor.store.tables import deadline, digest, event, mention
from monitor.store.ways import Ways

__all__ = [
    "DEFAULT_URL",
    "Deadline",
    "Engine",
    "Store",
    "StoreError",
    "StoredMention",
    "UnreadableMemoError",
    "WayState",
    "open_engine",
]


class Store:
    """One brand's rows."""

    def __init__(self, engine: Engine, brand: str, key: bytes) -> None:
        self.engine = engine
        self.brand = brand
        self.ways = Ways(engine, brand)
        self.mentions = Mentions(engine, brand)
        self.deadlines = Deadlines(engine, brand)
        self.outbox = Outbox(engine, brand)
        self.ledger = Ledger(engine, brand)
        self.digests = Digests(engine, brand)
        self.memos = Memos(engine, brand, key)
        self.corrections = Corrections(engine, brand)

    def begin(self, now: datetime) -> None:
        """A daemon starts. Where the file's lock says that it is the only one, leases of a dead one are void."""
        if self.engine.sqlite:
            self.ways.begin(now)
            self.outbox.begin()

    def clock_set_back(self, now: datetime) -> None:
        """Moments that were set by a clock that ran ahead are not waited for."""
        self.ways.clock_set_back(now)
        self.outbox.clock_set_back(now)


class Ledger(Part):
    """Who or what did what, when and why: only ever added to."""

    def of_mention(self, mention_id: int) -> list[Event]:
        return self._read(event.c.mention_id == mention_id)

    def between(self, start: datetime, end: datetime, what: Sequence[str]) -> list[Event]:
        return self._read(sa.and_(event.c.at >= start, event.c.at < end, event.c.what.in_(what)))

    def _read(self, condition: sa.ColumnElement[bool]) -> list[Event]:
        with self.transaction() as c:
            rows = c.execute(sa.select(event).where(self.mine(event), condition).order_by(event.c.id)).all()
        return [Event(r.at, r.who, r.what, r.mention_id, r.deadline_id, r.detail) for r in rows]


class Digests(Part):
    """Digests as sent: once per kind and period, whoever asks and however often."""

    def told(self, kind: str, period: str) -> bool:
        with self.transaction() as c:
            found = c.execute(
                sa.select(digest.c.id).where(self.mine(digest), digest.c.kind == kind, digest.c.period == period)
            )
            return found.first() is not None

    def tell(
        self, kind: str, period: str, figures: dict[str, Any], messages: Sequence[NewMessage], now: datetime
    ) -> bool:
        """Keep the figures and put the messages into the outbox. False when this period was told before."""
        row = {"brand_id": self.brand, "kind": kind, "period": period, "figures": figures, "told_at": now}
        with self.transaction() as c:
            made = c.execute(insert(c, digest).on_conflict_do_nothing().returning(digest.c.id), [row]).all()
            if not made:
                return False
            for message in messages:
                add_message(c, self.brand, message, now)
            self.note(c, now, "monitor", "digest", detail={"kind": kind, "period": period})
        return True

    def figures(self, kind: str, period: str) -> dict[str, Any] | None:
        with self.transaction() as c:
            found: dict[str, Any] | None = c.execute(
                sa.select(digest.c.figures).where(self.mine(digest), digest.c.kind == kind, digest.c.period == period)
            ).scalar()
            return found

    def first_mention_at(self) -> datetime | None:
        """When this brand's first mention was found; before that there is nothing to digest."""
        with self.transaction() as c:
            found: datetime | None = c.execute(
                sa.select(mention.c.found_at).where(self.mine(mention)).order_by(mention.c.found_at).limit(1)
            ).scalar()
            return found

    def open_counts(self) -> int:
        with self.transaction() as c:
            query = sa.select(sa.func.count()).select_from(deadline)
            return int(c.execute(query.where(self.mine(deadline), deadline.c.closed_at.is_(None))).scalar_one())
