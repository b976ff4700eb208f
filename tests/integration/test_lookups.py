"""Look-ups of several requests share their statements, and nothing else: each shows what its viewer may read."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from indexing.services import Services, open_services
from models.collections.dates import Clock
from models.collections.rules import Subject
from models.ending import end
from resolvers.lookups import NodesById, NodesByKey, Readable
from tests.integration.conftest import ServerUrls
from tests.integration.indexed import create, settings_on, update

pytestmark = pytest.mark.anyio
PAPER = """
name: Paper
key: number
schema: {type: object, properties: {number: {type: string}, owner: {type: string}, year: {type: integer}}}
access:
  read: [{role: author, where: {owner: {eq: $viewer.id}}}]
  write: editor
"""


@pytest.fixture
async def services(servers: ServerUrls, database_url: str, tmp_path: Path) -> AsyncIterator[Services]:
    (tmp_path / "paper.yaml").write_text(PAPER)
    async with open_services(settings_on(servers, database_url, collections=tmp_path)) as opened:
        yield opened


def readable(name: str) -> Readable:
    return Readable(Subject(frozenset({"author"}), name), Clock.current())


async def test_viewers_who_ask_for_the_same_at_once_each_see_what_they_may_read(services: Services) -> None:
    (paper,) = await create(services, "Paper", {"number": "1", "owner": "ann"})
    asked = [
        loaded
        for name in ("ann", "ben")
        for loaded in (
            NodesById(services, readable(name)).load(("Paper", paper.id)),
            NodesByKey(services, readable(name)).load(("Paper", "1")),
        )
    ]
    found = await asyncio.gather(*asked)
    assert [node and node.key for node in found] == ["1", "1", None, None]


async def test_who_looks_after_a_write_sees_it_whatever_others_have_asked_meanwhile(services: Services) -> None:
    (paper,) = await create(services, "Paper", {"number": "1", "owner": "ann"})
    ann = readable("ann")

    async def look() -> int | None:
        node = await NodesById(services, ann).load(("Paper", paper.id))
        assert node
        return node.revision

    async def keep_looking() -> None:
        while True:
            await look()

    others = [asyncio.create_task(keep_looking()) for _ in range(3)]
    for revision in range(2, 30):
        paper = await update(services, paper, {"number": "1", "owner": "ann", "year": revision})
        assert await look() == revision
    await end(*others)
