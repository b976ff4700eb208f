"""A reverse field finds every record that links to its own, however deep in it the link stands."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, cast

import pytest
from graphql import GraphQLObjectType

from models.collections.conditions import Condition, holds
from models.collections.loading import Catalog, load_catalog
from resolvers.context import Context
from resolvers.nodes import Node
from resolvers.viewer import ANONYMOUS, Viewer
from schema.build import build_schema

TREE = """
name: Tree
key: code
schema:
  type: object
  properties:
    code: {type: string}
    root: {$ref: "#/$defs/Branch"}
  $defs:
    Branch:
      type: object
      properties:
        bird: {type: [integer, "null"], x-link: {collection: Bird, as: nesting, reverse: trees}}
        branches: {type: array, items: {$ref: "#/$defs/Branch"}}
"""
BIRD = "{name: Bird, key: ring, schema: {type: object, properties: {ring: {type: integer}}}}"


Reverse = Callable[[Catalog, Viewer, str], Awaitable[Condition]]


@pytest.fixture
def reverse(monkeypatch: pytest.MonkeyPatch) -> Reverse:
    """What the reverse field of the bird with a key searches for."""
    asked: list[Condition] = []

    async def search(*arguments: Any) -> None:
        asked.append(arguments[-1])

    monkeypatch.setattr("resolvers.reverse.search", search)
    monkeypatch.setattr("schema.connections.Connections._selected", lambda *_: lambda *_: None)

    async def ask(catalog: Catalog, viewer: Viewer, key: str) -> Condition:
        bird = cast("GraphQLObjectType", build_schema(catalog).type_map["Bird"])
        resolve = bird.fields["trees"].resolve
        assert resolve
        nothing: Any = None  # no service takes part
        context = Context(nothing, viewer, "", nothing, nothing, nothing)
        info = cast("Any", type("Info", (), {"context": context}))
        await resolve(Node(catalog["Bird"], 1, key, 1, "", "", {}), info)
        return asked.pop()

    return ask


def read(folder: Path, tree: str) -> Catalog:
    (folder / "tree.yaml").write_text(tree)
    (folder / "bird.yaml").write_text(BIRD)
    return load_catalog(folder)


@pytest.mark.anyio
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
async def test_a_link_in_a_shape_that_holds_itself_is_found_at_every_depth(
    tmp_path: Path, reverse: Reverse, depth: int
) -> None:
    found = await reverse(read(tmp_path, TREE), ANONYMOUS, "7")
    assert holds(found, {"root": nested(7, depth)})
    assert not holds(found, {"root": nested(8, depth)})


@pytest.mark.anyio
@pytest.mark.parametrize("guarded", ["root: {", "bird: {", "branches: {"])
async def test_nothing_is_found_by_a_link_that_the_viewer_may_not_read(
    tmp_path: Path, reverse: Reverse, guarded: str
) -> None:
    catalog = read(tmp_path, TREE.replace(guarded, f"{guarded}x-access: {{read: keeper}}, "))
    record = {"root": {"branches": [{"bird": 7}]}}
    assert not holds(await reverse(catalog, ANONYMOUS, "7"), record)
    assert holds(await reverse(catalog, Viewer("ann", frozenset({"keeper"}), "TOKEN"), "7"), record)


def nested(bird: int, depth: int) -> dict[str, Any]:
    return {"branches": [nested(bird, depth - 1)]} if depth else {"bird": bird, "branches": []}
