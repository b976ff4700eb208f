"""The index follows PostgreSQL: what is included, what fails alone, what arrives late, what was lost."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import orjson
import pytest
from sqlalchemy import text

from errors import SearchOverloaded
from indexing.bulk import bulk_item, linked, send
from indexing.drift import verify_next
from indexing.joint_search import JointPart, JointQuery
from indexing.mappings import mapping_changes, mapping_of
from indexing.pace import Pace
from indexing.preparing import is_outdated
from indexing.rebuild import rebuild
from indexing.search_query import SearchQuery
from indexing.searching import Searches
from indexing.services import Services, open_services
from indexing.showing import show_changes
from indexing.sync import TOUCHED_SHARE, drain, drain_batch, follow
from indexing.verify import PAGE, Verified, verify
from models.collections.conditions import ALWAYS
from models.deadletters import list_dead_letters
from models.outbox import backlog
from models.records import Record, records_with_deleted
from models.retries import retry_dead_letter
from models.states import read_state, save_state
from tests.integration.conftest import ServerUrls
from tests.integration.indexed import create, delete, indexed_services, update

pytestmark = pytest.mark.anyio

FILES = {
    "people.yaml": """
name: Person
key: id
schema:
  type: object
  properties:
    id: {type: string}
    name: {type: string, x-search: {text: standard}}
""",
    "books.yaml": """
name: Book
key: id
schema:
  type: object
  properties:
    id: {type: string}
    title: {type: string, x-search: {text: standard}}
    authors: {type: array, items: {type: string, x-link: {collection: Person, as: writers, include: [name]}}}
""",
}


@pytest.fixture
async def services(servers: ServerUrls, database_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    """Two collections, of which books include the names of people, with indices of their own."""
    async with indexed_services(servers, database_url, tmp_path, FILES) as opened:
        yield opened


async def stored(services: Services, *records: Record) -> list[Record]:
    async with services.database.reading() as session:
        found = await records_with_deleted(session, [record.id for record in records])
    return [found[record.id] for record in records]


async def found(services: Services, name: str, query: dict[str, Any]) -> set[str]:
    """The keys of what searches find."""
    await show_changes(services, [name])
    path = f"/{services.settings.index_prefix}-{name.lower()}/_search"
    answer = await services.search.search(path, orjson.dumps({"query": query, "size": 1_000}))
    return {hit["_source"]["key"] for hit in answer["hits"]["hits"]}


def by_writer(name: str) -> dict[str, Any]:
    return {"match": {"t.writers.name": name}}


EVERYTHING: dict[str, Any] = {"match_all": {}}


async def test_what_includes_a_record_is_found_by_what_that_is_now(services: Services) -> None:
    (ann,) = await create(services, "Person", {"id": "a", "name": "Ann"})
    await create(services, "Book", {"id": "1", "authors": ["a"]}, {"id": "2", "authors": ["b"]}, {"id": "3"})
    await drain(services)
    assert await found(services, "Book", by_writer("Ann")) == {"1"}
    await update(services, ann, {"id": "a", "name": "Zoe"})
    await drain(services)
    assert await found(services, "Book", by_writer("Ann")) == set()
    assert await found(services, "Book", by_writer("Zoe")) == {"1"}
    await create(services, "Person", {"id": "b", "name": "Zoe"})
    await drain(services)
    assert await found(services, "Book", by_writer("Zoe")) == {"1", "2"}
    await delete(services, ann)
    await drain(services)
    assert await found(services, "Book", by_writer("Zoe")) == {"2"}


async def test_what_includes_several_records_that_change_together_is_indexed_once(services: Services) -> None:
    people = await create(services, "Person", *({"id": str(n), "name": f"A{n}"} for n in range(120)))
    books = await create(
        services, "Book", *({"id": str(n), "authors": [str(n), str(119 - n), "0"]} for n in range(120))
    )
    await drain(services)
    before = [book.index_version for book in await stored(services, *books)]
    for person in people:
        await update(services, person, {"id": person.key, "name": "B"})
    await asyncio.gather(*(drain(services) for _ in range(3)))
    assert [book.index_version for book in await stored(services, *books)] == [version + 1 for version in before]
    assert len(await found(services, "Book", by_writer("B"))) == 120


async def test_what_users_wrote_does_not_wait_for_what_follows(services: Services) -> None:
    (ann,) = await create(services, "Person", {"id": "a", "name": "Ann"})
    await create(services, "Book", *({"id": str(n), "authors": ["a"]} for n in range(200)))
    await drain(services)
    await update(services, ann, {"id": "a", "name": "Zoe"})
    await drain_batch(services)
    while await follow(services):
        pass
    await create(services, "Book", {"id": "new", "authors": ["a"]})
    await drain_batch(services)
    assert "new" in await found(services, "Book", by_writer("Zoe"))
    async with services.database.reading() as session:
        assert (await backlog(session))["Book"].pending == 200 - services.settings.index_batch // TOUCHED_SHARE
    async with services.touching:
        assert not (await drain_batch(services)).claimed, "one batch of what follows is under way"
    assert (await drain_batch(services)).indexed == services.settings.index_batch


async def test_a_delete_is_not_undone_by_an_older_update_that_arrives_late(services: Services) -> None:
    (book,) = await create(services, "Book", {"id": "1", "title": "old"})
    await drain(services)
    async with services.database.reading() as session:
        index = (await read_state(session, "Book")).index_name
    assert index
    late = bulk_item(await update(services, book, {"id": "1", "title": "late"}), index, services.builders["Book"], {})
    await delete(services, book)
    await drain(services)
    assert [outcome.reason for outcome in await send(services.search, [(book.id, late)], Pace(1_000))] == [None]
    assert await found(services, "Book", EVERYTHING) == set()


async def test_one_record_whose_document_can_not_be_made_does_not_stop_the_others(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = services.builders["Book"]
    build = builder.build
    monkeypatch.setattr(builder, "build", lambda *given: build(*given) if given[0].key != "7" else 1 / 0)
    books = await create(services, "Book", *({"id": str(n), "title": "x"} for n in range(20)))
    drained = await drain(services)
    assert (drained.indexed, drained.buried) == (19, 1)
    async with services.database.reading() as session:
        (letter,) = await list_dead_letters(session, "Book", 10)
        assert await backlog(session) == {}
    assert (letter.record_id, letter.key) == (books[7].id, "7")
    assert "division by zero" in letter.reason
    monkeypatch.undo()
    await update(services, books[7], {"id": "7", "title": "y"})
    await drain(services)
    async with services.database.reading() as session:
        assert await list_dead_letters(session, "Book", 10) == []
    assert len(await found(services, "Book", EVERYTHING)) == 20


async def test_what_elasticsearch_can_not_take_is_a_dead_letter_at_once(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Be it that a value does not fit the mapping, or that the document is larger than a request may be."""
    builder = services.builders["Book"]
    build = builder.build
    spoilt: dict[str, dict[str, Any]] = {"3": {"seq": "no number"}, "5": {"padding": "x" * (100 << 20)}}
    monkeypatch.setattr(builder, "build", lambda *given: build(*given) | spoilt.get(given[0].key, {}))
    await create(services, "Book", *({"id": str(n), "title": "x"} for n in range(8)))
    drained = await drain(services)
    assert (drained.indexed, drained.postponed, drained.buried) == (6, 0, 2)
    async with services.database.reading() as session:
        large, unfit = await list_dead_letters(session, "Book", 10)
    assert (unfit.key, unfit.attempts) == ("3", 1)
    assert "document_parsing_exception" in unfit.reason
    assert (large.key, large.reason) == ("5", "its document is larger than Elasticsearch takes")
    monkeypatch.undo()
    await retry_dead_letter(services.database, services.catalog["Book"], large, None)
    await drain(services)
    async with services.database.reading() as session:
        assert [letter.key for letter in await list_dead_letters(session, "Book", 10)] == ["3"]


async def test_one_row_that_fails_in_postgresql_does_not_stop_the_others(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def failing(session: Any, collection: Any, records: Any) -> Any:
        records = list(records)
        if any(record.key == "13" for record in records):
            raise ValueError("unheard of")
        return await linked(session, collection, records)

    monkeypatch.setattr("indexing.sync.linked", failing)
    await create(services, "Book", *({"id": str(n)} for n in range(40)))
    drained = await drain(services)
    assert (drained.indexed, drained.buried) == (39, 1)
    async with services.database.reading() as session:
        (letter,) = await list_dead_letters(session, "Book", 10)
    assert (letter.key, "unheard of" in letter.reason) == ("13", True)


async def test_what_is_too_much_for_elasticsearch_at_once_is_sent_in_smaller_parts(services: Services) -> None:
    books = [{"id": str(n), "title": "word " * 10_000} for n in range(60)]
    await create(services, "Book", *books)
    await create(services, "Book", {"id": "larger than all", "title": "word " * 100_000})
    services.pace.bytes = 1_000_000
    await limit_requests(services, "400kb")
    try:
        with pytest.raises(SearchOverloaded):
            await drain_batch(services)
        drained = await drain(services)
        assert (drained.indexed, drained.postponed, drained.buried) == (60, 1, 0)
        assert services.pace.bytes < 400_000
    finally:
        await limit_requests(services, None)
    async with services.database.writing() as session:
        await session.run(text("UPDATE outbox SET not_before = now()"))
    assert (await drain(services)).indexed == 1
    assert len(await found(services, "Book", EVERYTHING)) == 61


async def limit_requests(services: Services, size: str | None) -> None:
    """Have Elasticsearch refuse larger requests as too much for now, with the status 429."""
    setting = {"persistent": {"network.breaker.inflight_requests.limit": size}}
    await services.search.ask("PUT", "/_cluster/settings", setting)


async def test_an_index_that_was_lost_is_told_and_made_anew(services: Services) -> None:
    await create(services, "Book", {"id": "1"}, {"id": "2"})
    await drain(services)
    async with services.database.reading() as session:
        index = (await read_state(session, "Book")).index_name
    await services.search.ask("DELETE", f"/{index}")
    await create(services, "Book", {"id": "3"})
    drained = await drain(services)
    assert (set(drained.gone), drained.postponed) == ({"Book"}, 1)
    assert not await services.indexes.exists(str(index))
    await rebuild(services, services.catalog["Book"])
    assert await found(services, "Book", EVERYTHING) == {"1", "2", "3"}


async def test_a_rebuild_that_was_stopped_goes_on_from_its_place(services: Services) -> None:
    books = await create(services, "Book", *({"id": str(n), "title": "x"} for n in range(300)))
    await drain(services)

    def stop(done: int, total: int) -> None:
        if done >= 100:
            raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await rebuild(services, services.catalog["Book"], stop)
    async with services.database.reading() as session:
        left = await read_state(session, "Book")
    assert left.building_index
    assert left.built_until >= books[99].id
    assert await found(services, "Book", EVERYTHING) == {str(n) for n in range(300)}
    await update(services, books[0], {"id": "0", "title": "changed meanwhile"})
    await delete(services, books[1])
    await drain(services)
    built = await rebuild(services, services.catalog["Book"])
    assert built.index == left.building_index
    assert built.indexed <= 200
    assert await found(services, "Book", EVERYTHING) == {str(n) for n in range(300) if n != 1}
    assert await found(services, "Book", {"match": {"t.title": "meanwhile"}}) == {"0"}
    assert not await services.indexes.exists(str(left.index_name))


async def test_a_rebuild_that_is_cancelled_leaves_nothing_behind(services: Services) -> None:
    await create(services, "Book", *({"id": str(n)} for n in range(300)))
    await drain(services)
    async with services.database.reading() as session:
        before = await read_state(session, "Book")

    def cancel(done: int, total: int) -> None:
        raise ValueError("enough")

    with pytest.raises(ValueError, match="enough"):
        await rebuild(services, services.catalog["Book"], cancel)
    async with services.database.reading() as session:
        after = await read_state(session, "Book")
    assert (after.index_name, after.building_index) == (before.index_name, None)
    names = await services.search.ask("GET", f"/{services.settings.index_prefix}-book-*")
    assert list(names) == [before.index_name]


async def test_a_rebuild_that_died_between_the_steps_of_its_swap_is_completed(services: Services) -> None:
    await create(services, "Book", {"id": "1"})
    await drain(services)
    async with services.database.reading() as session:
        old = await read_state(session, "Book")
    new = await services.indexes.create(services.catalog["Book"], building=False)
    async with services.database.writing() as session:
        await save_state(session, "Book", index_name=new, retiring_index=old.index_name)
    await create(services, "Book", {"id": "2"})
    await drain(services)
    assert await found(services, "Book", EVERYTHING) == {"1", "2"}  # the old one serves, and still has all
    await rebuild(services, services.catalog["Book"])
    assert await found(services, "Book", EVERYTHING) == {"1", "2"}
    assert not await services.indexes.exists(str(old.index_name))
    assert not await services.indexes.exists(new)


async def test_searches_go_on_when_their_index_is_removed_under_them(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("indexing.rebuild.GRACE_SECONDS", 0)
    book = services.catalog["Book"]
    await create(services, "Book", *({"id": str(n), "title": "x"} for n in range(100)))
    await drain(services)
    await show_changes(services)
    page = SearchQuery(book, size=100, total=True)
    part = JointPart(book, ALWAYS, tuple(book.text_paths))
    jointly = JointQuery("x", (part,), services.settings.index_prefix, size=100, total=True)
    rebuilding = asyncio.create_task(_rebuilt_often(services, 4))
    asked = 0

    async def search() -> None:
        nonlocal asked
        while not rebuilding.done():
            searches = Searches(services.search, services.settings.index_prefix, None, 10)
            found = await asyncio.gather(searches.find(page), searches.find_jointly(jointly))
            asked += 1
            assert [(one.total, len(one.hits)) for one in found] == [(100, 100)] * 2
            await asyncio.sleep(0.01)

    await asyncio.gather(*(search() for _ in range(20)), rebuilding)
    assert asked > 100


async def _rebuilt_often(services: Services, times: int) -> None:
    for _ in range(times):
        await rebuild(services, services.catalog["Book"])


async def test_a_comparison_finds_what_is_missing_stale_and_extra_and_mends_exactly_that(services: Services) -> None:
    books = await create(services, "Book", *({"id": str(n), "title": "x"} for n in range(12_000)))
    await drain(services)
    collection = services.catalog["Book"]
    assert await verify(services, collection, repair=False) == Verified()
    async with services.database.reading() as session:
        index = str((await read_state(session, "Book")).index_name)
    lines = [
        {"delete": {"_index": index, "_id": str(books[3].id)}},
        {"delete": {"_index": index, "_id": str(books[11_999].id)}},
        {"index": {"_index": index, "_id": str(books[5_001].id), "version": 7, "version_type": "external"}},
        {"seq": books[5_001].id, "key": "wrong"},
        {"index": {"_index": index, "_id": "999999", "version": 4, "version_type": "external"}},
        {"seq": 999_999, "key": "of nobody"},
    ]
    body = b"".join(orjson.dumps(line) + b"\n" for line in lines)
    await services.search.ask("POST", "/_bulk", body, kind="application/x-ndjson")
    versions = [book.index_version for book in await stored(services, *books[:3])]
    assert await verify(services, collection, repair=False) == Verified(missing=2, stale=1, extra=1)
    assert await verify(services, collection, repair=True) == Verified(missing=2, stale=1, extra=1, repaired=4)
    assert await verify(services, collection, repair=False) == Verified()
    assert [book.index_version for book in await stored(services, *books[:3])] == versions
    assert "of nobody" not in await found(services, "Book", {"terms": {"key": ["of nobody", "wrong", "5001"]}})


async def test_what_is_on_its_way_is_no_difference(services: Services) -> None:
    (book, *_) = await create(services, "Book", {"id": "1"}, {"id": "2"})
    await drain(services)
    await update(services, book, {"id": "1", "title": "waiting"})
    await create(services, "Book", {"id": "3"})
    assert await verify(services, services.catalog["Book"], repair=False) == Verified()


async def test_fields_that_an_index_lacks_are_added_and_anything_else_waits_for_a_rebuild(
    services: Services, tmp_path: Path
) -> None:
    await create(services, "Book", {"id": "1", "title": "x"})
    await drain(services)
    async with services.database.reading() as session:
        index = str((await read_state(session, "Book")).index_name)
    file = tmp_path / "books.yaml"
    file.write_text(file.read_text() + "    pages: {type: integer}\n")
    async with open_services(services.settings) as changed:
        lines = list(mapping_changes(await changed.indexes.mapping(index), mapping_of(changed.catalog["Book"])))
        assert lines == ["+ r.pages@v: type long"]
        assert await is_outdated(changed, changed.catalog["Book"])
        await create(changed, "Book", {"id": "2", "pages": 7})
        await drain(changed)
        assert await found(changed, "Book", {"term": {"r.pages@v": 7}}) == {"2"}
    file.write_text(file.read_text().replace("text: standard", "text: english"))
    async with open_services(services.settings) as changed:
        wanted = mapping_of(changed.catalog["Book"])
        assert await is_outdated(changed, changed.catalog["Book"])
        assert any(line.startswith("~") for line in mapping_changes(await changed.indexes.mapping(index), wanted))
        await rebuild(changed, changed.catalog["Book"])
        assert not await is_outdated(changed, changed.catalog["Book"])


async def test_drift_is_found_and_mended_unasked_a_stretch_at_a_time(services: Services) -> None:
    books = await create(services, "Book", *({"id": str(n)} for n in range(PAGE + 100)))
    await drain(services)
    await found(services, "Book", EVERYTHING)
    async with services.database.reading() as session:
        index = str((await read_state(session, "Book")).index_name)
    for book in (books[10], books[PAGE + 10]):
        await services.search.ask("DELETE", f"/{index}/_doc/{book.id}")
    assert await verify_next(services) == Verified(missing=1, repaired=1)
    assert await verify_next(services) == Verified(missing=1, repaired=1)
    assert await verify_next(services) == Verified()


async def test_what_the_index_is_known_to_refuse_is_not_tried_again_unasked(
    services: Services, monkeypatch: pytest.MonkeyPatch
) -> None:
    builder = services.builders["Book"]
    monkeypatch.setattr(builder, "build", lambda *given: 1 / 0)
    await create(services, "Book", {"id": "1"})
    await drain(services)
    assert await verify_next(services) == Verified()
    assert await verify(services, services.catalog["Book"], repair=False) == Verified(missing=1)
