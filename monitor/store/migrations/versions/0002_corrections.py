"""What people say about judging, and what was learned from it."""

import sqlalchemy as sa
from alembic import op

from monitor.store.tables import Id, Moment

revision = "0002"
down_revision = "0001"


def upgrade() -> None:
    op.create_table(
        "correction",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("mention_id", Id, nullable=False),
        sa.Column("needs_reply", sa.Boolean(), nullable=True),
        sa.Column("label", sa.String(length=20), nullable=True),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.ForeignKeyConstraint(["mention_id"], ["mention.id"]),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("mention_id"),
    )
    op.create_table(
        "learned",
        sa.Column("id", Id, nullable=False),
        sa.Column("brand_id", sa.String(length=200), nullable=False),
        sa.Column("weights", sa.JSON(), nullable=False),
        sa.Column("who", sa.String(length=200), nullable=False),
        sa.Column("at", Moment(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )


def downgrade() -> None:
    op.drop_table("learned")
    op.drop_table("correction")
