"""Tasks, and what went wrong in them."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0004"
down_revision: str | None = "0003"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "tasks",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="QUEUED"),
        sa.Column("collection", sa.Text(collation="C")),
        sa.Column("arguments", JSONB, nullable=False),
        sa.Column("by", sa.Text),
        sa.Column("parent_id", sa.BigInteger, sa.ForeignKey("tasks.id", ondelete="SET NULL")),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("started_at", sa.DateTime(timezone=True)),
        sa.Column("ended_at", sa.DateTime(timezone=True)),
        sa.Column("total", sa.BigInteger),
        sa.Column("done", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("failed", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("rate", sa.Double),
        sa.Column("eta_seconds", sa.Double),
        sa.Column("message", sa.Text),
        sa.Column("result", JSONB),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("alive_at", sa.DateTime(timezone=True)),
        sa.Column("handed_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    )
    one_at_a_time = "collection IS NOT NULL AND state IN ('QUEUED', 'RUNNING', 'CANCELLING')"
    op.create_index(
        "tasks_one_at_a_time", "tasks", ["kind", "collection"], unique=True, postgresql_where=sa.text(one_at_a_time)
    )
    op.create_index("tasks_parent", "tasks", ["parent_id"])
    op.create_table(
        "task_errors",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("task_id", sa.BigInteger, sa.ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("message", sa.Text, nullable=False),
        sa.Column("key", sa.Text),
        sa.Column("line", sa.BigInteger),
    )
    op.create_index("task_errors_task", "task_errors", ["task_id", "id"])


def downgrade() -> None:
    op.drop_table("task_errors")
    op.drop_table("tasks")
