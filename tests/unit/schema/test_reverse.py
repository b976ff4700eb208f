"""A reverse field finds every record that links to its own, however deep in it the link stands."""

from pathlib import Path
from typing import Any, cast

import pytest
from graphql import GraphQLObjectType

from models.collections.conditions import Condition, holds
from models.collections.loading import load_catalog
from resolvers.nodes import Node
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


@pytest.mark.anyio
@pytest.mark.parametrize("depth", [0, 1, 2, 3])
async def test_a_link_in_a_shape_that_holds_itself_is_found_at_every_depth(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, depth: int
) -> None:
    (tmp_path / "tree.yaml").write_text(TREE)
    (tmp_path / "bird.yaml").write_text(BIRD)
    catalog = load_catalog(tmp_path)
    asked: list[Condition] = []

    async def search(*arguments: Any) -> None:
        asked.append(arguments[-1])

    monkeypatch.setattr("schema.connections.search", search)
    monkeypatch.setattr("schema.connections.Connections._selected", lambda *_: lambda *_: None)
    bird = cast("GraphQLObjectType", build_schema(catalog).type_map["Bird"])
    resolve = bird.fields["trees"].resolve
    assert resolve
    info = cast("Any", type("Info", (), {"context": None}))
    await resolve(Node(catalog["Bird"], 1, "7", 1, "", "", {}), info)
    assert holds(asked[0], {"root": nested(7, depth)})
    assert not holds(asked[0], {"root": nested(8, depth)})


def nested(bird: int, depth: int) -> dict[str, Any]:
    return {"branches": [nested(bird, depth - 1)]} if depth else {"bird": bird, "branches": []}
