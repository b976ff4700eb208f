"""No two GraphQL types have one name, whatever the collections and their properties are called."""

from pathlib import Path

import pytest
from graphql import GraphQLInputObjectType, GraphQLObjectType, GraphQLSchema, validate_schema

from models.collections.loading import load_catalog
from schema.build import build_schema
from tests.unit.collections.files import ARTIST, WORK, problems, with_properties

OBJECT = "{type: object, properties: {x: {type: string, x-search: {facet: true}}}}"
OBJECTS = f"{{type: array, items: {OBJECT}}}"


def valid_schema(folder: Path, text: str) -> GraphQLSchema:
    """The schema of one collection file, which must be valid."""
    (folder / "work.yaml").write_text(text)
    schema = build_schema(load_catalog(folder))
    assert validate_schema(schema) == []
    return schema


@pytest.mark.parametrize("kind", [OBJECT, OBJECTS])
@pytest.mark.parametrize(
    "name", ["filter", "elementFilter", "order", "facets", "input", "patch", "connection", "edge", "payload"]
)
def test_a_property_may_be_called_like_the_ending_of_a_type(tmp_path: Path, name: str, kind: str) -> None:
    types = valid_schema(tmp_path, with_properties(f"{name}: {kind}")).type_map
    work = types["Work"]
    assert isinstance(work, GraphQLObjectType)
    made = str(work.fields[name].type).strip("[]!")
    assert made not in (f"Work{name[0].upper()}{name[1:]}", "Work")
    inner = types[made]
    assert isinstance(inner, GraphQLObjectType)
    assert list(inner.fields) == ["x"]


def test_a_property_does_not_take_the_name_of_a_type_of_our_own(tmp_path: Path) -> None:
    types = valid_schema(tmp_path, with_properties(f"info: {OBJECT}").replace("Work", "Page")).type_map
    info = types["PageInfo"]
    assert isinstance(info, GraphQLObjectType)
    assert "hasNextPage" in info.fields


def test_an_object_and_a_list_whose_names_differ_in_case_have_filters_of_their_own(tmp_path: Path) -> None:
    types = valid_schema(tmp_path, with_properties(f"a: {OBJECT}", f"A: {OBJECTS}")).type_map
    conditions = types["WorkFilter"]
    assert isinstance(conditions, GraphQLInputObjectType)
    fields = {name: conditions.fields[name].type for name in ("a", "A")}
    assert isinstance(fields["a"], GraphQLInputObjectType)
    assert isinstance(fields["A"], GraphQLInputObjectType)
    assert "x" in fields["a"].fields
    assert "some" in fields["A"].fields


def test_an_object_that_refers_to_the_whole_schema_is_no_record(tmp_path: Path) -> None:
    types = valid_schema(tmp_path, with_properties("children: {type: array, items: {$ref: '#'}}")).type_map
    child = types["WorkChildren"]
    assert isinstance(child, GraphQLObjectType)
    assert list(child.fields) == ["number", "children"]


@pytest.mark.parametrize("other", ["WorkFilter", "WorkOrder", "WorkPayload", "WorkParts", "WorkStateListFilter"])
def test_two_collections_that_make_one_type_are_an_error(tmp_path: Path, other: str) -> None:
    text = with_properties(f"parts: {OBJECTS}", "state: {enum: [a, b]}")
    found = problems(tmp_path, a_yaml=text, b_yaml=ARTIST.replace("Artist", other))
    assert found == [f"b.yaml:1: the type {other} is made by Work too: take another name"]


def test_a_collection_that_makes_a_type_of_our_own_is_an_error(tmp_path: Path) -> None:
    assert problems(tmp_path, work_yaml=WORK.replace("Work", "Text")) == [
        "work.yaml:1: the type TextFilter is made by Catalograph itself too: take another name"
    ]
