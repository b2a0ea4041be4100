"""When a deadline was opened again: answers from before do not close it once more."""

import sqlalchemy as sa
from alembic import op

from monitor.store.tables import Moment

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    op.add_column("deadline", sa.Column("reopened_at", Moment(), nullable=True))


def downgrade() -> None:
    op.drop_column("deadline", "reopened_at")
