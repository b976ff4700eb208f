"""Revisions know the transaction that wrote them, so that changes can be followed in an order that is settled."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision: str | None = "0006"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    # Those that are there come as of this transaction, in the order of their records.
    number = sa.text("(pg_current_xact_id()::text::bigint)")
    op.add_column("revisions", sa.Column("transaction_id", sa.BigInteger, nullable=False, server_default=number))
    op.create_index("revisions_in_order", "revisions", ["transaction_id", "record_id", "revision"])


def downgrade() -> None:
    op.drop_index("revisions_in_order")
    op.drop_column("revisions", "transaction_id")
