"""The sort clauses of an order: total, the same forwards and backwards, and true inside lists of objects."""

from pathlib import Path as FilePath

import pytest

from indexing.ordering import sort_clauses
from indexing.search_query import OrderKey
from models.collections.loading import load_catalog
from models.collections.properties import Path
from tests.unit.collections.files import with_properties

SEEN = "seen: {type: array, items: {type: object, properties: {at: {type: object, format: geo-point}}}}"


@pytest.fixture
def seen_at(tmp_path: FilePath) -> Path:
    """A place inside a list of objects."""
    (tmp_path / "work.yaml").write_text(with_properties(SEEN))
    return next(path for path in load_catalog(tmp_path)["Work"].paths if path.name == "seen.at")


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("descending", [False, True])
def test_of_several_places_the_one_that_comes_first_counts_whichever_way_is_paged(
    seen_at: Path, descending: bool, backward: bool
) -> None:
    clauses = sort_clauses((OrderKey(seen_at, descending, (51.5, -0.1)),), backward=backward)
    assert clauses[1]["_geo_distance"]["mode"] == ("max" if descending else "min")
    assert clauses[1]["_geo_distance"]["order"] == ("desc" if descending is not backward else "asc")


def test_whether_there_is_a_place_is_asked_of_the_elements_that_have_it(seen_at: Path) -> None:
    exists, distance, *_ = sort_clauses((OrderKey(seen_at, descending=True, origin=(51.5, -0.1)),), backward=False)
    ((_, body),) = exists.items()
    assert body["nested"] == distance["_geo_distance"]["nested"] == {"path": "n.seen"}
    assert body["missing"] == "_last"
