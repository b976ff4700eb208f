"""What an order input means, also in a shape that holds itself."""

from pathlib import Path
from typing import Any

import pytest

from errors import BadUserInput
from indexing.fields import field
from indexing.mappings import mapping_fields, mapping_of
from models.collections.loading import load_catalog
from models.collections.properties import ROOT, Collection
from resolvers.searches import order_key
from tests.unit.collections.files import with_properties


@pytest.fixture
def collection(tmp_path: Path) -> Collection:
    (tmp_path / "work.yaml").write_text(with_properties("year: {type: integer}", "parent: {$ref: '#'}"))
    return load_catalog(tmp_path)["Work"]


def below(levels: int) -> dict[str, Any]:
    order: dict[str, Any] = {"year": "DESC"}
    for _ in range(levels):
        order = {"parent": order}
    return order


def test_an_order_is_by_a_field_of_the_index_or_refused(collection: Collection) -> None:
    mapped = mapping_fields(mapping_of(collection))
    taken = 0
    for levels in range(10):
        try:
            key = order_key(collection.shape, below(levels), ROOT)
        except BadUserInput:
            continue
        assert key.path
        assert field(key.path) in mapped
        taken += 1
    assert 4 <= taken < 10


def test_a_property_called_relevance_is_prefixed_by_the_type_where_the_search_has_its_own(tmp_path: Path) -> None:
    (tmp_path / "work.yaml").write_text(with_properties("relevance: {type: integer}", "parent: {$ref: '#'}"))
    shape = load_catalog(tmp_path)["Work"].shape
    assert order_key(shape, {"relevance": "ASC"}, ROOT).path is None
    assert order_key(shape, {"workRelevance": "ASC"}, ROOT).path == ROOT / shape.properties["relevance"]
    below = order_key(shape, {"parent": {"relevance": "ASC"}}, ROOT).path
    assert below
    assert below.name == "parent.relevance"
