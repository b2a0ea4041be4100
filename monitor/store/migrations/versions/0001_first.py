"""The first tables."""

import sqlalchemy as sa
from alembic import op

from monitor.store.tables import Id, Moment

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "answer",
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("platform", sa.String(length=100), nullable=False),
        sa.Column("native_id", sa.String(length=2000), nullable=False),
        sa.Column("answers", sa.String(length=2000), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("by", sa.String(length=2000), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.UniqueConstraint("brand_id", "platform", "native_id"),
    )
    op.create_index("answer_answers", "answer", ["brand_id", "platform", "answers"], unique=False)
    op.create_table(
        "author",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("platform", sa.String(length=100), nullable=False),
        sa.Column("native_id", sa.String(length=2000), nullable=False),
        sa.Column("handle", sa.String(length=2000), nullable=False),
        sa.Column("name", sa.String(length=2000), nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("followers", sa.BigInteger(), nullable=True),
        sa.Column("vip", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("first_seen_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("brand_id", "platform", "native_id"),
    )
    op.create_table(
        "digest",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("period", sa.String(length=20), nullable=False),
        sa.Column("figures", sa.JSON(), nullable=False),
        sa.Column("told_at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("brand_id", "kind", "period"),
    )
    op.create_table(
        "memo",
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("sealed", sa.LargeBinary(), nullable=False),
        sa.Column("changed_at", Moment(), nullable=False),
        sa.UniqueConstraint("brand_id", "source"),
    )
    op.create_table(
        "outbox",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("dedupe_key", sa.String(length=300), nullable=False),
        sa.Column("channel", sa.String(length=500), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("payload", sa.JSON(), nullable=False),
        sa.Column("root_id", Id, nullable=True),
        sa.Column("state", sa.String(length=20), nullable=False),
        sa.Column("created_at", Moment(), nullable=False),
        sa.Column("not_before", Moment(), nullable=False),
        sa.Column("attempts", sa.Integer(), server_default="0", nullable=False),
        sa.Column("attempt_at", Moment(), nullable=True),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("lease_owner", sa.String(length=100), nullable=True),
        sa.Column("sent_at", Moment(), nullable=True),
        sa.Column("slack_channel", sa.String(length=50), nullable=True),
        sa.Column("slack_ts", sa.String(length=50), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("rung_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["root_id"],
            ["outbox.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("dedupe_key", "brand_id"),
    )
    op.create_index(
        "outbox_due",
        "outbox",
        ["brand_id", "channel", "not_before"],
        unique=False,
        sqlite_where=sa.text("state IN ('pending', 'sending', 'blocked')"),
        postgresql_where=sa.text("state IN ('pending', 'sending', 'blocked')"),
    )
    op.create_index("outbox_root", "outbox", ["root_id"], unique=False)
    op.create_table(
        "way",
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("way", sa.String(length=100), nullable=False),
        sa.Column("cursor", sa.JSON(), nullable=True),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("lease_until", Moment(), nullable=True),
        sa.Column("lease_owner", sa.String(length=100), nullable=True),
        sa.Column("baseline_at", Moment(), nullable=True),
        sa.Column("tried_at", Moment(), nullable=True),
        sa.Column("succeeded_at", Moment(), nullable=True),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("failing_since", Moment(), nullable=True),
        sa.Column("error_class", sa.String(length=50), nullable=True),
        sa.Column("error", sa.String(length=500), nullable=True),
        sa.Column("blind_since", Moment(), nullable=True),
        sa.Column("gap_at", Moment(), nullable=True),
        sa.Column("spent", sa.Float(), server_default="0", nullable=False),
        sa.Column("removed_at", Moment(), nullable=True),
        sa.UniqueConstraint("brand_id", "source", "way"),
    )
    op.create_index("way_due", "way", ["brand_id", "due_at"], unique=False)
    op.create_table(
        "mention",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("platform", sa.String(length=100), nullable=False),
        sa.Column("namespace", sa.String(length=2000), nullable=False),
        sa.Column("native_id", sa.String(length=2000), nullable=False),
        sa.Column("answer_id", sa.String(length=2000), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("way", sa.String(length=100), nullable=False),
        sa.Column("author_id", Id, nullable=False),
        sa.Column("url", sa.String(length=2000), nullable=False),
        sa.Column("kind", sa.String(length=20), nullable=False),
        sa.Column("title", sa.Text(), nullable=False),
        sa.Column("text", sa.Text(), nullable=False),
        sa.Column("content_hash", sa.String(length=64), nullable=False),
        sa.Column("published_at", Moment(), nullable=False),
        sa.Column("found_at", Moment(), nullable=False),
        sa.Column("edited_at", Moment(), nullable=True),
        sa.Column("deleted_at", Moment(), nullable=True),
        sa.Column("conversation", sa.String(length=2000), nullable=True),
        sa.Column("in_reply_to", sa.String(length=2000), nullable=True),
        sa.Column("private", sa.Boolean(), nullable=False),
        sa.Column("owned", sa.Boolean(), nullable=False),
        sa.Column("addressed", sa.Boolean(), nullable=False),
        sa.Column("rating", sa.Float(), nullable=True),
        sa.Column("likes", sa.BigInteger(), nullable=True),
        sa.Column("shares", sa.BigInteger(), nullable=True),
        sa.Column("replies", sa.BigInteger(), nullable=True),
        sa.Column("views", sa.BigInteger(), nullable=True),
        sa.Column("ref", sa.JSON(), nullable=False),
        sa.Column("topics", sa.JSON(), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("sentiment", sa.Float(), nullable=True),
        sa.Column("label", sa.String(length=20), nullable=False),
        sa.Column("intents", sa.JSON(), nullable=False),
        sa.Column("needs_reply", sa.Boolean(), nullable=False),
        sa.Column("needs_reply_score", sa.Float(), nullable=False),
        sa.Column("check", sa.Boolean(), nullable=False),
        sa.Column("urgent", sa.Boolean(), nullable=False),
        sa.Column("priority", sa.String(length=20), nullable=False),
        sa.Column("reasons", sa.JSON(), nullable=False),
        sa.Column("baseline", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["author_id"],
            ["author.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("brand_id", "platform", "namespace", "native_id"),
    )
    op.create_index("mention_answer", "mention", ["brand_id", "platform", "answer_id"], unique=False)
    op.create_index("mention_author", "mention", ["author_id", "published_at"], unique=False)
    op.create_index("mention_found", "mention", ["brand_id", "found_at"], unique=False)
    op.create_index("mention_published", "mention", ["brand_id", "published_at"], unique=False)
    op.create_table(
        "deadline",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("mention_id", Id, nullable=False),
        sa.Column("cause", sa.String(length=20), nullable=False),
        sa.Column("source", sa.String(length=100), nullable=False),
        sa.Column("target", sa.String(length=200), nullable=False),
        sa.Column("route", sa.String(length=200), nullable=False),
        sa.Column("opened_at", Moment(), nullable=False),
        sa.Column("due_at", Moment(), nullable=False),
        sa.Column("window_ends_at", Moment(), nullable=True),
        sa.Column("wake_at", Moment(), nullable=True),
        sa.Column("root_id", Id, nullable=True),
        sa.Column("shown", sa.String(length=20), nullable=True),
        sa.Column("claimed_by", sa.String(length=200), nullable=True),
        sa.Column("claimed_until", Moment(), nullable=True),
        sa.Column("snoozed_until", Moment(), nullable=True),
        sa.Column("closed_at", Moment(), nullable=True),
        sa.Column("closed_by", sa.String(length=20), nullable=True),
        sa.Column("closed_who", sa.String(length=200), nullable=True),
        sa.Column("replied_at", Moment(), nullable=True),
        sa.Column("reply_url", sa.String(length=2000), nullable=True),
        sa.Column("provenance", sa.String(length=20), nullable=True),
        sa.Column("reply_checked_at", Moment(), nullable=True),
        sa.Column("reply_due_at", Moment(), nullable=True),
        sa.ForeignKeyConstraint(
            ["mention_id"],
            ["mention.id"],
        ),
        sa.ForeignKeyConstraint(
            ["root_id"],
            ["outbox.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("deadline_mention", "deadline", ["mention_id"], unique=False)
    op.create_index(
        "deadline_open",
        "deadline",
        ["mention_id", "cause"],
        unique=True,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "deadline_reply",
        "deadline",
        ["reply_due_at"],
        unique=False,
        sqlite_where=sa.text("closed_at IS NULL"),
        postgresql_where=sa.text("closed_at IS NULL"),
    )
    op.create_index(
        "deadline_wake",
        "deadline",
        ["wake_at"],
        unique=False,
        sqlite_where=sa.text("wake_at IS NOT NULL"),
        postgresql_where=sa.text("wake_at IS NOT NULL"),
    )
    op.create_table(
        "alert",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("deadline_id", Id, nullable=False),
        sa.Column("stage", sa.String(length=50), nullable=False),
        sa.Column("told_at", Moment(), nullable=False),
        sa.Column("outbox_id", Id, nullable=True),
        sa.ForeignKeyConstraint(
            ["deadline_id"],
            ["deadline.id"],
        ),
        sa.ForeignKeyConstraint(
            ["outbox_id"],
            ["outbox.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("deadline_id", "stage"),
    )
    op.create_index("alert_outbox", "alert", ["outbox_id"], unique=False)
    op.create_table(
        "event",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("what", sa.String(length=50), nullable=False),
        sa.Column("mention_id", Id, nullable=True),
        sa.Column("deadline_id", Id, nullable=True),
        sa.Column("detail", sa.JSON(), nullable=False),
        sa.ForeignKeyConstraint(
            ["deadline_id"],
            ["deadline.id"],
        ),
        sa.ForeignKeyConstraint(
            ["mention_id"],
            ["mention.id"],
        ),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("event_at", "event", ["brand_id", "at"], unique=False)
    op.create_index("event_mention", "event", ["mention_id"], unique=False)
    # ### end Alembic commands ###


def downgrade() -> None:
    op.drop_table("event")
    op.drop_table("alert")
    op.drop_table("deadline")
    op.drop_table("mention")
    op.drop_table("way")
    op.drop_table("outbox")
    op.drop_table("memo")
    op.drop_table("digest")
    op.drop_table("author")
    op.drop_table("answer")
