"""What is not selected of the collections is not asked of any store."""

from pathlib import Path
from typing import cast

import pytest
from graphql import graphql

from config import Settings
from indexing.services import open_services
from indexing.waiting import Visibility
from models.collections.access import ADMIN
from models.collections.loading import load_catalog
from resolvers.context import Context
from resolvers.viewer import Viewer
from schema.build import build_schema
from tasks.desk import TaskDesk
from tasks.nudging import Nudges

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "tate"
NOWHERE = Settings(
    collections=EXAMPLE,
    database_url="postgresql://127.0.0.1:1/none",
    elasticsearch_url="http://127.0.0.1:1",
    redis_url="redis://127.0.0.1:1",
    broker_url="redis://127.0.0.1:1",
    secret="s" * 32,
)


@pytest.mark.anyio
async def test_the_names_of_the_collections_are_known_without_any_server() -> None:
    catalog = load_catalog(EXAMPLE)
    async with open_services(NOWHERE, catalog) as services:
        viewer = Viewer("admin", frozenset({ADMIN}), "TOKEN")
        desk = TaskDesk.open(services)
        context = Context(services, viewer, "request", cast("Nudges", None), Visibility(services), desk)
        told = await graphql(
            build_schema(catalog),
            "{ collections { ...f } viewer { via } } fragment f on Collection { name }",
            None,
            context,
        )
        asked = await graphql(build_schema(catalog), "{ collections { pending } }", None, context)
    assert told.data == {"collections": [{"name": "Artist"}, {"name": "Artwork"}], "viewer": {"via": "TOKEN"}}
    assert "PostgreSQL does not answer" in str(asked.errors)
