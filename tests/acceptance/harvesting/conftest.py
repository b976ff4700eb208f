"""A library that harvests, and a repository that it harvests from."""

from collections.abc import Iterator

import pytest

from tests.acceptance.asking import Api
from tests.acceptance.harvesting.sources import COLLECTIONS, LETTERS, publications
from tests.acceptance.repository import Repository
from tests.acceptance.serving import serving_as
from tests.running import System, beside

IN_SMALL_STEPS = {"index_batch": "5", "sweep_seconds": "1", "fetch_timeout": "120", "task_silence": "6"}


@pytest.fixture(scope="package")
def library(system: System, tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    data = tmp_path_factory.mktemp("harvesting") / "data"
    with beside(system, data, COLLECTIONS, **IN_SMALL_STEPS) as started:
        yield started


@pytest.fixture(scope="package")
def api(library: System) -> Iterator[Api]:
    with library.client(library.token) as client:
        yield Api(client)


@pytest.fixture(scope="package")
def served() -> Iterator[Repository]:
    with serving_as(Repository) as started:
        yield started


@pytest.fixture
def repository(api: Api, served: Repository) -> Repository:
    """A repository without records, and a collection that has none either, nor dead letters."""
    letters = [letter["id"] for letter in api.ask(LETTERS)["deadLetters"]["nodes"]]
    api.ask("mutation($ids: [ID!]!) { dropDeadLetters(ids: $ids) { errors { code } } }", ids=letters)
    for record in publications(api):
        api.ask("mutation($id: ID!) { deletePublication(id: $id) { errors { code } } }", id=record["id"])
    served.reset()
    return served
