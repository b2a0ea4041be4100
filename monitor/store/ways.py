"""Ways: which one is due, who holds it, and how it fares."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from typing import Any

import sqlalchemy as sa

from monitor.store.base import Part
from monitor.store.facts import NewMessage, WayState
from monitor.store.outbox import add_message
from monitor.store.tables import way


class Ways(Part):
    def agree(self, wanted: Iterable[tuple[str, str]], now: datetime) -> None:
        """Make the rows match the rules: new ways are due now, ways no longer wanted sleep with their cursor."""
        keys = set(wanted)
        with self.transaction() as c:
            rows = c.execute(sa.select(way.c.source, way.c.way, way.c.removed_at).where(self.mine(way))).all()
            known = {(r.source, r.way): r.removed_at for r in rows}
            for source, name in keys - known.keys():
                c.execute(way.insert().values(brand_id=self.brand, source=source, way=name, due_at=now))
            for key, removed_at in known.items():
                if (key in keys) == (removed_at is None):
                    continue
                values = {"removed_at": None, "due_at": now} if key in keys else {"removed_at": now}
                c.execute(way.update().where(self._is(*key)).values(**values))

    def begin(self, now: datetime) -> None:
        """A daemon starts that is alone on its database: nobody else holds a way, and what a person had to mend may
        be mended."""
        mendable = way.c.error_class.in_(("auth", "gated", "settings"))
        with self.transaction() as c:
            c.execute(way.update().where(self.mine(way), way.c.lease_until.is_not(None)).values(lease_until=None))
            c.execute(way.update().where(self.mine(way), mendable, way.c.due_at > now).values(due_at=now))

    def claim(self, now: datetime, lease: timedelta, owner: str, limit: int) -> list[WayState]:
        """Up to `limit` due ways, longest due first; no other claim gives them out before the lease ends."""
        free = sa.or_(way.c.lease_until.is_(None), way.c.lease_until <= now)
        due = (
            sa.select(way)
            .where(self.mine(way), way.c.due_at <= now, way.c.removed_at.is_(None), free)
            .order_by(way.c.due_at)
            .limit(limit)
        )
        with self.transaction() as c:
            rows = c.execute(due.with_for_update(skip_locked=True)).all()
            for row in rows:
                c.execute(
                    way.update()
                    .where(self._is(row.source, row.way))
                    .values(lease_until=now + lease, lease_owner=owner, tried_at=now)
                )
        return [_state(row) for row in rows]

    def heal(self, now: datetime, longest: timedelta) -> None:
        """A clock that was set back leaves ways due in a far future: none waits longer than `longest`."""
        with self.transaction() as c:
            c.execute(
                way.update()
                .where(self.mine(way), way.c.due_at > now + longest, way.c.tried_at > now + timedelta(minutes=5))
                .values(due_at=now, lease_until=None, tried_at=now)
            )

    def clock_set_back(self, now: datetime) -> None:
        with self.transaction() as c:
            c.execute(way.update().where(self.mine(way), way.c.due_at > now).values(due_at=now, lease_until=None))

    def failed(
        self,
        state: WayState,
        *,
        error_class: str,
        error: str,
        due_at: datetime,
        blind: NewMessage | None,
        now: datetime,
    ) -> None:
        """The way could not look: note why, when to try again, and tell people if this is the moment to."""
        values: dict[str, Any] = {
            "failures": state.failures + 1,
            "failing_since": state.failing_since or now,
            "error_class": error_class,
            "error": error[:500],
            "due_at": due_at,
            "lease_until": None,
        }
        with self.transaction() as c:
            if blind is not None:
                values["blind_since"] = state.failing_since or now
                add_message(c, self.brand, blind, now)
                since = state.succeeded_at or state.failing_since or now
                detail = {
                    "source": state.source,
                    "way": state.way,
                    "why": error_class,
                    "since": since.isoformat(),
                }
                self.note(c, now, "monitor", "blind", detail=detail)
            c.execute(way.update().where(self._is(state.source, state.way)).values(**values))

    def recovered(self, state: WayState, message: NewMessage | None, now: datetime) -> None:
        """The way sees again."""
        with self.transaction() as c:
            if message is not None:
                add_message(c, self.brand, message, now)
                self.note(
                    c,
                    now,
                    "monitor",
                    "sees",
                    detail={"source": state.source, "way": state.way, "since": str(state.blind_since)},
                )
            c.execute(
                way.update()
                .where(self._is(state.source, state.way))
                .values(failures=0, failing_since=None, blind_since=None, error=None, error_class=None)
            )

    def release(self, source: str, name: str, due_at: datetime) -> None:
        """Give a claimed way back untouched, for example when the daemon stops."""
        with self.transaction() as c:
            c.execute(way.update().where(self._is(source, name)).values(lease_until=None, due_at=due_at))

    def all(self) -> Sequence[WayState]:
        with self.transaction() as c:
            rows = c.execute(
                sa.select(way).where(self.mine(way), way.c.removed_at.is_(None)).order_by(way.c.source, way.c.way)
            )
            return [_state(row) for row in rows]

    def _is(self, source: str, name: str) -> sa.ColumnElement[bool]:
        return sa.and_(self.mine(way), way.c.source == source, way.c.way == name)


def _state(row: Any) -> WayState:
    return WayState(
        source=row.source,
        way=row.way,
        cursor=row.cursor,
        due_at=row.due_at,
        failures=row.failures,
        failing_since=row.failing_since,
        baseline_at=row.baseline_at,
        tried_at=row.tried_at,
        succeeded_at=row.succeeded_at,
        blind_since=row.blind_since,
        error_class=row.error_class,
        error=row.error,
        gap_at=row.gap_at,
    )
