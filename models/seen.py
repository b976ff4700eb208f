"""Which keys an import has met, and on which line; beyond a few MB they are kept in a temporary file."""

import sqlite3
from collections.abc import Iterable

_CACHE_KB = 8_000


class SeenKeys:
    """Remembers any number of keys in constant memory."""

    def __init__(self) -> None:
        # SQLite deletes a database without a name when it is closed. Threads use this one in turn.
        self._database = sqlite3.connect("", isolation_level=None, check_same_thread=False)
        self._database.execute("PRAGMA journal_mode = OFF")
        self._database.execute(f"PRAGMA cache_size = -{_CACHE_KB}")
        self._database.execute("CREATE TABLE seen (key TEXT PRIMARY KEY, line INTEGER) WITHOUT ROWID")
        self._database.execute("BEGIN")

    def close(self) -> None:
        self._database.close()

    def remember(self, keys: Iterable[str], lines: Iterable[int]) -> None:
        """Have these keys be met on these lines."""
        self._database.executemany("INSERT OR IGNORE INTO seen VALUES (?, ?)", zip(keys, lines, strict=True))

    def first_line(self, key: str, line: int) -> int | None:
        """The line on which `key` was met before; if it was not, it is met on `line` now."""
        if self._database.execute("INSERT OR IGNORE INTO seen VALUES (?, ?)", (key, line)).rowcount:
            return None
        (first,) = self._database.execute("SELECT line FROM seen WHERE key = ?", (key,)).fetchone()
        return int(first)
