"""One fetch of one way after another, and the whole policy for what goes wrong.

A way that fails or hangs delays only itself: it backs off, and once it has been blind for a while, people are told.
Its cursor stays where it was, so that it misses nothing when it sees again.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from connectors.base import (
    AuthError,
    Connector,
    ConnectorError,
    GatedError,
    PayloadError,
    Polls,
    RateLimitedError,
    SettingsError,
    TransientError,
    Way,
)
from monitor.config.rules import DEFAULT_ROUTE, Rules, Source
from monitor.ingest import Arrival, Ingest
from monitor.store import Store, StoreError, WayState
from monitor.store.facts import NewMessage, Saved

log = logging.getLogger(__name__)

MAX_PAGES = 20
"""Pages of one way read in a row; a larger burst goes on at the next tick, so that others get their turn."""

PATIENCE = timedelta(seconds=60)
"""A page that takes longer than this hangs."""

LEASE = timedelta(minutes=10)
TURN = LEASE / 2
"""A way that is read for longer than this goes on at the next tick, long before somebody else may take it."""

BACK_OFF = timedelta(minutes=1)
LONGEST = timedelta(hours=1)
LONGEST_ASKED = timedelta(hours=24)
BLIND_AFTER = timedelta(minutes=15)
BLIND_POLLS = 3


@dataclass(frozen=True, slots=True)
class Eye:
    """A source that is watched: its rules and the connector made from them."""

    source: Source
    connector: Connector[Any]

    def ways(self) -> dict[str, Way]:
        return {w.name: w for w in self.connector.ways()} if isinstance(self.connector, Polls) else {}

    def pace(self, way: Way) -> timedelta:
        return self.source.every or way.every


class Polling:
    """Polls the ways of one brand."""

    def __init__(self, rules: Rules, store: Store, ingest: Ingest, eyes: Mapping[str, Eye]) -> None:
        self.rules = rules
        self.store = store
        self.ingest = ingest
        self.eyes = eyes
        self.ways = {name: eye.ways() for name, eye in eyes.items()}
        self.stuck: dict[str, str] = {}  # source: why nothing of it can be saved, for the health page
        self._held: list[tuple[WayState, datetime]] = []  # could not be given back: the database refused

    def agree(self, now: datetime) -> None:
        """Make the store's ways those of the rules."""
        self.store.ways.agree([(s, w) for s, ways in self.ways.items() for w in ways], now)

    def claim(self, now: datetime, owner: str, limit: int) -> list[WayState]:
        """Ways that are due by now. Raises `StoreError`."""
        while self._held:
            state, due_at = self._held[-1]
            self.store.ways.release(state.source, state.way, due_at)
            self._held.pop()
        return self.store.ways.claim(now, LEASE, owner, limit)

    @property
    def longest_wait(self) -> timedelta:
        """No way ever waits longer than this; a clock that was set back is noticed by it."""
        paces = [self.eyes[s].pace(w) for s, ways in self.ways.items() for w in ways.values()]
        return max([LONGEST_ASKED, *paces]) + timedelta(minutes=5)

    async def poll(self, state: WayState, now: datetime) -> Saved | None:
        """Read a way to its end, page by page. None when it could not look; the reason is then in the store."""
        try:
            saved = await self._read(state, now)
        except ConnectorError as e:
            await asyncio.to_thread(self._failed, state, e, now)
        except TimeoutError:
            error = TransientError(f"no answer within {PATIENCE.total_seconds():.0f} s")
            await asyncio.to_thread(self._failed, state, error, now)
        except StoreError as e:
            # The cursor has not moved: the page is read again.
            log.error("could not save source=%s way=%s: %s", state.source, state.way, e)
            self.stuck[state.source] = str(e)
            pace = self.eyes[state.source].pace(self.ways[state.source][state.way])
            self._held.append((state, now + min(pace, BACK_OFF)))
        except Exception as e:  # our bug: this source backs off, the others go on
            log.exception("broke source=%s way=%s", state.source, state.way)
            await asyncio.to_thread(self._failed, state, _Bug(f"{type(e).__name__} (a bug; see the log)"), now)
        else:
            return saved
        return None

    async def _read(self, state: WayState, now: datetime) -> Saved:
        eye = self.eyes[state.source]
        way = self.ways[state.source][state.way]
        cursor, first, saved = state.cursor, state.baseline_at is None, Saved()
        ends_at = asyncio.get_running_loop().time() + TURN.total_seconds()
        for left in range(MAX_PAGES, 0, -1):
            async with asyncio.timeout(PATIENCE.total_seconds()):
                page = await eye.connector.fetch(way, cursor, now)  # type: ignore[attr-defined]
            last = not page.more or left == 1 or asyncio.get_running_loop().time() >= ends_at
            due_at = now if page.more else max(now + eye.pace(way), page.not_before or now)
            arrival = Arrival(eye.source, way.name, first, due_at, last, caught_up=not page.more)
            saved += await asyncio.to_thread(self.ingest.save, page, arrival, now)
            self.stuck.pop(state.source, None)
            if page.skipped:
                log.warning("unreadable items source=%s way=%s skipped=%d", state.source, state.way, page.skipped)
            if page.more and page.cursor == cursor:
                raise PayloadError("the pages go in a circle")
            cursor = page.cursor
            if last:
                break
        if state.failures:
            await asyncio.to_thread(self._recovered, state, now)
        log.info(
            "polled source=%s way=%s new=%d edited=%d opened=%d answered=%d",
            state.source,
            state.way,
            saved.new,
            saved.edited,
            saved.opened,
            saved.answered,
        )
        return saved

    # ------------------------------------------------------------ policy

    def _failed(self, state: WayState, error: ConnectorError, now: datetime) -> None:
        pace = self.eyes[state.source].pace(self.ways[state.source][state.way])
        wait = wait_after(error, state.failures, pace, random.random())
        due_at = now + wait
        told = self._blind(state, error, due_at, now)
        if state.failures == 0 or told is not None:
            log.warning("cannot look source=%s way=%s %s: %s", state.source, state.way, type(error).__name__, error)
        try:
            self.store.ways.failed(
                state, error_class=error_class(error), error=str(error), due_at=due_at, blind=told, now=now
            )
        except StoreError as e:
            log.error("could not note a failure source=%s way=%s: %s", state.source, state.way, e)
            self._held.append((state, due_at))

    def _blind(self, state: WayState, error: ConnectorError, due_at: datetime, now: datetime) -> NewMessage | None:
        """The message that this way cannot see, if this is the moment to say so; it is said once per blindness."""
        if state.blind_since is not None:
            return None
        since = state.failing_since or now
        hopeless = isinstance(error, AuthError | GatedError | SettingsError)
        if not (hopeless or state.failures + 1 >= BLIND_POLLS or due_at - since >= BLIND_AFTER):
            return None
        payload = {
            "what": "blind",
            "source": state.source,
            "way": state.way,
            "error_class": error_class(error),
            "why": str(error)[:300],
            "since": (state.succeeded_at or since).isoformat(),
        }
        key = f"blind:{state.source}:{state.way}:{since.isoformat()}"
        return NewMessage(key, self.rules.channel(DEFAULT_ROUTE), "note", payload)

    def _recovered(self, state: WayState, now: datetime) -> None:
        message = None
        if state.blind_since is not None:
            payload = {
                "what": "sees",
                "source": state.source,
                "way": state.way,
                "since": (state.succeeded_at or state.blind_since).isoformat(),
                "until": now.isoformat(),
            }
            key = f"sees:{state.source}:{state.way}:{state.blind_since.isoformat()}"
            message = NewMessage(key, self.rules.channel(DEFAULT_ROUTE), "note", payload)
        self.store.ways.recovered(state, message, now)
        log.info("sees again source=%s way=%s", state.source, state.way)


class _Bug(ConnectorError):
    """Something in us broke, not the platform."""


def wait_after(error: ConnectorError, failures: int, pace: timedelta, chance: float) -> timedelta:
    """How long to leave a way alone after its `failures + 1`th failure in a row. `chance` is 0..1, for the jitter."""
    match error:
        case GatedError():
            return LONGEST_ASKED
        case AuthError() | SettingsError():
            return LONGEST
        case RateLimitedError() if error.retry_after is not None:
            return min(max(error.retry_after, pace), LONGEST_ASKED)
    longest = min(BACK_OFF * 2.0 ** min(failures, 10), LONGEST)
    return max(min(pace, LONGEST), longest * (0.5 + chance / 2))


def error_class(error: ConnectorError) -> str:
    """One word for the error, for tables and people."""
    names: Mapping[type[ConnectorError], str] = {
        AuthError: "auth",
        GatedError: "gated",
        RateLimitedError: "limited",
        SettingsError: "settings",
        PayloadError: "payload",
        TransientError: "transient",
    }
    return next((word for sort, word in names.items() if isinstance(error, sort)), "bug")
