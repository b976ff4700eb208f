"""Records, their revisions, the outbox, dead letters, tokens and the state of each collection."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

revision = "0001"
down_revision: str | None = None
branch_labels: str | None = None
depends_on: str | None = None


def upgrade() -> None:
    _records()
    _revisions()
    _outbox()
    _dead_letters()
    _tokens()
    _collection_state()


def downgrade() -> None:
    for table in ("collection_state", "tokens", "dead_letters", "outbox", "revisions", "records"):
        op.drop_table(table)
    op.execute(sa.schema.DropSequence(sa.Sequence("record_id_seq")))


def _moment(name: str) -> "sa.Column[object]":
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now())


def _records() -> None:
    ids = sa.Sequence("record_id_seq", data_type=sa.BigInteger)
    op.execute(sa.schema.CreateSequence(ids))
    op.create_table(
        "records",
        sa.Column("id", sa.BigInteger, primary_key=True, server_default=ids.next_value()),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C")),
        sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
        sa.Column("index_version", sa.BigInteger, nullable=False, server_default="1"),
        sa.Column("data", JSONB, nullable=False),
        _moment("created_at"),
        _moment("updated_at"),
        sa.Column("deleted", sa.Boolean, nullable=False, server_default=sa.text("false")),
    )
    live = sa.text("NOT deleted")
    op.create_index("records_live_key", "records", ["collection", "key"], unique=True, postgresql_where=live)
    op.create_index("records_collection_id", "records", ["collection", "id"])


def _revisions() -> None:
    op.create_table(
        "revisions",
        sa.Column("record_id", sa.BigInteger, nullable=False),
        sa.Column("revision", sa.Integer, nullable=False, server_default="1"),
        sa.Column("operation", sa.Text, nullable=False),
        _moment("at"),
        sa.Column("by", sa.Text),
        sa.Column("data", JSONB),
        sa.PrimaryKeyConstraint("record_id", "revision", name="revisions_pkey"),
    )


def _outbox() -> None:
    op.create_table(
        "outbox",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("record_id", sa.BigInteger, nullable=False),
        _moment("created_at"),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="0"),
        sa.Column("not_before", sa.DateTime(timezone=True)),
    )
    # Every row is deleted soon after it was written: without eager vacuuming the head of the queue is dead rows.
    op.execute(
        sa.text("ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0.0, autovacuum_vacuum_threshold = 10000)")
    )


def _dead_letters() -> None:
    op.create_table(
        "dead_letters",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("collection", sa.Text(collation="C"), nullable=False),
        sa.Column("key", sa.Text(collation="C")),
        sa.Column("record_id", sa.BigInteger),
        sa.Column("operation", sa.Text, nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("payload", sa.Text, nullable=False),
        sa.Column("payload_hash", sa.LargeBinary, nullable=False),
        sa.Column("attempts", sa.Integer, nullable=False, server_default="1"),
        _moment("last_attempt_at"),
    )
    op.create_index(
        "dead_letters_same",
        "dead_letters",
        ["collection", "operation", "record_id", "payload_hash"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )


def _tokens() -> None:
    op.create_table(
        "tokens",
        sa.Column("id", UUID(as_uuid=True), primary_key=True),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("roles", sa.ARRAY(sa.Text), nullable=False),
        sa.Column("secret_hash", sa.LargeBinary, nullable=False, unique=True),
        _moment("created_at"),
        sa.Column("expires_at", sa.DateTime(timezone=True)),
        sa.Column("revoked_at", sa.DateTime(timezone=True)),
    )


def _collection_state() -> None:
    op.create_table(
        "collection_state",
        sa.Column("name", sa.Text(collation="C"), primary_key=True),
        sa.Column("fingerprint", sa.Text),
        sa.Column("index_name", sa.Text),
        sa.Column("building_index", sa.Text),
        sa.Column("generation", sa.BigInteger, nullable=False, server_default="0"),
    )
