"""The outbox has stages; a rebuild keeps its place; changes are counted apart from what searches see of them."""

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision: str | None = "0002"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.add_column("outbox", sa.Column("stage", sa.SmallInteger, nullable=False, server_default="0"))
    op.execute(sa.text("UPDATE outbox SET stage = 1 WHERE touched"))
    op.drop_column("outbox", "touched")
    op.create_index("outbox_stage", "outbox", ["stage", "id"])
    op.create_index("outbox_record", "outbox", ["record_id"])
    op.add_column("collection_state", sa.Column("changes", sa.BigInteger, nullable=False, server_default="0"))
    op.execute(sa.text("UPDATE collection_state SET changes = generation"))
    op.add_column("collection_state", sa.Column("retiring_index", sa.Text))
    op.add_column("collection_state", sa.Column("building_fingerprint", sa.Text))
    op.add_column("collection_state", sa.Column("built_until", sa.BigInteger, nullable=False, server_default="0"))
    op.add_column("collection_state", sa.Column("verified_until", sa.BigInteger, nullable=False, server_default="0"))


def downgrade() -> None:
    for name in ("verified_until", "built_until", "building_fingerprint", "retiring_index", "changes"):
        op.drop_column("collection_state", name)
    op.drop_index("outbox_record")
    op.drop_index("outbox_stage")
    op.add_column("outbox", sa.Column("touched", sa.Boolean, nullable=False, server_default=sa.false()))
    op.execute(sa.text("UPDATE outbox SET touched = stage > 0"))
    op.drop_column("outbox", "stage")
