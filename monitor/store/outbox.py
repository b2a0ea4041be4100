"""The outbox: what is to be said, what is being said right now, and what was said."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql, sqlite

from monitor.store.base import Part
from monitor.store.facts import NewMessage, OutboxRow
from monitor.store.tables import OPEN_ROWS, alert, deadline, outbox

WAITING = ("pending", "blocked")


def add_message(connection: sa.Connection, brand: str, message: NewMessage, now: datetime) -> int:
    """Write a row, or find the one that the same key made before. Gives its id."""
    row = {
        "brand_id": brand,
        "dedupe_key": message.key,
        "channel": message.channel,
        "kind": message.kind,
        "payload": dict(message.payload),
        "root_id": message.root_id,
        "state": "pending",
        "created_at": now,
        "not_before": now,
    }
    connection.execute(
        insert(connection, outbox).on_conflict_do_nothing(index_elements=["brand_id", "dedupe_key"]), row
    )
    same = sa.and_(outbox.c.brand_id == brand, outbox.c.dedupe_key == message.key)
    return int(connection.execute(sa.select(outbox.c.id).where(same)).scalar_one())


def insert(connection: sa.Connection, table: sa.Table) -> Any:
    """INSERT with ON CONFLICT, in the database's own dialect."""
    return (postgresql if connection.dialect.name == "postgresql" else sqlite).insert(table)


class Outbox(Part):
    def add(self, message: NewMessage, now: datetime) -> int:
        with self.transaction() as c:
            return add_message(c, self.brand, message, now)

    def begin(self) -> None:
        """A daemon starts that is alone on its database: nobody else holds a row."""
        with self.transaction() as c:
            c.execute(
                outbox.update()
                .where(self.mine(outbox), OPEN_ROWS, outbox.c.lease_until.is_not(None))
                .values(lease_until=None)
            )

    def clock_set_back(self, now: datetime) -> None:
        with self.transaction() as c:
            waits = sa.and_(self.mine(outbox), OPEN_ROWS, outbox.c.state == "pending", outbox.c.not_before > now)
            c.execute(outbox.update().where(waits).values(not_before=now, lease_until=None))

    def elsewhere(self, known: Iterable[str]) -> list[OutboxRow]:
        """Waiting rows for Slack or the console whose channel is none of these."""
        door = sa.or_(outbox.c.channel.like("slack:%"), outbox.c.channel.like("console:%"))
        with self.transaction() as c:
            rows = c.execute(
                sa.select(outbox).where(
                    self.mine(outbox),
                    OPEN_ROWS,
                    outbox.c.state.in_(WAITING),
                    outbox.c.kind != "edit",
                    door,
                    outbox.c.channel.not_in(list(known)),
                )
            )
            return [_row(r) for r in rows]

    def move(self, row_id: int, channel: str, now: datetime) -> None:
        with self.transaction() as c:
            values = {"channel": channel, "state": "pending", "not_before": now, "lease_until": None}
            c.execute(outbox.update().where(outbox.c.id == row_id).values(**values))

    def detach(self, row_id: int, now: datetime) -> None:
        """The thread that it belonged to is gone: it goes out by itself."""
        with self.transaction() as c:
            values = {"root_id": None, "state": "pending", "not_before": now, "lease_until": None}
            c.execute(outbox.update().where(outbox.c.id == row_id).values(**values))

    def channels(self, now: datetime) -> list[str]:
        """Channels that have something to send, or to settle, by now."""
        with self.transaction() as c:
            return list(
                c.execute(
                    sa.select(outbox.c.channel)
                    .where(self.mine(outbox), OPEN_ROWS, outbox.c.not_before <= now)
                    .distinct()
                ).scalars()
            )

    def claim(self, channel: str, now: datetime, lease: timedelta, owner: str, limit: int) -> list[OutboxRow]:
        """Rows of a channel that may be sent by now, oldest first; nobody else gets them before the lease ends. Their
        owner does: it has laid them down when the database refused.

        What belongs to a message that is not out yet waits behind it, however old it is: a merged backlog is younger
        than the lines of its threads, and they must not keep it from its turn.
        """
        mine = outbox.c.lease_owner == owner
        free = sa.or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= now, mine)
        root = outbox.alias()
        out = root.c.state.in_(("sent", "superseded", "blocked"))
        away = sa.and_(outbox.c.kind == "stage", root.c.channel != outbox.c.channel)
        said = sa.and_(outbox.c.kind == "edit", root.c.state.in_(WAITING))  # the message itself will say it
        follows = sa.exists().where(root.c.id == outbox.c.root_id, sa.or_(out, away, said))
        due = (
            sa.select(outbox)
            .where(
                self.mine(outbox),
                OPEN_ROWS,
                outbox.c.channel == channel,
                outbox.c.state.in_(WAITING),
                outbox.c.not_before <= now,
                free,
                sa.or_(outbox.c.root_id.is_(None), follows),
            )
            # What was refused before has its turn after what was not: one bad message keeps no other from going.
            .order_by(outbox.c.state == "blocked", outbox.c.id)
            .limit(limit)
        )
        with self.transaction() as c:
            rows = c.execute(due.with_for_update(skip_locked=True, of=outbox)).all()
            ids = [row.id for row in rows]
            if ids:
                lent = {"lease_until": now + lease, "lease_owner": owner}
                c.execute(outbox.update().where(outbox.c.id.in_(ids)).values(**lent))
        return [_row(r) for r in rows]

    def intend(self, ids: Sequence[int], now: datetime, settle: timedelta) -> None:
        """Write down that these are about to be sent: from here on their outcome is unclear until recorded."""
        with self.transaction() as c:
            c.execute(
                outbox.update()
                .where(outbox.c.id.in_(ids))
                .values(
                    state="sending", attempt_at=now, not_before=now + settle, attempts=outbox.c.attempts + 1, error=None
                )
            )

    def sent(self, ids: Sequence[int], now: datetime, *, slack_channel: str | None, slack_ts: str | None) -> None:
        with self.transaction() as c:
            c.execute(
                outbox.update()
                .where(outbox.c.id.in_(ids))
                .values(
                    state="sent",
                    sent_at=now,
                    slack_channel=slack_channel,
                    slack_ts=slack_ts,
                    lease_until=None,
                    error=None,
                )
            )

    def again(self, ids: Sequence[int], not_before: datetime, error: str) -> None:
        """It was certainly not sent: try again, not before a moment."""
        self._back(ids, "pending", not_before, error)

    def blocked(self, ids: Sequence[int], not_before: datetime, error: str) -> None:
        """It was refused for a reason that a person must mend: keep it, and look again now and then."""
        self._back(ids, "blocked", not_before, error)

    def release(self, ids: Sequence[int]) -> None:
        """Give claimed rows back unchanged."""
        with self.transaction() as c:
            c.execute(outbox.update().where(outbox.c.id.in_(ids)).values(lease_until=None))

    def superseded(self, ids: Sequence[int], why: str, now: datetime) -> None:
        """Recorded, and not sent: the truth has moved on."""
        with self.transaction() as c:
            c.execute(
                outbox.update()
                .where(outbox.c.id.in_(ids))
                .values(state="superseded", sent_at=now, error=why, lease_until=None)
            )

    def pause(self, channel: str, until: datetime) -> None:
        """The channel asks for patience: nothing of it goes out before `until`."""
        with self.transaction() as c:
            c.execute(
                outbox.update()
                .where(
                    self.mine(outbox),
                    OPEN_ROWS,
                    outbox.c.channel == channel,
                    outbox.c.state == "pending",
                    outbox.c.not_before < until,
                )
                .values(not_before=until)
            )

    def unsettled(self, channel: str, now: datetime) -> list[OutboxRow]:
        """Rows whose outcome is unclear, and old enough that no call can still be on its way."""
        with self.transaction() as c:
            rows = c.execute(
                sa.select(outbox)
                .where(
                    self.mine(outbox),
                    OPEN_ROWS,
                    outbox.c.channel == channel,
                    outbox.c.state == "sending",
                    outbox.c.not_before <= now,
                )
                .order_by(outbox.c.id)
                .limit(500)
            ).all()
            return [_row(r) for r in rows]

    def merge(self, rows: Sequence[OutboxRow], message: NewMessage, now: datetime) -> int:
        """Several waiting messages become one, which from now on tells all of their alerts."""
        ids = [row.id for row in rows]
        with self.transaction() as c:
            merged = add_message(c, self.brand, message, now)
            told = sa.select(alert.c.deadline_id).where(alert.c.outbox_id.in_(ids))
            c.execute(
                deadline.update().where(deadline.c.id.in_(told), deadline.c.root_id.in_(ids)).values(root_id=merged)
            )
            c.execute(alert.update().where(alert.c.outbox_id.in_(ids)).values(outbox_id=merged))
            c.execute(outbox.update().where(outbox.c.root_id.in_(ids)).values(root_id=merged))
            c.execute(
                outbox.update()
                .where(outbox.c.id.in_(ids), outbox.c.state == "pending")
                .values(state="superseded", sent_at=now, error=f"merged into {merged}", lease_until=None)
            )
        return merged

    def get(self, row_id: int) -> OutboxRow | None:
        with self.transaction() as c:
            row = c.execute(sa.select(outbox).where(outbox.c.id == row_id)).first()
            return _row(row) if row else None

    def later_edit(self, row: OutboxRow) -> bool:
        """Whether a newer edit of the same message waits: then this one need not be sent."""
        with self.transaction() as c:
            return bool(
                c.execute(
                    sa.select(sa.func.count())
                    .select_from(outbox)
                    .where(
                        outbox.c.root_id == row.root_id,
                        outbox.c.kind == row.kind,
                        outbox.c.id > row.id,
                        outbox.c.state.in_(WAITING),
                    )
                ).scalar_one()
            )

    def later_stage(self, row: OutboxRow) -> bool:
        """Whether a later stage of the same deadline waits: people read the worst news once."""
        prefix = ":".join(row.key.split(":")[:2]) + ":"
        with self.transaction() as c:
            found = c.execute(
                sa.select(outbox.c.id).where(
                    self.mine(outbox),
                    outbox.c.root_id == row.root_id,
                    outbox.c.dedupe_key.startswith(prefix, autoescape=True),
                    outbox.c.id > row.id,
                    outbox.c.state.in_(WAITING),
                )
            )
            return found.first() is not None

    def backlog(self, channel: str, now: datetime, kind: str) -> list[OutboxRow]:
        """Waiting rows of one kind that may be sent by now and were never tried, oldest first."""
        with self.transaction() as c:
            rows = c.execute(
                sa.select(outbox)
                .where(
                    self.mine(outbox),
                    OPEN_ROWS,
                    outbox.c.channel == channel,
                    outbox.c.kind == kind,
                    outbox.c.state == "pending",
                    outbox.c.not_before <= now,
                )
                .order_by(outbox.c.id)
                .limit(1000)
            )
            return [_row(r) for r in rows]

    def unclear(self, ids: Sequence[int], not_before: datetime, error: str) -> None:
        """Nobody could say yet what became of these: look again later."""
        self._back(ids, "sending", not_before, error)

    def put_off(self, ids: Sequence[int], not_before: datetime, error: str) -> None:
        """Something in us broke: look at these again later. What may have been sent stays unclear until then."""
        with self.transaction() as c:
            c.execute(
                outbox.update()
                .where(outbox.c.id.in_(ids))
                .values(not_before=not_before, error=error[:500], lease_until=None)
            )

    def unblock(self, channel: str, now: datetime) -> None:
        """The channel takes messages again: what was refused is tried at once."""
        with self.transaction() as c:
            c.execute(
                outbox.update()
                .where(self.mine(outbox), OPEN_ROWS, outbox.c.channel == channel, outbox.c.state.in_(WAITING))
                .values(state="pending", not_before=now)
            )

    def silent(self, now: datetime, patience: timedelta) -> list[OutboxRow]:
        """Messages that people have not got (blocked, or waiting for longer than `patience`), not yet rung for."""
        late = sa.or_(outbox.c.state == "blocked", outbox.c.created_at <= now - patience)
        with self.transaction() as c:
            rows = c.execute(
                sa.select(outbox)
                .where(
                    self.mine(outbox),
                    OPEN_ROWS,
                    outbox.c.channel.like("slack:%"),
                    outbox.c.kind != "edit",
                    outbox.c.rung_at.is_(None),
                    late,
                )
                .order_by(outbox.c.id)
                .limit(500)
            ).all()
            return [_row(r) for r in rows]

    def ring(self, ids: Sequence[int], messages: Iterable[NewMessage], now: datetime) -> None:
        """The fallback is told about these rows, once."""
        with self.transaction() as c:
            for message in messages:
                add_message(c, self.brand, message, now)
            c.execute(outbox.update().where(outbox.c.id.in_(ids)).values(rung_at=now))

    def last_ring(self) -> datetime | None:
        with self.transaction() as c:
            found: datetime | None = c.execute(
                sa.select(sa.func.max(outbox.c.created_at, type_=outbox.c.created_at.type)).where(
                    self.mine(outbox), outbox.c.kind == "fallback"
                )
            ).scalar()
            return found

    def late(self, now: datetime, patience: timedelta) -> tuple[int, str]:
        """How many messages wait for longer than `patience`, and the last reason."""
        waits = sa.and_(
            self.mine(outbox),
            OPEN_ROWS,
            outbox.c.state.in_(("pending", "sending")),
            outbox.c.created_at <= now - patience,
        )
        with self.transaction() as c:
            n = c.execute(sa.select(sa.func.count()).select_from(outbox).where(waits)).scalar_one()
            last = c.execute(
                sa.select(outbox.c.error).where(waits).order_by(outbox.c.attempt_at.desc()).limit(1)
            ).scalar()
        return int(n), last or "no answer"

    def counts(self) -> Mapping[str, int]:
        """How many rows that still want something stand in each state."""
        with self.transaction() as c:
            rows = c.execute(
                sa.select(outbox.c.state, sa.func.count().label("n"))
                .where(self.mine(outbox), OPEN_ROWS)
                .group_by(outbox.c.state)
            ).all()
            return {row.state: row.n for row in rows}

    def troubles(self) -> list[OutboxRow]:
        """Blocked rows, oldest first."""
        with self.transaction() as c:
            rows = c.execute(
                sa.select(outbox)
                .where(self.mine(outbox), OPEN_ROWS, outbox.c.state == "blocked")
                .order_by(outbox.c.id)
                .limit(50)
            )
            return [_row(r) for r in rows]

    def _back(self, ids: Sequence[int], state: str, not_before: datetime, error: str) -> None:
        with self.transaction() as c:
            c.execute(
                outbox.update()
                .where(outbox.c.id.in_(ids))
                .values(state=state, not_before=not_before, error=error[:500], lease_until=None)
            )


def _row(row: Any) -> OutboxRow:
    return OutboxRow(
        id=row.id,
        key=row.dedupe_key,
        channel=row.channel,
        kind=row.kind,
        payload=row.payload,
        root_id=row.root_id,
        state=row.state,
        created_at=row.created_at,
        not_before=row.not_before,
        attempts=row.attempts,
        attempt_at=row.attempt_at,
        sent_at=row.sent_at,
        slack_channel=row.slack_channel,
        slack_ts=row.slack_ts,
        error=row.error,
    )
