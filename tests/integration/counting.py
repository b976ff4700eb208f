"""Counts the statements that a block sends to PostgreSQL."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import event

from models.database import Database


@dataclass
class Statements:
    count: int = 0


@contextmanager
def count_statements(database: Database) -> Iterator[Statements]:
    statements = Statements()

    def counted(*_: Any) -> None:
        statements.count += 1

    engine = database.engine.sync_engine
    event.listen(engine, "before_cursor_execute", counted)
    yield statements
    event.remove(engine, "before_cursor_execute", counted)
