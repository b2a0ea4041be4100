"""The store: all or nothing, first one wins, nothing twice, and every query by an index."""

from __future__ import annotations

import json
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event, Thread
from typing import Any

import pytest
import sqlalchemy as sa

from connectors.base import Author, Cursor, Kind, Mention, Reply
from monitor.judging import Reason, Verdict
from monitor.store import Store, StoreError, open_engine
from monitor.store.engine import Engine
from monitor.store.facts import Found, Judged, NewDeadline, NewMessage, PageWork, Told, ToldDeadline
from monitor.store.tables import metadata

pytestmark = pytest.mark.anyio
NOW = datetime(2026, 11, 25, 3, 0, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)
CHANNEL = "slack:C0MENTIONS"


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = opened(tmp_path)
    made.ways.agree([("play", "reviews")], NOW)
    yield made
    made.engine.close()


def opened(folder: Path, *, brand: str = "lumi", key: bytes = b"key", daemon: bool = True) -> Store:
    return Store(open_engine(f"sqlite:///{folder / 'monitor.db'}", daemon=daemon), brand, key)


def a_mention(number: int = 1, **more: Any) -> Mention:
    values: dict[str, Any] = {
        "platform": "play",
        "id": f"m{number}",
        "url": f"https://play.example/{number}",
        "kind": Kind.REVIEW,
        "author": Author(f"a{number}", f"haru{number}"),
        "text": "루미 크림 환불 언제 되나요?",
        "published": NOW,
    }
    return Mention(**{**values, **more})


def judged(mention: Mention, *, opens: bool = True, cause: str = "first") -> Judged:
    verdict = Verdict(
        language="ko",
        sentiment=-0.4,
        label="negative",
        intents=("complaint",),
        needs_reply=opens,
        needs_reply_score=0.9,
        check=False,
        urgent=False,
        urgency="",
        priority="normal",
        points=0.0,
        reasons=(Reason("question", 1.0),),
    )
    due_at = NOW + timedelta(hours=1)
    promise = NewDeadline(cause, "standard", "default", mention.published, due_at, NOW) if opens else None
    return Judged(mention, verdict, frozenset({"lumi"}), False, False, promise)


def page(*mentions: Mention, cursor: Cursor | None = None, **more: Any) -> PageWork:
    due_at = NOW + timedelta(minutes=5)
    found = [judged(m) for m in mentions]
    return PageWork("play", "reviews", found, cursor=cursor or {"next": len(mentions)}, due_at=due_at, **more)


def deadline_of(store: Store, number: int = 1) -> int:
    """A mention with a promise; gives the deadline's id."""
    store.mentions.save_page(page(a_mention(number)), NOW)
    return next(d.id for d in store.deadlines.waiting() if d.mention.native_id == f"m{number}")


def rows(store: Store, table: str) -> int:
    with store.engine.transaction() as c:
        return int(c.exec_driver_sql(f"SELECT count(*) FROM {table}").scalar_one())


class TestFirstOneWins:
    def test_a_deadline_is_closed_once_and_keeps_who_was_first(self, store: Store) -> None:
        key = deadline_of(store)
        assert store.deadlines.answered(key, "mina", NOW, LATER)
        assert not store.deadlines.dismiss(key, "lead", "spam", LATER)
        assert not store.deadlines.answered(key, "lead", LATER, LATER)
        found = Found(key, Reply(LATER, "lumi", "https://play.example/r"))
        assert store.deadlines.asked({key: LATER}, [found], LATER) == 0
        (deadline,) = store.deadlines.get([key])
        assert (deadline.closed_by, deadline.closed_who, deadline.replied_at) == ("reply", "mina", NOW)
        assert [e.what for e in store.ledger.of_mention(deadline.mention.id)] == ["opened", "replied"]

    def test_a_claim_holds_until_it_ends_and_its_holder_may_renew_it(self, store: Store) -> None:
        key, until = deadline_of(store), NOW + timedelta(minutes=30)
        assert store.deadlines.claim(key, "mina", until, NOW)
        assert not store.deadlines.claim(key, "lead", until, LATER)
        assert store.deadlines.claim(key, "mina", until + timedelta(minutes=5), LATER)
        assert store.deadlines.claim(key, "lead", until + timedelta(hours=1), until + timedelta(minutes=5))
        (deadline,) = store.deadlines.get([key])
        assert deadline.claimed_by == "lead"

    def test_what_is_closed_can_be_neither_claimed_nor_snoozed(self, store: Store) -> None:
        key = deadline_of(store)
        store.deadlines.dismiss(key, "mina", "spam", NOW)
        assert not store.deadlines.claim(key, "lead", LATER, NOW)
        assert not store.deadlines.snooze(key, "lead", LATER, NOW)

    def test_a_way_is_lent_to_one_owner_until_its_lease_ends(self, store: Store) -> None:
        lease = timedelta(minutes=10)
        assert len(store.ways.claim(NOW, lease, "one", 5)) == 1
        assert store.ways.claim(NOW + lease - timedelta(seconds=1), lease, "two", 5) == []
        assert len(store.ways.claim(NOW + lease, lease, "two", 5)) == 1

    def test_a_message_is_lent_to_one_owner_until_its_lease_ends(self, store: Store) -> None:
        store.outbox.add(NewMessage("note:1", CHANNEL, "note", {}), NOW)
        lease = timedelta(seconds=60)
        assert len(store.outbox.claim(CHANNEL, NOW, lease, "one", 5)) == 1
        assert store.outbox.claim(CHANNEL, NOW + lease - timedelta(seconds=1), lease, "two", 5) == []
        assert len(store.outbox.claim(CHANNEL, NOW, lease, "one", 5)) == 1  # the database had refused it the intent
        assert len(store.outbox.claim(CHANNEL, NOW + lease, lease, "two", 5)) == 1

    def test_a_digest_is_told_once_per_period(self, store: Store) -> None:
        message = NewMessage("digest:2026-W47", CHANNEL, "digest", {})
        assert store.digests.tell("week", "2026-W47", {"n": 1}, [message], NOW)
        assert not store.digests.tell("week", "2026-W47", {"n": 2}, [message], LATER)
        assert store.digests.figures("week", "2026-W47") == {"n": 1}
        assert rows(store, "outbox") == 1


@contextmanager
def breaking(engine: Engine, words: str) -> Iterator[None]:
    """The first statement that holds these words fails as if the disk were full."""

    def fail(conn: Any, cursor: Any, statement: str, *_: Any) -> None:
        if words in statement:
            raise sa.exc.OperationalError(statement, None, Exception("database or disk is full"))

    sa.event.listen(engine.engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        sa.event.remove(engine.engine, "before_cursor_execute", fail)


STEPS = (
    "INSERT INTO author",
    "INSERT INTO mention",
    "INSERT INTO deadline",
    "INSERT INTO event",
    "UPDATE mention",
    "INSERT INTO answer",
    "UPDATE deadline",
    "INSERT INTO outbox",
    "UPDATE way",
)


class TestPages:
    @pytest.mark.parametrize("step", STEPS)
    def test_a_page_that_fails_in_the_middle_leaves_nothing_behind(self, store: Store, step: str) -> None:
        first, edited = a_mention(1), a_mention(2)
        store.mentions.save_page(page(first, edited, cursor={"at": "before"}), NOW)
        before = contents(store)
        answer = a_mention(4, ours=True, in_reply_to=first.id)
        work = page(
            replace(edited, text="루미 크림 환불 왜 안 돼요?"),
            a_mention(3),
            cursor={"at": "after"},
            answers=[answer],
            gone=[("play", "", "m1")],
        )
        message = NewMessage("gap:1", CHANNEL, "note", {})
        with breaking(store.engine, step), pytest.raises((StoreError, sa.exc.OperationalError)):
            store.mentions.save_page(work, LATER, [message])
        assert contents(store) == before
        store.mentions.save_page(work, LATER, [message])
        assert store.ways.all()[0].cursor == {"at": "after"}
        assert rows(store, "mention") == 3

    def test_a_mention_is_the_same_whichever_way_it_comes(self, store: Store) -> None:
        mention = a_mention()
        store.mentions.save_page(page(mention, mention), NOW)
        again = PageWork("webhook", "push", [judged(mention)])
        saved = store.mentions.save_page(again, LATER)
        assert (saved.new, saved.edited, saved.opened) == (0, 0, 0)
        assert (rows(store, "mention"), rows(store, "deadline"), rows(store, "author")) == (1, 1, 1)

    def test_the_namespace_keeps_equal_ids_apart(self, store: Store) -> None:
        store.mentions.save_page(page(a_mention(namespace="a"), a_mention(namespace="b")), NOW)
        assert rows(store, "mention") == 2
        known = store.mentions.known([("play", "a", "m1"), ("play", "c", "m1"), ("feed", "a", "m1")])
        assert set(known) == {("play", "a", "m1")}

    def test_equal_authors_of_two_platforms_are_two(self, store: Store) -> None:
        one = a_mention(1, author=Author("same", "one"))
        other = a_mention(2, author=Author("same", "other"), platform="feed")
        store.mentions.save_page(page(one, other), NOW)
        assert store.mentions.contacts([("play", "same"), ("feed", "same"), ("x", "same")], NOW) == {
            ("play", "same"): 1,
            ("feed", "same"): 1,
        }

    def test_brands_on_one_database_do_not_see_each_other(self, store: Store) -> None:
        other = Store(store.engine, "other", b"key")
        other.ways.agree([("play", "reviews")], NOW)
        store.mentions.save_page(page(a_mention(), cursor={"at": "lumi"}), NOW)
        other.mentions.save_page(page(a_mention(), cursor={"at": "other"}), NOW)
        assert (store.mentions.count(), other.mentions.count()) == (1, 1)
        assert [w.cursor for s in (store, other) for w in s.ways.all()] == [{"at": "lumi"}, {"at": "other"}]
        key = store.deadlines.waiting()[0].id
        assert not other.deadlines.dismiss(key, "mina", "", NOW)
        assert other.deadlines.get([key]) == []
        assert [len(s.deadlines.due(NOW)) for s in (store, other)] == [1, 1]

    @pytest.mark.parametrize("count", [299, 300, 301, 650])
    def test_a_page_of_any_length_is_known_again_whole(self, store: Store, count: int) -> None:
        mentions = [a_mention(i) for i in range(count)]
        assert store.mentions.save_page(page(*mentions), NOW).new == count
        assert store.mentions.save_page(page(*mentions), LATER).new == 0
        assert len(store.mentions.known([("play", "", m.id) for m in mentions])) == count

    def test_hostile_ids_are_only_ids(self, store: Store) -> None:
        odd = ["'; DROP TABLE mention; --", "%", "_", "\U0001f1f0\U0001f1f7", "a" * 1_999, "null", "0"]
        store.mentions.save_page(page(*(a_mention(id=i, author=Author(i, i)) for i in odd)), NOW)
        assert set(store.mentions.known([("play", "", i) for i in odd])) == {("play", "", i) for i in odd}


def contents(store: Store) -> dict[str, list[Any]]:
    """Everything in the database."""
    with store.engine.transaction() as c:
        return {t.name: [tuple(r) for r in c.execute(sa.select(t))] for t in metadata.sorted_tables}


class TestOutbox:
    def test_the_same_key_makes_one_row(self, store: Store) -> None:
        message = NewMessage("mention:1", CHANNEL, "mention", {"deadlines": [1]})
        assert store.outbox.add(message, NOW) == store.outbox.add(replace(message, payload={}), LATER)
        row = store.outbox.get(1)
        assert row is not None
        assert (row.payload, row.created_at) == ({"deadlines": [1]}, NOW)

    def test_merged_messages_hand_over_their_alerts_threads_and_followers(self, store: Store) -> None:
        keys = [deadline_of(store, n) for n in (1, 2, 3)]
        for key in keys:
            message = NewMessage(f"mention:{key}", CHANNEL, "mention", {"deadlines": [key]})
            store.deadlines.tell([Told(message, [ToldDeadline(key, ["new"], ["50%"], "waiting", LATER, None)])], NOW)
        first, second, third = [d.root_id for d in store.deadlines.get(keys)]
        assert first is not None
        follower = store.outbox.add(NewMessage("stage:1:due", CHANNEL, "stage", {"deadlines": [keys[0]]}, first), NOW)
        waiting = store.outbox.backlog(CHANNEL, NOW, "mention")
        merged = store.outbox.merge(waiting[:2], NewMessage("group:1:2", CHANNEL, "summary", {}), LATER)
        assert [d.root_id for d in store.deadlines.get(keys)] == [merged, merged, third]
        assert store.deadlines.told_by(merged) == keys[:2]
        states = [row.state for row in map(store.outbox.get, (first, second or 0, third or 0, merged)) if row]
        assert states == ["superseded", "superseded", "pending", "pending"]
        assert store.outbox.get(follower).root_id == merged  # type: ignore[union-attr]
        again = store.outbox.merge(waiting[:2], NewMessage("group:1:2", CHANNEL, "summary", {}), LATER)
        assert again == merged

    def test_a_row_that_is_being_sent_keeps_its_place_when_something_of_ours_breaks(self, store: Store) -> None:
        key = store.outbox.add(NewMessage("note:1", CHANNEL, "note", {}), NOW)
        store.outbox.intend([key], NOW, timedelta(seconds=30))
        store.outbox.put_off([key], LATER, "a bug")
        row = store.outbox.get(key)
        assert row is not None
        assert (row.state, row.not_before) == ("sending", LATER)
        assert store.outbox.claim(CHANNEL, LATER, timedelta(seconds=60), "x", 5) == []

    def test_only_what_is_still_open_is_counted(self, store: Store) -> None:
        for i, state in enumerate(("sent", "blocked", "superseded", "pending")):
            key = store.outbox.add(NewMessage(f"note:{i}", CHANNEL, "note", {}), NOW)
            if state == "sent":
                store.outbox.sent([key], NOW, slack_channel="C", slack_ts="1.0")
            elif state == "blocked":
                store.outbox.blocked([key], LATER, "no")
            elif state == "superseded":
                store.outbox.superseded([key], "closed", NOW)
        assert store.outbox.counts() == {"blocked": 1, "pending": 1}
        assert [r.key for r in store.outbox.troubles()] == ["note:1"]


class TestMemos:
    SECRET = "eyJhbGciOi-canary-session"

    async def test_a_token_never_stands_in_the_file(self, store: Store, tmp_path: Path) -> None:
        async with store.memos.of("bsky").locked() as memo:
            memo["session"] = self.SECRET
        store.engine.close()
        assert self.SECRET.encode() not in written(tmp_path)
        assert b"bsky" in written(tmp_path)
        again = opened(tmp_path)
        async with again.memos.of("bsky").locked() as memo:
            assert dict(memo) == {"session": self.SECRET}
        again.engine.close()

    async def test_another_key_forgets_and_a_new_session_is_kept(self, store: Store, tmp_path: Path) -> None:
        store.memos.write("bsky", {"session": self.SECRET}, NOW)
        other = Store(store.engine, "lumi", b"another key")
        async with other.memos.of("bsky").locked() as memo:
            assert dict(memo) == {}
            memo["session"] = "new"
        assert other.memos.read("bsky") == {"session": "new"}

    async def test_what_stood_in_it_when_an_error_came_is_kept(self, store: Store) -> None:
        with pytest.raises(ZeroDivisionError):
            async with store.memos.of("bsky").locked() as memo:
                memo["refresh"] = "changed"
                raise ZeroDivisionError
        assert store.memos.read("bsky") == {"refresh": "changed"}


def written(folder: Path) -> bytes:
    """Everything that stands on the disk."""
    return b"".join(p.read_bytes() for p in folder.iterdir() if p.is_file())


class TestMoments:
    def test_a_moment_without_a_zone_is_refused(self, store: Store) -> None:
        naive = NOW.replace(tzinfo=None)
        with pytest.raises((ValueError, sa.exc.StatementError), match="without a time zone"):
            store.outbox.add(NewMessage("note:1", CHANNEL, "note", {}), naive)
        with pytest.raises((ValueError, sa.exc.StatementError), match="without a time zone"):
            store.deadlines.due(naive)
        assert rows(store, "outbox") == 0

    def test_any_zone_comes_back_as_the_same_moment_in_utc(self, store: Store) -> None:
        from zoneinfo import ZoneInfo

        seoul = datetime(2026, 11, 25, 12, 0, 0, 123456, tzinfo=ZoneInfo("Asia/Seoul"))
        store.mentions.save_page(page(a_mention(published=seoul)), NOW)
        stored = store.mentions.get(1)
        assert stored is not None
        assert (stored.published_at, stored.published_at.tzinfo) == (seoul, UTC)


class TestFile:
    def test_only_we_may_read_it(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            store = opened(tmp_path)
            store.mentions.count()
        finally:
            os.umask(before)
        modes = {p.name: stat.S_IMODE(p.stat().st_mode) for p in tmp_path.iterdir() if ".lock" not in p.name}
        store.engine.close()
        assert modes
        assert set(modes.values()) == {0o600}, modes

    def test_migrations_and_tables_say_the_same(self, store: Store) -> None:
        from alembic.autogenerate import compare_metadata
        from alembic.migration import MigrationContext

        with store.engine.transaction() as c:
            context = MigrationContext.configure(c, opts={"compare_type": True, "compare_server_default": False})
            assert compare_metadata(context, metadata) == []

    def test_partial_indexes_and_unique_keys_are_those_of_the_tables(self, store: Store) -> None:
        """Alembic compares neither the WHERE of an index nor the columns of a key without a name."""
        plain = sa.create_engine("sqlite://")
        metadata.create_all(plain)
        with plain.connect() as c, store.engine.transaction() as ours:
            assert shapes(ours) == shapes(c)
        plain.dispose()

    def test_a_second_start_changes_nothing(self, store: Store, tmp_path: Path) -> None:
        deadline_of(store)
        before = contents(store)
        store.engine.close()
        again = opened(tmp_path)
        assert contents(again) == before
        again.engine.close()

    def test_a_database_from_the_future_is_refused_and_left_alone(self, store: Store, tmp_path: Path) -> None:
        with store.engine.transaction() as c:
            c.exec_driver_sql("UPDATE alembic_version SET version_num = '9999'")
        store.engine.close()
        with pytest.raises(StoreError, match=r"newer version of this program \(schema 9999\); run that version again"):
            opened(tmp_path)
        plain = sa.create_engine(f"sqlite:///{tmp_path / 'monitor.db'}")
        with plain.connect() as c:
            assert c.exec_driver_sql("SELECT version_num FROM alembic_version").scalar() == "9999"
        plain.dispose()

    def test_a_second_daemon_is_refused_and_a_command_is_not(self, store: Store, tmp_path: Path) -> None:
        with pytest.raises(StoreError, match="in use by another daemon; stop that one first"):
            opened(tmp_path)
        beside = opened(tmp_path, daemon=False)
        assert beside.mentions.count() == 0
        beside.engine.close()
        store.engine.close()
        opened(tmp_path).engine.close()

    def test_closing_waits_for_the_transaction_under_way_and_lets_no_other_begin(self, store: Store) -> None:
        begun, go_on = Event(), Event()

        def work() -> None:
            with store.engine.transaction() as c:
                begun.set()
                go_on.wait(30)
                c.exec_driver_sql("UPDATE way SET spent = 7")

        thread, closing = Thread(target=work), Thread(target=store.engine.close)
        thread.start()
        begun.wait(30)
        closing.start()
        closing.join(0.05)
        assert closing.is_alive()
        go_on.set()
        thread.join(30)
        closing.join(30)
        with pytest.raises(StoreError, match="the database is closed"):
            store.mentions.count()

    def test_what_is_no_database_is_refused_in_words(self, tmp_path: Path) -> None:
        (tmp_path / "monitor.db").write_bytes(b"this is a letter, not a database" * 100)
        with pytest.raises(StoreError, match="not a database"):
            opened(tmp_path)

    def test_an_address_that_is_none_is_refused_without_being_shown(self) -> None:
        with pytest.raises(StoreError, match="is no database address") as caught:
            open_engine("post gres://user:canary-password@host/db", daemon=True)
        assert "canary" not in str(caught.value)

    def test_a_folder_that_cannot_be_made_is_refused_in_words(self, tmp_path: Path) -> None:
        (tmp_path / "data").write_text("a file where the folder should be")
        with pytest.raises(StoreError, match="the folder of the database must be writable"):
            open_engine(f"sqlite:///{tmp_path / 'data' / 'monitor.db'}", daemon=True)

    def test_commands_beside_the_daemon_never_checkpoint(self, store: Store, tmp_path: Path) -> None:
        beside = opened(tmp_path, daemon=False)
        with beside.engine.transaction() as c:
            assert c.exec_driver_sql("PRAGMA wal_autocheckpoint").scalar() == 0
        with store.engine.transaction() as c:
            assert c.exec_driver_sql("PRAGMA synchronous").scalar() == 2
            assert c.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        beside.engine.close()


def shapes(c: sa.Connection) -> set[str]:
    """What each index covers, however it is called."""
    found = set()
    for (table,) in c.exec_driver_sql("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
        if table == "alembic_version":
            continue
        for _, name, unique, origin, _ in c.exec_driver_sql(f"PRAGMA index_list({table})").fetchall():
            columns = [r[2] for r in c.exec_driver_sql(f"PRAGMA index_info({name})").fetchall()]
            sql = c.exec_driver_sql("SELECT sql FROM sqlite_master WHERE name = ?", (name,)).scalar() or ""
            where = sql.partition(" WHERE ")[2]
            found.add(json.dumps([table, unique, origin, columns, where]))
    return found


LARGE = ("mention", "author", "answer", "deadline", "alert", "outbox", "event")
"""Tables that grow for years."""

FEW = ("deadline_reply", "deadline_open", "deadline_wake", "outbox_due")
"""Partial indexes, which hold only what is open: reading one of them whole is reading what there is to do."""


class TestIndexes:
    """A daemon asks these questions every second, and must not read years of rows for the answer."""

    def test_no_question_of_a_days_work_reads_a_whole_table(self, store: Store) -> None:
        asked = self.listen(store)
        first = a_mention(1)
        answer = a_mention(9, ours=True, in_reply_to="m1", author=Author("lumi", "lumi"))
        store.mentions.save_page(page(first, a_mention(2)), NOW, [NewMessage("note:1", CHANNEL, "note", {})])
        store.mentions.known([("play", "", "m1")])
        store.mentions.contacts([("play", "a1")], NOW)
        store.mentions.ours("play", ["m1"])
        edited = replace(first, text="루미 세럼", author=Author("a1", "renamed"))
        store.mentions.save_page(page(edited, answers=[answer], gone=[("play", "", "m2")]), LATER)
        store.mentions.get(1)
        store.ways.claim(LATER, timedelta(minutes=10), "me", 50)
        store.ways.heal(LATER, timedelta(hours=24))
        for d in store.deadlines.due(LATER):
            message = NewMessage(f"mention:{d.id}", CHANNEL, "mention", {"deadlines": [d.id]})
            store.deadlines.tell([Told(message, [ToldDeadline(d.id, ["new"], [], "waiting", LATER, d.wake_at)])], LATER)
        store.deadlines.to_ask("play", LATER, 50)
        store.deadlines.waiting()
        store.deadlines.of_mention(1)
        store.deadlines.wake({1: LATER})
        store.deadlines.asked({1: LATER}, [], LATER)
        store.deadlines.told_by(1)
        store.deadlines.reopen(1, "mina", LATER)
        store.digests.open_counts()
        store.ledger.of_mention(1)
        store.outbox.channels(LATER)
        claimed = store.outbox.claim(CHANNEL, LATER, timedelta(seconds=60), "me", 5)
        assert claimed
        for row in claimed:
            store.outbox.later_edit(row)
            store.outbox.later_stage(replace(row, root_id=1, key="stage:1:due"))
        store.outbox.merge(claimed, NewMessage("group:1:2", CHANNEL, "summary", {}), LATER)
        store.outbox.unsettled(CHANNEL, LATER)
        store.outbox.backlog(CHANNEL, LATER, "mention")
        store.outbox.silent(LATER, timedelta(minutes=15))
        store.outbox.pause(CHANNEL, LATER)
        store.outbox.unblock(CHANNEL, LATER)
        store.outbox.counts()
        store.outbox.troubles()
        store.begin(LATER)
        assert len(asked) > 50
        assert {s: p for s, p in asked.items() if any(reads_whole(step) for step in p)} == {}

    @pytest.mark.parametrize(
        ("ask", "index"),
        [
            (lambda s: s.deadlines.due(NOW), "deadline_wake (wake_at<?)"),
            (lambda s: s.deadlines.to_ask("play", NOW, 5), "deadline_reply (reply_due_at<?)"),
            (lambda s: s.outbox.channels(NOW), "outbox_due (brand_id=?)"),
            (
                lambda s: s.outbox.claim(CHANNEL, NOW, timedelta(1), "me", 5),
                "outbox_due (brand_id=? AND channel=? AND not_before<?)",
            ),
            (lambda s: s.outbox.unsettled(CHANNEL, NOW), "outbox_due (brand_id=? AND channel=? AND not_before<?)"),
            (lambda s: s.ways.claim(NOW, timedelta(1), "me", 5), "way_due (brand_id=? AND due_at<?)"),
        ],
    )
    def test_what_is_due_is_found_by_the_index_made_for_it(self, store: Store, ask: Any, index: str) -> None:
        asked = self.listen(store)
        ask(store)
        assert index in "\n".join(step for plan in asked.values() for step in plan)

    def listen(self, store: Store) -> dict[str, list[str]]:
        """Every statement from now on, with SQLite's plan for it."""
        asked: dict[str, list[str]] = {}

        def explain(conn: Any, cursor: Any, statement: str, given: Any, context: Any, many: bool) -> None:
            if statement.split()[0] in {"SELECT", "UPDATE", "DELETE", "INSERT"}:
                plan = conn.connection.dbapi_connection.cursor()
                one = given[0] if given and isinstance(given[0], (tuple, list)) else given
                plan.execute(f"EXPLAIN QUERY PLAN {statement}", one)
                asked[statement] = [row[3] for row in plan.fetchall()]

        sa.event.listen(store.engine.engine, "before_cursor_execute", explain)
        return asked


def reads_whole(step: str) -> bool:
    """Whether a step of a plan looks at all rows of a large table, or at all of one brand's."""
    words = step.split()
    if len(words) < 2 or words[1] not in LARGE or any(f"INDEX {name}" in step for name in FEW):
        return False
    return words[0] == "SCAN" or step.endswith(("(brand_id=?)", "(brand_id=? AND platform=?)"))
