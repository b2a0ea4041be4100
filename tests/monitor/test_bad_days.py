"""One bad day of each kind: what the world does to us, what people read of it, and that nothing is lost.

The real connectors ask a hostile server through the real client, and everything is kept in a real database.
"""

from __future__ import annotations

import asyncio
import json
import logging
import os
import sqlite3
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from functools import partial
from html import escape
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa

from connectors import hackernews
from monitor import alerts
from monitor.app import App, eye, make
from monitor.config import read_rules
from monitor.delivery import Console, Delivery
from monitor.http import Bounds, make_client
from monitor.polling import BACK_OFF, Polling
from monitor.scheduler import Daemon
from monitor.store import Store, StoreError, WayState, open_engine
from monitor.telling import Posted, Told
from tests.day import FakeDoor
from tests.hostile import HostileServer, gzipped, whole

pytestmark = pytest.mark.anyio
START = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
STEP = timedelta(minutes=5)
HASTY = Bounds(max_seconds=0.3)

RULES = """
brand: {{name: Lumi, language: en, timezone: Asia/Seoul}}
topics: {{lumi: lumi OR 루미}}
sources:
  bad: {bad}
  good: {{connector: feed, every: 5m, settings: {{url: "{good}"}}}}
targets: [{{name: standard, reply_within: 9h, clock: always}}]
routes: {{default: {{channel: C0MENTIONS, stages: [new]}}}}
network: {{allow_private: [127.0.0.1]}}
web: null
"""


def feed(*numbers: int, encoding: str = "utf-8", declared: str = "", at: datetime = START) -> bytes:
    """An RSS document with these entries, the newest first; each was written when its number says."""
    items = "".join(
        f"<item><guid>e{n}</guid><title>루미 {n}</title><link>https://shop.example/{n}</link>"
        f"<pubDate>{format_datetime(at + n * timedelta(seconds=1))}</pubDate>"
        f"<description>{escape(f'루미 크림 {n}번 주문, 환불 언제 되나요?')}</description></item>"
        for n in sorted(numbers, reverse=True)
    )
    head = f'<?xml version="1.0" encoding="{declared or encoding}"?><rss version="2.0"><channel><title>루미</title>'
    return f"{head}<link>https://shop.example/</link>{items}</channel></rss>".encode(encoding)


def served(document: bytes, kind: str = "application/rss+xml; charset=utf-8", **more: Any) -> bytes:
    return whole(document, kind=kind, extra="Connection: close\r\n", **more)


def refused(status: str, extra: str = "") -> bytes:
    return whole(b"no", status=status, kind="text/plain", extra=f"Connection: close\r\n{extra}")


class Watch:
    """The parts of a daemon on one clock: two sources, one of which has a bad day."""

    def __init__(self, app: App, server: HostileServer, path: str) -> None:
        self.app, self.server, self.path = app, server, path
        self.now = START
        self.told: list[str] = []
        self.eyes = dict(app.eyes)
        self.polling = Polling(app.rules, app.store, app.ingest, self.eyes)
        self.delivery = Delivery(app.rules, app.store, {"console": Console(self.told.append)}, "test")
        self.polling.agree(START)

    async def look(self) -> None:
        """Everything that is due by now, once."""
        found = await asyncio.to_thread(self.polling.claim, self.now, "test", 50)
        await asyncio.gather(*(self.polling.poll(state, self.now) for state in found))
        alerts.sweep(self.app.rules, self.app.store, self.now)
        await self.delivery.pump(self.now)

    async def after(self, wait: timedelta) -> None:
        self.now += wait
        await self.look()

    def way(self, source: str = "bad") -> WayState:
        return next(w for w in self.app.store.ways.all() if w.source == source)

    def stored(self, source: str = "bad") -> list[str]:
        found = self.app.store.mentions.between(START - timedelta(days=1), self.now + timedelta(days=1))
        return sorted(m.title for m in found if m.source == source)

    def notes(self) -> list[str]:
        """What people were told of the bad source's sight."""
        return [t for t in self.told if t.startswith("bad (") and " see" in t]


@pytest.fixture
async def server() -> AsyncIterator[HostileServer]:
    async with HostileServer() as running:
        running.answers["/good"] = served(feed(1))
        yield running


Open = Callable[..., App]


@pytest.fixture
async def opened(server: HostileServer, tmp_path: Path) -> AsyncIterator[Open]:
    """Opens an app whose bad source is a feed at a path of the server, or what else the rules say of it."""
    apps: list[App] = []

    def begin(bad: str = "/bad", **environ: str) -> App:
        file = tmp_path / "rules.yaml"
        feeds = f'{{connector: feed, every: 5m, settings: {{url: "{server.url(bad)}"}}}}'
        text = RULES.format(bad=feeds if bad.startswith("/") else bad, good=server.url("/good"))
        file.write_text(text, "utf-8")
        url = f"sqlite:///{tmp_path / 'monitor.db'}"
        apps.append(make(read_rules(file, {}), {"MONITOR_DATABASE_URL": url, **environ}, daemon=True))
        return apps[-1]

    yield begin
    for app in apps:
        await app.close()


@pytest.fixture
async def watch(request: pytest.FixtureRequest, server: HostileServer, opened: Open) -> Watch:
    """A watch that has looked once and found a well-behaved feed. The parameter is where the bad one stands."""
    path = getattr(request, "param", "/bad")
    made = Watch(opened(path), server, path.partition("?")[0])
    server.answers[made.path] = served(feed(1))
    await made.look()
    assert made.stored() == ["루미 1"]
    made.told.clear()
    return made


SILENT = "The platform does not answer; it is tried again."
UNREADABLE = "The platform's answer cannot be read."
LIMITED = "The platform asks us to slow down."
RULED_OUT = "What rules.yaml asks for cannot work."

BAD = [
    pytest.param("/bad", refused("500 Oh"), "transient", SILENT, "127.0.0.1: HTTP 500", id="500"),
    pytest.param("/bad", refused("503 Oh"), "transient", SILENT, "127.0.0.1: HTTP 503", id="503"),
    pytest.param("/html", None, "transient", SILENT, "this is no feed, and names none", id="a login page"),
    pytest.param("/large?n=50&quiet=1", None, "payload", UNREADABLE, "larger than 8 MiB", id="50 MB"),
    pytest.param("/large?n=50", None, "payload", UNREADABLE, "larger than 8 MiB", id="50 MB, announced"),
    pytest.param("/endless", None, "payload", UNREADABLE, "larger than 8 MiB", id="a body that never ends"),
    pytest.param("/drip-body", None, "transient", SILENT, "no answer", id="a body that drips"),
    pytest.param("/silent", None, "transient", SILENT, "no answer", id="no answer at all"),
    pytest.param("/bomb?n=60", None, "payload", UNREADABLE, "larger than 8 MiB", id="a gzip bomb"),
    pytest.param("/truncated", None, "transient", SILENT, "no answer", id="an answer that breaks off"),
    pytest.param("/truncated-gzip", None, "payload", UNREADABLE, "ends too early", id="gzip that breaks off"),
    pytest.param("/reset", None, "transient", SILENT, "no answer", id="a connection that is reset"),
    pytest.param("/garbage", None, "transient", SILENT, "no answer", id="no HTTP at all"),
    pytest.param("/to?url=http://10.0.0.1/feed", None, "settings", RULED_OUT, "address is private", id="to 10.0.0.1"),
    pytest.param("/to?url=http://169.254.169.254/", None, "settings", RULED_OUT, "address is private", id="to cloud"),
    pytest.param("/to?url=http://[::1]:9/", None, "settings", RULED_OUT, "address is private", id="to ::1"),
    pytest.param("/to?url=file:///etc/passwd", None, "settings", RULED_OUT, "begins with neither", id="to a file"),
    pytest.param("/loop?n=20", None, "settings", RULED_OUT, "redirects in a row", id="redirects in a row"),
]


@pytest.mark.parametrize(("watch", "answer", "sort", "cause", "detail"), BAD, indirect=["watch"])
async def test_a_bad_source_is_told_once_moves_no_cursor_and_loses_nothing(
    watch: Watch, answer: bytes | None, sort: str, cause: str, detail: str
) -> None:
    server, before = watch.server, watch.way()
    del server.answers[watch.path]
    if answer is not None:
        server.answers[watch.path] = answer
    if watch.path in {"/silent", "/drip-body"}:
        hasty = make_client(allow_private=["127.0.0.1"], bounds=HASTY)
        watch.eyes["bad"] = eye(watch.app.rules.sources["bad"], hasty, watch.app.store)
    for n in range(2, 6):
        server.answers["/good"] = served(feed(*range(1, n + 1)))
        await watch.after(STEP)
        assert watch.way("good").succeeded_at == watch.now
        assert len(watch.stored("good")) == n
    state = watch.way()
    assert (state.error_class, state.cursor, state.succeeded_at) == (sort, before.cursor, before.succeeded_at)
    assert state.failures >= 1
    (note,) = watch.notes()
    assert note.startswith("bad (entries) cannot see since ")
    assert cause in note
    assert detail in note
    assert str(server.port) not in note  # an address may hold a key
    watch.eyes["bad"] = watch.app.eyes["bad"]
    server.answers[watch.path] = served(feed(1, 2, 3, 4))
    await watch.after(timedelta(hours=1))
    assert watch.stored() == ["루미 1", "루미 2", "루미 3", "루미 4"]
    assert [n.startswith("bad (entries) sees again") for n in watch.notes()] == [False, True]
    assert (watch.way().failures, watch.way().error_class, watch.way().blind_since) == (0, None, None)
    assert sum("루미 크림 3번" in t for t in watch.told) == 2  # once from each source
    await watch.after(STEP)
    assert len(watch.notes()) == 2


HTTP_NOW = format_datetime(START, usegmt=True)
IN_AN_HOUR = format_datetime(START + timedelta(hours=1), usegmt=True)


@pytest.mark.parametrize(
    ("header", "waits"),
    [
        ("Retry-After: 7200\r\n", timedelta(hours=2)),
        (f"Date: {HTTP_NOW}\r\nRetry-After: {IN_AN_HOUR}\r\n", timedelta(hours=1)),
        ("Retry-After: soon\r\n", timedelta(hours=1)),  # the connector's own patience
        ("Retry-After: -5\r\n", timedelta(hours=1)),
        ("Retry-After: \r\n", timedelta(hours=1)),
        ("", timedelta(hours=1)),
        ("Retry-After: 1000000000\r\n", timedelta(hours=24)),
        ("Retry-After: " + "9" * 400 + "\r\n", timedelta(hours=24)),
        ("Retry-After: 0\r\n", STEP),
    ],
)
async def test_a_source_that_names_a_time_gets_it_within_reason(watch: Watch, header: str, waits: timedelta) -> None:
    before = watch.way().cursor
    watch.server.answers["/bad"] = refused("429 Slow down", header)
    await watch.after(STEP)
    state = watch.way()
    assert (state.error_class, state.cursor) == ("limited", before)
    assert state.due_at - watch.now == waits
    asked = sum(r.path == "/bad" for r in watch.server.requests)
    watch.server.answers["/bad"] = served(feed(1, 2, 3))
    while watch.now + STEP < state.due_at:
        await watch.after(STEP)
    assert sum(r.path == "/bad" for r in watch.server.requests) == asked
    await watch.after(STEP)
    assert watch.stored() == ["루미 1", "루미 2", "루미 3"]
    if waits > timedelta(minutes=15):
        assert LIMITED in watch.notes()[0]
        assert "HTTP 429" in watch.notes()[0]


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param(served(feed(1, 2, encoding="cp949", declared="euc-kr"), "text/xml; charset=utf-8"), id="euc-kr"),
        pytest.param(served(feed(1, 2, declared="iso-8859-1"), "application/rss+xml; charset=iso-8859-1"), id="latin"),
        pytest.param(served(feed(1, 2), "application/rss+xml; charset=nonsense"), id="nonsense"),
        pytest.param(served(feed(1, 2), "text/plain; charset=zlib"), id="no text"),
        pytest.param(served(feed(1, 2)[: -len("</channel></rss>") - 30]), id="cut off"),
        pytest.param(
            whole(gzipped(feed(1, 2)), kind="text/xml", extra="Connection: close\r\nContent-Encoding: gzip\r\n"),
            id="packed",
        ),
    ],
)
async def test_a_feed_in_the_wrong_charset_or_shape_is_still_read(watch: Watch, answer: bytes) -> None:
    watch.server.answers["/bad"] = answer
    await watch.after(STEP)
    assert watch.way().failures == 0
    titles = watch.stored()
    assert titles[0] == "루미 1"
    assert len(titles) == 2
    assert titles[1].endswith("2")


# ---------------------------------------------------------------- JSON


def hits(*numbers: int) -> bytes:
    """An answer of Hacker News' search."""
    found = [
        {
            "objectID": str(n),
            "created_at_i": int(START.timestamp()) - 10 + n,
            "author": f"haru{n}",
            "comment_text": f"The Lumi cream number {n} broke my skin, how do I get a refund?",
            "story_id": 1000,
            "parent_id": 1000,
            "_tags": ["comment"],
        }
        for n in sorted(numbers, reverse=True)
    ]
    return whole(json.dumps({"hits": found, "nbHits": len(found)}).encode(), extra="Connection: close\r\n")


@pytest.mark.parametrize(
    ("answer", "detail"),
    [
        (whole(b"<!doctype html><title>Please log in</title>", kind="text/html"), "Found: answer: json_invalid"),
        (whole(b""), "Found: answer: json_invalid"),
        (whole(b'{"hits": [{"objectID": "1", "crea'), "Found: answer: json_invalid"),
        (whole(b'{"hits": 5, "nbHits": 1}'), "Found: hits: list_type"),
        (whole(b"[" * 100_000), "the answer is nested too deeply"),
        (whole(b'{"hits": [], "nbHits": NaN}'), "nbHits"),
        (whole(gzipped(b"[" + b"0," * 8_000_000), extra="Content-Encoding: gzip\r\n"), "larger than 8 MiB"),
    ],
)
async def test_what_is_not_the_json_that_was_promised_is_said_and_loses_nothing(
    server: HostileServer, opened: Open, monkeypatch: pytest.MonkeyPatch, answer: bytes, detail: str
) -> None:
    monkeypatch.setattr(hackernews, "SEARCH", server.url("/search"))
    source = "{connector: hackernews, every: 5m, settings: {queries: [Lumi]}}"
    watch = Watch(opened(source), server, "/search")
    server.answers["/search"] = hits(1)
    await watch.look()
    before = watch.way().cursor
    server.answers["/search"] = answer
    for _ in range(4):
        await watch.after(STEP)
        assert watch.way("good").succeeded_at == watch.now
    assert (watch.way().error_class, watch.way().cursor) == ("payload", before)
    (note,) = watch.notes()
    assert UNREADABLE in note
    assert detail in note
    server.answers["/search"] = hits(1, 2, 3)
    await watch.after(timedelta(hours=1))
    found = watch.app.store.mentions.between(START - timedelta(hours=1), watch.now)
    assert sorted(m.native_id for m in found if m.platform == "hackernews") == ["1", "2", "3"]


# ---------------------------------------------------------------- others are not delayed


async def test_a_source_that_hangs_delays_only_itself(server: HostileServer, opened: Open) -> None:
    app = opened("/gate")
    now = START
    daemon = Daemon(app, lambda: now)
    app.polling.agree(now)
    for n in (1, 2):
        server.answers["/good"] = served(feed(*range(1, n + 1)))
        await daemon.tick()
        await until(partial(has, app, n))
        now += STEP
    assert [r.path for r in server.requests].count("/gate") == 1
    server.gate.set()  # it answers at last, though with no feed
    await until(lambda: any(w.failures for w in app.store.ways.all()))
    server.answers["/gate"] = served(feed(8))
    now += timedelta(hours=1)
    await daemon.tick()
    await until(lambda: has(app, 3) and not any(w.failures for w in app.store.ways.all()))


def has(app: App, mentions: int) -> bool:
    return app.store.mentions.count() == mentions


async def until(holds: Callable[[], bool]) -> None:
    async with asyncio.timeout(60):
        while not holds():  # noqa: ASYNC110, what we wait for happens in the database
            await asyncio.sleep(0.01)


# ---------------------------------------------------------------- the database


@contextmanager
def full(store: Store) -> Iterator[None]:
    """SQLite may not make the file any larger: what a full disk looks like from inside."""
    limit(store, 1)
    try:
        yield
    finally:
        limit(store, 1_000_000)


def limit(store: Store, pages: int) -> None:
    with store.engine.engine.connect() as c:
        c.connection.dbapi_connection.execute(f"PRAGMA max_page_count={pages}")  # type: ignore[union-attr]


async def test_a_full_disk_pauses_polling_and_loses_nothing(watch: Watch, caplog: pytest.LogCaptureFixture) -> None:
    before, entries = watch.way().cursor, range(1, 120)
    watch.server.answers["/bad"] = watch.server.answers["/good"] = served(feed(*entries))
    with full(watch.app.store), caplog.at_level(logging.ERROR):
        for _ in range(3):
            await watch.after(STEP)
            assert (watch.way().cursor, watch.stored()) == (before, ["루미 1"])
        hint = "(the disk is full; nothing is lost, polling goes on when there is space)"
        assert watch.polling.stuck["bad"] == f"database: database or disk is full {hint}"
    assert "could not save source=bad way=entries: database: database or disk is full" in caplog.text
    assert "Traceback" not in caplog.text
    await watch.after(timedelta(seconds=1))  # what was held is given back
    await watch.after(BACK_OFF)
    assert len(watch.stored()) == len(watch.stored("good")) == 119
    assert watch.polling.stuck == {}
    with watch.app.store.engine.transaction() as c:
        assert c.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"


async def test_a_full_disk_is_seen_on_the_health_page(server: HostileServer, opened: Open) -> None:
    app = opened()
    server.answers["/bad"] = served(feed(*range(200)))
    daemon = Daemon(app, lambda: START)
    app.polling.agree(START)
    assert daemon.health().status == "ok"
    with full(app.store):
        for state in app.polling.claim(START, "test", 5):
            await app.polling.poll(state, START)
        report = daemon.health()
        assert report.status == "degraded"
        assert any("the disk is full" in t for t in report.troubles)
    for state in app.polling.claim(START + BACK_OFF, "test", 5):
        await app.polling.poll(state, START + BACK_OFF)
    assert daemon.health().status == "ok"


async def test_what_slack_took_while_the_disk_was_full_is_not_sent_twice(watch: Watch) -> None:
    door = FullDoor(watch.app.store)
    watch.delivery.outlets = {"console": door}
    watch.server.answers["/bad"] = served(feed(1, 2))
    door.fails = True
    with pytest.raises(StoreError, match="disk is full"):
        await watch.after(STEP)
    door.fails = False
    for _ in range(4):
        await watch.after(STEP)
    assert [key for key, _, _ in door.sent] == ["mention:3"]
    assert watch.app.store.outbox.counts() == {}


class FullDoor(FakeDoor):
    """The disk fills up between Slack's answer and our note of it."""

    def __init__(self, store: Store) -> None:
        super().__init__()
        self.store, self.fails = store, False

    async def post(self, to: str, told: Told, key: str, thread: Posted | None) -> Posted:
        at = await super().post(to, told, key, thread)
        if self.fails:
            self.break_database()
        return at

    def break_database(self) -> None:
        engine = self.store.engine.engine

        def fail(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
            sa.event.remove(engine, "before_cursor_execute", fail)
            raise sa.exc.OperationalError(statement, None, sqlite3.OperationalError("database or disk is full"))

        sa.event.listen(engine, "before_cursor_execute", fail)


async def test_a_database_that_another_program_holds_is_waited_for(
    watch: Watch, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    before = watch.way().cursor
    with watch.app.store.engine.engine.connect() as c:
        c.connection.dbapi_connection.execute("PRAGMA busy_timeout=20")  # type: ignore[union-attr]
    watch.server.answers["/bad"] = watch.server.answers["/good"] = served(feed(1, 2, 3))
    other = sqlite3.connect(tmp_path / "monitor.db", isolation_level=None)
    watch.now += STEP
    states = watch.polling.claim(watch.now, "test", 5)
    other.execute("BEGIN IMMEDIATE")
    for state in states:
        assert await watch.polling.poll(state, watch.now) is None
    with pytest.raises(StoreError, match=r"database is locked \(another program holds the database; it is tried"):
        watch.polling.claim(watch.now, "test", 5)
    assert "another program holds the database" in watch.polling.stuck["bad"]
    other.execute("ROLLBACK")
    other.close()
    assert watch.way().cursor == before
    await watch.after(timedelta(seconds=1))
    await watch.after(BACK_OFF)
    assert watch.stored() == watch.stored("good") == ["루미 1", "루미 2", "루미 3"]


async def test_a_database_that_may_not_be_written_says_so(watch: Watch) -> None:
    watch.server.answers["/bad"] = served(feed(1, 2))
    watch.now += STEP
    states = watch.polling.claim(watch.now, "test", 5)
    pragma(watch.app.store, "query_only=ON")
    for state in states:
        assert await watch.polling.poll(state, watch.now) is None
    assert "may not be written; see to the permissions of its folder" in watch.polling.stuck["bad"]
    pragma(watch.app.store, "query_only=OFF")
    await watch.after(timedelta(seconds=1))
    await watch.after(BACK_OFF)
    assert watch.stored() == ["루미 1", "루미 2"]


def pragma(store: Store, what: str) -> None:
    with store.engine.engine.connect() as c:
        c.connection.dbapi_connection.execute(f"PRAGMA {what}")  # type: ignore[union-attr]


@contextmanager
def nobody() -> Iterator[Path]:
    """A folder that this process, which may be root's, cannot write into."""
    with tempfile.TemporaryDirectory(prefix="readonly-") as name:
        folder = Path(name)
        yield folder
        folder.chmod(0o755)


@pytest.mark.parametrize("daemon", [True, False])
def test_a_folder_that_may_not_be_written_is_refused_in_words(daemon: bool) -> None:
    with nobody() as folder:
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(StoreError, match="the folder of the database must be writable"):
            open_engine(f"sqlite:///{folder / 'monitor.db'}", daemon=daemon)


@pytest.mark.parametrize("daemon", [True, False])
def test_a_database_that_became_read_only_is_refused_in_words(daemon: bool) -> None:
    with nobody() as folder:
        open_engine(f"sqlite:///{folder / 'monitor.db'}", daemon=True).close()
        for file in folder.iterdir():
            file.chmod(0o444)
        folder.chmod(0o555)
        with as_nobody(), pytest.raises(StoreError, match=r"writable|permissions of its folder"):
            open_engine(f"sqlite:///{folder / 'monitor.db'}", daemon=daemon)


@contextmanager
def as_nobody() -> Iterator[None]:
    """Root may write anywhere: for a moment we are not root."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


async def test_another_memo_key_forgets_sessions_and_nothing_else(server: HostileServer, opened: Open) -> None:
    server.answers["/bad"] = refused("401 No")
    first = Watch(opened(MONITOR_KEY="one"), server, "/bad")
    await first.look()  # a feed counts refusals in its memo
    assert first.app.store.memos.read("bad")["failed"]
    await first.app.close()
    second = Watch(opened(MONITOR_KEY="two"), server, "/bad")
    assert second.app.store.memos.read("bad") == {}
    server.answers["/bad"] = served(feed(1, 2))
    await second.after(timedelta(hours=1))
    assert second.stored() == ["루미 1", "루미 2"]
    assert second.stored("good") == ["루미 1"]
