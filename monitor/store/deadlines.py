"""Deadlines: which ones something must be done for, what was told of them, and how they end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from connectors.base import Reply
from monitor.store.base import Part
from monitor.store.facts import Deadline, Found, NewDeadline, StoredMention, Told
from monitor.store.mentions import SELECT, close, stored
from monitor.store.outbox import add_message, insert
from monitor.store.tables import alert, deadline, mention

CHUNK = 300
BEFORE_ALERT = timedelta(seconds=30)
"""How long before an alert the platform is asked whether the mention has been answered meanwhile."""


class Deadlines(Part):
    def due(self, now: datetime, limit: int = 500) -> list[Deadline]:
        """Deadlines for which something must be done by now, most urgent first."""
        return self._read(
            sa.select(deadline)
            .where(self.mine(deadline), deadline.c.wake_at <= now)
            .order_by(deadline.c.wake_at)
            .limit(limit)
        )

    def get(self, ids: Iterable[int]) -> list[Deadline]:
        """These deadlines, in the order of their ids."""
        wanted = sorted(set(ids))
        found: list[Deadline] = []
        for start in range(0, len(wanted), CHUNK):
            part = wanted[start : start + CHUNK]
            found += self._read(sa.select(deadline).where(self.mine(deadline), deadline.c.id.in_(part)))
        return sorted(found, key=lambda d: d.id)

    def of_mention(self, mention_id: int) -> list[Deadline]:
        return self._read(
            sa.select(deadline).where(self.mine(deadline), deadline.c.mention_id == mention_id).order_by(deadline.c.id)
        )

    def waiting(self, limit: int = 10_000) -> list[Deadline]:
        """Everything still open, what ends first first."""
        return self._read(
            sa.select(deadline)
            .where(self.mine(deadline), deadline.c.closed_at.is_(None))
            .order_by(deadline.c.due_at, deadline.c.id)
            .limit(limit)
        )

    def opened_between(self, start: datetime, end: datetime) -> list[Deadline]:
        return self._read(
            sa.select(deadline)
            .where(self.mine(deadline), deadline.c.opened_at >= start, deadline.c.opened_at < end)
            .order_by(deadline.c.opened_at, deadline.c.id)
        )

    def tell(self, decisions: Sequence[Told], now: datetime) -> None:
        """Alerts, their messages, and how each deadline goes on: one transaction."""
        if not decisions:
            return
        ours: dict[int, bool] = {}  # whether nobody changed it since it was read
        with self.transaction() as c:
            for decision in decisions:
                row = None if decision.message is None else add_message(c, self.brand, decision.message, now)
                alerts = [
                    {"brand_id": self.brand, "deadline_id": d.id, "stage": stage, "told_at": now, "outbox_id": told_by}
                    for d in decision.deadlines
                    for stages, told_by in ((d.stages, row), (d.skipped, None))
                    for stage in stages
                ]
                if alerts:
                    c.execute(insert(c, alert).on_conflict_do_nothing(index_elements=["deadline_id", "stage"]), alerts)
                begins = row is not None and decision.message is not None and decision.message.root_id is None
                for d in decision.deadlines:
                    if begins:
                        root = sa.func.coalesce(deadline.c.root_id, row)
                        c.execute(deadline.update().where(deadline.c.id == d.id).values(root_id=root))
                    values: dict[str, Any] = {"wake_at": d.wake_at, "shown": d.shown}
                    if d.wake_at is not None:
                        # The platform is asked once more right before the next alert.
                        ask_at = d.wake_at - BEFORE_ALERT
                        values["reply_due_at"] = sa.case(
                            (deadline.c.reply_due_at > ask_at, ask_at), else_=deadline.c.reply_due_at
                        )
                    change = deadline.update().where(deadline.c.id == d.id).values(values)
                    if d.id not in ours:
                        unchanged = deadline.c.wake_at.is_not_distinct_from(
                            sa.bindparam("read_wake_at", d.read_wake_at, type_=deadline.c.wake_at.type)
                        )
                        ours[d.id] = c.execute(change.where(unchanged)).rowcount == 1
                    elif ours[d.id]:
                        c.execute(change)

    def wake(self, moments: Mapping[int, datetime | None]) -> None:
        """Look at these again at these moments."""
        rows = [{"key": key, "at": at} for key, at in moments.items()]
        if rows:
            with self.transaction() as c:
                c.execute(
                    deadline.update().where(deadline.c.id == sa.bindparam("key")).values(wake_at=sa.bindparam("at")),
                    rows,
                )

    def to_ask(self, source: str, now: datetime, limit: int) -> list[Deadline]:
        """Open deadlines of a source for which the platform should be asked whether we have answered."""
        return self._read(
            sa.select(deadline)
            .where(
                self.mine(deadline),
                deadline.c.source == source,
                deadline.c.closed_at.is_(None),
                deadline.c.reply_due_at <= now,
            )
            .order_by(deadline.c.reply_due_at)
            .limit(limit)
        )

    def asked(self, next_at: Mapping[int, datetime], found: Sequence[Found], now: datetime) -> int:
        """The platform has been asked about these. Gives how many turned out to be answered."""
        with self.transaction() as c:
            rows = [{"key": key, "at": at, "checked": now} for key, at in next_at.items()]
            if rows:
                c.execute(
                    deadline.update()
                    .where(deadline.c.id == sa.bindparam("key"))
                    .values(reply_due_at=sa.bindparam("at"), reply_checked_at=sa.bindparam("checked")),
                    rows,
                )
            return sum(close(c, self, f.deadline_id, f.reply, f.provenance, now) for f in found)

    def unanswerable(self, next_at: Mapping[int, datetime]) -> None:
        """The platform could not be asked; try again later."""
        rows = [{"key": key, "at": at} for key, at in next_at.items()]
        if rows:
            with self.transaction() as c:
                c.execute(
                    deadline.update()
                    .where(deadline.c.id == sa.bindparam("key"))
                    .values(reply_due_at=sa.bindparam("at")),
                    rows,
                )

    # ------------------------------------------------------------ what people do

    def answered(self, deadline_id: int, who: str, at: datetime, now: datetime) -> bool:
        """Somebody says that it has been answered. False when it was closed before."""
        with self.transaction() as c:
            return close(c, self, deadline_id, Reply(at, who), "marked", now)

    def promise(self, mention_id: int, source: str, opens: NewDeadline, who: str, now: datetime) -> bool:
        """Somebody says that it needs a reply after all. False when it has an open deadline already."""
        row = {
            "brand_id": self.brand,
            "mention_id": mention_id,
            "cause": opens.cause,
            "source": source,
            "target": opens.target,
            "route": opens.route,
            "opened_at": opens.opened_at,
            "due_at": opens.due_at,
            "window_ends_at": opens.window_ends_at,
            "wake_at": opens.wake_at,
            "reopened_at": now,  # what was answered before, people have seen, and say that it needs another answer
            "reply_due_at": None,
        }
        with self.transaction() as c:
            open_ = sa.select(deadline.c.id).where(deadline.c.mention_id == mention_id, deadline.c.closed_at.is_(None))
            if c.execute(open_).first() is not None:
                return False
            c.execute(deadline.insert(), row)
            detail = {"cause": opens.cause, "target": opens.target, "due_at": opens.due_at.isoformat()}
            self.note(c, now, who, "opened", mention_id=mention_id, detail=detail)
        return True

    def dismiss(self, deadline_id: int, who: str, why: str, now: datetime) -> bool:
        """Somebody says that it needs no reply. False when it was closed before."""
        return self._change(
            deadline_id,
            deadline.c.closed_at.is_(None),
            {"closed_at": now, "closed_by": "dismiss", "closed_who": who, "wake_at": now},
            who,
            "dismissed",
            {"why": why[:200]},
            now,
        )

    def claim(self, deadline_id: int, who: str, until: datetime, now: datetime) -> bool:
        """Somebody takes it until a moment. False when another holds it, or when it is closed."""
        free = sa.or_(deadline.c.claimed_by.is_(None), deadline.c.claimed_by == who, deadline.c.claimed_until <= now)
        return self._change(
            deadline_id,
            sa.and_(deadline.c.closed_at.is_(None), free),
            {"claimed_by": who, "claimed_until": until, "wake_at": now},
            who,
            "claimed",
            {"until": until.isoformat()},
            now,
        )

    def snooze(self, deadline_id: int, who: str, until: datetime, now: datetime) -> bool:
        return self._change(
            deadline_id,
            deadline.c.closed_at.is_(None),
            {"snoozed_until": until, "wake_at": now},
            who,
            "snoozed",
            {"until": until.isoformat()},
            now,
        )

    def reopen(self, deadline_id: int, who: str, now: datetime) -> bool:
        """Undo a closing. False when it is open, or another deadline of the mention is."""
        other = deadline.alias()
        rival = sa.exists().where(
            other.c.mention_id == deadline.c.mention_id,
            other.c.cause == deadline.c.cause,
            other.c.closed_at.is_(None),
        )
        return self._change(
            deadline_id,
            sa.and_(deadline.c.closed_at.is_not(None), deadline.c.closed_by != "gone", ~rival),
            {
                "closed_at": None,
                "closed_by": None,
                "closed_who": None,
                "replied_at": None,
                "reply_url": None,
                "provenance": None,
                "snoozed_until": None,
                "wake_at": now,
                "reopened_at": now,
                "reply_due_at": None,  # people know better than the platform: it is not asked again
            },
            who,
            "reopened",
            {},
            now,
        )

    def _change(
        self,
        deadline_id: int,
        only_if: sa.ColumnElement[bool],
        values: Mapping[str, Any],
        who: str,
        what: str,
        detail: Mapping[str, Any],
        now: datetime,
    ) -> bool:
        with self.transaction() as c:
            done = c.execute(
                deadline.update().where(self.mine(deadline), deadline.c.id == deadline_id, only_if).values(**values)
            )
            if done.rowcount != 1:
                return False
            found = c.execute(sa.select(deadline.c.mention_id).where(deadline.c.id == deadline_id)).scalar_one()
            self.note(c, now, who, what, mention_id=found, deadline_id=deadline_id, detail=detail)
        return True

    # ------------------------------------------------------------ reading

    def _read(self, query: sa.Select[Any]) -> list[Deadline]:
        with self.transaction() as c:
            rows = c.execute(query).all()
            mentions = self._mentions(c, {row.mention_id for row in rows})
            told = self._told(c, [row.id for row in rows])
        return [_deadline(row, mentions[row.mention_id], told.get(row.id, frozenset())) for row in rows]

    def _mentions(self, c: sa.Connection, ids: Iterable[int]) -> dict[int, StoredMention]:
        wanted = sorted(ids)
        found: dict[int, StoredMention] = {}
        for start in range(0, len(wanted), CHUNK):
            for row in c.execute(SELECT.where(mention.c.id.in_(wanted[start : start + CHUNK]))):
                found[row.id] = stored(row)
        return found

    def _told(self, c: sa.Connection, ids: Sequence[int]) -> dict[int, frozenset[str]]:
        found: dict[int, set[str]] = {}
        for start in range(0, len(ids), CHUNK):
            for row in c.execute(sa.select(alert).where(alert.c.deadline_id.in_(ids[start : start + CHUNK]))):
                found.setdefault(row.deadline_id, set()).add(row.stage)
        return {key: frozenset(stages) for key, stages in found.items()}

    def told_by(self, outbox_id: int) -> list[int]:
        """The deadlines whose alerts a message tells."""
        with self.transaction() as c:
            return list(
                c.execute(
                    sa.select(alert.c.deadline_id)
                    .where(alert.c.outbox_id == outbox_id)
                    .distinct()
                    .order_by(alert.c.deadline_id)
                ).scalars()
            )


def _deadline(row: Any, of: StoredMention, told: frozenset[str]) -> Deadline:
    return Deadline(
        id=row.id,
        mention=of,
        cause=row.cause,
        source=row.source,
        target=row.target,
        route=row.route,
        opened_at=row.opened_at,
        due_at=row.due_at,
        window_ends_at=row.window_ends_at,
        wake_at=row.wake_at,
        shown=row.shown,
        claimed_by=row.claimed_by,
        claimed_until=row.claimed_until,
        snoozed_until=row.snoozed_until,
        closed_at=row.closed_at,
        closed_by=row.closed_by,
        closed_who=row.closed_who,
        replied_at=row.replied_at,
        reply_url=row.reply_url,
        provenance=row.provenance,
        reply_checked_at=row.reply_checked_at,
        reopened_at=row.reopened_at,
        root_id=row.root_id,
        told=told,
    )
