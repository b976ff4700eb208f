"""Schedules: tasks that are due by cron lines."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0008"
down_revision: str | None = "0007"
branch_labels: str | None = None
depends_on: str | None = None

# What sources say already is due at once: it never was.
_OF_SOURCES = """
INSERT INTO schedules (name, cron, zone, kind, collection, arguments, by, next_at)
SELECT 'source:' || id, array_to_string(words[1:5], ' '), coalesce(words[6], 'UTC'), 'HARVEST', collection,
       jsonb_build_object('source', id), 'schedule', now()
FROM (SELECT id, collection, string_to_array(schedule, ' ') AS words FROM sources WHERE schedule IS NOT NULL) AS given
"""


def upgrade() -> None:
    moment = sa.DateTime(timezone=True)
    op.create_table(
        "schedules",
        sa.Column("name", sa.Text(collation="C"), primary_key=True),
        sa.Column("cron", sa.Text, nullable=False),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("collection", sa.Text(collation="C")),
        sa.Column("arguments", JSONB, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("next_at", moment, nullable=False),
        sa.Column("last_fired_at", moment),
        sa.Column("last_task_id", sa.BigInteger, sa.ForeignKey("tasks.id", ondelete="SET NULL")),
    )
    op.execute(_OF_SOURCES)


def downgrade() -> None:
    op.drop_table("schedules")
