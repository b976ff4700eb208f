"""What a viewer may not follow a link to is searched as if the link led nowhere."""

from pathlib import Path as FilePath
from typing import Any

import pytest

from models.collections.conditions import Condition
from models.collections.conditions import holds as seen
from models.collections.dates import Clock
from models.collections.filters import condition_of
from models.collections.loading import load_catalog
from models.collections.properties import Path, Shape
from resolvers.hiding import with_absent

EXAMPLE = FilePath(__file__).resolve().parents[3] / "examples" / "tate"


@pytest.fixture(scope="module")
def artwork() -> Shape:
    return load_catalog(EXAMPLE)["Artwork"].shape


def meant(shape: Shape, given: dict[str, Any]) -> Condition:
    return condition_of(shape, given, Clock.current())


def is_linked(path: Path) -> bool:
    return any(step.link for step in path.steps)


@pytest.mark.parametrize(
    ("artist", "holds"),
    [
        ({"gender": {"eq": "Female"}}, False),
        ({"gender": {"ne": "Female"}}, True),
        ({"fc": {"match": "turner"}}, False),
        ({"exists": True}, False),
        ({"exists": False}, True),
        ({"not": {"gender": {"in": ["Female"]}}}, True),
        ({"or": [{"gender": {"eq": "Female"}}, {"birthYear": {"gt": 1}}]}, False),
    ],
)
def test_a_condition_on_what_a_link_leads_to_holds_as_for_a_link_that_leads_nowhere(
    artwork: Shape, artist: dict[str, Any], *, holds: bool
) -> None:
    filter_ = {"contributors": {"some": {"role": {"eq": "artist"}, "artist": artist}}}
    record = {"contributors": [{"role": "artist", "id": 38}]}
    assert seen(with_absent(meant(artwork, filter_), is_linked), record) is holds


def test_a_condition_on_the_record_itself_stays_as_it_is(artwork: Shape) -> None:
    condition = meant(artwork, {"acquisitionYear": {"gte": 1900}, "contributors": {"every": {"role": {"ne": "x"}}}})
    assert with_absent(condition, is_linked) == condition
