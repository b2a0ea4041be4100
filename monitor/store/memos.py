"""Memos: what a source must remember besides cursors, such as a session; encrypted, since it holds tokens."""

from __future__ import annotations

import asyncio
import json
from base64 import urlsafe_b64encode
from collections.abc import AsyncIterator, MutableMapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

import sqlalchemy as sa
from cryptography.fernet import Fernet, InvalidToken

from monitor.store.base import Part
from monitor.store.engine import Engine
from monitor.store.outbox import insert
from monitor.store.tables import memo


class UnreadableMemoError(Exception):
    """The key has changed since the memo was written."""


class Memos(Part):
    """Hands out each source's memo. `key` is any secret; Fernet's key is derived from it."""

    def __init__(self, engine: Engine, brand: str, key: bytes) -> None:
        super().__init__(engine, brand)
        self._seal = Fernet(urlsafe_b64encode(sha256(key).digest()))
        self._turns: dict[str, asyncio.Lock] = {}

    def of(self, source: str) -> SourceMemo:
        return SourceMemo(self, source, self._turns.setdefault(source, asyncio.Lock()))

    def read(self, source: str) -> dict[str, Any]:
        """What the source wrote; empty when nothing, or when the key has changed: it will log in anew."""
        with self.transaction() as c:
            sealed = c.execute(sa.select(memo.c.sealed).where(self.mine(memo), memo.c.source == source)).scalar()
        if sealed is None:
            return {}
        try:
            found: dict[str, Any] = json.loads(self._seal.decrypt(sealed))
        except InvalidToken:
            return {}
        return found

    def write(self, source: str, values: MutableMapping[str, Any], now: datetime) -> None:
        sealed = self._seal.encrypt(json.dumps(dict(values)).encode())
        row = {"brand_id": self.brand, "source": source, "sealed": sealed, "changed_at": now}
        with self.transaction() as c:
            statement = insert(c, memo)
            c.execute(
                statement.on_conflict_do_update(
                    index_elements=["brand_id", "source"],
                    set_={"sealed": statement.excluded.sealed, "changed_at": statement.excluded.changed_at},
                ),
                row,
            )


class SourceMemo:
    """One source's memo, as connectors see it."""

    def __init__(self, memos: Memos, source: str, turn: asyncio.Lock) -> None:
        self._memos = memos
        self._source = source
        self._turn = turn

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[MutableMapping[str, Any]]:
        async with self._turn:
            before = await asyncio.to_thread(self._memos.read, self._source)
            values = dict(before)
            try:
                yield values
            finally:
                if values != before:
                    # Shielded: a refresh token that changed must not be lost to a daemon that is stopping.
                    await asyncio.shield(asyncio.to_thread(self._memos.write, self._source, values, datetime.now(UTC)))
