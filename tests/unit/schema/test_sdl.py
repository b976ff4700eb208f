"""The schema of the example: committed, so that a review shows what changes in the API."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from graphql import GraphQLSchema, parse, validate_schema

from models.collections.loading import load_catalog
from models.collections.type_names import RESERVED_NAMES
from schema.build import build_schema, schema_text

EXAMPLE = Path(__file__).resolve().parents[3] / "examples" / "tate"
KINDS = Path(__file__).resolve().parents[2] / "acceptance" / "kinds"


def test_the_schema_of_the_example_is_the_committed_one() -> None:
    """A change that is meant: `catalograph schema print --collections examples/tate`, into that file."""
    assert schema_text(load_catalog(EXAMPLE)) == (EXAMPLE / "schema.graphql").read_text()


def test_the_schema_of_the_example_is_valid() -> None:
    catalog = load_catalog(EXAMPLE)
    assert validate_schema(build_schema(catalog)) == []
    parse(schema_text(catalog))


def test_no_collection_may_take_the_name_of_a_type_of_our_own() -> None:
    schema = build_schema(load_catalog(EXAMPLE))
    own = {name for name in schema.type_map if not name.startswith(("__", "Artwork", "Artist"))}
    assert own - RESERVED_NAMES == set()


@pytest.mark.parametrize("folder", [EXAMPLE, KINDS])
def test_everything_in_the_schema_has_a_description(folder: Path) -> None:
    assert list(bare(build_schema(load_catalog(folder)))) == []


def bare(schema: GraphQLSchema) -> Iterator[str]:
    """What has no description, by its coordinate."""
    for name, type_ in schema.type_map.items():
        if name.startswith("__"):
            continue
        members = {**getattr(type_, "fields", {}), **getattr(type_, "values", {})}
        arguments = {
            f"{field}({argument})": one
            for field, value in members.items()
            for argument, one in getattr(value, "args", {}).items()
        }
        below = {f"{name}.{member}": one for member, one in (members | arguments).items()}
        yield from (place for place, one in {name: type_, **below}.items() if not one.description)
