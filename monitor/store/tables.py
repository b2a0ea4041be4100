"""The tables. Every one carries `brand_id`; moments are aware UTC; what people wrote stands in `mention` alone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
    text,
)


class Moment(TypeDecorator[datetime]):
    """Aware UTC in, aware UTC out, on every database. A naive datetime is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone reached the store")
        value = value.astimezone(UTC)
        return value if dialect.name == "postgresql" else value.replace(tzinfo=None)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


metadata = MetaData()

OPEN_ROWS = text("state IN ('pending', 'sending', 'blocked')")
"""Rows of the outbox that still want something. Queries must say it word for word as the index does: SQLite compares
the words, not the meaning, and reads the whole table otherwise."""

Id = BigInteger().with_variant(Integer, "sqlite")  # only INTEGER PRIMARY KEY counts up by itself in SQLite


def _brand() -> Column[str]:
    return Column("brand_id", String(200), nullable=False)


def _key() -> Column[Any]:
    return Column("id", Id, primary_key=True)


way = Table(
    "way",
    metadata,
    _brand(),
    Column("source", String(100), nullable=False),
    Column("way", String(100), nullable=False),
    Column("cursor", JSON),
    Column("due_at", Moment, nullable=False),
    Column("lease_until", Moment),
    Column("lease_owner", String(100)),
    Column("baseline_at", Moment),  # when the first page of all was stored
    Column("tried_at", Moment),
    Column("succeeded_at", Moment),
    Column("failures", Integer, nullable=False, server_default="0"),
    Column("failing_since", Moment),
    Column("error_class", String(50)),
    Column("error", String(500)),
    Column("blind_since", Moment),  # people have been told that it cannot see
    Column("gap_at", Moment),
    Column("spent", Float, nullable=False, server_default="0"),
    Column("removed_at", Moment),  # no longer in the rules
    UniqueConstraint("brand_id", "source", "way"),
    Index("way_due", "brand_id", "due_at"),
)

memo = Table(
    "memo",
    metadata,
    _brand(),
    Column("source", String(100), nullable=False),
    Column("sealed", LargeBinary, nullable=False),  # encrypted JSON: sessions and refresh tokens
    Column("changed_at", Moment, nullable=False),
    UniqueConstraint("brand_id", "source"),
)

author = Table(
    "author",
    metadata,
    _key(),
    _brand(),
    Column("platform", String(100), nullable=False),
    Column("native_id", String(2000), nullable=False),
    Column("handle", String(2000), nullable=False),
    Column("name", String(2000), nullable=False),
    Column("url", String(2000), nullable=False),
    Column("followers", BigInteger),
    Column("vip", Boolean, nullable=False, server_default=text("false")),
    Column("first_seen_at", Moment, nullable=False),
    UniqueConstraint("brand_id", "platform", "native_id"),
)

mention = Table(
    "mention",
    metadata,
    _key(),
    _brand(),
    Column("platform", String(100), nullable=False),
    Column("namespace", String(2000), nullable=False),
    Column("native_id", String(2000), nullable=False),
    Column("answer_id", String(2000), nullable=False),  # by this name a reply calls it
    Column("source", String(100), nullable=False),
    Column("way", String(100), nullable=False),
    Column("author_id", Id, ForeignKey("author.id"), nullable=False),
    Column("url", String(2000), nullable=False),
    Column("kind", String(20), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("content_hash", String(64), nullable=False),
    Column("published_at", Moment, nullable=False),
    Column("found_at", Moment, nullable=False),
    Column("edited_at", Moment),
    Column("deleted_at", Moment),
    Column("conversation", String(2000)),
    Column("in_reply_to", String(2000)),
    Column("private", Boolean, nullable=False),
    Column("owned", Boolean, nullable=False),
    Column("addressed", Boolean, nullable=False),
    Column("rating", Float),
    Column("likes", BigInteger),
    Column("shares", BigInteger),
    Column("replies", BigInteger),
    Column("views", BigInteger),
    Column("ref", JSON, nullable=False),
    Column("topics", JSON, nullable=False),
    Column("language", String(8), nullable=False),
    Column("sentiment", Float),
    Column("label", String(20), nullable=False),
    Column("intents", JSON, nullable=False),
    Column("needs_reply", Boolean, nullable=False),
    Column("needs_reply_score", Float, nullable=False),
    Column("check", Boolean, nullable=False),
    Column("urgent", Boolean, nullable=False),
    Column("priority", String(20), nullable=False),
    Column("reasons", JSON, nullable=False),
    Column("baseline", Boolean, nullable=False),  # it was there before we looked for the first time
    UniqueConstraint("brand_id", "platform", "namespace", "native_id"),
    Index("mention_answer", "brand_id", "platform", "answer_id"),
    Index("mention_published", "brand_id", "published_at"),
    Index("mention_found", "brand_id", "found_at"),
    Index("mention_author", "author_id", "published_at"),
)

answer = Table(
    "answer",
    metadata,
    _brand(),
    Column("platform", String(100), nullable=False),
    Column("native_id", String(2000), nullable=False),
    Column("answers", String(2000), nullable=False),  # the `answer_id` of the mention, which may come later than this
    Column("at", Moment, nullable=False),
    Column("by", String(2000), nullable=False),
    Column("url", String(2000), nullable=False),
    UniqueConstraint("brand_id", "platform", "native_id"),
    Index("answer_answers", "brand_id", "platform", "answers"),
)

deadline = Table(
    "deadline",
    metadata,
    _key(),
    _brand(),
    Column("mention_id", Id, ForeignKey("mention.id"), nullable=False),
    Column("cause", String(20), nullable=False),  # first, follow-up, edited, promise
    Column("source", String(100), nullable=False),
    Column("target", String(200), nullable=False),
    Column("route", String(200), nullable=False),
    Column("opened_at", Moment, nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("window_ends_at", Moment),
    Column("wake_at", Moment),  # the next moment at which something must be done for it
    Column("root_id", Id, ForeignKey("outbox.id")),  # the message that told it first, and whose thread goes on
    Column("shown", String(20)),  # the state that this message shows
    Column("claimed_by", String(200)),
    Column("claimed_until", Moment),
    Column("snoozed_until", Moment),
    Column("closed_at", Moment),
    Column("closed_by", String(20)),  # reply, dismiss, gone
    Column("closed_who", String(200)),
    Column("replied_at", Moment),
    Column("reply_url", String(2000)),
    Column("provenance", String(20)),  # tool, native, auto, marked
    Column("reply_checked_at", Moment),
    Column("reopened_at", Moment),  # answers from before this do not close it again
    Column("reply_due_at", Moment),  # when to look for a reply again
    Index(
        "deadline_wake",
        "wake_at",
        sqlite_where=text("wake_at IS NOT NULL"),
        postgresql_where=text("wake_at IS NOT NULL"),
    ),
    Index(
        "deadline_open",
        "mention_id",
        "cause",
        unique=True,
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index(
        "deadline_reply",
        "reply_due_at",
        sqlite_where=text("closed_at IS NULL"),
        postgresql_where=text("closed_at IS NULL"),
    ),
    Index("deadline_mention", "mention_id"),
)

alert = Table(
    "alert",
    metadata,
    _key(),
    _brand(),
    Column("deadline_id", Id, ForeignKey("deadline.id"), nullable=False),
    Column("stage", String(50), nullable=False),
    Column("told_at", Moment, nullable=False),
    Column("outbox_id", Id, ForeignKey("outbox.id")),  # null: passed over for a later stage
    UniqueConstraint("deadline_id", "stage"),
    Index("alert_outbox", "outbox_id"),
)

outbox = Table(
    "outbox",
    metadata,
    _key(),
    _brand(),
    Column("dedupe_key", String(300), nullable=False),
    Column("channel", String(500), nullable=False),  # "slack:C0…", "console:", "mail:…", "hook:"
    Column("kind", String(20), nullable=False),
    Column("payload", JSON, nullable=False),
    Column("root_id", Id, ForeignKey("outbox.id")),  # the message whose thread it belongs to, or that it edits
    Column("state", String(20), nullable=False),  # pending, sending, sent, superseded, blocked
    Column("created_at", Moment, nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("attempt_at", Moment),
    Column("lease_until", Moment),
    Column("lease_owner", String(100)),
    Column("sent_at", Moment),
    Column("slack_channel", String(50)),
    Column("slack_ts", String(50)),
    Column("error", String(500)),
    Column("rung_at", Moment),  # when the fallback was rung because of it
    UniqueConstraint("dedupe_key", "brand_id"),  # not the brand first: it would look like a way to a brand's rows
    Index("outbox_due", "brand_id", "channel", "not_before", sqlite_where=OPEN_ROWS, postgresql_where=OPEN_ROWS),
    Index("outbox_root", "root_id"),
)

event = Table(
    "event",
    metadata,
    _key(),
    _brand(),
    Column("at", Moment, nullable=False),
    Column("who", String(200), nullable=False),
    Column("what", String(50), nullable=False),
    Column("mention_id", Id, ForeignKey("mention.id")),
    Column("deadline_id", Id, ForeignKey("deadline.id")),
    Column("detail", JSON, nullable=False),  # why; never customers' text
    Index("event_mention", "mention_id"),
    Index("event_at", "brand_id", "at"),
)

correction = Table(
    "correction",
    metadata,
    _key(),
    _brand(),
    Column("mention_id", Id, ForeignKey("mention.id"), nullable=False, unique=True),
    Column("needs_reply", Boolean),
    Column("label", String(20)),
    Column("who", String(200), nullable=False),
    Column("at", Moment, nullable=False),
)

learned = Table(
    "learned",
    metadata,
    _key(),
    _brand(),
    Column("weights", JSON, nullable=False),  # cue or word: what it adds to the log-odds
    Column("who", String(200), nullable=False),
    Column("at", Moment, nullable=False),
)

digest = Table(
    "digest",
    metadata,
    _key(),
    _brand(),
    Column("kind", String(20), nullable=False),
    Column("period", String(20), nullable=False),
    Column("figures", JSON, nullable=False),
    Column("told_at", Moment, nullable=False),
    UniqueConstraint("brand_id", "kind", "period"),
)
