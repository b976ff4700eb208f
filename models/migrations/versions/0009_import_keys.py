"""The keys that a running import has met, for the run that goes on when its worker is lost."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import ARRAY

revision = "0009"
down_revision: str | None = "0008"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.create_table(
        "import_keys",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("task_id", sa.BigInteger, sa.ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
        sa.Column("keys", ARRAY(sa.Text), nullable=False),
        sa.Column("lines", ARRAY(sa.BigInteger), nullable=False),
    )
    op.create_index("import_keys_task", "import_keys", ["task_id"])


def downgrade() -> None:
    op.drop_table("import_keys")
