"""Records of up to half a page stay as they are: to compress them took a third of what an import costs PostgreSQL."""

from alembic import op

revision = "0010"
down_revision: str | None = "0009"
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    op.execute("ALTER TABLE records SET (toast_tuple_target = 4096)")


def downgrade() -> None:
    op.execute("ALTER TABLE records RESET (toast_tuple_target)")
