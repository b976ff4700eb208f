"""An import takes what is right and reports what is wrong, by line."""

import asyncio
import gzip
import io
import time
from pathlib import Path

import orjson
import pytest
from sqlalchemy import make_url, text

from errors import BadUserInput, DatabaseUnavailable
from models.collections.properties import Collection
from models.database import Database
from models.deadletters import count_dead_letters, list_dead_letters
from models.exports import export_records
from models.imports import ImportReport, LineProblem, import_records
from models.lines import Limits
from models.outbox import backlog
from models.records import count_records, records_by_key
from tests.integration.cable import Cable

pytestmark = pytest.mark.anyio
SMALL = Limits(line=1_000, records=10)


async def load(
    database: Database, works: Collection, data: bytes, limits: Limits = SMALL
) -> tuple[ImportReport, list[LineProblem]]:
    problems: list[LineProblem] = []
    report = await import_records(database, works, io.BytesIO(data), limits=limits, on_problem=problems.append)
    return report, problems


async def exported(database: Database) -> list[object]:
    return [orjson.loads(line) async for line in export_records(database, "Work")]


def ndjson(*documents: object) -> bytes:
    return b"".join(orjson.dumps(document) + b"\n" for document in documents)


async def test_what_is_imported_is_exported_in_the_order_of_the_keys(database: Database, works: Collection) -> None:
    documents = [{"number": f"N{n:03}", "title": None, "year": n, "rank": ["é\u2028", {"a": None}]} for n in range(95)]
    report, problems = await load(database, works, ndjson(*documents[::-1]))
    assert (report.created, report.failed, problems, report.is_clean) == (95, 0, [], True)
    assert await exported(database) == documents
    async with database.reading() as session:
        assert await count_records(session) == {"Work": 95}
        assert (await backlog(session))["Work"].pending == 95


async def test_importing_the_same_file_again_changes_nothing(database: Database, works: Collection) -> None:
    data = ndjson(*({"number": f"N{n}", "title": None, "rank": 1e22} for n in range(25)))
    await load(database, works, data)
    report, _ = await load(database, works, data)
    assert (report.created, report.updated, report.unchanged) == (0, 0, 25)
    async with database.reading() as session:
        assert (await backlog(session))["Work"].pending == 25


async def test_each_bad_line_is_reported_and_the_rest_goes_in(database: Database, works: Collection) -> None:
    lines = [
        b'{"number": "A"}',
        b"{not json}",
        b"",
        b'["a", "list"]',
        b'{"number": "B", "title": "\xff"}',
        b'{"number": "C", "year": "x", "size": {"width": "y"}}',
        b'{"title": "no number"}',
        b'{"number": "A", "title": "again"}',
        b'{"number": "D", "extra": 1}',
        b'{"number": "E", "title": "' + b"x" * 2000 + b'"}',
        b'{"number": "F", "title": "a\\u0000b"}',
        b'{"number": "G", "title": "\\ud800"}',
        b'{"number": "H", "rank": 1e999}',
        b'{"number": "I", "rank": ' + b"[" * 250 + b"]" * 250 + b"}",
        b'{"number": "J", "title": "\\\\u0000 is six characters"}\r',
        b'{"number": "K"}',
    ]
    report, problems = await load(database, works, b"\n".join(lines))
    messages = {problem.line: (problem.key, problem.message) for problem in problems}
    assert list(messages) == [2, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14]
    assert messages[2][1].startswith("is not JSON")
    assert messages[4] == (None, "is not a JSON object")
    assert messages[5] == (None, "is not UTF-8: byte 27 is 0xFF")
    assert messages[6][0] == "C"
    assert "year: " in messages[6][1]
    assert "size.width: " in messages[6][1]
    assert messages[7] == (None, "number: is required")
    assert messages[8] == ("A", "has the same key as line 1")
    assert messages[9][1] == "extra: is not a property of this collection"
    assert messages[10] == (None, "is longer than 1,000 bytes")
    assert messages[11][1].startswith("title: has the character U+0000")
    assert "is not JSON" in messages[12][1]
    assert "is not JSON" in messages[13][1]
    assert "nested more than 200 levels" in messages[14][1]
    assert (report.created, report.failed, report.is_clean) == (3, 12, False)
    assert await exported(database) == [
        {"number": "A"},
        {"number": "J", "title": "\\u0000 is six characters"},
        {"number": "K"},
    ]


async def test_a_line_that_is_not_taken_becomes_a_dead_letter_once(database: Database, works: Collection) -> None:
    data = b'{"number": "A", "year": "x"}\n{broken \x00 \xff\n{"number": "B"}\n'
    for _ in range(2):
        await load(database, works, data)
    async with database.reading() as session:
        broken, wrong = await list_dead_letters(session, "Work", 10)
        assert await count_dead_letters(session) == {"Work": 2}
    assert (wrong.key, wrong.operation, wrong.attempts) == ("A", "IMPORT", 2)
    assert wrong.payload == '{"number": "A", "year": "x"}'
    assert wrong.reason.startswith("line 1: year: ")
    assert (broken.key, broken.payload) == (None, "{broken \ufffd \ufffd")


async def test_a_dead_letter_goes_when_an_import_takes_its_record(database: Database, works: Collection) -> None:
    await load(database, works, b'{"number": "A", "year": "x"}\n{"number": "B", "year": "x"}\n{broken\n')
    await load(database, works, b'{"number": "A", "year": 1}\n{"number": "B", "year": "y"}\n')
    async with database.reading() as session:
        letters = await list_dead_letters(session, "Work", 10)
    assert {(letter.key, letter.payload) for letter in letters} == {
        ("B", '{"number": "B", "year": "y"}'),
        ("B", '{"number": "B", "year": "x"}'),
        (None, "{broken"),
    }


async def test_a_line_of_100_mb_is_reported_and_nothing_else_is_lost(database: Database, works: Collection) -> None:
    data = b'{"number": "A"}\n{"number": "' + b"x" * 100_000_000 + b'"}\n{"number": "B"}\n'
    report, problems = await load(database, works, gzip.compress(data, 1), Limits())
    assert (report.created, report.failed) == (2, 1)
    assert problems == [LineProblem(2, None, "is longer than 16,000,000 bytes")]
    async with database.reading() as session:
        (letter,) = await list_dead_letters(session, None, 10)
    assert letter.payload.startswith('{"number": "xxx')


async def test_of_a_truncated_file_all_whole_lines_go_in(database: Database, works: Collection) -> None:
    data = gzip.compress(ndjson(*({"number": f"N{n}", "rank": hash(str(n))} for n in range(1_000))))
    report, problems = await load(database, works, data[: len(data) // 2])
    assert 400 < report.created < 600
    assert problems == [LineProblem(report.created + 1, None, "the gzip data ends too early")]
    assert (report.is_clean, report.broken) == (False, f"line {report.created + 1}: the gzip data ends too early")


async def test_a_record_that_postgresql_refuses_does_not_stop_the_others(database: Database, works: Collection) -> None:
    async with database.writing() as session:
        await session.run(text("ALTER TABLE records ADD CHECK (data->>'title' <> 'poison')"))
    documents = [{"number": f"N{n}", "title": "poison" if n in (3, 17) else "fine"} for n in range(25)]
    report, problems = await load(database, works, ndjson(*documents))
    assert (report.created, report.failed) == (23, 2)
    assert [(problem.line, problem.key) for problem in problems] == [(4, "N3"), (18, "N17")]
    assert "is refused by PostgreSQL" in problems[0].message


async def test_a_file_from_the_disk_shows_its_progress(database: Database, works: Collection, tmp_path: Path) -> None:
    path = tmp_path / "works.ndjson"
    path.write_bytes(ndjson(*({"number": f"N{n}"} for n in range(35))))
    seen: list[tuple[int, int, int | None]] = []
    await import_records(
        database,
        works,
        path,
        limits=SMALL,
        on_progress=lambda report: seen.append((report.done, report.position, report.size)),
    )
    size = path.stat().st_size
    assert [done for done, _, _ in seen] == [10, 20, 30, 35]
    assert seen[-1] == (35, size, size)


async def test_a_file_that_is_not_there_is_named(database: Database, works: Collection, tmp_path: Path) -> None:
    with pytest.raises(BadUserInput, match=r"nothing\.ndjson can't be opened: No such file"):
        await import_records(database, works, tmp_path / "nothing.ndjson")


async def test_an_import_merges_over_the_records_that_are_there(database: Database, works: Collection) -> None:
    await load(database, works, ndjson({"number": "A", "year": 1}, {"number": "B"}))
    report, _ = await load(database, works, ndjson({"number": "A", "title": "T"}, {"number": "B"}, {"number": "C"}))
    assert (report.created, report.updated, report.unchanged) == (1, 1, 1)
    async with database.reading() as session:
        record = (await records_by_key(session, "Work", ["A"]))["A"]
    assert (record.revision, record.data) == (2, {"number": "A", "year": 1, "title": "T"})


async def test_an_import_that_loses_the_database_keeps_what_it_reported(
    database: Database, database_url: str, works: Collection
) -> None:
    url = make_url(database_url)
    done: list[int] = []
    cuts: list[asyncio.Task[None]] = []

    def cut_after_two_batches(report: ImportReport) -> None:
        done.append(report.done)
        if len(done) == 2:
            cuts.append(asyncio.create_task(cable.cut()))

    data = io.BytesIO(ndjson(*({"number": f"N{n}"} for n in range(1_000))))
    async with Cable(str(url.host), int(url.port or 5432)) as cable:
        remote = Database(url.set(host="127.0.0.1", port=cable.port).render_as_string(hide_password=False), pool=1)
        with pytest.raises(DatabaseUnavailable):
            await import_records(remote, works, data, limits=SMALL, on_progress=cut_after_two_batches)
        await remote.close()
    async with database.reading() as session:
        kept = (await count_records(session))["Work"]
    assert done[-1] <= kept <= done[-1] + SMALL.records  # the last commit may have lost its answer


async def test_an_export_shows_one_moment_and_leaves_out_the_deleted(database: Database, works: Collection) -> None:
    await load(database, works, ndjson(*({"number": f"N{n:04}"} for n in range(2_500))), Limits())
    lines = export_records(database, "Work")
    first = await anext(lines)
    async with database.writing() as session:
        for record in (await records_by_key(session, "Work", ["N0001", "N2499"])).values():
            await session.delete(record)
    assert len([first, *[line async for line in lines]]) == 2_500
    assert len(await exported(database)) == 2_498


async def test_an_import_that_is_cancelled_waits_for_whoever_still_reads_the_file(
    database: Database, works: Collection
) -> None:
    class Slow(io.BytesIO):
        reading = 0

        def read1(self, size: int | None = -1, /) -> bytes:
            self.reading += 1
            time.sleep(0.5)
            self.reading -= 1
            return b'{"number": "N1"}\n'

    file = Slow()
    importing = asyncio.create_task(import_records(database, works, file, limits=Limits(records=1)))
    await asyncio.sleep(0.2)
    for _ in range(3):
        importing.cancel()
        await asyncio.sleep(0.01)
        assert (importing.done(), file.reading) == (False, 1)
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert file.reading == 0
