"""Lines of an import, read and checked: each becomes a record to write or a problem with its line."""

import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import orjson

from models.collections.problems import Problem
from models.documents import Prepared, prepare
from models.lines import Batch, Limits, Line, LineReader, Place
from models.seen import SeenKeys

if TYPE_CHECKING:
    from models.collections.properties import Collection

_MAX_PROBLEMS = 10  # of one line that are named
_MAX_KEY_SHOWN = 100
_DIGITS = bytes.maketrans(b"123456789", b"000000000")
_LONG_NUMBER = b"0" * 19


@dataclass(frozen=True, slots=True)
class LineProblem:
    """Why a line was not taken; as text it is one line of its own, whatever the key is."""

    line: int
    key: str | None
    message: str

    def __str__(self) -> str:
        key = f" ({_shown(self.key)})" if self.key else ""
        return f"line {self.line}{key}: {self.message}"


@dataclass(frozen=True, slots=True)
class Failure:
    """A line that is not taken; `payload` is its text."""

    problem: LineProblem
    payload: bytes


@dataclass(frozen=True, slots=True)
class Entry:
    """A line whose record can be written."""

    line: Line
    prepared: Prepared


@dataclass(slots=True)
class Parsed:
    """What a batch of lines holds, and why the file could not be read further, if so."""

    position: int
    place: Place | None = None
    entries: list[Entry] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    broken: LineProblem | None = None


class Parser:
    """Reads and checks one batch ahead, in a thread."""

    def __init__(self, collection: "Collection", reader: LineReader, seen: SeenKeys, limits: Limits) -> None:
        self._collection = collection
        self._batches = reader.batches()
        self._seen = seen
        self._limits = limits

    def next(self) -> Parsed | None:
        """The next batch; nothing at the end of the file."""
        batch = next(self._batches, None)
        return None if batch is None else self._parsed(batch)

    def _parsed(self, batch: Batch) -> Parsed:
        parsed = Parsed(batch.position, batch.place)
        if batch.broken:
            parsed.broken = LineProblem(batch.broken.number, None, batch.broken.text.decode())
        for line in batch.lines:
            read = self._read(line)
            if isinstance(read, Prepared):
                parsed.entries.append(Entry(line, read))
            else:
                parsed.failures.append(Failure(read, line.text))
        return parsed

    def _read(self, line: Line) -> Prepared | LineProblem:
        if line.too_long:
            return LineProblem(line.number, None, f"is longer than {self._limits.line:,} bytes")
        if line.problem:
            return LineProblem(line.number, None, line.problem)
        prepared = read_line(self._collection, line)
        if isinstance(prepared, LineProblem):
            return prepared
        if prepared.key is not None and (first := self._seen.first_line(prepared.key, line.number)):
            return LineProblem(line.number, prepared.key, f"has the same key as line {first}")
        return prepared


def read_line(collection: "Collection", line: Line) -> Prepared | LineProblem:
    """The record of one line, or why it is none."""
    try:
        document = _exact(line.text)
    except orjson.JSONDecodeError as error:
        return LineProblem(line.number, None, _not_json(line.text, error))
    if not isinstance(document, dict):
        return LineProblem(line.number, None, "is not a JSON object")
    prepared = prepare(collection, document)
    if prepared.problems:
        return LineProblem(line.number, prepared.key, message_of(prepared.problems))
    return prepared


def _exact(text: bytes) -> Any:
    """The value of a JSON text; orjson makes floats of integers beyond 64 bits, which are to be refused by name."""
    value = orjson.loads(text)
    # A regular expression would take longer than reading the whole text.
    if _LONG_NUMBER not in text.translate(_DIGITS):
        return value
    try:
        return json.loads(text)
    except RecursionError:  # it is refused for its depth
        return value


def _shown(key: str) -> str:
    short = key if len(key) <= _MAX_KEY_SHOWN else f"{key[:_MAX_KEY_SHOWN]}…"
    return short if short.isprintable() else json.dumps(short)


def failure_of(entry: Entry, message: str) -> Failure:
    """The failure of a line that was right until its record was to be written."""
    return Failure(LineProblem(entry.line.number, entry.prepared.key, message), entry.line.text)


def message_of(problems: tuple[Problem, ...]) -> str:
    """All problems of a line in one sentence, or the first of very many."""
    named = [
        f"{'.'.join(problem.path)}: {problem.message}" if problem.path else problem.message for problem in problems
    ]
    more = [f"and {len(named) - _MAX_PROBLEMS} more"] if len(named) > _MAX_PROBLEMS else []
    return "; ".join(named[:_MAX_PROBLEMS] + more)


def _not_json(text: bytes, error: orjson.JSONDecodeError) -> str:
    try:
        text.decode()
    except UnicodeDecodeError as wrong:
        return f"is not UTF-8: byte {wrong.start + 1} is 0x{text[wrong.start]:02X}"
    return f"is not JSON: {error.msg} at column {error.pos + 1}"
