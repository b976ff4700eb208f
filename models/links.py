"""Links between records, found from their targets: which records name a key, by an index on the path of the link."""

import hashlib
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
from sqlalchemy import (
    ARRAY,
    ColumnElement,
    SmallInteger,
    Text,
    any_,
    bindparam,
    cast,
    exists,
    func,
    insert,
    literal,
    select,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, JSONPATH

from models.outbox import Stage
from models.tables import outbox, records
from models.writes import WriteSession

_NUMBER = re.compile(r"-?(0|[1-9][0-9]{0,30})(\.[0-9]{1,30})?")


@dataclass(frozen=True)
class LinkPath:
    """Where the records of a collection hold the keys of a link: the JSON names on the way, lists opened."""

    collection: str
    names: tuple[str, ...]

    @property
    def json_path(self) -> str:
        """The way in SQL/JSON; in lax mode a step opens the lists that it meets."""
        steps = "".join(f".{json.dumps(name)}" for name in self.names)
        return f"lax ${steps}[*]"

    @property
    def index_name(self) -> str:
        return f"records_link_{hashlib.sha256(f'{self.collection}:{self.json_path}'.encode()).hexdigest()[:16]}"


def _keys_of(path: LinkPath) -> ColumnElement[Any]:
    # The path stands in the statement itself, since an index on an expression is only used for the same expression.
    constant = cast(literal(path.json_path, Text, literal_execute=True), JSONPATH)
    return func.jsonb_path_query_array(records.c.data, constant, type_=JSONB)


async def index_links(session: WriteSession, paths: Iterable[LinkPath]) -> None:
    """Make the indexes that find the records which name a key, where they are not there yet."""
    for path in paths:
        await session.hold(path.index_name)
        found = await session.row(text("SELECT to_regclass(:name)").bindparams(name=path.index_name))
        if found and found[0]:
            continue
        expression = _keys_of(path).compile(
            dialect=session.dialect, compile_kwargs={"literal_binds": True, "render_postcompile": True}
        )
        collection = literal(path.collection, Text).compile(
            dialect=session.dialect, compile_kwargs={"literal_binds": True}
        )
        await session.run(
            text(
                f"CREATE INDEX {path.index_name} ON records USING gin (({expression}) jsonb_path_ops)"
                f" WHERE collection = {collection}".replace(":", "\\:")
            )
        )


async def queue_sources(session: WriteSession, path: LinkPath, keys: Sequence[str]) -> int:
    """Have every living record that names one of `keys` indexed again; how many were not queued for that already.

    One statement for all keys, so that a record which names several of them is queued once. It locks no record.
    """
    found = select(records.c.id).where(
        records.c.collection == literal(path.collection, Text, literal_execute=True),
        ~records.c.deleted,
        _keys_of(path).op("@>")(any_(bindparam("keys", type_=ARRAY(JSONB)))),
        ~exists().where(outbox.c.record_id == records.c.id, outbox.c.stage == Stage.BEHIND),
    )
    queued = insert(outbox).from_select(
        ["collection", "record_id", "stage"],
        found.with_only_columns(
            literal(path.collection, Text), records.c.id, literal(Stage.BEHIND.value, SmallInteger)
        ),
    )
    result = await session.run(queued, {"keys": [form for key in keys for form in _forms(key)]})
    return result.rowcount


def _forms(key: str) -> list[bytes]:
    """A key as JSON: as text, and as the number that it may be."""
    return [orjson.dumps(key), *([key.encode()] if _NUMBER.fullmatch(key) else [])]
