"""Who waits for a write to be searchable learns that it stands, whatever goes wrong."""

from pathlib import Path

import pytest

from config import load_settings
from errors import DatabaseUnavailable, SearchUnavailable
from indexing.services import open_services
from indexing.waiting import Visibility
from tests.unit.collections.files import WORK

NOBODY_LISTENS = "127.0.0.1:1"
pytestmark = pytest.mark.anyio


async def test_a_database_that_goes_away_meanwhile_does_not_make_the_write_fail(tmp_path: Path) -> None:
    (tmp_path / "work.yaml").write_text(WORK)
    settings = load_settings(
        environment={},
        collections=str(tmp_path),
        database_url=f"postgresql://{NOBODY_LISTENS}/catalograph",
        elasticsearch_url=f"http://{NOBODY_LISTENS}",
        redis_url=f"redis://{NOBODY_LISTENS}/0",
        broker_url=f"redis://{NOBODY_LISTENS}/1",
        secret="s" * 16,
    )
    async with open_services(settings) as services:
        with pytest.raises(SearchUnavailable, match="The write is stored") as caught:
            await Visibility(services).searchable("Work", [1])
    assert isinstance(caught.value.__cause__, DatabaseUnavailable)
