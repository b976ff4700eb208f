"""The outbox knows why: a write of the record, with the key it had before, or a change of what it includes."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision: str | None = "0001"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("touched", sa.Boolean, nullable=False, server_default=sa.false()))
    op.add_column("outbox", sa.Column("former_key", sa.Text(collation="C")))


def downgrade() -> None:
    op.drop_column("outbox", "former_key")
    op.drop_column("outbox", "touched")
