"""The PostgreSQL tables, as SQLAlchemy Core describes them; `models/migrations` makes the same ones."""

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Double,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    PrimaryKeyConstraint,
    Sequence,
    SmallInteger,
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, UUID

metadata = MetaData()
MAX_ID = 2**63 - 1
"""The greatest number that a row can have."""

# Names are compared by code point, as everywhere in the API, whatever the database's own collation is.
ByCodePoint = Text(collation="C")
Moment = DateTime(timezone=True)

record_id_seq = Sequence("record_id_seq", metadata=metadata, data_type=BigInteger)

records = Table(
    "records",
    metadata,
    Column("id", BigInteger, record_id_seq, server_default=record_id_seq.next_value(), primary_key=True),
    Column("collection", ByCodePoint, nullable=False),
    Column("key", ByCodePoint),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("index_version", BigInteger, nullable=False, server_default="1"),
    Column("data", JSONB, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("updated_at", Moment, nullable=False, server_default=func.now()),
    Column("deleted", Boolean, nullable=False, server_default=text("false")),
    postgresql_with={"toast_tuple_target": 4096},
)

LIVE_KEY = Index(
    "records_live_key",
    records.c.collection,
    records.c.key,
    unique=True,
    postgresql_where=text("NOT deleted"),
)
Index("records_collection_id", records.c.collection, records.c.id)

# `data` is null for the newest revision: it is the record's own. The write that makes the next one moves it here.
revisions = Table(
    "revisions",
    metadata,
    Column("record_id", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False, server_default="1"),
    Column("operation", Text, nullable=False),
    Column("at", Moment, nullable=False, server_default=func.now()),
    Column("by", Text),
    Column("data", JSONB),
    Column("transaction_id", BigInteger, nullable=False, server_default=text("(pg_current_xact_id()::text::bigint)")),
    PrimaryKeyConstraint("record_id", "revision", name="revisions_pkey"),
)
Index("revisions_in_order", revisions.c.transaction_id, revisions.c.record_id, revisions.c.revision)

outbox = Table(
    "outbox",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("collection", ByCodePoint, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("not_before", Moment),
    Column("former_key", ByCodePoint),
    Column("stage", SmallInteger, nullable=False, server_default="0"),
)

Index("outbox_stage", outbox.c.stage, outbox.c.id)
Index("outbox_record", outbox.c.record_id)

dead_letters = Table(
    "dead_letters",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("collection", ByCodePoint, nullable=False),
    Column("key", ByCodePoint),
    Column("record_id", BigInteger),
    Column("operation", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("payload", Text, nullable=False),
    Column("payload_hash", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False, server_default="1"),
    Column("last_attempt_at", Moment, nullable=False, server_default=func.now()),
)

# The same work that fails again is one letter with one attempt more.
SAME_LETTER = Index(
    "dead_letters_same",
    dead_letters.c.collection,
    dead_letters.c.operation,
    dead_letters.c.record_id,
    dead_letters.c.payload_hash,
    unique=True,
    postgresql_nulls_not_distinct=True,
)

tokens = Table(
    "tokens",
    metadata,
    Column("id", UUID(as_uuid=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("roles", ARRAY(Text), nullable=False),
    Column("secret_hash", LargeBinary, nullable=False, unique=True),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("expires_at", Moment),
    Column("revoked_at", Moment),
)

collection_state = Table(
    "collection_state",
    metadata,
    Column("name", ByCodePoint, primary_key=True),
    Column("fingerprint", Text),
    Column("index_name", Text),
    Column("building_index", Text),
    Column("generation", BigInteger, nullable=False, server_default="0"),
    Column("changes", BigInteger, nullable=False, server_default="0"),
    Column("retiring_index", Text),
    Column("building_fingerprint", Text),
    Column("built_until", BigInteger, nullable=False, server_default="0"),
    Column("verified_until", BigInteger, nullable=False, server_default="0"),
)

tasks = Table(
    "tasks",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="QUEUED"),
    Column("collection", ByCodePoint),
    Column("arguments", JSONB, nullable=False),
    Column("by", Text),
    Column("parent_id", BigInteger, ForeignKey("tasks.id", ondelete="SET NULL")),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("started_at", Moment),
    Column("ended_at", Moment),
    Column("total", BigInteger),
    Column("done", BigInteger, nullable=False, server_default="0"),
    Column("failed", BigInteger, nullable=False, server_default="0"),
    Column("rate", Double),
    Column("eta_seconds", Double),
    Column("message", Text),
    Column("result", JSONB),
    Column("attempts", Integer, nullable=False, server_default="0"),
    Column("alive_at", Moment),
    Column("handed_at", Moment, nullable=False, server_default=func.now()),
    Column("version", BigInteger, nullable=False, server_default="1"),
)

ONE_AT_A_TIME = Index(
    "tasks_one_at_a_time",
    tasks.c.kind,
    tasks.c.collection,
    unique=True,
    postgresql_where=text("collection IS NOT NULL AND state IN ('QUEUED', 'RUNNING', 'CANCELLING')"),
)
Index("tasks_parent", tasks.c.parent_id)

task_errors = Table(
    "task_errors",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("task_id", BigInteger, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("message", Text, nullable=False),
    Column("key", Text),
    Column("line", BigInteger),
)
Index("task_errors_task", task_errors.c.task_id, task_errors.c.id)

task_checkpoints = Table(
    "task_checkpoints",
    metadata,
    Column("task_id", BigInteger, ForeignKey("tasks.id", ondelete="CASCADE"), primary_key=True),
    Column("place", JSONB, nullable=False),
)

sources = Table(
    "sources",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("name", Text, nullable=False),
    Column("collection", ByCodePoint, nullable=False),
    Column("kind", Text, nullable=False),
    Column("url", Text, nullable=False),
    Column("metadata_prefix", Text),
    Column("set", Text),
    Column("schedule", Text),
    Column("mapping", JSONB),
    Column("created_at", Moment, nullable=False, server_default=func.now()),
    Column("updated_at", Moment, nullable=False, server_default=func.now()),
    Column("harvested_at", Moment),
    Column("validators", JSONB),
    Column("version", BigInteger, nullable=False, server_default="1"),
)

source_records = Table(
    "source_records",
    metadata,
    Column("source_id", BigInteger, primary_key=True),
    Column("identifier", ByCodePoint, primary_key=True),
    Column("key", ByCodePoint, nullable=False),
)

schedules = Table(
    "schedules",
    metadata,
    Column("name", ByCodePoint, primary_key=True),
    Column("cron", Text, nullable=False),
    Column("zone", Text, nullable=False),
    Column("kind", Text, nullable=False),
    Column("collection", ByCodePoint),
    Column("arguments", JSONB, nullable=False),
    Column("by", Text),
    Column("next_at", Moment, nullable=False),
    Column("last_fired_at", Moment),
    Column("last_task_id", BigInteger, ForeignKey("tasks.id", ondelete="SET NULL")),
)

import_keys = Table(
    "import_keys",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("task_id", BigInteger, ForeignKey("tasks.id", ondelete="CASCADE"), nullable=False),
    Column("keys", ARRAY(Text), nullable=False),
    Column("lines", ARRAY(BigInteger), nullable=False),
)
Index("import_keys_task", import_keys.c.task_id)

commit_hooks = Table(
    "commit_hooks",
    metadata,
    Column("name", ByCodePoint, primary_key=True),
    Column("transaction_id", BigInteger, nullable=False),
    Column("record_id", BigInteger, nullable=False),
    Column("revision", Integer, nullable=False),
)
