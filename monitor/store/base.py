"""What the parts of the store share: the brand they speak for, transactions, and the ledger."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

import sqlalchemy as sa

from monitor.store.engine import Engine
from monitor.store.tables import event


class Part:
    """One part of the store, seen by one brand."""

    def __init__(self, engine: Engine, brand: str) -> None:
        self._engine = engine
        self.brand = brand

    def transaction(self) -> AbstractContextManager[sa.Connection]:
        return self._engine.transaction()

    def mine(self, table: sa.Table) -> sa.ColumnElement[bool]:
        found: sa.ColumnElement[bool] = table.c.brand_id == self.brand
        return found

    def note(
        self,
        connection: sa.Connection,
        now: datetime,
        who: str,
        what: str,
        *,
        mention_id: int | None = None,
        deadline_id: int | None = None,
        detail: Mapping[str, Any] | None = None,
    ) -> None:
        """Add a line to the ledger. `detail` never holds what customers wrote."""
        connection.execute(
            event.insert(),
            {
                "brand_id": self.brand,
                "at": now,
                "who": who,
                "what": what,
                "mention_id": mention_id,
                "deadline_id": deadline_id,
                "detail": dict(detail or {}),
            },
        )
