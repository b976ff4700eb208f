"""Which record came from which identifier of a source."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision: str | None = "0005"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "source_records",
        sa.Column("source_id", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("identifier", sa.Text(collation="C"), primary_key=True),
        sa.Column("key", sa.Text(collation="C"), nullable=False),
    )


def downgrade() -> None:
    op.drop_table("source_records")
