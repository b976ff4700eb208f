"""What an operation reads is told from its document."""

from pathlib import Path

import pytest

from models.collections.loading import load_catalog
from schema.build import build_schema
from schema.endpoint import Documents
from schema.footprints import Footprint, Footprints
from tests.unit.collections.files import ARTIST, WORK, with_properties

LINKED = with_properties(
    "title: {type: string, x-search: {suggest: true}}",
    "artist: {type: string, x-link: {collection: Artist, as: maker, reverse: works}}",
)


@pytest.fixture
def footprint_of(tmp_path: Path) -> "Of":
    return Of(tmp_path)


class Of:
    def __init__(self, folder: Path) -> None:
        for name, text in {"work": LINKED, "artist": ARTIST, "place": WORK.replace("Work", "Place")}.items():
            (folder / f"{name}.yaml").write_text(text)
        catalog = load_catalog(folder)
        schema = build_schema(catalog)
        self._documents = Documents(schema)
        self._footprints = Footprints(schema, catalog)

    def __call__(self, text: str, name: str | None = None) -> Footprint | None:
        document = self._documents.prepare(text)
        return self._footprints.of(document, document.operation(name))


@pytest.mark.parametrize(
    ("text", "collections", "searches"),
    [
        ("{ works { totalCount } }", {"Work"}, True),
        ("{ works { nodes { maker { number } } } }", {"Work", "Artist"}, True),
        (
            "{ works { edges { ...E } } } fragment E on WorkEdge { node { maker { __typename } } }",
            {"Work", "Artist"},
            True,
        ),
        ('{ artist(key: "a") { works { totalCount } } }', {"Work", "Artist"}, True),
        ('{ artist(key: "a") { number } }', {"Artist"}, False),
        ('{ workSuggestions(prefix: "a") { text } }', {"Work"}, True),
        ('{ search(search: "a") { totalCount } }', {"Work", "Artist", "Place"}, True),
        ('{ node(id: "a") { id } }', {"Work", "Artist", "Place"}, False),
        (
            "{ ... on Query { works { totalCount } } ...Q } fragment Q on Query { artists { totalCount } }",
            {"Work", "Artist"},
            True,
        ),
        ("{ __typename __schema { description } }", set(), False),
    ],
)
def test_a_query_of_records_reads_the_collections_of_its_fields(
    footprint_of: Of, text: str, collections: set[str], searches: bool
) -> None:
    found = footprint_of(text)
    assert found
    assert (set(found.collections), found.searches) == (collections, searches)


@pytest.mark.parametrize(
    "text",
    [
        "{ works { totalCount } viewer { id } }",
        "{ collections { name } }",
        "{ works { totalCount } ...T } fragment T on Query { tasks { nodes { id } } }",
        'mutation { deleteWork(id: "a") { record { id } } }',
        "subscription { recordChanged { key } }",
    ],
)
def test_what_reads_anything_else_has_none(footprint_of: Of, text: str) -> None:
    assert footprint_of(text) is None


def test_operations_of_one_document_and_of_others_are_told_apart(footprint_of: Of) -> None:
    two = "query A($n: Int) { works(first: $n) { totalCount } } query B { artists { totalCount } }"
    found = [footprint_of(two, "A"), footprint_of(two, "B"), footprint_of("{ works { totalCount } }")]
    assert len({one.digest for one in found if one}) == 3
    assert found[0]
    assert found[0].variables == ("n",)
