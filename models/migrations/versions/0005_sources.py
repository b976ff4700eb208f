"""Sources that records are harvested from, and how far tasks are that go on after their worker was lost."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "0005"
down_revision: str | None = "0004"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "sources",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("url", sa.Text, nullable=False),
        sa.Column("metadata_prefix", sa.Text),
        sa.Column("set", sa.Text),
        sa.Column("schedule", sa.Text),
        sa.Column("mapping", JSONB),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("harvested_at", sa.DateTime(timezone=True)),
        sa.Column("validators", JSONB),
        sa.Column("version", sa.BigInteger, nullable=False, server_default="1"),
    )
    op.create_table(
        "task_checkpoints",
        sa.Column("task_id", sa.BigInteger, sa.ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
        sa.Column("place", JSONB, nullable=False),
    )


def downgrade() -> None:
    op.drop_table("task_checkpoints")
    op.drop_table("sources")
